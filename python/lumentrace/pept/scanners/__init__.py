"""Readers of scanner files. Everything is imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.scanners.forte import adac_forte as adac_forte
    from lumentrace.pept.scanners.screens import parallel_screens as parallel_screens
    from lumentrace.pept.scanners.tables import lines as lines

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "adac_forte": "lumentrace.pept.scanners.forte",
        "lines": "lumentrace.pept.scanners.tables",
        "parallel_screens": "lumentrace.pept.scanners.screens",
    },
)
