"""A table of time-stamped rows that is read sample by sample."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base import doors, html, mapping
from lumentrace.data import samples
from lumentrace.data.pept_object import PEPTObject
from lumentrace.data.samples import Overlap, SampleSize

T = TypeVar("T", bound="IterableSamples")

_LENGTHS = ("x", "y", "z", "x1", "y1", "z1", "x2", "y2", "z2", "error", "error_x", "error_y", "error_z")
UNITS = {"t": "ms", "v": "m/s", "vx": "m/s", "vy": "m/s", "vz": "m/s"} | dict.fromkeys(_LENGTHS, "mm")
"""Units of well-known columns."""


class IterableSamples(PEPTObject, Collection[Any]):
    """Rows of numbers, cut into samples; the base of `LineData` and `PointData`.

    Parameters
    ----------
    data : (N, C) array-like, or an object or list of objects of this class
        Rows in order of time; column 0 is time in ms. A list is stacked, each item becoming one sample.
    sample_size : int, list of int, TimeWindow, AdaptiveWindow or None
        Rows (or time) per sample; None and 0 mean all rows as one sample.
    overlap : int, TimeWindow, AdaptiveWindow or None
        How much consecutive samples share; of the same kind as `sample_size`.
    columns : sequence of str, optional
        Names of the columns; missing ones are named ``col4``, ``col5``, ...
    **attrs
        Anything worth keeping beside the rows. Names that start with ``_`` are hidden.

    Raises
    ------
    ValueError
        If `data` is not a table of numbers with enough columns, or the sampling is impossible.
    TypeError
        If `sample_size` or `overlap` are of unusable or different types.
    """

    default_columns: ClassVar[Sequence[str]] = ()
    data_name: ClassVar[str] = "data"
    places: ClassVar[tuple[tuple[int, int, int], ...]] = ()
    colour_column: ClassVar[int] = -1

    def __init__(
        self,
        data: Any,
        sample_size: object = None,
        overlap: object = None,
        columns: Sequence[str] | None = None,
        **attrs: Any,
    ) -> None:
        rows, lengths, first = _gather(type(self), data)
        self._data = self._table(rows)
        if sample_size is None and lengths is not None:
            sample_size = lengths
        names = columns if columns is not None else first.columns if first else self.default_columns
        self._columns = self._fitting(names)
        self.attrs: dict[str, Any] = {**(first.attrs if first else {}), **attrs}
        self._units: dict[str, str] = dict(first._units) if first else {}
        self.provenance: Any = first.provenance if first else None
        self._sample(sample_size, overlap)

    # ------------------------------------------------------------------ construction
    def _table(self, data: ArrayLike) -> NDArray[np.float64]:
        kind, least = type(self).__name__, len(self.default_columns)
        try:
            table = _real(data)
        except (TypeError, ValueError) as error:
            raise ValueError(f"`{kind}`: expected a table of real numbers, found {error}") from error
        if table.ndim != 2 or table.shape[1] < least:
            raise ValueError(
                f"`{kind}`: expected a 2-D table with at least {least} columns "
                f"({', '.join(self.default_columns)}), found shape {table.shape}"
            )
        whole = table.flags.c_contiguous and table.flags.aligned
        return table if whole else np.require(table, requirements=["C", "A"])

    def _fitting(self, names: Sequence[str]) -> list[str]:
        if isinstance(names, str):
            raise TypeError(f"`columns`: expected a list of names, found the string {names!r}")
        width = self._data.shape[1]
        return [str(n) for n in names[:width]] + [f"col{i}" for i in range(len(names), width)]

    def _sample(self, sample_size: object, overlap: object) -> None:
        size, shared = samples.normalise(sample_size, overlap, len(self._data))
        self._indices = samples.indices(size, shared, self._data[:, 0])
        self._sample_size: SampleSize = size
        self._overlap: Overlap = shared

    def _derived(self, data: NDArray[np.float64], indices: NDArray[np.int64]) -> Self:
        """Same class, columns, attrs, units and provenance around other rows and samples."""
        new = object.__new__(type(self))
        new._data, new._indices = data, indices
        new._columns, new._units = list(self._columns), dict(self._units)
        new.attrs, new.provenance = dict(self.attrs), self.provenance
        new._sample_size = new._overlap = None
        return new

    # ------------------------------------------------------------------ the table
    @property
    def data(self) -> NDArray[np.float64]:
        """The rows, shape (N, C), float64."""
        return self._data

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self._columns

    @columns.setter
    def columns(self, names: Sequence[str]) -> None:
        self._columns = self._fitting(names)

    @property
    def units(self) -> dict[str, str]:
        """Unit of each column; an empty string where none is known."""
        return {name: self._units.get(name, UNITS.get(name, "")) for name in self._columns}

    @units.setter
    def units(self, units: Mapping[str, str]) -> None:
        unknown = set(units) - set(self._columns)
        if unknown:
            raise ValueError(f"`units`: expected names among {self._columns}, found {sorted(unknown)}")
        self._units = dict(units)

    def extra_attrs(self) -> dict[str, Any]:
        """The public attributes: those whose names do not start with an underscore."""
        return {name: value for name, value in self.attrs.items() if not name.startswith("_")}

    def hidden_attrs(self) -> dict[str, Any]:
        """The hidden attributes: those whose names start with an underscore."""
        return {name: value for name, value in self.attrs.items() if name.startswith("_")}

    # ------------------------------------------------------------------ the samples
    @property
    def samples_indices(self) -> NDArray[np.int64]:
        """First (inclusive) and last (exclusive) row of each sample, shape (S, 2)."""
        return self._indices

    @samples_indices.setter
    def samples_indices(self, indices: ArrayLike) -> None:
        table = np.asarray(indices)
        if table.size == 0:
            table = np.empty((0, 2), dtype=np.int64)
        if table.ndim != 2 or table.shape[1] != 2 or table.dtype.kind not in "iu":
            raise ValueError(
                f"`samples_indices`: expected whole numbers of shape (samples, 2), "
                f"found {table.dtype} of shape {table.shape}"
            )
        table = table.astype(np.int64)
        if len(table) and (table.min() < 0 or table.max() > len(self._data) or (table[:, 0] > table[:, 1]).any()):
            raise ValueError(f"`samples_indices`: expected 0 <= start <= end <= {len(self._data)} in every row")
        self._indices = np.ascontiguousarray(table)
        self._sample_size = self._overlap = None

    @property
    def sample_size(self) -> SampleSize:
        """Rows or time per sample; None if `samples_indices` were set directly."""
        return self._sample_size

    @sample_size.setter
    def sample_size(self, sample_size: object) -> None:
        size, _ = samples.normalise(sample_size, None, len(self._data))
        keep = self._overlap is not None and type(self._overlap) is type(samples.no_overlap(size))
        self._sample(sample_size, self._overlap if keep and sample_size is not None else None)

    @property
    def overlap(self) -> Overlap:
        """Rows or time shared by consecutive samples."""
        return self._overlap

    @overlap.setter
    def overlap(self, overlap: object) -> None:
        if self._sample_size is None:
            raise ValueError("`overlap`: set `sample_size` first, the samples were given by `samples_indices`")
        self._sample(self._sample_size, overlap)

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[Self]:
        return (self._one(i) for i in range(len(self)))

    def __contains__(self, sample: object) -> bool:
        """Whether one of the samples has the rows of `sample`."""
        return isinstance(sample, type(self)) and any(
            np.array_equal(each.data, sample.data, equal_nan=True) for each in self
        )

    def _one(self, i: int) -> Self:
        start, end = self._indices[i].tolist()
        sample = self._derived(self._data[start:end], np.array([[0, end - start]]))
        sample._sample_size, sample._overlap = end - start, 0
        return sample

    def __getitem__(self, key: Any) -> Any:
        """One sample (int), several samples (slice, list, mask) or one column (str)."""
        if isinstance(key, str):
            return self._data[:, self._column(key)]
        if isinstance(key, (int, np.integer)):
            if not -len(self) <= key < len(self):
                raise IndexError(f"sample {key} of {len(self)} samples")
            return self._one(int(key) % len(self))
        return self._several(self._indices[key if isinstance(key, slice) else self._positions(key)])

    def _positions(self, key: Any) -> NDArray[np.intp] | NDArray[np.bool_]:
        chosen = np.asarray(key) if len(np.atleast_1d(key)) else np.empty(0, dtype=np.intp)
        if chosen.ndim != 1 or chosen.dtype.kind not in "iub":
            raise TypeError(f"expected the number of a sample, a slice, a list of numbers or a name, found {key!r}")
        return chosen

    def _column(self, name: str) -> int:
        if name not in self._columns:
            raise KeyError(f"no column {name!r}; the columns are {self._columns}")
        return self._columns.index(name)

    def _several(self, indices: NDArray[np.int64]) -> Self:
        """Samples at the given ranges of rows; rows they share are kept once, in their order."""
        if not len(indices):
            return self._derived(self._data[:0], indices)
        first, last = indices[:, 0].min(), indices[:, 1].max()
        opened = np.zeros(last - first + 1, dtype=np.int64)
        np.add.at(opened, indices[:, 0] - first, 1)
        np.add.at(opened, indices[:, 1] - first, -1)
        kept = np.cumsum(opened)[:-1] > 0
        if kept.all():
            return self._derived(self._data[first:last], indices - first)
        new_row = np.concatenate([[0], np.cumsum(kept)])
        return self._derived(self._data[first:last][kept], new_row[indices - first])

    @property
    def select(self) -> _Select[Self]:
        """Rows instead of samples: ``x.select[key]`` is cut like `x` but holds the rows ``x.data[key]``."""
        return _Select(self)

    # ------------------------------------------------------------------ copies and state
    def copy(
        self,
        deep: bool = True,
        data: Any = None,
        extra: bool = True,
        hidden: bool = True,
        **attrs: Any,
    ) -> Self:
        """Copy, optionally around other rows.

        Parameters
        ----------
        deep : bool, default True
            Copy the rows too; otherwise they are shared.
        data : (M, C) array-like, optional
            Rows to use instead; the result is then one sample unless `sample_size` is given too.
        extra, hidden : bool, default True
            Whether public and hidden attributes are kept.
        **attrs
            New attributes, or `sample_size`, `overlap`, `columns` of the copy.
        """
        sampling = {k: attrs.pop(k) for k in ("sample_size", "overlap") if k in attrs}
        if data is None and "overlap" in sampling:
            sampling.setdefault("sample_size", self._sample_size)
        columns = attrs.pop("columns", self._columns)
        rows = (self._data.copy() if deep else self._data) if data is None else data
        new = type(self)(rows, columns=columns, **sampling)
        kept = (self.extra_attrs() if extra else {}) | (self.hidden_attrs() if hidden else {})
        new.attrs = {**kept, **attrs}
        new._units, new.provenance = dict(self._units), self.provenance
        if data is None and not sampling:
            new._indices = self._indices.copy()
            new._sample_size, new._overlap = self._sample_size, self._overlap
        return new

    def state(self) -> dict[str, Any]:
        """Everything there is to keep, as plain values; `from_state` makes the object again."""
        return {
            "data": self._data,
            "samples_indices": self._indices,
            "sample_size": self._sample_size,
            "overlap": self._overlap,
            "columns": list(self._columns),
            "units": dict(self._units),
            "attrs": dict(self.attrs),
            "provenance": self.provenance,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The object that `state` was taken from."""
        new = cls(mapping.attach(state["data"]), columns=state["columns"])
        new.samples_indices = state["samples_indices"]
        new._sample_size, new._overlap = state["sample_size"], state["overlap"]
        new.attrs, new._units = dict(state["attrs"]), dict(state["units"])
        new.provenance = state["provenance"]
        return new

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_state, (self.state() | {"data": mapping.detach(self._data)},)

    def to_csv(self, filepath: Any, delimiter: str = " ") -> None:
        """Write a header line of column names, then the rows with 18 decimals."""
        doors.through("to_csv")(filepath, self, delimiter=delimiter)

    def to_polars(self) -> Any:
        """The rows as a `polars.DataFrame`; see `lumentrace.storage.to_polars`."""
        return doors.through("to_polars")(self)

    def to_pandas(self) -> Any:
        """The rows as a `pandas.DataFrame` with units in ``attrs["units"]``; see `lumentrace.storage.to_pandas`."""
        return doors.through("to_pandas")(self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """The rows for any library that takes Arrow; see `lumentrace.storage.arrow`."""
        return doors.through("arrow_stream")(self, requested_schema)

    def __arrow_c_schema__(self) -> Any:
        """The columns and their units for any library that takes Arrow; see `lumentrace.storage.arrow`."""
        return doors.through("arrow_schema")(self)

    # ------------------------------------------------------------------ display
    def plot(
        self, sample_indices: Any = ..., ax: Any = None, alt_axes: bool = False, colorbar_col: int | str | None = None
    ) -> tuple[Any, Any]:
        """Draw the rows in three dimensions with matplotlib, in mm.

        Parameters
        ----------
        sample_indices : int, slice or list of int, optional
            Samples to draw; all rows by default.
        ax : matplotlib 3-D axes, optional
            Axes to draw on; new ones by default.
        alt_axes : bool, default False
            Lay out the axes as (z, x, y), which puts y upwards.
        colorbar_col : int or str, optional
            Column that gives the colours; the last one for points and time for lines by default.

        Returns
        -------
        figure, axes
            The matplotlib figure and axes.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        from lumentrace.data.plotting import plot

        column = self.colour_column if colorbar_col is None else colorbar_col
        return plot(self, self.places, sample_indices, ax, alt_axes, column)

    def __repr__(self) -> str:
        title = f"pept.{type(self).__name__} (samples: {len(self)})"
        lines = [title, "-" * len(title), f"sample_size = {self._sample_size}", f"overlap = {self._overlap}"]
        if self._sample_size is None:
            lines += ["samples_indices = ", _indented(self._indices)]
        rows, width = self._data.shape
        lines += [f"{self.data_name} = ", f"  (rows: {rows}, columns: {width})", _indented(self._data)]
        lines += [f"columns = {self._columns}", *_attr_lines(self.attrs)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows, width = self._data.shape
        size = f"{html.counted(rows, 'row')} of {html.counted(width, 'column')}"
        first = html.table(self._columns, self._data[: html.ROWS].tolist(), rows, self.units)
        attrs = html.pairs(self.extra_attrs()) if self.extra_attrs() else ""
        return html.face(type(self).__name__, (size, self._sampling()), first, attrs)

    def _sampling(self) -> str:
        """How the rows are cut, in words."""
        size, many = self._sample_size, html.counted(len(self), "sample")
        if size is None or isinstance(size, np.ndarray):
            return many
        of = "" if not isinstance(size, int) else f" of {html.counted(size, 'row')}"
        by = f" by {size}" if not isinstance(size, int) else ""
        return f"{many}{of}{by}, overlap {self._overlap}" if self._overlap else f"{many}{of}{by}"


class _Select(Generic[T]):
    def __init__(self, samples: T) -> None:
        self._samples = samples

    def __getitem__(self, key: Any) -> T:
        whole = self._samples
        one = whole.sample_size is None or whole.sample_size == len(whole.data)
        cut: dict[str, Any] = {} if one else {"sample_size": whole.sample_size, "overlap": whole.overlap}
        return whole.copy(deep=False, data=np.atleast_2d(whole.data[key]), **cut)


def _real(data: Any) -> NDArray[np.float64]:
    """`data` as float64; rows on a memory map stay there, and masked values are nan."""
    others = data if isinstance(data, list) else [data]
    if any(isinstance(item, IterableSamples) for item in others):
        raise TypeError(" and ".join(sorted({type(item).__name__ for item in others})))
    table = np.asanyarray(data)
    if table.dtype.kind in "cmMV":
        raise TypeError(f"values of type {table.dtype}")
    table = table if table.dtype == np.float64 else table.astype(np.float64)
    if isinstance(table, np.ma.MaskedArray):
        table = table.filled(np.nan)
    return table if isinstance(table, np.memmap) else np.asarray(table)


def _gather(cls: type[IterableSamples], data: Any) -> tuple[Any, list[int] | None, IterableSamples | None]:
    """Rows to use, lengths of the stacked items, and the object whose columns and attrs are taken over."""
    if isinstance(data, cls):
        return data.data.copy(), None, data
    if isinstance(data, Sequence) and not isinstance(data, (str, memoryview)):
        data = list(data)
    if isinstance(data, list) and len(data):
        if all(isinstance(item, cls) for item in data):
            return _stacked(cls, [item.data for item in data]), [len(i.data) for i in data], data[0]
        if all(isinstance(item, np.ndarray) and item.ndim == 2 for item in data):
            return _stacked(cls, data), [len(item) for item in data], None
    return data, None, None


def _stacked(cls: type[IterableSamples], tables: Sequence[NDArray[Any]]) -> NDArray[Any]:
    widths = sorted({table.shape[1] for table in tables})
    if len(widths) > 1:
        raise ValueError(f"`{cls.__name__}`: expected tables of one width to stack, found {widths} columns")
    return np.concatenate(tables)


def _indented(array: NDArray[Any]) -> str:
    with np.printoptions(threshold=5, edgeitems=2):
        return "\n".join("  " + line for line in str(np.asarray(array)).split("\n"))


def _attr_lines(attrs: Mapping[str, Any]) -> list[str]:
    if not attrs:
        return ["attrs = {}"]
    lines = [f"  {name!r}: {value}" for name, value in attrs.items()]
    return ["attrs = {", *(f"{line[:72]}..." if len(line) > 75 else line for line in lines), "}"]
