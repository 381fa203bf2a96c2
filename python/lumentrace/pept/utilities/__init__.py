"""Tables in text files, and other small tools. Everything is imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.utilities.chunk_reader import ChunkReader as ChunkReader
    from lumentrace.pept.utilities.csv_files import number_of_lines as number_of_lines
    from lumentrace.pept.utilities.csv_files import read_csv as read_csv
    from lumentrace.pept.utilities.csv_files import read_csv_chunks as read_csv_chunks
    from lumentrace.pept.utilities.cutpoints import find_cutpoints as find_cutpoints
    from lumentrace.pept.utilities.grouping import group_by_column as group_by_column
    from lumentrace.pept.utilities.minpoints import find_minpoints as find_minpoints
    from lumentrace.pept.utilities.parallel_map import parallel_map_file as parallel_map_file
    from lumentrace.pept.utilities.traverse import traverse2d as traverse2d
    from lumentrace.pept.utilities.traverse import traverse3d as traverse3d

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ChunkReader": "lumentrace.pept.utilities.chunk_reader",
        "find_cutpoints": "lumentrace.pept.utilities.cutpoints",
        "find_minpoints": "lumentrace.pept.utilities.minpoints",
        "group_by_column": "lumentrace.pept.utilities.grouping",
        "number_of_lines": "lumentrace.pept.utilities.csv_files",
        "parallel_map_file": "lumentrace.pept.utilities.parallel_map",
        "read_csv": "lumentrace.pept.utilities.csv_files",
        "read_csv_chunks": "lumentrace.pept.utilities.csv_files",
        "traverse2d": "lumentrace.pept.utilities.traverse",
        "traverse3d": "lumentrace.pept.utilities.traverse",
    },
)
