"""Recordings of a lab's database."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.limits import raised, raised_seconds
from lumentrace.twophoton.config import ACCESS, FILE, TwophotonConfig, load_config

FILES = ("experimentLog.db", "experimentInitLog.db")
TABLES = ("stimulusPresentation", "fly")
SECONDS = 5.0
"""For a database that another program has locked."""
LONGEST, MOST_TEXT = 60.0, 2**20
"""Seconds of a query and bytes of a cell: columns may be formulas, which make of a few bytes what they like."""
LIKE = {"genotype": "f.genotype", "stimulus": "s.stimulusFunction", "sensor": "f.fluorescentProtein"}
LIKE |= {"cell_type": "f.cellType", "person": "f.surgeon"}
DATES = {"year": (1, 4, 9999), "month": (6, 2, 12), "day": (9, 2, 31)}
QUERY = """
select s.stimulusPresentationId, s.fly, s.relativeDataPath, s.stimulusFunction, s.date, f.genotype, f.cellType,
       f.fluorescentProtein, f.eye, f.surgeon, s.dataQuality
from stimulusPresentation s left join fly f on s.fly = f.flyId
"""

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class RecordingRecord:
    """A recording as the database knows it; None where it says nothing.

    `session_dir` is where its folder is, or would be in the first of the data folders.
    """

    database_path: Path
    stimulus_presentation_id: int
    fly_id: int | None
    relative_data_path: str
    stimulus_function: str | None
    date: str | None
    genotype: str | None
    cell_type: str | None
    fluorescent_protein: str | None
    hemisphere: str | None
    person: str | None
    data_quality: Any
    data_paths: tuple[Path, ...] = ()

    @property
    def session_dir(self) -> Path:
        """The recording's folder; ValueError if the database has no sensible path."""
        relative = normalised(self.relative_data_path)
        places = [root / relative for root in self.data_paths]
        if not places:
            raise ValueError(f"{self.relative_data_path!r}: expected data folders to look in, found none")
        return next((place for place in places if place.is_dir()), places[0])


def normalised(path: str) -> str:
    """A relative path with forward slashes.

    Raises
    ------
    ValueError
        If it is empty or leads elsewhere.
    """
    parts = path.replace("\\", "/").strip("/").split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"expected a path below the data folder, found {path!r}")
    return "/".join(parts)


def find_recordings(
    *,
    year: int | None = None,
    month: int | None = None,
    day: int | None = None,
    genotype: str | None = None,
    stimulus: str | None = None,
    sensor: str | None = None,
    cell_type: str | None = None,
    hemisphere: str | None = None,
    person: str | None = None,
    database_access: str | None = None,
    database_cache_dir: Path_ | None = None,
    limit: int = 100,
    config_path: Path_ | None = "config.yml",
) -> tuple[RecordingRecord, ...]:
    """Find recordings in the lab's database; all that is asked for must fit.

    Parameters
    ----------
    year, month, day : int, optional
    genotype, stimulus, sensor, cell_type, person : str, optional
        Text that occurs, in any case.
    hemisphere : str, optional
        'left' or 'right', in any case.
    database_access : {'copy', 'direct'}, optional
        Read a copy, made again if the database changed, or the database itself; as the settings say by default.
    database_cache_dir : path, optional
        Where copies are kept.
    limit : int, default 100
    config_path : path, default 'config.yml'
        If there is none of that name here, settings are looked for as `config.load_config` does.

    Returns
    -------
    tuple of RecordingRecord
        In the order of the database, each recording once.

    Raises
    ------
    FileNotFoundError
        If the settings or the database are missing.
    FormatError
        If the settings or the database cannot be read.
    ValueError
        If a date or the limit is out of range.
    """
    if limit < 1:
        raise ValueError(f"`limit`: expected a whole number from 1 on, found {limit!r}")
    config = load_config(None if config_path == FILE and not Path(FILE).exists() else config_path)
    access = database_access or config.database_access
    if access not in ACCESS:
        raise ValueError(f"`database_access`: expected {' or '.join(ACCESS)}, found {access!r}")
    dates = {"year": year, "month": month, "day": day}
    texts = {"genotype": genotype, "stimulus": stimulus, "sensor": sensor, "cell_type": cell_type, "person": person}
    where, values = _conditions(dates, texts, hemisphere)
    found: dict[str, RecordingRecord] = {}
    for database in databases(config):
        place = database if access == "direct" else _copied(database, database_cache_dir)
        for row in _rows(place, f"{QUERY} {where} order by s.stimulusPresentationId", values):
            record = _record(database, row, config)
            found.setdefault(record.relative_data_path.replace("\\", "/").strip("/"), record)
            if len(found) == limit:
                return tuple(found.values())
    return tuple(found.values())


