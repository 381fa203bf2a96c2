"""A reference image of the Colocalization Benchmark Source, downloaded when it is first asked for."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np

from lumentrace.base.documents import regular, text_of
from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.zipped import archive

from .sample_data import LayerData

URL = "https://www.colocalization-benchmark.com/download/cbs006rbm.tiff.zip"
MEMBER = "CBS006RBM.tiff"
MOST_BYTES = 64 << 20
CHUNK = 1 << 16
DIGEST = 100
"""Bytes that a file with a checksum may have."""


def make_sample_data_cbs006rbm(
    *, cache_dir: str | os.PathLike[str] | None = None, url: str = URL, timeout: float = 30.0
) -> list[LayerData]:
    """The red and blue channels of the benchmark image CBS006RBM.

    The archive is downloaded once and kept, with its SHA-256 beside it; every later call checks the copy against that.

    Parameters
    ----------
    cache_dir : path, optional
        Folder of the copy. Default: the environment variable ``LUMENTRACE_CACHE``, or
        ``~/.cache/napari-colocalization``, where the napari plugin keeps it too.
    url : str
        Where the archive is.
    timeout : float, default 30
        Seconds to wait for the server.

    Returns
    -------
    list of (ndarray, dict, str)
        Two napari layers: pixels (float32, 0 to 1), keyword arguments, 'image'.

    Raises
    ------
    OSError
        If there is neither a copy nor an answer from the server; the message says where to put the file by hand.
    FormatError
        If the archive is damaged or is not what it should be.

    Examples
    --------
    >>> from lumentrace.coloc import make_sample_data_cbs006rbm
    >>> layers = make_sample_data_cbs006rbm()  # doctest: +SKIP
    """
    folder = _folder(cache_dir)
    path = folder / Path(url).name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        content = _download(url, timeout, path)
        _check_archive(content, url)
        with replacing(_hash_file(path)) as file:
            file.write(hashlib.sha256(content).hexdigest().encode())
        with replacing(path) as file:
            file.write(content)
    content = regular(path).read_bytes()
    _check_hash(content, path)
    return _layers(_check_archive(content, str(path)), path)


def _folder(cache_dir: str | os.PathLike[str] | None) -> Path:
    if cache_dir is not None:
        return Path(cache_dir)
    override = os.environ.get("LUMENTRACE_CACHE")
    return Path(override) if override else Path.home() / ".cache" / "napari-colocalization"


def _hash_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _download(url: str, timeout: float, path: Path) -> bytes:
    content = bytearray()
    try:
        with urlopen(url, timeout=timeout) as answer:
            while chunk := answer.read(CHUNK):
                content += chunk
                if len(content) > MOST_BYTES:
                    raise FormatError(f"{url}: expected at most {MOST_BYTES} bytes, found more")
            length = answer.headers.get("Content-Length")
    except (URLError, TimeoutError, ConnectionError) as error:
        raise OSError(f"{url}: no answer ({error}); without a network, put the file at {path}") from error
    if length is not None and int(length) != len(content):
        raise OSError(f"{url}: expected {length} bytes, found {len(content)}; the connection broke, try again")
    return bytes(content)


def _check_archive(content: bytes, name: str) -> bytes:
    """The image file in the archive, whose checksum zip verifies."""
    with archive(name, io.BytesIO(content)) as held:
        return held.read(MEMBER)


def _check_hash(content: bytes, path: Path) -> None:
    recorded = _hash_file(path)
    if not recorded.exists():
        return
    expected, found = text_of(recorded, DIGEST).strip(), hashlib.sha256(content).hexdigest()
    if expected != found:
        raise FormatError(f"{path}: expected SHA-256 {expected}, found {found}; delete the file to download it again")


def _layers(content: bytes, path: Path) -> list[LayerData]:
    import tifffile

    try:
        image = tifffile.imread(io.BytesIO(content))
    except Exception as error:
        # The decoders raise what they like on damaged data; the cause is kept.
        raise FormatError(f"{path}: expected a TIFF image in {MEMBER}, found {error}") from error
    if image.ndim != 3 or image.shape[2] < 3 or image.dtype != np.uint8:
        raise FormatError(f"{path}: expected RGB of uint8 in {MEMBER}, found {image.dtype} of shape {image.shape}")
    red, blue = (image[..., number].astype(np.float32) / np.float32(255) for number in (0, 2))
    return [
        (red, {"name": "CBS006RBM_red", "colormap": "red", "blending": "additive"}, "image"),
        (blue, {"name": "CBS006RBM_blue", "colormap": "blue", "blending": "additive"}, "image"),
    ]
