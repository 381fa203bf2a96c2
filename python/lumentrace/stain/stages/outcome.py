"""What a run ends with: the registration, scales, difference and spots, and how they came about."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing
from lumentrace.base.polars import pl
from lumentrace.engine import outcome
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.verdict import Verdict
from lumentrace.stain.compat import StainParameters
from lumentrace.stain.files.canvas import frame
from lumentrace.stain.files.checkpoints import load_checkpoint
from lumentrace.stain.files.pair import spacing_of
from lumentrace.stain.judgement import judge
from lumentrace.stain.measure.histograms import Histograms
from lumentrace.stain.measure.noise import Noise
from lumentrace.stain.measure.scale import Scale
from lumentrace.stain.measure.subtraction import placed
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.report.page import write_report
from lumentrace.stain.settings import Settings
from lumentrace.stain.spot_outlines import spot_shapes
from lumentrace.stain.stages.pipeline import Finished
from lumentrace.stain.stages.task import LAST, OUTPUT, Task
from lumentrace.storage import open_image, write_geojson


@dataclass(frozen=True, eq=False)
class Outcome(outcome.Outcome):
    """A registered, scaled and subtracted pair.

    Attributes
    ----------
    registration : Registration
        Look at its `ok` and `reasons` first.
    scales : tuple of Scale
        The fitted one, then those of a percentile and a given one, if they were asked for.
    noise : Noise
        Of the difference.
    spots : polars.DataFrame
        As of `Subtraction`, in pixels of the images that are written; the column ``frame`` says which these are.
    histograms : Histograms
    pictures : mapping
        Reduced images for the report: 'post', 'before' (pre as it was), 'aligned', 'difference'.
    factor : int
        By how much they are reduced.
    folder : path
        Where the images are.
    images : dict
        Files by name: 'post', 'pre', 'rough_pre', 'aligned', 'difference', 'significance', and 'difference_manual' or
        'difference_percentile_p50' for other scales.
    files : tuple of str
        All files of the stages, relative to the folder.
    warnings : tuple of str
        What to keep in mind; `notices` say first, if so, that the registration cannot be trusted.
    suffix : str
        The part of file names that tells the settings.
    """

    technique: ClassVar[str] = "stain"

    settings: Settings
    registration: Registration
    scales: tuple[Scale, ...]
    noise: Noise
    spots: pl.DataFrame = field(repr=False)
    histograms: Histograms = field(repr=False)
    pictures: Mapping[str, NDArray[np.float32]] = field(repr=False)
    factor: int = field(repr=False)
    folder: Path
    images: dict[str, Path] = field(repr=False)
    files: tuple[str, ...] = field(repr=False)
    warnings: tuple[str, ...] = field(repr=False)
    suffix: str = field(repr=False)

    @classmethod
    def of(cls, task: Task, found: Finished) -> Outcome:
        """The outcome of all stages."""
        assert found.rough is not None
        assert found.fine is not None
        assert found.measured is not None
        history, measured = found.provenance, found.measured
        stages = found.padded, found.rough, found.fine, measured
        images = {task.shown(at, name): task.folder / name for at, left in enumerate(stages, 1) for name in left.images}
        doubt = [f"do not trust this registration: {reason}" for reason in found.fine.registration.reasons]
        registered = replace(history, steps=history.steps[:3])
        return cls(
            title=task.found().title,
            settings=task.settings.plain() if isinstance(task.settings, StainParameters) else task.settings,
            provenance=history,
            notices=(*doubt, *measured.warnings),
            registration=replace(found.fine.registration, provenance=registered),
            scales=tuple(replace(scale, provenance=history) for scale in measured.scales),
            noise=measured.noise,
            spots=placed(measured.spots, task.settings.pad),
            histograms=measured.histograms,
            pictures=measured.pictures,
            factor=measured.factor,
            folder=task.folder,
            images=images,
            files=tuple(name for left in stages for name in left.files),
            warnings=measured.warnings,
            suffix=task.suffix(LAST),
        )

    @property
    def verdict(self) -> Verdict:
        """Whether the registration and the scale can be relied on."""
        return judge(self.registration, self.scales[0])

    @property
    def units(self) -> dict[str, str]:
        """Units of the columns of the tables."""
        return dict.fromkeys(("x", "y", "area", "left", "top", "right", "bottom"), "px") | {"intensity": "counts"}

    def tables(self) -> dict[str, pl.DataFrame]:
        """The spots."""
        return {"spots": self.spots}

    @property
    def status(self) -> str:
        """'complete', or 'unreliable: ...' if the registration cannot be trusted."""
        return "complete" if self.registration.ok else f"unreliable: {'; '.join(self.registration.reasons)}"

    def image(self, name: str) -> NDArray[np.float32]:
        """An image as it is written.

        Parameters
        ----------
        name : str
            One of `images`.

        Raises
        ------
        ValueError
            If there is none of this name.
        """
        if name not in self.images:
            raise ValueError(f"`name`: expected one of {', '.join(self.images)}, found {name!r}")
        whole = load_checkpoint(self.images[name].with_suffix(""))
        assert whole is not None
        return whole

    def to_geojson(self, path: str | PathLike[str]) -> Path:
        """Write the outlines of the spots for QuPath, in pixels of the post-stain image.

        Parameters
        ----------
        path : path
            Ends with ``.geojson`` or ``.json``.

        Raises
        ------
        ValueError
            If the name ends otherwise.
        OSError
            If it cannot be written.
        """
        place = self.images["significance"]
        tiff = place.suffix in (".tif", ".tiff")
        with open_image(place if tiff else self.image("significance")) as significance:
            return write_geojson(path, spot_shapes(self.spots, significance, self.settings.pad))

    def figures(self) -> dict[str, Any]:
        """The verdict, the error in pixels, the scale with its standard error, the number of spots and their frame."""
        return {
            "registration": "ok" if self.registration.ok else "not reliable",
            "error_px": self.registration.error_px,
            "overlap": self.registration.overlap,
            "scale": self.scales[0].value,
            "scale_error": self.scales[0].error,
            "spots": len(self.spots),
            "frame": frame(self.settings.pad),
        }

    def write(self, folder: Path) -> list[Path]:
        """Write images, registration and spots."""
        return [_copied(self.folder / name, folder / name) for name in self.files]

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report."""
        return write_report(
            path,
            self.title,
            self.registration,
            self.scales,
            self.histograms,
            self.pictures,
            self.factor,
            self.spots,
            self.warnings,
            self.provenance,
            self.settings.pad,
            self.settings,
            self._pixel_um(),
        )

    def _pixel_um(self) -> float | None:
        """Width of a pixel of the post-stain image, if there is a file and it says so."""
        post = self.provenance.input["path"][0]
        return None if post is None else spacing_of(Path(post)).get("X")

    def save(self, folder: str | PathLike[str]) -> Path:
        """Write everything into a folder, laid out as that of a run.

        Images go to ``tiff`` or ``fits``, the rest to ``pipeline_output``; ``report.html`` and ``run.json`` there have
        the settings in their names, as all files do.

        Parameters
        ----------
        folder : path
            Made if it is missing; files of the same names are replaced.

        Returns
        -------
        path
            The folder.
        """
        place = Path(folder)
        (place / OUTPUT).mkdir(parents=True, exist_ok=True)
        files = [*self.write(place), self.report(self.place(place, "report", ".html"))]
        names = tuple(file.relative_to(place).as_posix() for file in files)
        self.record(names).write(self.place(place, "run", ".json"))
        return place

    def place(self, folder: Path, name: str, ending: str) -> Path:
        """Where a file about the whole run is in a folder."""
        return folder / OUTPUT / f"{name}{self.suffix}{ending}"

    def settle(self) -> None:
        """Write report and record into the run's own folder, unless those of the very same steps are there."""
        directory = RunDirectory(self.folder)
        record = self.place(self.folder, "run", ".json")
        name = record.relative_to(self.folder).as_posix()
        identity = {"steps": [asdict(step) for step in self.provenance.steps]}
        if directory.find(name, identity)[0] is None:
            self.save(self.folder)
            directory.write(name, record.read_bytes(), None, identity, [self.place(self.folder, "report", ".html")])


def _copied(source: Path, target: Path) -> Path:
    if not target.exists() or not target.samefile(source):
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(source, "rb") as file, replacing(target) as copy:
            shutil.copyfileobj(file, copy)
    return target
