"""One pair on disk: its raw files, settings, folder and finished stages."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lumentrace.stain.files.canvas import Canvas, written
from lumentrace.stain.files.checkpoints import FORMATS, fits_header
from lumentrace.stain.files.images import find_pair, read_raw
from lumentrace.stain.parameters import DEFAULTS, StainParameters, build_suffix
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.stages.record import NAMES, Stage, file_hash, identity, read_stage

Image = NDArray[Any]


class Task:
    """A sample and dye, and what there is of it.

    Attributes
    ----------
    sample, dye : str
    folder : path
        Of the results.
    raw_dir : path
    checkpoint_format : str
    parameters : StainParameters
    inputs : dict
        Content hashes of the raw files; empty before they were read.
    """

    def __init__(self, sample: str, dye: str, folder: Path, raw_dir: Any, checkpoint_format: str):
        if checkpoint_format not in FORMATS:
            raise ValueError(f"`checkpoint_format`: expected one of {', '.join(FORMATS)}, found {checkpoint_format!r}")
        self.sample, self.dye, self.folder, self.raw_dir = sample, dye, folder, raw_dir
        self.checkpoint_format = checkpoint_format
        self.parameters = StainParameters()
        self.inputs: dict[str, str] = {}
        self._pair: tuple[Image, Image] | None = None

    def forget_images(self) -> None:
        """Give back the memory of the images."""
        self._pair = None

    def hashes(self) -> dict[str, str]:
        """Content hashes of the raw files."""
        post, pre = find_pair(self.sample, self.dye, self.raw_dir)
        return {"post": file_hash(Path(post)), "pre": file_hash(Path(pre))}

    def suffix(self, stage: int) -> str:
        """The part of file names that tells parameters of a stage or an earlier one."""
        return build_suffix(self.parameters.to_dict(), stage)

    def record(self, stage: int) -> Path:
        """Where the record of a stage is."""
        return self.folder / f"{NAMES[stage]}{self.suffix(stage)}.json"

    def identity(self, stage: int) -> dict[str, Any]:
        """What the outcome of a stage depends on."""
        return identity(self.inputs, self.parameters.to_dict(), stage)

    def finished(self, stage: int) -> tuple[Stage | None, str]:
        """A stage that is done and intact; else None, and why if something is wrong."""
        if not self.record(stage).exists():
            return None, ""
        if not self.inputs:
            self.inputs = self.hashes()
        found, why = read_stage(self.record(stage), self.identity(stage), self.folder)
        if found is not None and not self.has_formats(found):
            return None, f"{NAMES[stage]} is there in another format"
        return found, why

    def has_formats(self, stage: Stage) -> bool:
        """Whether a stage has files in all formats that are asked for."""
        held = {Path(name).parts[0] for name in stage.files}
        wanted = {"tiff", "fits"} if self.checkpoint_format == "both" else {self.checkpoint_format}
        return wanted <= held

    def used(self, stage: int) -> dict[str, Any]:
        """Parameters of a stage that differ from their defaults."""
        return {name: value for name, value in self.identity(stage)["parameters"].items() if value != DEFAULTS[name]}

    def images(self) -> tuple[Image, Image]:
        """Post- and pre-stain image, read once per run."""
        if self._pair is None:
            images = [read_raw(path) for path in find_pair(self.sample, self.dye, self.raw_dir)]
            for warning in (*images[0].warnings, *images[1].warnings):
                print(warning)
            self._pair = images[0].pixels, images[1].pixels
        return self._pair

    def registered(self, stage: int) -> Registration:
        """The registration of a stage that is done."""
        found, why = self.finished(stage)
        if found is None:
            raise RuntimeError(f"stage {stage} is missing{': ' if why else ''}{why}")
        return Registration.from_dict(found.result["registration"])

    def canvas(self) -> Canvas:
        """Where the images lie in the files that are written."""
        post, pre = self.images()
        return Canvas.around(self.parameters.pad, post.shape, pre.shape)

    def writer(self, stage: int, name: str, dtype: Any, fill: float, extra: dict[str, Any]) -> tuple[Any, list[Path]]:
        """A writer of one image, and its files."""
        base = f"{NAMES[stage]}_{name}"
        tiff = self.folder / "tiff" / f"{base}.tiff" if self.checkpoint_format != "fits" else None
        fits = self.folder / "fits" / f"{base}.fits" if self.checkpoint_format != "tiff" else None
        used = {
            key: value for key, value in self.parameters.to_dict().items() if key in self.identity(stage)["parameters"]
        }
        header = None if fits is None else fits_header(self.sample, self.dye, NAMES[stage], used, extra)
        about = {
            "sample": self.sample,
            "dye": self.dye,
            "stage": NAMES[stage],
            "created": datetime.now().astimezone().isoformat(timespec="seconds"),
            "pad": self.parameters.pad,
            "parameters": used,
            **{key: value[0] if isinstance(value, tuple) else value for key, value in extra.items()},
        }
        title = f"{self.sample} {self.dye} {base}"
        note = json.dumps(about, default=str)
        writer = written(self.canvas(), dtype, fill, tiff, fits, title, note, header)
        return writer, [path for path in (tiff, fits) if path is not None]
