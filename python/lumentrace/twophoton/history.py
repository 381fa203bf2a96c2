"""How a result came about: the history that it carries in memory, and in HDF5 files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lumentrace.base.json_text import json_text
from lumentrace.base.provenance import Provenance

NAME = "lumentrace_provenance"
"""Of the text in HDF5 files; files of other programs have none."""


def write_history(group: Any, history: Provenance) -> None:
    """Keep a history in a group of an HDF5 file."""
    group[NAME] = json_text(history.to_dict())


def read_history(group: Any, otherwise: Mapping[str, Any]) -> Provenance:
    """The history in a group of an HDF5 file; one with an input and no steps if there is none.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    if NAME not in group:
        return Provenance(dict(otherwise))
    try:
        return Provenance.from_dict(json.loads(group[NAME][()]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"expected the history of a result in {NAME}, found {error!r}") from error
