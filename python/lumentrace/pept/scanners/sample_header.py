"""The text above the numbers in the sample files of the University of Birmingham."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import numbers

_SEPARATION = re.compile(rb"\s*Separation\s*=\s*(\d+(?:\.\d*)?)\s*$", re.IGNORECASE)
_BEGINS_A_ROW = re.compile(rb"\s*[-+.\d]")
_MOST_LINES = 200
_MOST_BYTES = 4096


@dataclass(frozen=True)
class SampleHeader:
    """How many lines the header has, 0 if there is none, and the distance of the screens in mm that it gives."""

    lines: int
    separation: float | None


def read_header(source: TextSource) -> SampleHeader:
    """Find the header, which has a line ``Separation= 712`` and ends before the next line that begins with a number.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    separation = None
    with source.open() as file:
        for number in range(_MOST_LINES):
            line = file.readline(_MOST_BYTES)
            found = _SEPARATION.match(line)
            if found:
                separation = float(found[1])
            elif separation is not None and (not line or _BEGINS_A_ROW.match(line)):
                return SampleHeader(number, separation)
            elif not line or _is_row(line):
                break
    return SampleHeader(0, None)


def _is_row(line: bytes) -> bool:
    values, wrong = numbers(line)
    return len(values) > 1 and wrong is None
