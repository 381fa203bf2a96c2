"""The container: one HDF5 file that keeps any of our objects whole, and that ordinary tools can open.

Layout, schema 1
----------------
Attributes of the root group:

=============  ===============================================================
``format``     ``"lumentrace"``
``schema``     1; a reader refuses a larger number than it knows
``version``    version of lumentrace that wrote the file
``type``       class of the stored value, e.g. ``"LineData"``
``checksum``   SHA-256 of the four above, one per line, and of ``metadata.json``
=============  ===============================================================

Data sets:

``metadata.json`` (one text)
    ``{"arrays": [...], "value": ...}``. Each entry of ``arrays`` gives the ``path`` of a data set, its ``dtype`` in
    numpy's notation, its ``shape`` and its ``checksum`` (see `lumentrace.storage.checksum`). ``value`` is the stored
    value in JSON, with references to the arrays (see `lumentrace.storage.encoding`).
``data``, ``samples_indices``, ``attrs/<name>``, ...
    The arrays. Unless compression was asked for they are contiguous, so any program can map them into memory. Times
    are kept as int64, text as UTF-8. Attributes ``columns`` and ``units`` of a table's ``data`` repeat what the JSON
    says. Small arrays inside lists share a data set, one after the other.

As the JSON holds the checksums of all arrays and the root holds the checksum of the JSON, every byte that matters is
covered; HDF5's own structures carry theirs (file format 1.10).
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom, BufferedReader, BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from lumentrace import __version__
from lumentrace.base import mapping
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.files import is_open, replacing
from lumentrace.storage import checksum
from lumentrace.storage.encoding import Decoder, Encoder, Piece
from lumentrace.storage.hdf5_check import look_at
from lumentrace.storage.sink import Sink

Target: TypeAlias = str | os.PathLike[str] | BinaryIO

FORMAT = "lumentrace"
SCHEMA = 1
METADATA = "metadata.json"

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PICKLES = (b"\x80", b"ccopy_reg", b"ccopyreg", b"cnumpy", b"cpept", b"(lp", b"(dp", b"(i")
_CHUNK_BYTES = 1 << 20
_COMPRESSED_LEAST = 1 << 12
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE}
_MOST_COMPRESSION = 1100  # deflate cannot do better than 1032 to 1


def save(filepath: Target, obj: Any, compress: bool = False) -> None:
    """Keep an object, whole, in one file.

    The file appears at `filepath` complete or not at all: after a crash, a kill or a full disk the old one is still
    there. Tables on a memory map are written block by block and never held in memory.

    Parameters
    ----------
    filepath : path or binary file open for writing
        File to write; any suffix, ``.h5`` lets other programs recognise it.
    obj : LineData, PointData, ndarray, Pipeline, Filter, Reducer, or a list, tuple or dict of such
        What to keep: rows, samples, columns, attributes (hidden ones too), units and provenance. Of a pipeline, filter
        or reducer the names of the classes and their parameters are kept; those you wrote must be importable.
    compress : bool, default False
        Make the file smaller (deflate); it is then slower and cannot be loaded with ``memory_map=True``.

    Raises
    ------
    TypeError
        If `obj` holds something that cannot be stored; the message names the attribute and says what can be.
    ValueError
        If `obj` contains itself.
    OSError
        If the file cannot be written, e.g. because the disk is full.

    See Also
    --------
    load, to_csv, to_parquet

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import PointData, load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/points.h5", PointData([[0, 1, 2, 3]], tracer="glass bead"))
    ...     load(f"{folder}/points.h5").attrs
    {'tracer': 'glass bead'}
    """
    encoder = Encoder()
    value = encoder.encode(obj)
    with _blank(filepath) as file:
        _write_all(file, type(obj).__name__, encoder.pieces, value, compress)


@contextmanager
def _blank(filepath: Target) -> Iterator[BufferedRandom | BytesIO]:
    """An empty file; what is written to it goes to `filepath` at the end."""
    if not is_open(filepath):
        with replacing(filepath) as file:
            yield file
        return
    content = io.BytesIO()
    yield content
    filepath.write(content.getvalue())


def to_bytes(obj: Any) -> bytes:
    """What `save` would write, compressed."""
    file = io.BytesIO()
    save(file, obj, compress=True)
    return file.getvalue()


def from_bytes(content: bytes) -> Any:
    """The object that `to_bytes` was given.

    Raises
    ------
    FormatError
        If the content is damaged.
    """
    return _read_all(io.BytesIO(content), "the content", memory_map=False)


def load(filepath: Target, memory_map: bool = False, check: bool = False) -> Any:
    """Read an object from a file that `save` wrote.

    Nothing in the file is executed. All bytes are compared with their checksums. Filters and reducers of yours are
    looked up by name: their modules are imported, and anything but a class like `Filter` is refused.

    Parameters
    ----------
    filepath : path or binary file open for reading
        File to read.
    memory_map : bool, default False
        Leave the arrays on disk, as read-only memory maps, and read rows only when they are used. The checksums of the
        arrays are then not compared (that of everything else is), unless `check`.
    check : bool, default False
        With `memory_map`, read all arrays once, block by block, and compare their checksums.

    Returns
    -------
    object
        What was saved.

    Raises
    ------
    FormatError
        If the file is damaged, cut short, of another format or from a newer version. A pickle is never opened: old
        files are read by `import_pickle` or ``lumentrace import-pickle``.
    ValueError
        If `memory_map` is asked of a file saved with ``compress=True``, or of an open file.
    OSError
        If there is no such file or it cannot be read.
    """
    if not is_open(filepath):
        with open(regular(filepath), "rb") as file:
            _check_signature(file, filepath)
            file.seek(0)
            look_at(Path(filepath))
            return _read_all(file, filepath, memory_map, check)
    if memory_map:
        raise ValueError(f"`memory_map`: expected the path of a file, found an open one: {filepath!r}")
    return _read_all(io.BytesIO(filepath.read()), getattr(filepath, "name", "the open file"), memory_map)


def _read_all(
    file: BufferedReader | BytesIO, path: str | os.PathLike[str], memory_map: bool, check: bool = False
) -> Any:
    _check_signature(file, path)
    try:
        with h5py.File(file, "r") as h5:
            document = _read_root(h5)
            return Decoder(_Arrays(h5, file, document["arrays"], memory_map, check).array).decode(document["value"])
    except _NotMappableError as error:
        raise ValueError(f"`memory_map`: {error}; load it without, or save it without `compress`: {path}") from None
    except FormatError as error:
        raise FormatError(f"{error}: {path}") from error.__cause__
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.EIO, errno.ESTALE):
            raise
        reason = error.with_traceback(None)  # without h5py's frames, which must not outlive h5py
        raise FormatError(f"damaged or not written by lumentrace ({_first_line(error)}): {path}") from reason


class _NotMappableError(Exception):
    """An array that is compressed cannot be mapped."""


# ---------------------------------------------------------------------- writing
def _write_all(file: BufferedRandom | BytesIO, kind: str, pieces: list[Piece], value: Any, compress: bool) -> None:
    sink = Sink(file)
    try:
        with h5py.File(sink, "w", libver=("v110", "v110"), alignment_threshold=1, alignment_interval=64) as h5:
            arrays = [_write(h5, sink, piece, compress) for piece in pieces]
            text = json.dumps({"arrays": arrays, "value": value}, ensure_ascii=False, allow_nan=False)
            _write_root(h5, kind, text.encode("utf-8", "surrogatepass"))
    finally:
        sink.check()


def _write(h5: h5py.File, sink: Sink, piece: Piece, compress: bool) -> dict[str, Any]:
    """Write one array and describe it."""
    array = piece.array()
    rows = _on_disk(array)
    options: dict[str, Any] = {}
    if compress and rows.ndim and rows.nbytes >= _COMPRESSED_LEAST:
        options = {"chunks": _chunks(rows), "compression": "gzip", "shuffle": True}
    data = h5.create_dataset(piece.path, rows.shape, rows.dtype, **options)
    for name, texts in piece.labels.items():
        encoded = [text.encode("utf-8", "replace") for text in texts]
        width = max(1, *map(len, encoded))
        data.attrs.create(name, np.array(encoded, f"S{width}"), dtype=h5py.string_dtype("utf-8", width))

    def blocks() -> Iterator[NDArray[Any]]:
        if rows.ndim == 0:
            data[()] = rows
            yield rows
            return
        for span in checksum.spans(rows.shape, rows.itemsize):
            block = np.ascontiguousarray(rows[span])
            data[span] = block
            sink.check()
            yield block
            mapping.release(array)

    digest = checksum.of_blocks(blocks())
    logical = array.dtype.newbyteorder("<") if array.dtype.kind in "mM" else array.dtype
    return {"path": piece.path, "dtype": logical.str, "shape": list(array.shape), "checksum": digest}


def _on_disk(array: NDArray[Any]) -> NDArray[Any]:
    """Bring an array to a type that HDF5 has."""
    if array.dtype.kind in "mM":
        return array.astype(array.dtype.newbyteorder("<"), copy=False).view("<i8")
    if array.dtype.kind == "U":
        array = np.char.encode(array, "utf-8", "surrogatepass")
    if array.dtype.kind == "S":
        return array.view(h5py.string_dtype("utf-8", array.dtype.itemsize))
    return array


def _chunks(rows: NDArray[Any]) -> tuple[int, ...]:
    per_row = rows.nbytes // len(rows)
    return (min(len(rows), max(1, _CHUNK_BYTES // per_row)), *rows.shape[1:])


def _write_root(h5: h5py.File, kind: str, text: bytes) -> None:
    h5.create_dataset(METADATA, data=np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text)))
    for name, value in {"format": FORMAT, "version": __version__, "type": kind}.items():
        _set_text(h5, name, value)
    h5.attrs["schema"] = SCHEMA
    _set_text(h5, "checksum", _root_checksum(FORMAT, SCHEMA, __version__, kind, text))


def _set_text(h5: h5py.File, name: str, text: str) -> None:
    encoded = text.encode()
    h5.attrs.create(name, np.bytes_(encoded), dtype=h5py.string_dtype("utf-8", len(encoded)))


def _root_checksum(form: str, schema: int, version: str, kind: str, text: bytes) -> str:
    head = f"{form}\n{schema}\n{version}\n{kind}\n".encode()
    return hashlib.sha256(head + text).hexdigest()


# ---------------------------------------------------------------------- reading
def _check_signature(file: BufferedReader | BytesIO, path: str | os.PathLike[str]) -> None:
    start = file.read(64)
    if start.startswith(_SIGNATURE):
        return
    if start.startswith(_PICKLES):
        raise FormatError(
            "expected a file written by lumentrace, found a Python pickle, which may run any code when opened; "
            f"convert it with `lumentrace import-pickle` (or `lumentrace.storage.import_pickle`): {path}"
        )
    found = f"a file that begins with {start[:8]!r}" if start else "an empty file"
    raise FormatError(f"expected a file written by lumentrace (HDF5), found {found}: {path}")


def _read_root(h5: h5py.File) -> dict[str, Any]:
    form = _text(h5.attrs.get("format"))
    if form != FORMAT:
        raise FormatError(f"`format`: expected {FORMAT!r}, found {form!r}; an HDF5 file of another program")
    schema, version = int(h5.attrs["schema"]), _text(h5.attrs["version"])
    if schema > SCHEMA:
        raise FormatError(
            f"`schema`: expected at most {SCHEMA}, found {schema}; written by lumentrace {version}, this is "
            f"{__version__}, update it to read the file"
        )
    text = bytes(_sound(h5, METADATA)[()])
    expected = _root_checksum(form, schema, version, _text(h5.attrs["type"]), text)
    if _text(h5.attrs["checksum"]) != expected:
        raise FormatError("`checksum`: the metadata changed since they were written")
    document: dict[str, Any] = json.loads(text)
    return document


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Arrays:
    """The arrays of a container, read and checked when they are asked for."""

    def __init__(
        self,
        h5: h5py.File,
        file: BufferedReader | BytesIO,
        entries: list[dict[str, Any]],
        memory_map: bool,
        check: bool,
    ) -> None:
        self._h5, self._file, self._entries, self._memory_map, self._check = h5, file, entries, memory_map, check
        self._read: dict[int, NDArray[Any]] = {}

    def array(self, number: int) -> NDArray[Any]:
        """Array of a number."""
        if number not in self._read:
            self._read[number] = self._array(self._entries[number])
        return self._read[number]

    def _array(self, entry: dict[str, Any]) -> NDArray[Any]:
        data, dtype = _sound(self._h5, entry["path"]), np.dtype(str(entry["dtype"]))
        if data.shape != tuple(entry["shape"]) or not _fits(dtype, data.dtype):
            raise FormatError(
                f"`{entry['path']}`: expected {dtype} of shape {entry['shape']}, "
                f"found {data.dtype} of shape {data.shape}"
            )
        if self._memory_map and data.size and dtype.kind not in "SU":
            if data.chunks is not None:
                raise _NotMappableError(f"`{entry['path']}` is compressed")
            mapped = np.memmap(self._file, dtype, "r", data.id.get_offset(), data.shape)
            if self._check:
                _compare(_copies(mapped), entry)
            return mapped
        rows = np.empty(data.shape, data.dtype)
        _compare(self._blocks(data, rows), entry)
        if dtype.kind == "U":
            return np.char.decode(rows, "utf-8", "surrogatepass").astype(dtype)
        return rows.view(dtype)

    def _blocks(self, data: h5py.Dataset, rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Fill `rows` block by block."""
        if rows.ndim == 0:
            rows[()] = data[()]
            yield rows
            return
        if rows.size and data.chunks is None:
            self._file.seek(data.id.get_offset())
        for span in checksum.spans(rows.shape, rows.itemsize):
            block = rows[span]
            if data.chunks is None:
                _fill(block, self._file)
            else:
                data.read_direct(block, span)
            yield block


