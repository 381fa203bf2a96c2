"""From what a live run left on the disk to the tables, the report and the verdict of an ordinary run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping
from lumentrace.base.documents import document
from lumentrace.base.errors import FormatError
from lumentrace.base.places import tally
from lumentrace.base.provenance import Provenance
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.progress import Verbose
from lumentrace.engine.verdict import DOUBTFUL, Evidence, Reason, Verdict
from lumentrace.pept import run as offline
from lumentrace.pept.judgement import Judged, reasons_against
from lumentrace.pept.live.record import HEAD, LINES, LOCATIONS, SCHEMA
from lumentrace.pept.plausible import LineFacts
from lumentrace.pept.recipes import Lines
from lumentrace.pept.scanners.any_file import read
from lumentrace.pept.tracking.fitted_model import FittedModel
from lumentrace.pept.tracking.locations import UNITS
from lumentrace.pept.tracking.spans import LABEL
from lumentrace.pept.utilities.framed import FramedReader
from lumentrace.pept.utilities.row_table import LIMIT, RowTable

DROPPED = 0.01
"""Share of lines that may be dropped."""
NOTICES = 100
"""Notices of a live run that are told again, at most; the first ones."""


@dataclass(frozen=True, eq=False)
class LiveOutcome(offline.Outcome):
    """Trajectories of a live run whose lines were not kept.

    Attributes
    ----------
    seen : dict
        What was last said of the lines: `first` and `time` (ms), `lines`, `dropped`, `unused`, `explained`.
    """

    seen: Mapping[str, Any]

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the trajectories can be relied on, as far as that can be told without the lines."""
        count, duration = self.seen["lines"], self.seen["time"] - self.seen["first"]
        facts = LineFacts(count, count, duration, *[np.nan] * 4)
        found = Judged(facts, self._paths, self.settings.recipe, FittedModel.of(self.trajectories), None)
        return Verdict((_unchecked(), *_dropped(self.seen), *reasons_against(found)))

    def figures(self) -> dict[str, Any]:
        """Those of any run; lines are those that came."""
        about = {f"lines {name}": self.seen[name] for name in ("dropped", "unused", "explained")}
        return {**about, **super().figures(), "lines": self.seen["lines"]}

    @property
    def _shown_lines(self) -> None:
        """None: they are gone."""


def is_live(folder: Path) -> bool:
    """Whether a folder holds a live run."""
    return (folder / HEAD).is_file()


def finish(
    folder: str | PathLike[str],
    settings: offline.Settings | None = None,
    *,
    verbose: Verbose = False,
    **options: Any,
) -> offline.Outcome:
    """The outcome of a live run, from what it wrote until it ended or was killed.

    If the lines were kept, they are tracked again, all at once, which is a little better than while they come. Else
    the trajectories are the smoothed locations of the live run, and the verdict says what could not be looked at.

    Parameters
    ----------
    folder : path
        That of `Record`.
    settings : Settings, optional
        Other ones than those of the live run; for lines that were kept.
    verbose, **options
        As of `lumentrace.pept.run.run`; for lines that were kept.

    Returns
    -------
    Outcome

    Raises
    ------
    FileNotFoundError
        If there is no live run.
    FormatError
        If its files are damaged at their beginning.
    ValueError
        If there are settings, and no lines that could be tracked with them.

    Examples
    --------
    >>> from lumentrace.pept.live import finish
    >>> finish("live-run").save("results")  # doctest: +SKIP
    """
    place = Path(folder)
    about = _head(place)
    reader = FramedReader(place / LOCATIONS)
    if reader.columns != list(UNITS):
        raise FormatError(f"{reader.path}: expected columns {', '.join(UNITS)}, found {', '.join(reader.columns)}")
    if (place / LINES).exists():
        again = offline.run(read(place / LINES), settings or about.own, verbose=verbose, **options)
        return replace(again, notices=(*again.notices, *_lost(reader)))
    if settings is not None:
        raise ValueError(f"{place}: the lines were not kept, so that they cannot be tracked with other settings")
    return _from_locations(about, reader)


