"""What a run has left in a folder: its record, and the files that it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from lumentrace.base.errors import FormatError
from lumentrace.engine.record import RECORD, RunRecord
from lumentrace.engine.settings import Settings

S = TypeVar("S", bound=Settings)


def record_of(folder: Path, technique: str, name: str = RECORD) -> RunRecord:
    """The record of a run of a technique.

    Raises
    ------
    FileNotFoundError
        If the folder has none; the message says what makes one.
    FormatError
        If it is damaged, or that of another technique.
    """
    place = folder / name
    if not place.exists():
        raise FileNotFoundError(
            f"{folder}: expected results with a record {name}, found none; `lumentrace {technique} run` makes them"
        )
    record = RunRecord.read(place)
    if record.technique != technique:
        raise FormatError(f"{place}: expected a run of {technique}, found one of {record.technique}")
    return record


def settings_of(record: RunRecord, kind: type[S], folder: Path) -> S:
    """The settings of a run from its record.

    Raises
    ------
    FormatError
        If the record has settings that this version does not know, or of values that they cannot have.
    """
    try:
        return kind.from_mapping(record.settings)
    except (TypeError, ValueError, OSError) as error:
        raise FormatError(f"{folder / RECORD}: {error}") from error


@contextmanager
def blame_record(folder: Path) -> Iterator[None]:
    """Values that settings of a record cannot have, as is found when they are used, are damage of that record.

    Raises
    ------
    FormatError
        Instead of a ValueError inside.
    """
    try:
        yield
    except FormatError:
        raise
    except ValueError as error:
        raise FormatError(f"{folder / RECORD}: {error}") from error


def sources(record: RunRecord, folder: Path, given: str | PathLike[str] | None = None) -> list[Path]:
    """The files that were measured.

    Parameters
    ----------
    record : RunRecord
    folder : path
        Where the record is.
    given : path, optional
        Where the file is now, or the folder that it is in; where it was, by default.

    Raises
    ------
    FormatError
        If the run was made from arrays, which are not kept.
    FileNotFoundError
        If a file is not there.
    """
    written = record.provenance.input.get("path")
    paths = [Path(str(each)) for each in (written if isinstance(written, list) else [written]) if each is not None]
    if not paths:
        raise FormatError(
            f"{folder / RECORD}: expected a run that was made from files, found one of arrays; report it where they are"
        )
    places = paths if given is None else [_moved(path, Path(given)) for path in paths]
    for place in places:
        if not place.exists():
            raise FileNotFoundError(f"{place}: what was measured is not there any more; say where it is with --input")
    return places


def check_same(source: object, record: RunRecord, found: Mapping[str, Any]) -> None:
    """Refuse an input that is not the one of a run, by its content hash.

    Raises
    ------
    FormatError
        If the hashes differ.
    """
    expected, now = record.provenance.input.get("xxh3"), found.get("xxh3")
    if expected != now:
        raise FormatError(f"{source}: expected what was measured, content {expected}, found {now}; run it again")


def _moved(path: Path, given: Path) -> Path:
    inside = given / path.name
    return inside if inside.exists() else given
