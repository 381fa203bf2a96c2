"""Settings, records and small tables that anybody may have written: read whole, within limits."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised

MOST = 2**26
"""Bytes of a document; longer ones are refused before they are read."""

HEAD = 2**16
"""Bytes by which a file is told."""
SETTINGS = 2**20
"""Most of settings, which people write."""
MOST_COLUMNS = 2**14
"""Of a table in text; each takes some kilobytes of who reads it."""
DEEPEST = 100
"""Lists and mappings within each other in YAML, whose reader takes the square of their number."""

Path_ = str | os.PathLike[str]


def regular(path: Path_) -> Path:
    """A path that is no pipe, device or socket: those give no end, or wait for ever.

    Raises
    ------
    OSError
        If it is one, or there is nothing.

    Examples
    --------
    >>> from lumentrace.base.documents import regular
    >>> regular("/dev/zero")
    Traceback (most recent call last):
        ...
    OSError: [Errno 22] expected a regular file, found a device, pipe or socket: '/dev/zero'
    """
    place = Path(path)
    mode = place.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "expected a regular file, found a device, pipe or socket", str(place))
    return place


def head_of(path: Path_, count: int = HEAD) -> bytes:
    """The first bytes of a file.

    Raises
    ------
    OSError
        If it cannot be read, or is a pipe, device or socket.
    """
    with regular(path).open("rb") as file:
        return file.read(count)


def text_of(path: Path_, most: int = MOST) -> str:
    """The text of a file in UTF-8, without a byte order mark.

    Raises
    ------
    FormatError
        If it is none, or longer than `most` bytes.
    OSError
        If it cannot be read.
    """
    place = regular(path)
    size = place.stat().st_size
    if size > raised(most):
        raise FormatError(f"{path}: expected at most {raised(most):,} bytes of text, found {size:,}")
    try:
        return place.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: expected text in UTF-8, found byte {error.start:,} that is none") from error


def document(path: Path_, kind: str, most: int = MOST) -> Any:
    """The values of a file in JSON, TOML or YAML.

    Raises
    ------
    FormatError
        If it is damaged, longer than `most` bytes, nested too deeply, or has aliases (YAML), whose copies of copies
        would fill the memory.
    OSError
        If it cannot be read.
    """
    text = text_of(path, most)
    try:
        return _READERS[kind](text)
    except RecursionError:
        raise FormatError(f"{path}: expected a {kind} file, found one that is nested too deeply") from None
    except ValueError as error:
        raise FormatError(f"{path}: expected a {kind} file, found {error}") from error


def check_columns(path: Path_, count: int) -> None:
    """Refuse a table in text with more columns than `MOST_COLUMNS`.

    Raises
    ------
    FormatError
        If it has.
    """
    if count > raised(MOST_COLUMNS):
        raise FormatError(f"{path}: expected at most {raised(MOST_COLUMNS):,} columns (the limit), found {count:,}")


def csv_rows(path: Path_) -> list[list[str]]:
    """The cells of a CSV file, row by row.

    Raises
    ------
    FormatError
        If it is no text, or no CSV.
    OSError
        If it cannot be read.
    """
    try:
        return list(csv.reader(io.StringIO(text_of(path), newline="")))
    except csv.Error as error:
        raise FormatError(f"{path}: expected a CSV table, found something else ({error})") from error


def _yaml(text: str) -> Any:
    import yaml

    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise RecursionError
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("an alias (*name); write the values out")
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


_READERS: dict[str, Callable[[str], Any]] = {"JSON": json.loads, "TOML": tomllib.loads, "YAML": _yaml}
