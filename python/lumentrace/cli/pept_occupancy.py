"""`lumentrace pept occupancy`: where the tracers spent their time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import plotly.graph_objects as go

from lumentrace import storage
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.polars import pl
from lumentrace.data.pixels import Pixels
from lumentrace.data.points import PointData
from lumentrace.pept.data_set import scan_trajectories
from lumentrace.pept.processing import ResidenceDistribution2D
from lumentrace.pept.processing.lazily import LABEL, corners
from lumentrace.pept.scanners.layout import layout
from lumentrace.pept.tracking import SplitAll
from lumentrace.pept.utilities import read_csv
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.plots.report import Report
from lumentrace.storage.frames import write_rows

LONGEST = 2**16
"""Characters of a line with names."""
Tracks: TypeAlias = "list[PointData] | pl.LazyFrame"

WIDTH, LOW, HIGH, MARGINS = 1000, 200, 900, 110
"""Of the map in a report, in pixels: its width, the bounds of its height, and what is around it."""


@dataclass(frozen=True)
class Maps:
    """How every file is mapped."""

    diameter: float
    plane: str
    resolution: int

    def write(self, path: Path, folder: Path) -> dict[str, object]:
        """Map one file of trajectories into `folder`; a row of figures."""
        tracks: Tracks = scan_trajectories(path) if path.is_dir() else trajectories(path)
        number = self._cells(tracks)
        pixels = ResidenceDistribution2D(self.diameter, dimensions=self.plane, resolution=number).fit(tracks)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"occupancy-{self.plane}"
        storage.save(folder / f"{name}.h5", pixels)
        _write_csv(folder / f"{name}.csv", pixels, self.plane)
        figures = {
            "file": path.name,
            "trajectories": len(tracks) if isinstance(tracks, list) else _count(tracks),
            "time (ms)": float(pixels.sum()),
            "pixels": " x ".join(map(str, pixels.shape)),
            "pixels visited": f"{float((pixels > 0).mean()):.0%}",
            "longest (ms)": float(pixels.max()),
        }
        self._report(figures, pixels).save(folder / f"{name}.html")
        return figures

    def _report(self, figures: dict[str, object], pixels: Pixels) -> Report:
        report = Report(f"Residence time: {figures['file']}", f"plane {self.plane}, tracer of {self.diameter:g} mm")
        report.key_figure("Trajectories", figures["trajectories"])
        report.key_figure("Time", figures["time (ms)"], "ms", "of all trajectories, which the map adds up to")
        report.key_figure("Pixels visited", figures["pixels visited"], note=f"of {figures['pixels']}")
        report.key_figure("Longest", figures["longest (ms)"], "ms", "in a pixel")
        report.section("Map")
        across, up = (float(end - start) for start, end in (pixels.xlim, pixels.ylim))
        height = int(np.clip(WIDTH * up / across, LOW, HIGH)) + MARGINS
        report.figure(self._map(pixels), "Time in each pixel", "Equal scales.", height)
        report.provenance(pixels.provenance)
        return report

    def _map(self, pixels: Pixels) -> go.Figure:
        first, second = self.plane[0], self.plane[1]
        trace = pixels.heatmap_trace()
        trace.colorbar.title = {"text": "ms", "side": "right"}
        trace.hovertemplate = f"{first} %{{x:.4g}} mm, {second} %{{y:.4g}} mm: %{{z:.4g}} ms<extra></extra>"
        axis = {"constrain": "domain", "showgrid": False, "zeroline": False}
        figure = go.Figure(trace).update_xaxes(title_text=f"<i>{first}</i> (mm)", **axis)
        return figure.update_yaxes(title_text=f"<i>{second}</i> (mm)", scaleanchor="x", **axis)

    def _cells(self, tracks: Tracks) -> tuple[int, int]:
        """Square pixels, `resolution` along the longer side."""
        if isinstance(tracks, list):
            places = np.concatenate([track.points[:, ["txyz".index(axis) for axis in self.plane]] for track in tracks])
            places = places[np.isfinite(places).all(axis=1)]
        else:
            places = corners(tracks, self.plane)
        if not len(places):
            return 1, 1
        sides = np.ptp(places, axis=0) + self.diameter
        longest = sides.max()
        counts = np.maximum(np.round(self.resolution * sides / longest), 1) if longest > 0 else np.ones(2)
        return int(counts[0]), int(counts[1])


def trajectories(path: Path) -> list[PointData]:
    """The trajectories in a file that `lumentrace pept run` wrote, without noise.

    Raises
    ------
    FormatError
        If it holds no points.
    """
    points = _read(path)
    if not isinstance(points, PointData):
        raise FormatError(f"{path}: expected trajectories, found {type(points).__name__}")
    tracks = SplitAll("label").fit(points) if "label" in points.columns else list(points)
    kept = [track for track in tracks if len(track.points) > 1 and not _is_noise(track)]
    if not kept:
        raise FormatError(f"{path}: expected at least one trajectory of two points, found none")
    return kept


def _count(tracks: pl.LazyFrame) -> int:
    """How many trajectories there are; their labels are 0 and above."""
    if LABEL not in tracks.collect_schema().names():
        return 1
    return int(tracks.filter(pl.col(LABEL) >= 0).select(pl.col(LABEL).n_unique()).collect(engine="streaming").item())


def _is_noise(track: PointData) -> bool:
    return "label" in track.columns and bool(track["label"][0] < 0)


def _read(path: Path) -> object:
    if path.suffix.lower() == ".parquet":
        return storage.read_parquet(path)
    if path.suffix.lower() in {".h5", ".hdf5"}:
        return storage.load(path)
    found = layout(TextSource(path))
    names = found.names or _old_names(path)
    rows = read_csv(path, sep=found.sep, skiprows=found.skiprows)
    try:
        return PointData(rows, columns=names)
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from None


def _old_names(path: Path) -> tuple[str, ...] | None:
    """Names of columns as earlier versions wrote them: after a #, with spaces between."""
    with open(regular(path), encoding="utf-8", errors="replace") as file:
        first = file.readline(LONGEST)
    return tuple(first.lstrip("#").split()) if first.startswith("#") else None


def _write_csv(path: Path, pixels: Pixels, plane: str) -> None:
    """A row for each pixel: its centre and its time."""
    edges = [np.linspace(*limits, count + 1) for limits, count in zip(_limits(pixels), pixels.shape, strict=True)]
    first, second = np.meshgrid(*((each[1:] + each[:-1]) / 2 for each in edges), indexing="ij")
    rows = np.column_stack([first.ravel(), second.ravel(), pixels.pixels.ravel()])
    write_rows(path, [f"{plane[0]} (mm)", f"{plane[1]} (mm)", "time (ms)"], rows.tolist())


def _limits(pixels: Pixels) -> tuple[tuple[float, float], ...]:
    return tuple((float(low), float(high)) for low, high in (pixels.xlim, pixels.ylim))
