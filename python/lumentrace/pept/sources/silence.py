"""Telling that a source is silent, and that it is back."""

from __future__ import annotations

import time

PATIENCE = 2.0
"""Seconds without a line after which a source is said to be silent."""


class Silence:
    """Watches how long no line has come.

    Parameters
    ----------
    name : str
        Name of the source in messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._since = time.monotonic()
        self._told = False

    def after(self, rows: int) -> tuple[str, ...]:
        """What there is to say now that so many lines came."""
        now = time.monotonic()
        silent = now - self._since
        if rows:
            self._since = now
            if self._told:
                self._told = False
                return (f"{self._name}: lines again, after {silent:.1f} s without",)
        elif not self._told and silent >= PATIENCE:
            self._told = True
            return (f"{self._name}: no line for {silent:.1f} s",)
        return ()
