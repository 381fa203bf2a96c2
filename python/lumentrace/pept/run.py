"""A run: the tracers of an acquisition, tracked, with tables, files for ParaView and a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import html, mapping, selection
from lumentrace.base.big_array import BigArray
from lumentrace.base.places import tally
from lumentrace.data.lines import LineData
from lumentrace.data.points import SIGMAS, PointData
from lumentrace.engine import outcome
from lumentrace.engine.progress import Verbose
from lumentrace.engine.samples.parted import heard_by
from lumentrace.engine.verdict import Verdict
from lumentrace.pept import data_set
from lumentrace.pept.judgement import judge
from lumentrace.pept.recipes import BaseRecipe
from lumentrace.pept.report.page import write_run
from lumentrace.pept.report.run import Run
from lumentrace.pept.scanners.any_file import DAMAGED, left_out, read
from lumentrace.pept.settings import Settings as Settings
from lumentrace.pept.tracking.fitted_model import FittedModel
from lumentrace.pept.tracks import SPEED_WINDOW, Tracks, tracks
from lumentrace.storage import to_parquet, to_polars, to_vtp, write_csv

if TYPE_CHECKING:
    import polars as pl

MOST = 4_000_000
"""Locations that are written as one table; of more, CSV alone would have 1.5 GB."""


@dataclass(frozen=True, eq=False)
class Outcome(outcome.Outcome):
    """Trajectories of an acquisition.

    Attributes
    ----------
    trajectories : PointData
        Locations with a column `label`.
    lines : LineData
    truth : list of PointData or None
        Where the tracers were, of simulations.
    """

    technique: ClassVar[str] = "pept"

    settings: Settings
    trajectories: PointData = field(repr=False)
    lines: LineData = field(repr=False)
    truth: list[PointData] | None = field(repr=False)

    @cached_property
    def _paths(self) -> Tracks:
        return tracks(self.trajectories, None)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the trajectories can be relied on."""
        return judge(self.lines, self.trajectories, self._paths, self.settings.recipe)

    def figures(self) -> dict[str, Any]:
        """Numbers of lines, trajectories and locations, and the spread or the uncertainty.

        Those of the recipe `lines` also tell the fit: the share of the lines that the tracers explain, the passes,
        whether they settled, and `tracers`, a mapping for each.
        """
        labels, counts = tally(_columns(self.trajectories, ["label"]))
        name, errors = _errors(self.trajectories)
        model = FittedModel.of(self.trajectories)
        return {
            "lines": len(self.lines.lines),
            DAMAGED: left_out(self.lines),
            "trajectories": int((labels >= 0).sum()),
            "locations": len(self.trajectories.points),
            "in trajectories": int(counts[labels >= 0].sum()),
            name: selection.median(errors.blocks),
            **({} if model is None else _fit(model)),
        }

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the columns of the trajectories."""
        return self.trajectories.units

    def tables(self) -> dict[str, pl.DataFrame]:
        """The trajectories."""
        return {"trajectories": to_polars(self.trajectories)}

    def first_rows(self) -> tuple[pl.DataFrame, int]:
        """The first locations, and how many there are."""
        points = self.trajectories.points
        return to_polars(PointData(points[: html.ROWS], columns=self.trajectories.columns)), len(points)

    def write(self, folder: Path) -> list[Path]:
        """Write trajectories as Parquet, CSV and VTP; those of more than `MOST` locations as a data set."""
        places = [folder / f"trajectories.{ending}" for ending in ("parquet", "csv", "vtp")]
        whole = folder / data_set.FOLDER
        if len(self.trajectories.points) > MOST:
            if not data_set.holds(whole, self.trajectories):
                data_set.write(whole, self.trajectories)
            for place in places:
                place.unlink(missing_ok=True)
            return [whole / data_set.MANIFEST]
        data_set.clear(whole)
        to_parquet(places[0], self.trajectories)
        write_csv(places[1], self.trajectories)
        to_vtp(places[2], self.trajectories)
        return places

    @property
    def _shown_lines(self) -> LineData | None:
        """The lines that the report shows."""
        return self.lines

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report."""
        model = FittedModel.of(self.trajectories)
        return write_run(
            Run.of(self._paths, model, self._shown_lines, self.truth, SPEED_WINDOW),
            path,
            self.title,
            self.trajectories.provenance,
            notes=[self.settings.recipe.error_note],
            notices=self.notices,
            verdict=self.verdict,
            settings=self.settings,
        )


