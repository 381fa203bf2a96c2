"""A run of PEPT as it was saved."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from lumentrace.base.errors import FormatError
from lumentrace.data.points import PointData
from lumentrace.engine.saved import blame_record, check_same, record_of, settings_of, sources
from lumentrace.pept import data_set
from lumentrace.pept.live.finishing import finish, is_live
from lumentrace.pept.live.record import LINES
from lumentrace.pept.run import Outcome
from lumentrace.pept.scanners.any_file import read
from lumentrace.pept.settings import Settings
from lumentrace.storage import read_parquet


def load_outcome(folder: str | PathLike[str], source: str | PathLike[str] | None = None) -> Outcome:
    """The outcome of a run from the folder where it was saved; nothing is tracked.

    Parameters
    ----------
    folder : path
        That of ``trajectories.parquet``, or the data set ``trajectories``, and ``run.json``; or that of a live run
        whose lines were not kept.
    source : path, optional
        The acquisition, or the folder it is in, if it is not where it was.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    FormatError
        If one is damaged, or they do not belong together.

    Examples
    --------
    >>> from lumentrace.pept.saved import load_outcome
    >>> load_outcome("results").report("results/report.html")  # doctest: +SKIP
    """
    place = Path(folder)
    if is_live(place) and not (place / LINES).exists():
        return finish(place)
    record = record_of(place, Outcome.technique)
    settings = settings_of(record, Settings, place)
    whole = place / data_set.FOLDER
    is_large = data_set.MANIFEST in {Path(file).name for file in record.files}
    trajectories = data_set.read(whole) if is_large else read_parquet(place / data_set.TABLE)
    if not isinstance(trajectories, PointData):
        raise FormatError(f"{place / data_set.TABLE}: expected trajectories, found {type(trajectories).__name__}")
    (path,) = sources(record, place, source)
    with blame_record(place):
        lines = read(path, settings.scanner, settings.separation, settings.lenient, settings.reader)
    check_same(path, record, {} if lines.provenance is None else lines.provenance.input)
    name = Path(str(record.provenance.input["path"])).name
    return Outcome(f"PEPT: {name}", settings, record.provenance, record.notices, trajectories, lines, None)
