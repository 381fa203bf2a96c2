"""Trajectories for ParaView and VTK."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping
from lumentrace.base.files import replacing
from lumentrace.data.points import PointData

SIGMAS, COVARIANCES = ("sigma_x", "sigma_y", "sigma_z"), ("cov_xy", "cov_yz", "cov_xz")

_VTK_TYPES = {"f8": "Float64", "i8": "Int64"}


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
    tables = [points] if isinstance(points, PointData) else list(points)
    rows, labels, columns, units = _gather(tables, label)
    position = [columns.index(name) for name in ("x", "y", "z")]
    finite = np.isfinite(rows[:, position]).all(axis=1)
    if not finite.all():
        rows, labels = rows[finite], labels[finite]
    arrays = [_Array(name, rows[:, i], units.get(name, "")) for i, name in enumerate(columns)]
    if {"vx", "vy", "vz"} <= set(columns) and "velocity" not in columns:
        velocity = rows[:, [columns.index(name) for name in ("vx", "vy", "vz")]]
        arrays.append(_Array("velocity", velocity, units.get("vx", "")))
    if {*SIGMAS, *COVARIANCES} <= set(columns) and "covariance" not in columns:
        arrays.append(_Array("covariance", _tensors(rows, columns), units.get("cov_xy", "")))
    with replacing(path) as file:
        _write(file, arrays, rows[:, position], *_cells(labels))


def _tensors(rows: NDArray[np.float64], columns: list[str]) -> NDArray[np.float64]:
    """Symmetric tensors (N, 6)."""
    variances = rows[:, [columns.index(name) for name in SIGMAS]] ** 2
    return np.column_stack([variances, rows[:, [columns.index(name) for name in COVARIANCES]]])


def _gather(
    tables: list[PointData], label: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str], dict[str, str]]:
    """Rows of all tables, the trajectory of each row, names and units of the columns."""
    for i, table in enumerate(tables):
        if not isinstance(table, PointData):
            raise TypeError(f"`points`: expected PointData or a list of them, found {type(table).__name__} at {i}")
        if table.columns != tables[0].columns:
            raise ValueError(f"`points[{i}]`: expected columns {tables[0].columns}, found {table.columns}")
    if not tables:
        return np.empty((0, 4)), np.empty(0), list(PointData.default_columns), {}
    columns = tables[0].columns
    missing = [name for name in ("x", "y", "z") if name not in columns]
    if missing:
        raise ValueError(f"`points`: expected columns x, y, z, found {columns}")
    rows = np.concatenate([np.asarray(table.data) for table in tables]) if len(tables) > 1 else tables[0].data
    if label in columns:
        return rows, rows[:, columns.index(label)], columns, tables[0].units
    numbers = np.repeat(np.arange(len(tables), dtype=np.float64), [len(table.data) for table in tables])
    return rows, numbers, columns, tables[0].units


class _Array:
    """One DataArray element, of numbers of 8 bytes."""

    def __init__(self, name: str, values: NDArray[Any], unit: str = "") -> None:
        self.name, self.unit, self.values = name, unit, values
        self.dtype = np.dtype("<f8" if values.dtype.kind == "f" else "<i8")
        self.nbytes = values.size * self.dtype.itemsize

    def element(self, offset: int) -> str:
        """Describe the array in XML; its data begin at `offset` of the appended block."""
        components = 1 if self.values.ndim == 1 else self.values.shape[1]
        kind = _VTK_TYPES[self.dtype.str[1:]]
        head = (
            f'<DataArray type="{kind}" Name={quoteattr(self.name)} NumberOfComponents="{components}" '
            f'format="appended" offset="{offset}"'
        )
        if not self.unit:
            return f"{head}/>"
        key = f'<InformationKey name="UNITS_LABEL" location="vtkDataArray">{escape(self.unit)}</InformationKey>'
        return f"{head}>{key}</DataArray>"


def _cells(labels: NDArray[np.float64]) -> tuple[list[_Array], list[_Array], NDArray[np.float64]]:
    """Find connectivity and offsets of vertices and of lines, and the label of every cell."""
    order = np.argsort(labels, kind="stable")
    found, counts = np.unique(labels, return_counts=True)
    drawn = (found != -1) & np.isfinite(found) & (counts > 1)
    connected = order[np.repeat(drawn, counts)]
    vertices = [_Array("connectivity", order), _Array("offsets", np.cumsum(counts))]
    lines = [_Array("connectivity", connected), _Array("offsets", np.cumsum(counts[drawn]))]
    return vertices, lines, np.concatenate([found, found[drawn]])


def _write(
    file: BinaryIO,
    point_arrays: list[_Array],
    position: NDArray[np.float64],
    vertices: list[_Array],
    lines: list[_Array],
    labels: NDArray[np.float64],
) -> None:
    sections = [
        ("PointData", 'Scalars="t"' if any(array.name == "t" for array in point_arrays) else "", point_arrays),
        ("CellData", 'Scalars="label"', [_Array("label", labels)]),
        ("Points", "", [_Array("Points", position)]),
        ("Verts", "", vertices),
        ("Lines", "", lines),
    ]
    counts = f'NumberOfVerts="{len(vertices[1].values)}" NumberOfLines="{len(lines[1].values)}"'
    text = [
        '<?xml version="1.0"?>',
        '<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
        f'<PolyData><Piece NumberOfPoints="{len(position)}" {counts} NumberOfStrips="0" NumberOfPolys="0">',
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
            file.write(array.nbytes.to_bytes(8, "little"))
            file.write(np.ascontiguousarray(array.values, dtype=array.dtype).data)
            mapping.release(array.values)
    file.write(b"\n</AppendedData>\n</VTKFile>\n")
