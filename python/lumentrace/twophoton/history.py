"""How a result came about: the history that it carries in memory, and in HDF5 files."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from lumentrace.base.provenance import Provenance, now

NAME = "lumentrace_provenance"
"""Of the text in HDF5 files; files of other programs have none."""


class Watch:
    """Starts when a step begins, and adds it to a history when it ends."""

    def __init__(self) -> None:
        self._started, self._began = now(), time.perf_counter()

    def after(self, history: Provenance, name: str, parameters: Mapping[str, Any]) -> Provenance:
        """The history with the step that ends now."""
        return history.then(name, parameters, self._started, time.perf_counter() - self._began)


def write_history(group: Any, history: Provenance) -> None:
    """Keep a history in a group of an HDF5 file."""
    group[NAME] = json.dumps(history.to_dict())


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
