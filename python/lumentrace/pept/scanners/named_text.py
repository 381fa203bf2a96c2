"""What the first lines of a text of rows say, and the locations in one."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from lumentrace.base.documents import head_of
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.pept.scanners.layout import layout
from lumentrace.pept.scanners.named_columns import line_columns, split
from lumentrace.pept.utilities.csv_files import read_csv
from lumentrace.pept.utilities.text_source import TextSource


@dataclass(frozen=True)
class Header:
    """What the first lines of a text say: names and units of its columns, the separator, and lines before the rows."""

    names: tuple[str, ...]
    units: dict[str, str]
    sep: str
    skiprows: int
    width: int

    @property
    def is_numeric(self) -> bool:
        """Whether rows of numbers begin below the first line at the latest."""
        return self.width > 0 and self.skiprows <= 1

    @property
    def is_screens(self) -> bool:
        """Whether there are five columns without names, as of parallel screens."""
        return self.is_numeric and self.width == 5 and not self.names

    @property
    def is_points(self) -> bool:
        """Whether the columns are those of locations."""
        return self.is_numeric and self.names[:4] == tuple(PointData.default_columns)

    @property
    def is_lines(self) -> bool:
        """Whether the columns are those of lines of response, or numbers without names, as many as these have."""
        least = len(LineData.default_columns)
        if not self.is_numeric or not self.names:
            return self.is_numeric and self.width >= least
        units = [self.units.get(name, "") for name in self.names]
        try:
            return line_columns(self.names, units, "") is not None
        except FormatError:  # some names of lines of response, in a table of something else
            return False


def header_of(path: Path) -> Header:
    """What the first lines of a text say."""
    found = layout(TextSource(path))
    fields = list(zip(found.names, found.units, strict=True))
    first = head_of(path).decode("utf-8-sig", "replace").partition("\n")[0]
    if not fields and first.startswith("#"):
        named = first[1:].split(None if len(found.sep) > 1 else found.sep)
        fields = [split(name.strip()) for name in named] if len(named) == found.width else []
    names = tuple(name for name, _ in fields)
    return Header(names, {name: unit for name, unit in fields if unit}, found.sep, found.skiprows, found.width)


def read_points(path: Path, header: Header) -> PointData:
    """Locations in a text with such a header.

    Raises
    ------
    FormatError
        If the file is damaged.

    Warns
    -----
    UserWarning
        If the columns have no units.
    """
    rows = read_csv(path, skiprows=header.skiprows, sep=header.sep)
    points = PointData(rows, columns=list(header.names))
    if header.units:
        points.units = header.units
    else:
        warnings.warn(f"{path}: the columns have no units; t is taken to be in ms, x, y and z in mm", stacklevel=2)
    return points
