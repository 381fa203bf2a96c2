"""One pair and its settings on disk: its folder, its finished stages, names and headers of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self, TypeVar

from lumentrace import __version__
from lumentrace.base.json_text import json_text
from lumentrace.base.names import file_name
from lumentrace.base.provenance import Provenance, Step
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.run import Keep
from lumentrace.stain.compat import ABBREVIATIONS, WITHOUT_EFFECT
from lumentrace.stain.files.canvas import Canvas, Writer, frame, written
from lumentrace.stain.files.checkpoints import fits_header
from lumentrace.stain.files.pair import Image, Path_, RawPair
from lumentrace.stain.files.suffixes import build_suffix
from lumentrace.stain.settings import Settings
from lumentrace.stain.stages.results import Measured, Padded, Registered, Result

FIRST, LAST = 1, 4
NAMES = {1: "01_padded", 2: "02_icp_aligned", 3: "03_interior_aligned", 4: "04_difference"}
KINDS: dict[int, type[Result]] = {1: Padded, 2: Registered, 3: Registered, 4: Measured}
OUTPUT = "pipeline_output"
SHOWN = {1: "{}", 2: "rough_{}", 3: "aligned", 4: "{}"}
"""What the images of each stage are called in Python."""
FOLDERS = ("tiff", "fits", OUTPUT)

R = TypeVar("R", bound=Result)


class Task:
    """A pair with settings, and what there is of it in a folder.

    Attributes
    ----------
    folder : path
        Of the results.
    settings : Settings
    inputs : dict
        Content hashes of the raw images; may be given where these are not at hand any more.
    """

    def __init__(
        self, find: Callable[[], RawPair], folder: Path, settings: Settings, inputs: Mapping[str, str] | None = None
    ):
        self._find, self.folder, self.settings = find, folder, settings
        self._pair: RawPair | None = None if inputs is None else find()
        self._inputs: dict[str, str] = dict(inputs or {})
        self._images: tuple[Image, Image] | None = None

    @classmethod
    def of(cls, sample: str, dye: str, output_dir: Path_, raw_dir: Path_, settings: Settings) -> Self:
        """A pair of a raw folder, with results in ``<output_dir>/<sample>/<dye>``."""
        folder = Path(output_dir) / file_name("sample", sample) / file_name("dye", dye)
        return cls(partial(RawPair.find, sample, dye, raw_dir), folder, settings)

    def make_folders(self) -> None:
        """Make the folders of images and output."""
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def look(self) -> RawPair:
        """Find the raw images, which may have changed."""
        self._pair, self._inputs = self._find(), {}
        return self._pair

    def found(self) -> RawPair:
        """The raw images."""
        return self._pair or self.look()

    @property
    def inputs(self) -> dict[str, str]:
        """Content hashes of the raw images."""
        if not self._inputs:
            self._inputs = self.found().hashes()
        return self._inputs

    def images(self) -> tuple[Image, Image]:
        """Post- and pre-stain image, read once per run."""
        if self._images is None:
            self._images = self.found().images()
        return self._images

    def forget_images(self) -> None:
        """Give back the memory of the images."""
        self._images = None

    def with_settings(self, settings: Settings) -> Task:
        """The same pair in the same folder with other settings."""
        other = Task(self._find, self.folder, settings)
        other._pair, other._inputs, other._images = self._pair, self._inputs, self._images
        return other

    @cached_property
    def spacings(self) -> tuple[dict[str, float], dict[str, float]]:
        """Micrometres from pixel to pixel of the post- and the pre-stain image, as far as they are known."""
        return self.found().spacings()

    def suffix(self, stage: int) -> str:
        """The part of file names that tells settings of a stage or an earlier one."""
        return _suffix(self.settings, stage)

    def output(self, name: str, stage: int, ending: str) -> Path:
        """Where a file of a stage's output is."""
        return self.folder / OUTPUT / f"{name}{self.suffix(stage)}{ending}"

    def relative(self, *paths: Path) -> tuple[str, ...]:
        """Names of files in the folder."""
        return tuple(path.relative_to(self.folder).as_posix() for path in paths)

    def own(self, stage: int) -> dict[str, Any]:
        """Settings that a stage uses."""
        return {name: value for name, value in self.used(stage).items() if ABBREVIATIONS[name][1] == stage}

    def used(self, stage: int) -> dict[str, Any]:
        """Settings that a stage or an earlier one uses."""
        own = self.settings.to_dict()
        return {
            name: own[name]
            for name, (_, first) in ABBREVIATIONS.items()
            if first <= stage and name not in WITHOUT_EFFECT
        }

    def identity(self, stage: int) -> dict[str, Any]:
        """What the result of a stage is made from."""
        return {"raw files": self.inputs, "parameters": self.used(stage), "version of lumentrace": __version__}

    def record(self, stage: int) -> str:
        """Name of the file that the result of a stage is kept in."""
        return f"{NAMES[stage]}{self.suffix(stage)}.json"

    def keep(self, stage: int, kind: type[R]) -> Keep[R]:
        """How the result of a stage is kept."""
        return Keep(
            self.record(stage),
            lambda result: result.encode(),
            partial(kind.decode, folder=self.folder),
            self.identity(stage),
            lambda result: [self.folder / name for name in result.files],
            partial(self._lacks, stage),
        )

    def _lacks(self, stage: int, result: Result) -> str:
        missing = not set(self.settings.formats) <= result.formats
        return f"{NAMES[stage]} is there in another format" if missing else ""

    def finished(self, stage: int) -> tuple[Result | None, str]:
        """What a stage has left if it is done and intact; else None, and why if something is wrong."""
        if not (self.folder / self.record(stage)).exists():
            return None, ""
        kept, why = self.keep(stage, KINDS[stage]).find(RunDirectory(self.folder))
        return (None, why) if kept is None else (kept.result, why)

    def begun(self) -> Provenance:
        """The beginning of its history: the raw images."""
        return Provenance({**self.found().identity(), "xxh3": self.inputs})

    def history(self, stage: int) -> Provenance:
        """How the result of a stage that is done came about."""
        directory = RunDirectory(self.folder)
        told = [directory.about(self.record(each)) for each in range(FIRST, stage + 1)]
        return replace(self.begun(), steps=tuple(Step(**about) for about in told if about is not None))

    def shown(self, stage: int, file: str) -> str:
        """What an image of a stage is called in Python."""
        name = Path(file).stem.removeprefix(f"{NAMES[stage]}_")
        plain = replace(self.settings, scale_percentile=None, manual_scale=None)
        for settings in (self.settings, plain):
            name = name.removesuffix(_suffix(settings, stage))
        return SHOWN[stage].format(name)

    def canvas(self, shape: tuple[int, ...]) -> Canvas:
        """Where an image of this shape lies in the file that is written."""
        pad = self.settings.pad
        return Canvas.around(pad, *((image.shape for image in self.images()) if pad else (shape,)))

    def writer(
        self, stage: int, name: str, shape: tuple[int, ...], dtype: Any, fill: float, extra: Mapping[str, Any]
    ) -> tuple[AbstractContextManager[Writer], list[Path]]:
        """A writer of one image, and its files."""
        base, pair, used = f"{NAMES[stage]}_{name}", self.found(), self.used(stage)
        places = {ending: self.folder / ending / f"{base}.{ending}" for ending in self.settings.formats}
        side = "pre" if base.startswith("01_padded_pre") else "post"
        header = fits_header(pair.sample, pair.dye, NAMES[stage], used, extra) if "fits" in places else None
        about = {
            "sample": pair.sample,
            "dye": pair.dye,
            "stage": NAMES[stage],
            "pad": self.settings.pad,
            "frame": frame(self.settings.pad, side),
            "parameters": used,
            **{key: value[0] if isinstance(value, tuple) else value for key, value in extra.items()},
        }
        title, note = f"{pair.sample} {pair.dye} {base}", json_text(about, default=str)
        tiff, fits = places.get("tiff"), places.get("fits")
        spacing = self.spacings[side == "pre"]
        image = written(self.canvas(shape), dtype, fill, tiff, fits, title, note, header, pair.dye, spacing)
        return image, list(places.values())


def _suffix(settings: Settings, stage: int) -> str:
    return build_suffix(settings.to_dict(), stage, type(settings)().to_dict())
