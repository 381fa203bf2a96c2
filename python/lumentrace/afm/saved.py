"""An AFM run as it was saved."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from lumentrace.afm.analysis.pipeline import AnalysisRecord
from lumentrace.afm.analysis.utils.common import load_analysis_from_hdf5
from lumentrace.afm.run import RECORDED, Outcome, loaded, process
from lumentrace.afm.settings import Settings
from lumentrace.engine.saved import blame_record, check_same, record_of, settings_of, sources


def load_outcome(folder: str | PathLike[str], source: str | PathLike[str] | None = None) -> Outcome:
    """The outcome of a run from the folder where it was saved.

    The film is read and levelled again, as that is not kept; nothing is analysed.

    Parameters
    ----------
    folder : path
        That of ``record.h5`` and ``run.json``.
    source : path, optional
        The film, or the folder it is in, if it is not where it was.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    FormatError
        If one is damaged, or they do not belong together.

    Examples
    --------
    >>> from lumentrace.afm.saved import load_outcome
    >>> load_outcome("results").report("results/report.html")  # doctest: +SKIP
    """
    place = Path(folder)
    record = record_of(place, Outcome.technique)
    settings = settings_of(record, Settings, place)
    (path,) = sources(record, place, source)
    stack = loaded(path, settings)
    check_same(path, record, stack.identity())
    with blame_record(place):
        process(stack, settings)
    stack.history = record.provenance
    analysis = AnalysisRecord(load_analysis_from_hdf5(place / RECORDED))
    analysis.history = record.provenance
    name = Path(str(record.provenance.input["path"])).name
    return Outcome(f"AFM: {name}", settings, record.provenance, record.notices, stack, analysis)
