"""What pixels and voxels share: an array whose axes are cut from limits in space."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.base import html
from lumentrace.base.masked import unmasked
from lumentrace.data.pept_object import PEPTObject

Floats = NDArray[np.float64]

MOST_CELLS = 1 << 36
"""Half a terabyte of numbers: more is a mistake."""


class Grid(PEPTObject, np.ndarray):
    """An array of equal cells between limits on each axis.

    Results of arithmetic stay of this class as long as they have the same shape; anything else, such as a slice or a
    sum, is a plain array or number, because the limits would no longer be true.
    """

    axes: ClassVar[str]
    cell: ClassVar[str]
    """What a cell is called."""
    attrs: dict[str, Any]
    _limits: Floats

    @unmasked
    def __new__(cls, array: ArrayLike, *limits: ArrayLike, **attrs: Any) -> Self:
        """Check the array and its limits."""
        values = np.asarray(array, dtype=np.float64, order="C")
        if values.ndim != len(cls.axes):
            raise ValueError(f"`array`: expected {len(cls.axes)} axes, found shape {values.shape}")
        if values.size == 0:
            raise ValueError(f"`array`: expected at least one {cls.cell}, found shape {values.shape}")
        if len(limits) != len(cls.axes):
            raise TypeError(f"{cls.__name__}: expected limits for the axes {', '.join(cls.axes)}, found {len(limits)}")
        grid = values.view(cls)
        pairs = zip(cls.axes, limits, strict=True)
        grid._limits = np.array([checked_limits(f"{axis}lim", each) for axis, each in pairs])
        grid.attrs = attrs
        return grid

    def __array_finalize__(self, source: NDArray[Any] | None) -> None:
        if isinstance(source, Grid) and hasattr(source, "_limits"):
            self._limits, self.attrs, self.provenance = source._limits, dict(source.attrs), source.provenance

    def __array_wrap__(self, array: NDArray[Any], context: Any = None, return_scalar: bool = False) -> Any:
        if array.shape == self.shape:
            return super().__array_wrap__(array, context)
        return array[()] if return_scalar else np.asarray(array)

    def __getitem__(self, key: Any) -> Any:
        return self._kept(super().__getitem__(key))

    def transpose(self, *axes: Any) -> Any:
        """A plain array with its axes in another order."""
        return self._plain.transpose(*axes)

    @property
    def T(self) -> Any:  # noqa: N802 (numpy's name)
        """A plain array with its axes reversed."""
        return self._plain.T

    def swapaxes(self, axis1: Any, axis2: Any) -> Any:
        """A plain array with two axes exchanged."""
        return self._plain.swapaxes(axis1, axis2)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """A plain array of another shape."""
        return self._plain.reshape(*shape, **options)

    def ravel(self, order: Any = "C") -> Any:
        """A plain array of one axis."""
        return self._plain.ravel(order)

    def flatten(self, order: Any = "C") -> Any:
        """A plain copy of one axis."""
        return self._plain.flatten(order)

    def _kept(self, result: Any) -> Any:
        return np.asarray(result) if isinstance(result, Grid) and result.shape != self.shape else result

    @property
    def _plain(self) -> Floats:
        return self.view(np.ndarray)

    def __reduce__(self) -> Any:
        return _rebuilt, (type(self), np.array(self._plain), self._limits, self.attrs, self.provenance)

    def state(self) -> dict[str, Any]:
        """Everything that makes up the grid, as plain values."""
        return {"values": self._plain, "limits": self._limits, "attrs": dict(self.attrs), "provenance": self.provenance}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The grid that `state` was taken from."""
        grid = cls(state["values"], *state["limits"], **state["attrs"])
        grid.provenance = state.get("provenance")
        return grid

    def copy(self, deep: bool | str = True, order: Any = "C") -> Any:  # type: ignore[override]  # documented as `deep`
        """A copy with the same limits and attributes.

        Parameters
        ----------
        deep : bool, default True
            Copy the values; otherwise both share them. (A text is taken for numpy's `order`.)
        order : {"C", "F", "A", "K"}, default "C"
            Numpy's order of values in memory; grids are always "C".
        """
        values = np.array(self._plain) if deep else self._plain
        return _rebuilt(type(self), values, self._limits, dict(self.attrs), self.provenance)

    @property
    def xlim(self) -> Floats:
        """Lower and upper limit of the x axis, in mm."""
        limits: Floats = self._limits[0]
        return limits

    @property
    def ylim(self) -> Floats:
        """Lower and upper limit of the y axis, in mm."""
        limits: Floats = self._limits[1]
        return limits

    @property
    def lower(self) -> Floats:
        """Lower limit of each axis, in mm."""
        return self._limits[:, 0]

    @property
    def upper(self) -> Floats:
        """Upper limit of each axis, in mm."""
        return self._limits[:, 1]

    @property
    def _size(self) -> Floats:
        return (self.upper - self.lower) / self.shape

    @property
    def _grids(self) -> list[Floats]:
        return [np.linspace(low, high, n + 1) for (low, high), n in zip(self._limits, self.shape, strict=True)]

    def centres(self) -> list[Floats]:
        """The middles of the cells along each axis, in mm."""
        return [(grid[1:] + grid[:-1]) / 2 for grid in self._grids]

    def from_physical(self, locations: ArrayLike, corner: bool = False) -> Floats:
        """Locations in mm as fractional indices: whole numbers are centres of cells.

        Parameters
        ----------
        locations : (..., D) array-like
            In mm.
        corner : bool, default False
            Whole numbers are the lower corners of cells instead.
        """
        return (np.asarray(locations, dtype=np.float64) - self.lower) / self._size - (0.0 if corner else 0.5)

    def to_physical(self, indices: ArrayLike, corner: bool = False) -> Floats:
        """The inverse of `from_physical`: indices of cells as locations in mm."""
        return self.lower + (np.asarray(indices, dtype=np.float64) + (0.0 if corner else 0.5)) * self._size

    @classmethod
    def _zeros(cls, number: ArrayLike, least: int, limits: tuple[ArrayLike, ...]) -> Self:
        return cls(np.zeros(cell_counts(cls, number, least)), *limits)

    @classmethod
    def _of_lines(cls, lines: Floats, number: ArrayLike, limits: tuple[ArrayLike | None, ...], verbose: bool) -> Self:
        start = time.perf_counter()
        around = _around(lines, len(cls.axes))
        chosen = [each if limit is None else limit for each, limit in zip(around, limits, strict=True)]
        if any(each is None for each in chosen):
            raise ValueError(
                f"{cls.__name__}: expected limits on every axis, because there is no line to take them from"
            )
        grid = cls._zeros(number, 2, tuple(np.asarray(each) for each in chosen))
        grid.add_lines(lines)
        if verbose:
            print(f"Initialised {cls.__name__} class in {time.perf_counter() - start:.3f} s.")
        return grid

    def add_lines(self, lines: Any, verbose: bool = False) -> Self:
        """Add to each cell the number of lines that pass through it, in place.

        Parameters
        ----------
        lines : (N, C) array-like or LineData
            Rows t, x1, y1, x2, y2 for pixels, t, x1, y1, z1, x2, y2, z2 for voxels.
        verbose : bool, default False
            Say how long it took.
        """
        start = time.perf_counter()
        mark(self._plain, line_rows(lines, len(self.axes)), self.lower, self.upper)
        if verbose:
            print(f"Traversed {len(self.axes)}D space in {time.perf_counter() - start:.3f} s.")
        return self

    def __str__(self) -> str:
        limits = [f"{axis + 'lim =':<22}{each}" for axis, each in zip(self.axes, self._limits, strict=True)]
        grids = ",\n ".join(f"[{low} ... {high}]" for low, high in self._limits)
        gap = [""] if len(self.axes) == 3 else []
        lines = [
            np.array2string(self._plain),
            "",
            f"{f'number_of_{self.cell}s =':<22}{self.shape}",
            f"{f'{self.cell}_size =':<22}{self._size}",
            "",
            *limits,
            *gap,
            f"{self.cell}_grids:\n({grids})",
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}\n{'-' * len(name)}\n{self}"

    def _repr_html_(self) -> str:
        finite = self._plain[np.isfinite(self._plain)]
        ends = f"{html.text(finite.min())} to {html.text(finite.max())}" if finite.size else "none is finite"
        rows = [
            (axis, number, *pair, size)
            for axis, number, pair, size in zip(
                self.axes, self.shape, self._limits.tolist(), self._size.tolist(), strict=True
            )
        ]
        names = ["axis", f"{self.cell}s", "from", "to", f"{self.cell} size"]
        table = html.table(names, rows, len(rows), dict.fromkeys(names[2:], "mm"))
        attrs = html.pairs(self.attrs) if self.attrs else ""
        about = (" x ".join(map(str, self.shape)), f"values {ends}")
        return html.face(type(self).__name__, about, table, attrs)


