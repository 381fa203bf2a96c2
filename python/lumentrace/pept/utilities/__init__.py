"""Tables in text files, and other small tools. Everything is imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lumentrace.pept.utilities.chunk_reader import ChunkReader as ChunkReader
    from lumentrace.pept.utilities.csv_files import number_of_lines as number_of_lines
    from lumentrace.pept.utilities.csv_files import read_csv as read_csv
    from lumentrace.pept.utilities.csv_files import read_csv_chunks as read_csv_chunks
    from lumentrace.pept.utilities.grouping import group_by_column as group_by_column

_HOMES = {
    "ChunkReader": "chunk_reader",
    "group_by_column": "grouping",
    "number_of_lines": "csv_files",
    "read_csv": "csv_files",
    "read_csv_chunks": "csv_files",
}

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"lumentrace.pept.utilities.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'lumentrace.pept.utilities' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
