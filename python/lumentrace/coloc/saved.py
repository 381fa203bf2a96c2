"""A run of colocalization as it was saved."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from lumentrace.coloc.kept import nulls_of_file
from lumentrace.coloc.run import NULLS, TABLE, Outcome, outcome_of
from lumentrace.coloc.settings import Settings
from lumentrace.coloc.sources import looked_at
from lumentrace.engine.saved import blame_record, check_same, record_of, settings_of, sources
from lumentrace.storage.parquet_check import frame_of


def load_outcome(folder: str | PathLike[str], source: str | PathLike[str] | None = None) -> Outcome:
    """The outcome of a run from the folder where it was saved; nothing is measured.

    Parameters
    ----------
    folder : path
        That of ``colocalization.parquet`` and ``run.json``.
    source : path, optional
        The image, or the folder it is in, if it is not where it was.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    FormatError
        If one is damaged, or they do not belong together.

    Examples
    --------
    >>> from lumentrace.coloc.saved import load_outcome
    >>> load_outcome("results").report("results/report.html")  # doctest: +SKIP
    """
    place = Path(folder)
    record = record_of(place, Outcome.technique)
    settings = settings_of(record, Settings, place)
    files = sources(record, place, source)
    with blame_record(place):
        given = looked_at(files if isinstance(record.provenance.input["path"], list) else files[0], settings)
    check_same(files[0], record, given.history.input)
    table = frame_of((place / TABLE).with_suffix(".parquet"))
    nulls = nulls_of_file(place / NULLS) if NULLS in record.files else {}
    title = f"Colocalization: {files[0].name}"
    return outcome_of(title, settings, record.provenance, record.notices, given, table, nulls)