def _copies(mapped: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Blocks of a mapped array, whose pages are let go."""
    for span in checksum.spans(mapped.shape, mapped.itemsize):
        yield np.array(mapped[span])
        mapping.release(mapped)


def _compare(blocks: Iterator[NDArray[Any]], entry: dict[str, Any]) -> None:
    if checksum.of_blocks(blocks) != entry["checksum"]:
        raise FormatError(f"`{entry['path']}`: the data changed since they were written (checksum)")


def _fill(block: NDArray[Any], file: BufferedReader | BytesIO) -> None:
    buffer = block.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(buffer):
        count = file.readinto(buffer[done:])
        if not count:
            raise FormatError(f"expected {len(buffer)} more bytes, found {done}; the file is cut short")
        done += count


def _fits(dtype: np.dtype[Any], found: np.dtype[Any]) -> bool:
    """Whether data of type `found` on disk can be an array of `dtype`."""
    if dtype.kind in "SU":
        return found.kind == "S"
    return found.str == ("<i8" if dtype.kind in "mM" else dtype.str) and found.kind in "biufc"


def _sound(h5: h5py.File, path: str) -> h5py.Dataset:
    """Find the data set at `path`; make sure that it is in this file and as large as it claims."""
    data: Any = h5
    for name in str(path).split("/"):
        if not isinstance(data, h5py.Group) or not isinstance(data.get(name, getlink=True), h5py.HardLink):
            raise FormatError(f"`{path}`: expected a data set in this file, found nothing or a link")
        data = data[name]
    if not isinstance(data, h5py.Dataset) or data.is_virtual or data.external:
        raise FormatError(f"`{path}`: expected a data set in this file, found {type(data).__name__} or a virtual one")
    creation = data.id.get_create_plist()
    filters = {creation.get_filter(i)[0] for i in range(creation.get_nfilters())}
    if not filters <= _FILTERS:
        raise FormatError(f"`{path}`: expected deflate and shuffle at most, found HDF5 filters {sorted(filters)}")
    _check_size(data, math.prod(data.shape) * data.dtype.itemsize, h5.id.get_filesize())
    return data


def _check_size(data: h5py.Dataset, claimed: int, file_size: int) -> None:
    stored = data.id.get_storage_size()
    if data.chunks is None:
        sound = stored == claimed and (claimed == 0 or data.id.get_offset() + claimed <= file_size)
    else:
        within = all(chunk <= extent for chunk, extent in zip(data.chunks, data.shape, strict=True))
        sound = within and stored <= file_size and claimed <= stored * _MOST_COMPRESSION + _CHUNK_BYTES
    if not sound:
        raise FormatError(
            f"`{data.name}`: shape {data.shape} of {data.dtype} needs {claimed} bytes, which the {stored} bytes stored "
            f"in a file of {file_size} cannot hold"
        )


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]
