"""Counts of what happens often, told now and then."""

from __future__ import annotations

import time

TELL_EVERY = 1.0
"""Seconds between notices of one kind."""


class Tally:
    """Counts until it is told: at once, then at most once a second, and at the end."""

    def __init__(self) -> None:
        self.untold = 0
        self._told_at = -TELL_EVERY

    def add(self, count: int) -> None:
        """Count some more."""
        self.untold += count

    def due(self, last: bool = False) -> int:
        """How many there are to be told now, as there will be no later or it is time; 0 otherwise."""
        now = time.monotonic()
        if not self.untold or not (last or now - self._told_at >= TELL_EVERY):
            return 0
        count, self.untold, self._told_at = self.untold, 0, now
        return count
