"""JSON that every reader takes: numbers that it cannot hold are null."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any


def json_text(value: Any, **layout: Any) -> str:
    """Plain values as JSON; NaN and infinity are null.

    Parameters
    ----------
    value : object
        Dicts, lists, tuples, text, numbers, None.
    **layout
        As of `json.dumps`.

    Examples
    --------
    >>> from lumentrace.base.json_text import json_text
    >>> json_text({"scale": float("nan"), "spots": 3})
    '{"scale": null, "spots": 3}'
    """
    return json.dumps(finite(value), allow_nan=False, **layout)


def finite(value: Any, instead: Callable[[float], str | None] = lambda number: None) -> Any:
    """Plain values with None, or what `instead` gives, for numbers that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {key: finite(item, instead) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item, instead) for item in value]
    return instead(value) if isinstance(value, float) and not math.isfinite(value) else value