def run(
    source: str | PathLike[str] | LineData,
    settings: Settings | None = None,
    *,
    executor: Any = None,
    max_workers: int | None = None,
    verbose: Verbose = False,
    run_dir: str | PathLike[str] | None = None,
    into: str | PathLike[str] | None = None,
) -> Outcome:
    """Track the tracers of an acquisition.

    Parameters
    ----------
    source : path or LineData
        A file of any scanner, or lines, whose sampling is that of the recipe.
    settings : Settings, optional
    executor, max_workers, run_dir
        As of `lumentrace.Pipeline.fit`.
    verbose : bool or callable, default False
        True for a progress bar.
    into : path, optional
        The folder that the outcome will be saved in: lists of more than one span of lines (see `LineTracker`) write
        their trajectories there as they come, to ``trajectories/part-00000.parquet`` and so on.

    Returns
    -------
    Outcome

    Raises
    ------
    FormatError
        If the file does not follow its format.

    Examples
    --------
    >>> from lumentrace.pept import simulation
    >>> from lumentrace.pept.recipes import Birmingham
    >>> from lumentrace.pept.run import Settings, run
    >>> lines = simulation.simulate([simulation.Static()], n=2000, noise=0.2, seed=1).lines
    >>> outcome = run(lines, Settings(recipe=Birmingham()))
    >>> outcome.figures()["trajectories"], outcome.provenance.steps[-1].name
    (1, 'Segregate')
    """
    own = settings or Settings()
    how = own.scanner, own.separation, own.lenient, own.reader
    lines = source if isinstance(source, LineData) else read(Path(source), *how)
    options = {"executor": executor, "max_workers": max_workers, "verbose": verbose, "run_dir": run_dir}
    trajectories = _fit_into(None if into is None else Path(into), own.recipe, lines, options)
    name = Path(str(trajectories.provenance.input.get("path", "lines"))).name
    notices = (*_damage(lines), *_size(trajectories))
    return Outcome(f"PEPT: {name}", own, trajectories.provenance, notices, trajectories, lines, None)


def _fit_into(folder: Path | None, recipe: BaseRecipe, lines: LineData, options: dict[str, Any]) -> PointData:
    if folder is None:
        found: PointData = recipe.fit(lines, **options)
        return found
    parts = data_set.DataSet(folder / data_set.FOLDER)
    with heard_by(parts.append):
        found = recipe.fit(lines, **options)
    if parts.parts:
        parts.finish(found)
    return found


def _errors(trajectories: PointData) -> tuple[str, BigArray]:
    """What the median of the errors is called, and the errors of all locations, where they are told."""
    sigmas = set(SIGMAS) <= set(trajectories.columns)
    names = SIGMAS if sigmas else [name for name in ("error",) if name in trajectories.columns]
    found, first = BigArray.empty((len(trajectories.points) if names else 0,)), 0
    for block in _columns(trajectories, names) if names else ():
        found[first : first + len(block)] = np.sqrt(sum(block.T**2)) if sigmas else block[:, 0]
        first += len(block)
    return f"median {'sigma' if sigmas else 'spread'} (mm)", found


def _columns(trajectories: PointData, names: Sequence[str]) -> Iterator[NDArray[np.float64]]:
    """Some columns, block by block: the rows may be on disk."""
    return mapping.blocks(trajectories.points, [trajectories.columns.index(name) for name in names])


def _fit(model: FittedModel) -> dict[str, Any]:
    return {
        "lines explained": model.explained,
        "lines unused": model.unused,
        "passes": model.passes,
        "settled": model.settled,
        "tracers": [tracer.figures() for tracer in model.tracers],
    }


def _size(trajectories: PointData) -> Iterator[str]:
    count = len(trajectories.points)
    if count > MOST:
        yield (
            f"{count:,} locations are saved as parts of a data set, in the folder “{data_set.FOLDER}”, not as one "
            "table, CSV and VTP: read what you need of it with lumentrace.pept.scan_trajectories."
        )


def _damage(lines: LineData) -> Iterator[str]:
    count = left_out(lines)
    if count:
        yield f"{count} damaged line{'s' if count > 1 else ''} of the file left out."
