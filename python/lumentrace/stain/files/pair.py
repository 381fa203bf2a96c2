"""A pair of raw images: where it comes from, what identifies it, its pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, content
from lumentrace.engine.directory import digest, file_digest
from lumentrace.engine.progress import between
from lumentrace.stain.files.images import find_pair, read_raw
from lumentrace.stain.files.planes import is_tiff
from lumentrace.storage import open_image
from lumentrace.storage.tiff import read_spacing

Path_ = str | PathLike[str]
Image: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class RawPair:
    """A post- and a pre-stain image.

    Attributes
    ----------
    post, pre : path or ndarray
    sample, dye : str
        For titles and headers of files.
    raw_dir : path or None
        The raw folder, if that is where the files were found.
    channel : int, str or None
        Of files with several, see `read_raw`.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import stain
    >>> from lumentrace.stain.files.pair import RawPair
    >>> with tempfile.TemporaryDirectory() as raw:
    ...     stain.simulate(size=64, seed=1).save(raw, "S001", "SybrGld")
    ...     pair = RawPair.find("S001", "SybrGld", raw)
    ...     pair.images()[0].shape, pair.title
    ((64, 64), 'S001, SybrGld')
    """

    post: Path | Image = field(repr=False)
    pre: Path | Image = field(repr=False)
    sample: str = ""
    dye: str = ""
    raw_dir: Path | None = None
    channel: int | str | None = None

    @classmethod
    def find(cls, sample: str, dye: str, raw_dir: Path_ = "raw") -> Self:
        """The pair of a sample and dye in a raw folder; raises as `load_image_pair` does."""
        post, pre = find_pair(sample, dye, raw_dir)
        return cls(Path(post), Path(pre), sample, dye, Path(raw_dir))

    @classmethod
    def of(cls, post: Path_ | Image, pre: Path_ | Image, channel: int | str | None = None) -> Self:
        """Two files or two arrays; a file tells sample and dye, as far as it lies in a raw folder."""
        if isinstance(post, np.ndarray) or isinstance(pre, np.ndarray):
            images = [each if isinstance(each, np.ndarray) else read_raw(each, channel).pixels for each in (post, pre)]
            return cls(images[0], images[1])
        place = Path(post).resolve()
        dye = place.stem.removesuffix(".ome").rpartition("_")[2]
        return cls(Path(post), Path(pre), place.parent.name, dye, channel=channel)

    @property
    def title(self) -> str:
        """Sample and dye."""
        return f"{self.sample}, {self.dye}" if self.sample or self.dye else "arrays"

    @property
    def name(self) -> str:
        """Sample and dye, as messages begin."""
        return f"{self.sample}/{self.dye}" if self.sample or self.dye else "arrays"

    def hashes(self) -> dict[str, str]:
        """Content hashes of both, and of the choice of a channel."""
        found = {name: _hash(each) for name, each in (("post", self.post), ("pre", self.pre))}
        if self.channel is None:
            return found
        return {name: digest(f"{own} {self.channel!r}".encode()) for name, own in found.items()}

    def identity(self) -> dict[str, Any]:
        """Paths and sizes of both; paths are null for arrays."""
        both = self.post, self.pre
        sizes = [each.nbytes if isinstance(each, np.ndarray) else _size(each) for each in both]
        paths = [None if isinstance(each, np.ndarray) else str(each) for each in both]
        chosen = {} if self.channel is None else {"channel": self.channel}
        return {"path": paths, "bytes": sum(sizes), **chosen}

    def history(self) -> Provenance:
        """The beginning of a history: these images."""
        return Provenance({**self.identity(), "xxh3": self.hashes()})

    def images(self) -> tuple[Image, Image]:
        """Pixels of both; what is odd about a file is printed."""
        with between(0, 50):
            post = _pixels(self.post, self.channel)
        with between(50, 100):
            return post, _pixels(self.pre, self.channel)

    def spacings(self) -> tuple[dict[str, float], dict[str, float]]:
        """Micrometres from pixel to pixel along X and Y of both, as far as files that are there say them."""
        return spacing_of(self.post), spacing_of(self.pre)


def spacing_of(each: Path | Image) -> dict[str, float]:
    """Micrometres from pixel to pixel along X and Y, as far as a file that is there says them."""
    if isinstance(each, np.ndarray) or not each.exists():
        return {}
    if is_tiff(each):
        found = read_spacing(each)
    else:
        with open_image(each) as image:
            found = image.spacing
    return {axis: size for axis, size in found.items() if axis in "XY"}


def _files(place: Path) -> list[Path]:
    """The file, or all files of an image that is a folder."""
    return sorted(each for each in place.rglob("*") if each.is_file()) if place.is_dir() else [place]


def _size(place: Path) -> int:
    return sum(each.stat().st_size for each in _files(place))


def _hash(each: Path | Image) -> str:
    if isinstance(each, np.ndarray):
        return content(each)
    if not each.is_dir():
        return file_digest(each)
    held = [f"{file.relative_to(each).as_posix()} {file_digest(file)}" for file in _files(each)]
    return digest("\n".join(held).encode())


def _pixels(each: Path | Image, channel: int | str | None) -> Image:
    if isinstance(each, np.ndarray):
        return each
    image = read_raw(each, channel)
    for warning in image.warnings:
        print(warning)
    return image.pixels
