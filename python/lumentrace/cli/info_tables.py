"""What a file of a table or of lines of response is: HDF5, Parquet, text, and files of PEPT scanners."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lumentrace.base.documents import head_of
from lumentrace.base.errors import FormatError
from lumentrace.cli.found import CONVERTED, Found
from lumentrace.cli.table_files import (
    HDF5,
    NUMPY,
    container,
    is_ours,
    read_table,
    text_frame,
)
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.named_text import header_of
from lumentrace.storage import read_trackmate
from lumentrace.storage.parquet_check import MAGIC as PARQUET
from lumentrace.storage.trackmate_read import trackmate_header

VTK = re.compile(rb'<VTKFile [^>]*type="(\w+)"')

if TYPE_CHECKING:
    from lumentrace.data.iterable_samples import IterableSamples


def hdf5(path: Path) -> Found | None:
    """A container, or an HDF5 file of another program."""
    from lumentrace.storage.container import FORMAT
    from lumentrace.storage.hdf5 import opened

    if head_of(path, len(HDF5)) != HDF5:
        return None
    with opened(path, "HDF5") as file:
        form = file.attrs.get("format")
        groups = ", ".join(file)
        is_nwb = "nwb_version" in file.attrs
    if (form.decode() if isinstance(form, bytes) else form) == FORMAT:
        return _contained(path)
    kind = "NWB" if is_nwb else "HDF5 of no kind that is known"
    return Found(kind, {"holds": groups}, ())


def _contained(path: Path) -> Found:
    from lumentrace.cli.info_films import film_of
    from lumentrace.data.iterable_samples import IterableSamples

    held = container(path)
    kind = f"container of lumentrace.save, {type(held).__name__}"
    if isinstance(held, IterableSamples):
        return _table(kind, held)
    if type(held).__name__ == "AFMImageStack":
        return film_of(path)
    return Found(kind, {}, ("lumentrace.load in Python",))


def _table(kind: str, table: IterableSamples) -> Found:
    facts: dict[str, object] = {"rows": len(table.data), "samples": len(table), "columns": _columns(table.units)}
    if isinstance(table, LineData):
        from lumentrace.pept.scanners import any_file

        facts |= any_file.describe(table)
        return Found(kind, facts, ("lumentrace pept info", "lumentrace pept run", CONVERTED))
    return Found(kind, facts, ("lumentrace pept occupancy", CONVERTED))


def _columns(units: dict[str, str]) -> str:
    return ", ".join(f"{name} ({unit})" if unit else name for name, unit in units.items())


def parquet(path: Path) -> Found | None:
    """A table in Parquet, ours or not."""
    from lumentrace.storage import read_parquet
    from lumentrace.storage.parquet_check import frame_of

    if head_of(path, len(PARQUET)) != PARQUET:
        return None
    frame = frame_of(path)
    if is_ours(path):
        table: IterableSamples = read_parquet(path)
        return _table(f"Parquet table, {type(table).__name__}", table)
    columns = ", ".join(f"{name} ({kind})" for name, kind in frame.schema.items())
    return Found("Parquet table", {"rows": frame.height, "columns": columns}, (CONVERTED,))


def vtk(path: Path) -> Found | None:
    """What `to_vtp` and `to_pvd` write, for ParaView."""
    found = VTK.search(head_of(path, 4096))
    return None if found is None else Found(f"VTK file for ParaView, {found[1].decode()}", {}, ())


def numpy(path: Path) -> Found | None:
    """Arrays of NumPy that are no lines of response: what their axes are is told in Python."""
    from lumentrace.base.zipped import headers
    from lumentrace.storage.arrays import read_npy

    commands = ("lumentrace.storage.open_image(array, axes=...) in Python",)
    if path.suffix.lower() == ".npz":
        with path.open("rb") as file:
            held = {name: _array(*header) for name, header in headers(str(path), file).items()}
        return Found("NumPy arrays", held, commands)
    if head_of(path, len(NUMPY)) != NUMPY:
        return None
    array = read_npy(path)
    if array.ndim == 2 and array.shape[1] >= len(LineData.default_columns):
        return None
    return Found("NumPy array", {"array": _array(array.shape, array.dtype)}, commands)


def _array(shape: tuple[int, ...], dtype: object) -> str:
    return f"{dtype}, {' x '.join(map(str, shape)) or 'one value'}"


def detected(path: Path) -> Found | None:
    """List mode and other files of PEPT scanners that are no plain text."""
    from lumentrace.pept.scanners import any_file

    start = head_of(path)
    lower = path.suffix.lower()
    is_known = (
        start.startswith((*any_file.BEGINNINGS, NUMPY))
        or any_file.MARKER in start
        or lower in any_file.SUFFIXES
        or lower == ".frames"
        or any_file.ADAC_SUFFIX.fullmatch(path.suffix) is not None
        or any_file.GATE.search(path.name) is not None
    )
    return _lines(path) if is_known else None


def _lines(path: Path) -> Found:
    from lumentrace.pept.scanners import any_file
    from lumentrace.pept.scanners.kinds import KINDS

    scanner = any_file.guess(path)
    kind = "table" if scanner == "lines" else KINDS[scanner].text
    facts = any_file.describe(any_file.read(path))
    return Found(f"lines of response: {kind}", facts, ("lumentrace pept info", "lumentrace pept run", CONVERTED))


def text(path: Path) -> Found | None:
    """A table of lines, of locations or of anything as text."""
    if b"\0" in head_of(path):
        return None
    if trackmate_header(path) is not None:
        return _table("TrackMate spots, PointData", read_trackmate(path))
    header = header_of(path)
    if header.is_points:
        return _table("text, PointData", cast("IterableSamples", read_table(path)))
    if header.is_lines:
        return _lines(path)
    if header.is_screens:
        facts = {"columns": "5 without names, as of two parallel screens: t, x1, y1, x2, y2"}
        return Found("lines of response: text", facts, ("lumentrace pept info --separation",))
    try:
        frame = text_frame(path)
    except FormatError:
        return None
    columns = ", ".join(f"{name} ({kind})" for name, kind in frame.schema.items())
    return Found("comma-separated text", {"rows": frame.height, "columns": columns}, (CONVERTED,))
