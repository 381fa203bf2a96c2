"""Trajectories for ParaView and VTK."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.big_array import BigArray
from lumentrace.base.files import replacing
from lumentrace.base.places import Places, tally
from lumentrace.data.points import SIGMAS, VELOCITIES, XYZ, PointData
from lumentrace.storage.vtp_rows import COVARIANCES, Rows

DTYPES = {"Float64": "<f8", "Int64": "<i8"}
"""Numbers by their names in VTK."""


def to_vtp(path: str | os.PathLike[str], points: PointData | Sequence[PointData], label: str = "label") -> None:
    """Write trajectories as a VTK PolyData file (``.vtp``), which ParaView opens.

    Each trajectory becomes one polyline and one set of vertices; rows labelled -1 (noise) and trajectories of a single
    point become vertices only. Every column is a point array under its own name (with its unit as ``UNITS_LABEL``), and
    ``vx, vy, vz`` together are also the vectors ``velocity``. Standard uncertainties ``sigma_x, sigma_y, sigma_z`` with
    covariances ``cov_xy, cov_xz, cov_yz`` are also the symmetric tensors ``covariance``, in VTK's order: xx, yy, zz,
    xy, yz, xz. The label of each cell is the cell array ``label``. Rows with a position that is not finite are left
    out, as VTK cannot draw them.

    Parameters
    ----------
    path : path
        File to write; replaced at once when everything is written.
    points : PointData or list of PointData
        Rows with columns x, y, z. A list holds one trajectory per item, unless the items have a column `label`.
    label : str, default "label"
        Column that tells trajectories apart; where there is none, a PointData is one trajectory.

    Raises
    ------
    TypeError
        If `points` is anything else.
    ValueError
        If the items of a list have different columns, or there is no column x, y or z.
    OSError
        If the file cannot be written.

    References
    ----------
    VTK XML file formats, https://docs.vtk.org/en/latest/vtk_file_formats/vtkxml_file_format.html

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.storage import to_vtp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_vtp(f"{folder}/tracks.vtp", PointData(np.arange(40).reshape(10, 4)))
    """
    rows = Rows.of([points] if isinstance(points, PointData) else list(points), label)
    with replacing(path) as file:
        write_rows(file, rows)


def write_rows(file: BinaryIO, rows: Rows) -> None:
    """Write the content of a VTP file."""
    found, counts = tally(rows.labels())
    _write(file, _point_arrays(rows, int(counts.sum())), *_cells(rows, found, counts))


@dataclass(frozen=True)
class _Array:
    """One DataArray element: so many rows of numbers of 8 bytes, block by block."""

    name: str
    blocks: Callable[[], Iterable[NDArray[Any]]]
    rows: int
    components: int = 1
    kind: str = "Float64"
    unit: str = ""

    @property
    def nbytes(self) -> int:
        return 8 * self.rows * self.components

    def element(self, offset: int) -> str:
        """Describe the array in XML; its data begin at `offset` of the appended block."""
        head = (
            f'<DataArray type="{self.kind}" Name={quoteattr(self.name)} NumberOfComponents="{self.components}" '
            f'format="appended" offset="{offset}"'
        )
        if not self.unit:
            return f"{head}/>"
        key = f'<InformationKey name="UNITS_LABEL" location="vtkDataArray">{escape(self.unit)}</InformationKey>'
        return f"{head}>{key}</DataArray>"

    def write(self, file: BinaryIO) -> None:
        """Write its size and its numbers."""
        file.write(self.nbytes.to_bytes(8, "little"))
        for block in self.blocks():
            file.write(np.ascontiguousarray(block, DTYPES[self.kind]).data)


def _point_arrays(rows: Rows, count: int) -> list[_Array]:
    columns, units = rows.columns, rows.tables[0].units if rows.tables else {}
    arrays = [_Array(name, partial(rows.select, (name,)), count, unit=units.get(name, "")) for name in columns]
    if set(VELOCITIES) <= set(columns) and "velocity" not in columns:
        arrays.append(_Array("velocity", partial(rows.select, VELOCITIES), count, 3, unit=units.get("vx", "")))
    if {*SIGMAS, *COVARIANCES} <= set(columns) and "covariance" not in columns:
        arrays.append(_Array("covariance", rows.tensors, count, 6, unit=units.get("cov_xy", "")))
    return arrays


def _cells(
    rows: Rows, found: NDArray[np.float64], counts: NDArray[np.intp]
) -> tuple[_Array, list[_Array], list[_Array], _Array]:
    """Points; connectivity and offsets of vertices and of lines; and the label of every cell."""
    count = int(counts.sum())
    drawn = (found != -1) & np.isfinite(found) & (counts > 1)
    order = _order(rows, found, counts)
    ends = np.cumsum(counts)
    connected = [order.part(end - size, end) for end, size in zip(ends[drawn], counts[drawn], strict=True)]
    points = _Array("Points", partial(rows.select, XYZ), count, 3)
    vertices = [_Array("connectivity", order.blocks, count, kind="Int64"), _held("offsets", ends)]
    length = int(counts[drawn].sum())
    lines = [
        _Array("connectivity", lambda: chain.from_iterable(each.blocks() for each in connected), length, kind="Int64"),
        _held("offsets", np.cumsum(counts[drawn])),
    ]
    labels = np.concatenate([found, found[drawn]])
    return points, vertices, lines, _Array("label", lambda: [labels], len(labels))


def _held(name: str, values: NDArray[np.intp]) -> _Array:
    return _Array(name, lambda: [values], len(values), kind="Int64")


def _order(rows: Rows, found: NDArray[np.float64], counts: NDArray[np.intp]) -> BigArray:
    """The number of each row, sorted by label."""
    result = BigArray.empty((int(counts.sum()),), np.int64)
    places, first = Places(counts), 0
    for labels in rows.labels():
        order, place = places.of(np.searchsorted(found, labels))
        result[place] = order + first
        first += len(labels)
    return result


def _write(
    file: BinaryIO,
    point_arrays: list[_Array],
    points: _Array,
    vertices: list[_Array],
    lines: list[_Array],
    labels: _Array,
) -> None:
    sections = [
        ("PointData", 'Scalars="t"' if any(array.name == "t" for array in point_arrays) else "", point_arrays),
        ("CellData", 'Scalars="label"', [labels]),
        ("Points", "", [points]),
        ("Verts", "", vertices),
        ("Lines", "", lines),
    ]
    counts = f'NumberOfVerts="{vertices[1].rows}" NumberOfLines="{lines[1].rows}"'
    text = [
        '<?xml version="1.0"?>',
        '<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
        f'<PolyData><Piece NumberOfPoints="{points.rows}" {counts} NumberOfStrips="0" NumberOfPolys="0">',
    ]
    offset = 0
    for name, attributes, arrays in sections:
        text.append(f"<{name} {attributes}>")
        for array in arrays:
            text.append(array.element(offset))
            offset += 8 + array.nbytes
        text.append(f"</{name}>")
    text.append('</Piece></PolyData>\n<AppendedData encoding="raw">\n_')
    file.write("\n".join(text).encode())
    for _, _, arrays in sections:
        for array in arrays:
            array.write(file)
    file.write(b"\n</AppendedData>\n</VTKFile>\n")
