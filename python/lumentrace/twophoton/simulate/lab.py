"""A lab with recordings of known truth: data folder, database and settings."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from lumentrace.base.checks import whole
from lumentrace.base.files import replacing
from lumentrace.twophoton.config import FILE
from lumentrace.twophoton.read.find import FILES
from lumentrace.twophoton.simulate.simulation import SimulatedRecording, simulate_recording

TABLES = """
create table if not exists fly(flyId integer primary key, genotype text, cellType text, fluorescentProtein text,
  eye text, surgeon text);
create table if not exists stimulusPresentation(stimulusPresentationId integer primary key, fly integer,
  relativeDataPath text, stimulusFunction text, date text, dataQuality integer);
"""
SETTINGS = """database_path: {database}
database_access: direct
data_paths:
  - {data}
analysis_output: source
analysis_caching: false
pixel_calibration_path: {calibration}
"""
CALIBRATION = """rig,mode,scanner,zoom,pixel_size_um,measured_on
day,2,galvo,5,0.5,2026-02-01
day,2,galvo,10,0.25,2026-02-01
day,2,resonant,5,0.6,2026-02-01
night,2,galvo,5,0.52,2026-02-02
night,2,galvo,10,0.26,2026-02-02
"""
"""An example of measured pixel sizes, in micrometres."""


def simulate_lab(
    folder: str | os.PathLike[str], recordings: int = 2, *, stimulus: str = "epochs", seed: int = 0, **settings: Any
) -> tuple[SimulatedRecording, ...]:
    """Write recordings, the database that `find_recordings` asks, measured pixel sizes as an example, ``config.yml``.

    Parameters
    ----------
    folder : path
    recordings : int, default 2
        Flies, with a recording each; the hemisphere is right and left in turn.
    stimulus, seed, **settings
        See `simulate_recording`; the seed is that of the first.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    whole("recordings", recordings, 1)
    root = Path(folder).expanduser().resolve()
    database = root / "database"
    database.mkdir(parents=True, exist_ok=True)
    made, flies, shown = [], [], []
    for number in range(1, recordings + 1):
        relative = f"simulated/{stimulus}/2026/03_02/{number + 8:02d}_00_00"
        date = f"2026-03-02 {number + 8:02d}:00:00"
        place = root / "data" / relative
        made.append(simulate_recording(place, stimulus=stimulus, seed=seed + number - 1, **settings))  # type: ignore[arg-type]  # checked there
        side = "right" if number % 2 else "left"
        flies.append((number, "simulated", "ALPN", "GCaMP6f", side, "lumentrace"))
        shown.append((number, number, relative.replace("/", "\\"), stimulus, date, 5))
    _enter(database / FILES[0], flies, shown)
    calibration = root / "pixel_sizes.csv"
    settings_text = SETTINGS.format(database=database, data=root / "data", calibration=calibration)
    for path, text in ((calibration, CALIBRATION), (root / FILE, settings_text)):
        with replacing(path) as file:
            file.write(text.encode())
    return tuple(made)


def _enter(path: Path, flies: Sequence[tuple[object, ...]], shown: Sequence[tuple[object, ...]]) -> None:
    """Put rows into a database, which is made if there is none, and replaced at once."""
    with closing(sqlite3.connect(":memory:")) as connection:
        if path.exists():
            connection.deserialize(path.read_bytes())
        connection.executescript(TABLES)
        connection.executemany("insert or replace into fly values (?, ?, ?, ?, ?, ?)", flies)
        connection.executemany("insert or replace into stimulusPresentation values (?, ?, ?, ?, ?, ?)", shown)
        connection.commit()
        content = connection.serialize()
    with replacing(path) as file:
        file.write(content)
