"""A run: a film read, processed and analysed, with its tables, images and report."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from lumentrace.afm.analysis.columns import COLUMNS
from lumentrace.afm.analysis.found import Found
from lumentrace.afm.analysis.pipeline import AnalysisPipeline, AnalysisRecord
from lumentrace.afm.analysis.summary import frame_table, key_figures
from lumentrace.afm.analysis.tracks import track_data, track_points
from lumentrace.afm.analysis.units import HEIGHTS, UNITS
from lumentrace.afm.analysis.utils.common import export_analysis_to_json, export_to_hdf5, make_json_safe
from lumentrace.afm.analysis.utils.frames import features_to_dataframe
from lumentrace.afm.export import to_film, to_gwy, to_ome_tiff
from lumentrace.afm.judgement import judge
from lumentrace.afm.loaders import load, takes_pixel_size
from lumentrace.afm.outlines import object_shapes
from lumentrace.afm.processing.pipeline import ProcessingPipeline
from lumentrace.afm.report.page import write_report
from lumentrace.afm.settings import Settings as Settings
from lumentrace.afm.stack import AFMImageStack
from lumentrace.base.polars import pl
from lumentrace.data.points import PointData
from lumentrace.engine import outcome
from lumentrace.engine.progress import Verbose
from lumentrace.engine.verdict import Verdict
from lumentrace.storage import write_geojson, write_table

RECORDED = "record.h5"
OTHER = "--analyse 'feature_detection:mask_fn=mask_otsu; particle_tracking; track_statistics'"


@dataclass(frozen=True, eq=False)
class Outcome(outcome.Outcome):
    """A processed film and what was found in it.

    Attributes
    ----------
    stack : AFMImageStack
        As processed.
    analysis : AnalysisRecord
    """

    technique: ClassVar[str] = "afm"

    settings: Settings
    stack: AFMImageStack = field(repr=False)
    analysis: AnalysisRecord = field(repr=False)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether what was found can be relied on."""
        return judge(self.stack, Found.of(self.analysis))

    def figures(self) -> dict[str, Any]:
        """Frames, numbers of objects, spots, tracks and clusters as far as they were looked for, and medians."""
        return dict(key_figures(self.stack, Found.of(self.analysis)))

    @property
    def units(self) -> dict[str, str]:
        """Units of the columns of the tables; heights have that of the film."""
        return UNITS | dict.fromkeys(HEIGHTS, self.stack.unit)

    def tables(self) -> dict[str, pl.DataFrame]:
        """Tables by the names of their files."""
        return _tables(self.stack, Found.of(self.analysis))

    @property
    def trajectories(self) -> PointData:
        """The tracks as points with their label, for `lumentrace.storage.to_pvd`, `to_trackmate` and `to_xarray`.

        Raises
        ------
        ValueError
            If nothing was tracked.
        """
        tables = self.tables()
        if "tracks" not in tables:
            raise ValueError("expected tracks, found none; analyse with particle_tracking")
        points = track_data(tables["tracks"])
        points.provenance = self.provenance
        return points

    def to_geojson(self, path: str | PathLike[str]) -> Path:
        """Write the outlines of the objects for QuPath, with their figures; the frame is the time point.

        Parameters
        ----------
        path : path
            Ends with ``.geojson`` or ``.json``.

        Raises
        ------
        ValueError
            If no objects were looked for, or the name ends otherwise.
        OSError
            If it cannot be written.
        """
        return write_geojson(path, object_shapes(Found.of(self.analysis)))

    def write(self, folder: Path) -> list[Path]:
        """Write tables, the record, and the film as film, images or for Gwyddion if these are asked for."""
        files = [path for name, table in self.tables().items() for path in write_table(folder / name, table)]
        export_to_hdf5(self.analysis, folder / RECORDED)
        export_analysis_to_json(folder / "record.json", make_json_safe(self.analysis))
        files += [folder / RECORDED, folder / "record.json"]
        if self.settings.images:
            to_ome_tiff(folder / "processed.ome.tif", self.stack)
            files.append(folder / "processed.ome.tif")
        if self.settings.gwy:
            to_gwy(folder / "processed.gwy", self.stack)
            files.append(folder / "processed.gwy")
        if self.settings.film:
            to_film(folder / f"film.{self.settings.film}", self.stack)
            files.append(folder / f"film.{self.settings.film}")
        return files

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report."""
        return write_report(
            self.stack,
            self.analysis,
            path=path,
            title=self.title,
            notes=self.notices,
            verdict=self.verdict,
            settings=self.settings,
        )


def run(
    source: str | PathLike[str] | AFMImageStack,
    settings: Settings | None = None,
    *,
    verbose: Verbose = False,
    run_dir: str | PathLike[str] | None = None,
) -> Outcome:
    """Process and analyse a film.

    Parameters
    ----------
    source : path or AFMImageStack
        A file or folder that `lumentrace.afm.load` reads, or a film, which is processed in place.
    settings : Settings, optional
    verbose : bool or callable, default False
        True for a progress bar.
    run_dir : path, optional
        A directory that keeps finished analyses: the same call processes the film anew and goes on after them, with the
        identical result.

    Returns
    -------
    Outcome

    Raises
    ------
    FormatError
        If the file is damaged.
    ValueError
        If a step is unknown, has a wrong setting, or fails on a frame; if the file does not say the size of a pixel, or
        the times of frames that are to be tracked, and the settings do not either.

    Examples
    --------
    >>> from lumentrace.afm.run import Settings, run
    >>> from lumentrace.afm.simulation import simulate_film
    >>> stack, _ = simulate_film(frames=4, particles=3, size=64, seed=1)
    >>> outcome = run(stack, Settings(process="remove_plane", analyse="log_blob_detection:min_sigma=3,max_sigma=6"))
    >>> outcome.figures()["frames"], [step.name for step in outcome.provenance.steps]
    (4, ['remove_plane', 'log_blob_detection'])
    """
    own = settings or Settings()
    stack = source if isinstance(source, AFMImageStack) else loaded(Path(source), own)
    analysis = AnalysisPipeline()
    for name, options in own.analyse:
        analysis.add(name, **options)
    analysis.validate()
    process(stack, own, verbose)
    record = analysis.run(stack, verbose=verbose, run_dir=run_dir)
    title = f"AFM: {Path(stack.file_path).name}"
    return Outcome(title, own, record.history, _notices(stack, Found.of(record)), stack, record)


def loaded(path: Path, own: Settings) -> AFMImageStack:
    """The film of a run as it is in its file."""
    options: dict[str, Any] = {}
    if own.complete_frames and path.name.lower().endswith(".asd"):
        options["strict"] = False
    if own.pixel_size_nm is not None and takes_pixel_size(path):
        options["pixel_size_nm"] = own.pixel_size_nm
    stack = load(path, own.channel, **options)
    timed = own.frame_time_s is not None or all(entry["timestamp"] is not None for entry in stack.frame_metadata)
    if stack.n_frames > 1 and not timed and "track_statistics" in dict(own.analyse):
        raise ValueError(
            f"{path}: does not say when frames were taken, which track_statistics needs; "
            "give `frame_time_s` (--frame-time), or leave it out"
        )
    return stack


def _calibrate(stack: AFMImageStack, own: Settings) -> None:
    """Put what the settings say in place of what the file says."""
    if own.pixel_size_nm is not None:
        stack.pixel_size_nm = stack.pixel_size_y_nm = own.pixel_size_nm
        for entry in stack.frame_metadata:
            entry.pop("frame_pixel_size_nm", None)
    if own.frame_time_s is not None:
        for number, entry in enumerate(stack.frame_metadata):
            entry["timestamp"] = number * own.frame_time_s


def process(stack: AFMImageStack, own: Settings, verbose: Verbose = False) -> None:
    """Calibrate the film of a run and apply its filters and masks, in place."""
    _calibrate(stack, own)
    processing = ProcessingPipeline(stack)
    for name, options in own.process:
        processing.add(name, **options)
    processing.run(keep="none", on_error=own.on_error, verbose=verbose)


def _notices(stack: AFMImageStack, found: Found) -> tuple[str, ...]:
    if key_figures(stack, found).get("objects") != 0:
        return ()
    return (f"no objects; another mask may find some, e.g. {OTHER}",)


def _tables(stack: AFMImageStack, found: Found) -> dict[str, pl.DataFrame]:
    """Tables by the names of their files."""
    tables = {"frames": frame_table(stack, found)}
    tables |= {
        name: features_to_dataframe(each["features_per_frame"], COLUMNS.get(name))
        for name, each in found.detected.items()
    }
    if found.tracked is not None:
        features = found.detected[found.tracked["detector"]]["features_per_frame"]
        tables["tracks"] = track_points(found.tracked["tracks"], stack, features)
    if found.measured is not None:
        tables["track_statistics"] = pl.DataFrame(found.measured["tracks"])
        tables["mean_squared_displacement"] = pl.DataFrame(found.measured["msd"])
    return tables
