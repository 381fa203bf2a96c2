"""polars, imported when it is first used, and refused where it would wait for ever.

Its threads do not exist in a forked child of a process that has used it.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

__all__ = ["pl"]

_TASKS = Path("/proc/self/task")
_MESSAGE = (
    "polars cannot be used in this process: it was forked from one that had used polars, whose threads do not exist "
    'here. Start processes afresh: multiprocessing.get_context("spawn") or "forkserver" instead of "fork"'
)


class _Polars:
    """What stands for the module."""

    def __init__(self) -> None:
        self._forking = self._lost = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before, after_in_child=self._after_in_child)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._lost:
            raise RuntimeError(_MESSAGE)
        return getattr(import_module("polars"), name)

    def _before(self) -> None:
        self._forking = _has_threads()

    def _after_in_child(self) -> None:
        self._lost |= self._forking


def _has_threads() -> bool:
    """Whether polars has started its threads; where they cannot be seen, whether it was imported."""
    if "polars" not in sys.modules or not _TASKS.exists():
        return "polars" in sys.modules
    return any(_is_of_polars(task) for task in _TASKS.iterdir())


def _is_of_polars(task: Path) -> bool:
    try:
        name = (task / "comm").read_text()
    except OSError:  # a thread that has just ended
        return False
    return name.startswith("polars-") and name.strip()[len("polars-") :].isdigit()


if TYPE_CHECKING:
    import polars as pl
else:
    pl = _Polars()