def _rebuilt(cls: Any, values: Floats, limits: Floats, attrs: dict[str, Any], provenance: Any) -> Any:
    grid = cls(values, *limits, **attrs)
    grid.provenance = provenance
    return grid


def checked_limits(name: str, limits: ArrayLike) -> Floats:
    """Two finite numbers in ascending order.

    Raises
    ------
    ValueError
        If they are anything else.
    """
    try:
        pair = np.asarray(limits, dtype=np.float64)
    except (TypeError, ValueError):
        pair = np.empty(0)
    if pair.shape != (2,) or not np.isfinite(pair).all() or not pair[0] < pair[1]:
        raise ValueError(f"`{name}`: expected two finite limits in ascending order, found {limits!r}")
    return pair


def cell_counts(cls: type[Grid], number: ArrayLike, least: int) -> tuple[int, ...]:
    """The number of cells on each axis.

    Raises
    ------
    ValueError
        If it is not one whole number of at least `least` per axis, or more cells than `MOST_CELLS`.
    """
    counts = np.asarray(number)
    whole = counts.shape == (len(cls.axes),) and counts.dtype.kind in "iuf" and (counts == np.floor(counts)).all()
    name = f"number_of_{cls.cell}s"
    if not whole or not np.isfinite(counts).all() or (counts < least).any():
        raise ValueError(f"`{name}`: expected {len(cls.axes)} whole numbers of at least {least}, found {number!r}")
    if np.prod(counts, dtype=np.float64) > MOST_CELLS:
        raise ValueError(f"`{name}`: expected at most {MOST_CELLS} cells, found {number!r}")
    return tuple(int(count) for count in counts)


