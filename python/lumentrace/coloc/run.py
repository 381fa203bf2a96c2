"""A run: the channels of an image, measured, with everything that is told about them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.files import replacing
from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.base.provenance import Provenance
from lumentrace.coloc import files
from lumentrace.coloc.channels import Channels
from lumentrace.coloc.judgement import Measured as Judged
from lumentrace.coloc.judgement import judge
from lumentrace.coloc.kept import nulls_bytes, nulls_from_bytes
from lumentrace.coloc.larger.blocks import at_once
from lumentrace.coloc.larger.look import Look
from lumentrace.coloc.larger.reading import Pixels
from lumentrace.coloc.measure.randomization import Randomization, costes_randomization
from lumentrace.coloc.report.page import write_report
from lumentrace.coloc.settings import Settings as Settings
from lumentrace.coloc.sources import Measured, Source, looked_at
from lumentrace.coloc.summary import by_region, key_figures
from lumentrace.coloc.table import colocalization_table
from lumentrace.engine import outcome
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.progress import Verbose, part
from lumentrace.engine.run import Keep, Run
from lumentrace.engine.verdict import Verdict
from lumentrace.storage import label_shapes, table_bytes, table_from_bytes, write_geojson, write_table

TABLE, NULLS = "colocalization", "randomization.arrow"
"""Names of files: the table without its ending, and the correlations of shuffled images."""


@dataclass(frozen=True, eq=False)
class Outcome(outcome.Outcome):
    """Measures of an image.

    Attributes
    ----------
    channels : dict of ndarray or LazyImage
        Pixels by name; those of large images (more than 128 MB of channels) are read when they are asked for.
    labels : ndarray, LazyImage or None
        Of the regions.
    table : polars.DataFrame
        That of `colocalization_table`.
    nulls : dict
        Correlations of shuffled images, by pair of channels, where whole images were shuffled.
    guessed : bool
        Neither the file nor the settings say which axis the channels lie along.
    times : int
        Time points, or planes of an axis without a name, that were measured as one.
    pixel_um : float or None
        Width of a pixel in micrometres, where the file says it.
    look : Look or None
        At images that are read piece by piece: what is pictured and judged of them.
    slice_axis : int or None
        Along which slices were measured one by one.
    """

    technique: ClassVar[str] = "coloc"

    channels: dict[str, Pixels] = field(repr=False)
    labels: Pixels | None = field(repr=False)
    table: pl.DataFrame = field(repr=False)
    nulls: dict[tuple[str, str], Randomization] = field(repr=False)
    guessed: bool = False
    times: int = 1
    pixel_um: float | None = None
    look: Look | None = field(default=None, repr=False)
    slice_axis: int | None = None

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the measures can be relied on."""
        if self.look is None:
            seen, clipped, slices = (self._arrays, self._mask), None, self.slice_axis
        else:
            seen, clipped, slices = (self.look.middle, self.look.middle_labels), self.look.clipped, None
        return judge(Judged(*seen, self.table, self.guessed, self.times, clipped, slices))

    @property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {name: np.asarray(pixels) for name, pixels in self.channels.items()}

    @property
    def _mask(self) -> NDArray[Any] | None:
        return None if self.labels is None else np.asarray(self.labels)

    @property
    def units(self) -> dict[str, str]:
        """Units of the columns of the table; measures have none, and thresholds that of their channel."""
        return {"n_pixels": "px"}

    def tables(self) -> dict[str, pl.DataFrame]:
        """The table."""
        return {TABLE: self.table}

    def figures(self) -> dict[str, Any]:
        """Rows, rows with something missing, and medians of the measures."""
        return dict(key_figures(self.table))

    def write(self, folder: Path) -> list[Path]:
        """Write the table as CSV and Parquet, and the correlations of shuffled images if there are any."""
        files = write_table(folder / TABLE, self.table)
        if not self.nulls:
            return files
        with replacing(folder / NULLS) as file:
            file.write(nulls_bytes(self.nulls))
        return [*files, folder / NULLS]

    def to_geojson(self, path: str | PathLike[str]) -> Path:
        """Write the outlines of the regions for QuPath, with the measures of all pairs of channels.

        Parameters
        ----------
        path : path
            Ends with ``.geojson`` or ``.json``.

        Raises
        ------
        ValueError
            If there are no regions, they are no plane, or the name ends otherwise.
        OSError
            If it cannot be written.
        """
        if self.labels is None:
            raise ValueError("expected regions to write their outlines, found none; measure with `labels`")
        labels = np.asarray(self.labels)
        return write_geojson(path, label_shapes(labels, by_region(self.table), classification="region"))

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report."""
        look, side = self.look, 1 if self.look is None else self.look.steps[-1]
        return write_report(
            self._arrays if look is None else look.shown,
            self.table,
            path=path,
            title=self.title,
            label_mask=self._mask if look is None else look.shown_labels,
            nulls=self.nulls,
            provenance=self.provenance,
            notes=self.notices,
            verdict=self.verdict,
            settings=self.settings,
            pixel_um=None if self.pixel_um is None else self.pixel_um * side,
            shape=None if look is None else look.shape,
        )


@unmasked
def run(
    source: Source,
    settings: Settings | None = None,
    *,
    verbose: Verbose = False,
    run_dir: str | PathLike[str] | None = None,
) -> Outcome:
    """Measure the channels of an image.

    Parameters
    ----------
    source : path, sequence of paths, LazyImage, mapping of arrays, or array
        An image with channels that `lumentrace.storage.open_image` opens (TIFF, OME-Zarr, MRC, slides, files of bioio),
        images of one channel each, an image that is open, channels by name, or one array (numpy, Dask, Zarr) of which
        the settings say the `channel_axis`. Of channels that are chosen by name, the others are not read.
    settings : Settings, optional
    verbose : bool or callable, default False
        True for a progress bar.
    run_dir : path, optional
        A directory that keeps finished steps: the same call goes on after them, with the identical result.

    Returns
    -------
    Outcome

    Raises
    ------
    FormatError
        If a file is damaged or does not say where its channels are.
    ValueError
        If settings do not fit the image, or `run_dir` holds another run.

    Examples
    --------
    >>> from lumentrace import coloc
    >>> from lumentrace.coloc.run import Settings, run
    >>> (a, *_), (b, *_) = coloc.make_sample_data()
    >>> outcome = run({"actin": a, "myosin": b}, Settings(threshold="otsu"))
    >>> outcome.figures()["rows"], [step.name for step in outcome.provenance.steps]
    (1, ['colocalization_table'])
    """
    own = settings or Settings()
    given = looked_at(source, own)
    image, labels, history = given.image, given.labels, given.history
    arguments: dict[str, Any] = {
        "metrics": own.metrics,
        "threshold_method": own.threshold,
        "pairs": files.pairs(own.pairs, list(image.pixels)),
        "slice_axis": files.slice_axis(image) if own.slices else None,
        "nan_policy": own.nan_policy,
        "block": own.block,
        "randomizations": own.randomizations,
        "seed": own.seed,
        "memory": own.memory,
    }
    name = _first(history.input["path"])
    pixels = sum(pixels.size for pixels in image.pixels.values())
    shuffled = labels is None and not own.slices and "randomization" in own.metrics and _fits(image, own)
    directory = None if run_dir is None else RunDirectory(run_dir, _run_identity(given, own))
    with Run(history, pixels, 1 + shuffled, verbose, Path(name).name, "pixel", directory) as steps:
        table = steps.step(
            "colocalization_table",
            arguments,
            lambda: colocalization_table(image.pixels, label_mask=labels, **arguments),
            Keep("colocalization.arrow", table_bytes, table_from_bytes),
        )
        nulls: dict[tuple[str, str], Randomization] = {}
        if shuffled:
            shuffles = {"block": own.block, "n": own.randomizations, "seed": own.seed}
            keep = Keep("randomization.arrow", nulls_bytes, nulls_from_bytes)
            nulls = steps.step("costes_randomization", shuffles, lambda: _nulls(image, table, own), keep)
    title = f"Colocalization: {Path(name).name}"
    notices = () if given.look is None else (given.look.notice,)
    return outcome_of(title, own, steps.provenance, notices, given, table, nulls)


def outcome_of(
    title: str,
    own: Settings,
    provenance: Provenance,
    notices: tuple[str, ...],
    given: Measured,
    table: pl.DataFrame,
    nulls: dict[tuple[str, str], Randomization],
) -> Outcome:
    """What came of a run on what it was given."""
    image = given.image
    return Outcome(
        title,
        own,
        provenance,
        notices,
        image.pixels,
        given.labels,
        table,
        nulls,
        image.guessed,
        times(image),
        image.spacing.get("X"),
        given.look,
        files.slice_axis(image) if own.slices else None,
    )


def _first(path: Any) -> str:
    """Name of the first file."""
    return "arrays" if path is None else path[0] if isinstance(path, list) else str(path)


def _run_identity(given: Measured, own: Settings) -> dict[str, Any]:
    """What tells this run from any other."""
    return {
        "version": _core.__version__,
        "input": dict(given.history.input["xxh3"]),
        "labels": given.labels_hash,
        "settings": own.to_dict(),
    }


def _fits(image: Channels, own: Settings) -> bool:
    """Whether two channels may be read at once."""
    largest = max(pixels.dtype.itemsize for pixels in image.pixels.values())
    return not image.are_lazy or math.prod(image.shape) <= at_once(own.memory * 10**6, 2 * largest)


def _nulls(image: Channels, table: pl.DataFrame, own: Settings) -> dict[tuple[str, str], Randomization]:
    """Shuffled correlations of whole images, for the report."""
    pairs = table.select("channel_a", "channel_b").rows()
    pixels = sum(pixels.size for pixels in image.pixels.values())
    nulls = {}
    for number, (one, two) in enumerate(pairs):
        with part(pixels * number // len(pairs), pixels // len(pairs), own.randomizations):
            a, b = (np.asarray(image.pixels[name]) for name in (one, two))
            nulls[one, two] = costes_randomization(a, b, block=own.block, n=own.randomizations, seed=own.seed)
    return nulls


def times(image: Channels) -> int:
    """Planes along axes that are neither space nor slices."""
    return math.prod(length for length, axis in zip(image.shape, image.axes, strict=True) if axis not in "ZYX")
