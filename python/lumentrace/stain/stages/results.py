"""What the stages leave, as the next ones and later runs find it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import zipped
from lumentrace.base.documents import regular
from lumentrace.base.files import replacing
from lumentrace.base.json_text import json_text
from lumentrace.base.names import inside
from lumentrace.base.polars import pl
from lumentrace.stain.measure.histograms import Histograms
from lumentrace.stain.measure.noise import Noise
from lumentrace.stain.measure.scale import Scale
from lumentrace.stain.measure.subtraction import spots_table
from lumentrace.stain.registration.result import Registration

FORMAT = "lumentrace-stain-stage-2"
QUICK = 1
"""Level of compression of arrays: a twentieth larger than the usual one, in a third of the time."""


@dataclass(frozen=True)
class Result(ABC):
    """What a stage leaves.

    Attributes
    ----------
    files : tuple of str
        The files it has written, relative to the run's folder.
    """

    files: tuple[str, ...]

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain values."""

    @classmethod
    @abstractmethod
    def from_dict(cls, found: Mapping[str, Any], files: tuple[str, ...], folder: Path) -> Self:
        """The result that plain values and files were made from."""

    @property
    def formats(self) -> set[str]:
        """Formats of its images."""
        return {Path(name).parts[0] for name in self.images}

    @property
    def images(self) -> tuple[str, ...]:
        """Its files that are images."""
        return tuple(name for name in self.files if Path(name).parts[0] in ("tiff", "fits"))

    def encode(self) -> bytes:
        """As JSON."""
        record = {"format": FORMAT, "files": list(self.files), "result": self.to_dict()}
        return json_text(record, indent=1).encode()

    @classmethod
    def decode(cls, content: bytes, folder: Path) -> Self:
        """The result that `encode` made JSON of."""
        record = json.loads(content)
        return cls.from_dict(record["result"], inside(record["files"]), folder)


@dataclass(frozen=True)
class Padded(Result):
    """Stage 1: both images on their canvases."""

    post_shape: tuple[int, int]
    pre_shape: tuple[int, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"post_shape": list(self.post_shape), "pre_shape": list(self.pre_shape)}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], files: tuple[str, ...], folder: Path) -> Self:
        """The result that plain values were made from."""
        post, pre = found["post_shape"], found["pre_shape"]
        return cls(files, (post[0], post[1]), (pre[0], pre[1]))


@dataclass(frozen=True)
class Registered(Result):
    """Stages 2 and 3: the registration."""

    registration: Registration

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"registration": self.registration.to_dict()}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], files: tuple[str, ...], folder: Path) -> Self:
        """The result that plain values were made from."""
        return cls(files, Registration.from_dict(found["registration"]))


@dataclass(frozen=True)
class Measured(Result):
    """Stage 4: scales, difference and spots.

    Attributes
    ----------
    scales : tuple of Scale
        The fitted one, then those of a percentile and a given one.
    noise : Noise
    histograms : Histograms
    pictures : mapping
        Reduced images.
    spots : polars.DataFrame
    warnings : tuple of str
    """

    scales: tuple[Scale, ...]
    noise: Noise
    histograms: Histograms = field(repr=False)
    pictures: Mapping[str, NDArray[np.float32]] = field(repr=False)
    factor: int
    spots: pl.DataFrame = field(repr=False)
    warnings: tuple[str, ...]

    @property
    def arrays(self) -> str:
        """The file that holds histograms, spots and pictures."""
        return next(name for name in self.files if name.endswith(".npz"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without arrays."""
        counts = self.histograms
        return {
            "scales": [scale.to_dict() for scale in self.scales],
            "noise": asdict(self.noise),
            "histograms": {"decades": counts.decades, "most": list(counts.most), "floor": counts.floor},
            "factor": self.factor,
            "spots": len(self.spots),
            "warnings": list(self.warnings),
        }

    def write_arrays(self, folder: Path) -> None:
        """Write what `to_dict` leaves out."""
        fitted = self.scales[0]
        arrays = {
            "spots": self.spots.to_numpy().astype(np.float64).reshape(-1, len(self.spots.columns)),
            "ratios": self.histograms.ratios,
            "joint": self.histograms.joint,
            **{name: getattr(fitted, name) for name in ("centres", "counts", "fitted")},
            **{f"picture_{name}": image for name, image in self.pictures.items()},
        }
        with replacing(folder / self.arrays) as file, ZipFile(file, "w", ZIP_DEFLATED, compresslevel=QUICK) as held:
            for name, array in arrays.items():
                with held.open(f"{name}.npy", "w") as part:
                    np.lib.format.write_array(part, array, allow_pickle=False)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], files: tuple[str, ...], folder: Path) -> Self:
        """The result that plain values and the file of arrays were made from."""
        name = next(name for name in files if name.endswith(".npz"))
        with regular(folder / name).open("rb") as file:
            arrays = zipped.arrays(str(folder / name), file)
        scales = [Scale.from_dict(each) for each in found["scales"]]
        curves = {each: arrays[each] for each in ("centres", "counts", "fitted")}
        scales[0] = Scale.from_dict({**found["scales"][0], **curves})
        about = found["histograms"]
        return cls(
            files,
            tuple(scales),
            Noise(**found["noise"]),
            Histograms(arrays["ratios"], about["decades"], arrays["joint"], tuple(about["most"]), about["floor"]),
            {name.removeprefix("picture_"): image for name, image in arrays.items() if name.startswith("picture_")},
            found["factor"],
            spots_table(arrays["spots"]),
            tuple(found["warnings"]),
        )