def line_rows(lines: Any, dimensions: int) -> Floats:
    """Rows t, x1, y1, z1, x2, y2, z2 of lines in 2 or 3 dimensions; z is 0 in two.

    Raises
    ------
    ValueError
        If it is no table with enough columns.
    """
    rows = np.asarray(getattr(lines, "lines", lines), dtype=np.float64)
    least = 2 * dimensions + 1
    if rows.ndim != 2 or rows.shape[1] < least:
        raise ValueError(f"`lines`: expected shape (N, >={least}), found {rows.shape}")
    if dimensions == 3:
        return np.ascontiguousarray(rows)
    flat = np.zeros((len(rows), 7))
    flat[:, [0, 1, 2, 4, 5]] = rows[:, :5]
    return flat


def mark(counts: Floats, lines: Floats, lower: ArrayLike, upper: ArrayLike) -> None:
    """Add 1 to every cell that a line (a row of `line_rows`) passes; `counts` has two or three axes."""
    flat = counts.ndim == 2
    low, high = np.asarray(lower, dtype=np.float64).tolist(), np.asarray(upper, dtype=np.float64).tolist()
    if flat:
        low, high = [*low, -1.0], [*high, 1.0]
    if counts.flags.c_contiguous:
        _core.traverse(counts[..., np.newaxis] if flat else counts, lines, low, high)
    else:
        fresh = np.zeros(counts.shape)
        _core.traverse(fresh[..., np.newaxis] if flat else fresh, lines, low, high)
        counts += fresh


def _around(rows: Floats, dimensions: int) -> list[Floats | None]:
    """Limits of the end points of all finite lines; a plane gets a thickness of 1 mm."""
    bounds = _core.get_cutoffs(line_rows(rows, dimensions))
    if bounds is None:
        return [None] * dimensions
    pairs = bounds.reshape(3, 2)[:dimensions]
    return [pair if pair[0] < pair[1] else pair + np.array([-0.5, 0.5]) for pair in pairs]
