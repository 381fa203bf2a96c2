"""What of a source cannot be read: counted, told, and too much of it refused."""

from __future__ import annotations

from lumentrace.base.errors import FormatError
from lumentrace.pept.sources.tally import Tally

MOST_RECORDS = 1000
"""Records in a row without a good one after which a source is no source of lines."""


class Garbage:
    """Counts what is left out.

    Parameters
    ----------
    source : str
        Its name in messages.
    expected : str
        What a good record is.
    unit : str
        What is counted, e.g. ``"lines of text"``.
    most : int
        So many in a row are an error.
    """

    def __init__(self, source: str, expected: str, unit: str, most: int = MOST_RECORDS) -> None:
        self.source, self.expected, self.unit, self._most = source, expected, unit, most
        self._in_a_row = 0
        self._left_out = Tally()
        self._first = ""

    def add(self, count: int, where: str, found: str) -> None:
        """Leave out `count` that stand at a place.

        Raises
        ------
        FormatError
            If there are too many without a good one between.
        """
        if not self._left_out.untold:
            self._first = f"at {where}: {found}"
        self._left_out.add(count)
        self._in_a_row += count
        if self._in_a_row >= self._most:
            raise FormatError(
                f"{self.source}: expected {self.expected}, found none in {self._in_a_row} {self.unit} in a row, "
                f"the latest at {where}: {found}"
            )

    def good(self) -> None:
        """Say that a good record came."""
        self._in_a_row = 0

    def told(self, last: bool = False) -> tuple[str, ...]:
        """A notice of what was left out since the last one, if it is due."""
        count = self._left_out.due(last)
        if not count:
            return ()
        text = f"{self.source}: left out {count} {self.unit} that are not {self.expected}, the first {self._first}"
        return (text,)