def _conditions(
    dates: dict[str, int | None], texts: dict[str, str | None], hemisphere: str | None
) -> tuple[str, list[str]]:
    parts, values = [], []
    for name, number in dates.items():
        start, length, most = DATES[name]
        if number is None:
            continue
        if not 1 <= number <= most:
            raise ValueError(f"`{name}`: expected a number from 1 to {most}, found {number!r}")
        parts.append(f"substr(s.date, {start}, {length}) = ?")
        values.append(f"{number:0{length}d}")
    for name, text in texts.items():
        if text:
            parts.append(f"{LIKE[name]} like ? escape '!'")
            values.append("%" + "".join(f"!{letter}" if letter in "%_!" else letter for letter in text) + "%")
    if hemisphere:
        parts.append("lower(trim(f.eye)) = ?")
        values.append(hemisphere.strip().lower())
    return (f"where {' and '.join(parts)}" if parts else ""), values


def rows_of_path(database: Path, config: TwophotonConfig, relative: str) -> list[RecordingRecord]:
    """What a database says about the recording at a path below the data folders."""
    place = database if config.database_access == "direct" else _copied(database, None)
    where = f"{QUERY} where trim(replace(s.relativeDataPath, '\\', '/'), '/') = ?"
    return [_record(database, row, config) for row in _rows(place, where, [relative])]


def databases(config: TwophotonConfig) -> list[Path]:
    """The files of the database.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    found = [config.database_path / name for name in FILES if (config.database_path / name).is_file()]
    if not found:
        raise FileNotFoundError(f"{config.database_path}: expected {' or '.join(FILES)}, found neither")
    return found


def _rows(path: Path, query: str, values: list[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of a query; none if the database lacks a table."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=SECONDS)
    connection.text_factory = lambda content: content.decode("utf-8", "replace")
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, raised(MOST_TEXT))
        end = time.monotonic() + raised_seconds(LONGEST)
        connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        connection.execute("pragma trusted_schema = off")
        connection.execute("pragma cell_size_check = on")
        names = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        if set(TABLES) <= names:
            yield from connection.execute(query, values)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter for messages with bytes of the file
        raise FormatError(
            f"{path}: expected a database of recordings, found one that cannot be read ({error})"
        ) from error
    finally:
        connection.close()


def _record(database: Path, row: tuple[Any, ...], config: TwophotonConfig) -> RecordingRecord:
    try:
        return _named(database, row, config)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{database}: expected whole numbers that name recording and fly ({error})") from error


def _named(database: Path, row: tuple[Any, ...], config: TwophotonConfig) -> RecordingRecord:
    number, fly, path, function, date, genotype, cell_type, protein, eye, surgeon, quality = row
    return RecordingRecord(
        database_path=database,
        stimulus_presentation_id=int(number),
        fly_id=None if fly is None else int(fly),
        relative_data_path=str(path),
        stimulus_function=function,
        date=date,
        genotype=genotype,
        cell_type=cell_type,
        fluorescent_protein=protein,
        hemisphere=eye,
        person=surgeon,
        data_quality=quality,
        data_paths=config.data_paths,
    )


def _copied(database: Path, cache: Path_ | None) -> Path:
    """A copy of a database, made again if its content changed; each database folder has its own."""
    root = Path("~/.cache/lumentrace/database").expanduser() if cache is None else Path(cache).expanduser()
    folder = root / hashlib.sha256(str(database.resolve()).encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    copy, manifest = folder / database.name, folder / f"{database.name}.manifest.json"
    status = database.stat()
    about = {
        "source_path": str(database.resolve()),
        "source_size": status.st_size,
        "source_mtime_ns": status.st_mtime_ns,
    }
    kept = _manifest(manifest)
    if copy.exists() and all(kept.get(name) == value for name, value in about.items()):
        return copy
    digest = hashlib.sha256(database.read_bytes()).hexdigest()
    if not copy.exists() or kept.get("source_sha256") != digest:
        with open(database, "rb") as source, replacing(copy) as file:
            shutil.copyfileobj(source, file)
    with replacing(manifest) as file:
        file.write(json.dumps({**about, "source_sha256": digest}).encode())
    return copy


def _manifest(path: Path) -> dict[str, Any]:
    """What is known about a copy; nothing if the note is missing or damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