def _from_locations(about: _Head, reader: FramedReader) -> LiveOutcome:
    trajectories = _trajectories(reader)
    seen, told = _said(reader, trajectories)
    trajectories.attrs.update(_model(seen.pop("model"), trajectories))
    history = Provenance({"source": about.source, "lines": seen["lines"]}, environment=about.environment)
    trajectories.provenance = history.then("LineTracker.stream", about.settings, about.started, seen["seconds"])
    title, notices = f"PEPT live: {about.source}", (*told, *reader.notices())
    nothing = LineData(np.empty((0, 7)))
    return LiveOutcome(title, about.own, trajectories.provenance, notices, trajectories, nothing, None, seen)


def _lost(reader: FramedReader) -> Iterator[str]:
    """How many lines are missing in those that were kept."""
    lost = max((note["lost"] for note in reader.notes()), default=0)
    if lost:
        yield f"{lost:,} lines were dropped by the source before they could be kept"


@dataclass(frozen=True)
class _Head:
    """What a live run said when it began; `own` are its settings as those of any run."""

    source: str
    settings: dict[str, Any]
    started: datetime
    environment: dict[str, Any]
    own: offline.Settings


def _head(folder: Path) -> _Head:
    path = folder / HEAD
    if not path.exists():
        raise FileNotFoundError(
            f"{folder}: expected a live run with {HEAD}, found none; `lumentrace pept live` makes it"
        )
    try:
        about = document(path, "JSON")
        if about["schema"] != SCHEMA:
            raise FormatError(f"{path}: expected schema {SCHEMA}, found {about['schema']!r}")
        settings = dict(about["settings"])
        own = offline.Settings(recipe=Lines(settings.get("tracers"), settings.get("every")))
        began = datetime.fromisoformat(about["started"])
        return _Head(str(about["source"]), settings, began, dict(about["environment"]), own)
    except FormatError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FormatError(f"{path}: expected the head of a live run, found something else ({error!r})") from error


def _trajectories(reader: FramedReader) -> PointData:
    """The locations in order of time; they may be on disk."""
    table = RowTable(len(UNITS), reader.path.stat().st_size // (8 * len(UNITS)), LIMIT)
    for rows in reader.rows():
        table.append(rows)
    rows = table.finish()
    if not _in_order(rows):
        rows = rows[np.lexsort((rows[:, LABEL], rows[:, 0]))]
    points = PointData(rows, columns=list(UNITS))
    points.units = UNITS
    return points


def _in_order(rows: NDArray[np.float64]) -> bool:
    return bool((np.diff(rows[:, 0]) >= 0).all())


def _said(reader: FramedReader, trajectories: PointData) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What was last said of the lines, and the first notices."""
    notices: list[str] = []
    more, times = 0, trajectories["t"]
    names = ("lines", "dropped", "unused", "explained", "time", "first", "model")
    seen: dict[str, Any] = {**dict.fromkeys(names), "seconds": 0.0}
    for note in reader.notes():
        new = note.pop("notices")
        room = NOTICES - len(notices)
        notices += new[:room]
        more += len(new[room:])
        seen.update(note)
    for name, found in (("time", times[-1:]), ("first", times[:1])):
        seen[name] = float(found[0]) if seen[name] is None and len(found) else seen[name]
    rest = (f"and {more:,} more notices",) if more else ()
    return {name: np.nan if value is None else value for name, value in seen.items()}, (*notices, *rest)


def _model(told: Any, trajectories: PointData) -> dict[str, Any]:
    """The model of the tracers that there are locations of, as an attribute; none if it was not kept for all."""
    labels, _ = tally(mapping.blocks(trajectories.points, [LABEL]))
    known = {tracer["label"]: tracer for tracer in told["tracers"]} if isinstance(told, dict) else {}
    if not len(labels) or not known.keys() >= set(labels.tolist()):
        return {}
    return {"tracker": {**told, "tracers": [known[int(label)] for label in labels]}}


def _unchecked() -> Reason:
    text = "the lines were not kept: their units and their clock were not looked at, and no second look is possible"
    return Reason(DOUBTFUL, text, "keep them with --record, or track the file that they come from")


def _dropped(seen: Mapping[str, Any]) -> list[Reason]:
    dropped = seen["dropped"]
    share = dropped / max(dropped + seen["lines"], 1)
    if not share > DROPPED:
        return []
    evidence = Evidence("share of the lines dropped", share, "", f"at most {DROPPED:g}")
    text = "lines came faster than they were tracked, and the oldest were dropped"
    return [Reason(DOUBTFUL, text, "keep them with --record and track them afterwards", (evidence,))]
