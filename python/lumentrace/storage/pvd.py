"""Time series for ParaView: a VTP file for each time step, and one file that lists them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.big_array import BigArray
from lumentrace.base.files import named, replacing
from lumentrace.base.places import Places
from lumentrace.base.working import put_in_place, working_folder
from lumentrace.data.points import PointData
from lumentrace.storage.parquet_rows import checksum_of
from lumentrace.storage.time_steps import TimeSteps
from lumentrace.storage.vtp import write_rows
from lumentrace.storage.vtp_rows import Rows

STEPS = ".steps-"
DIGITS = 8


def to_pvd(
    path: str | os.PathLike[str],
    points: PointData | Sequence[PointData],
    label: str = "label",
    step: float | None = None,
) -> None:
    """Write trajectories as a time series for ParaView: a ``.pvd`` file and a ``.vtp`` file for each time step.

    The files of the steps are in a folder beside it, ``<name>.steps-<checksum>``; each is what `to_vtp` writes of the
    rows of that step: points with all columns, velocities as vectors, covariances as tensors, and a line through the
    locations of a trajectory where a step has several. A column `label` numbers the items of a list that has none. Rows
    are sorted in a temporary file if they are many, and rows without a finite time or position are left out. The series
    is the old one or the new one at any moment: steps are written first, then the list, and the old ones go last.

    Parameters
    ----------
    path : path
        Ends with ``.pvd``.
    points : PointData or list of PointData
        Rows with columns t, x, y, z. A list holds one trajectory per item, unless the items have a column `label`.
    label : str, default "label"
        Column that tells trajectories apart.
    step : float, optional
        Length of a time step, in the unit of t (ms); its time is the middle. By default every different time is one.

    Raises
    ------
    TypeError
        If `points` is anything else.
    ValueError
        If the name ends otherwise, the items of a list have different columns, a column t, x, y or z is missing, or
        there are more than 20,000 steps.
    OSError
        If the files cannot be written.

    References
    ----------
    ParaView, data file format PVD, https://www.paraview.org/Wiki/ParaView/Data_formats

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from lumentrace import PointData
    >>> from lumentrace.storage import to_pvd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_pvd(f"{folder}/tracks.pvd", PointData(np.arange(40).reshape(10, 4)), step=8)
    ...     sorted(file.name for file in Path(folder).rglob("*.vtp"))
    ['000000.vtp', '000001.vtp', '000002.vtp', '000003.vtp', '000004.vtp']
    """
    place = Path(path)
    if place.suffix.lower() != ".pvd":
        raise ValueError(f"`path`: expected a name that ends with .pvd, found {place.name!r}")
    rows = Rows.of([points] if isinstance(points, PointData) else list(points), label)
    if "t" not in rows.columns:
        raise ValueError(f"`points`: expected a column t, found {rows.columns}")
    steps = TimeSteps.of(lambda: (block[:, 0] for block in rows.select(("t",))), step)
    columns = rows.columns if label in rows.columns else [*rows.columns, label]
    units = rows.tables[0].units if rows.tables else {}
    held = _sorted(rows, columns, steps)
    digest = hashlib.sha256(f"{checksum_of(held.whole)} {columns} {units} {label} {step}".encode()).hexdigest()
    folder = f"{place.stem}{STEPS}{digest[:DIGITS]}"
    with working_folder(place.parent, "writing") as work:
        made = work / "made"
        (made / folder).mkdir(parents=True)
        names = [f"{folder}/{number:06}.vtp" for number in range(len(steps.times))]
        for name, table in zip(names, _tables(held, columns, units, steps.counts), strict=True):
            with named(place), open(made / name, "wb") as file:
                write_rows(file, Rows.of([table], label))
        put_in_place(made, place.parent)
        with replacing(place) as file:
            file.write(_collection(names, steps.times).encode())
        _remove_others(place, folder, work)


def _sorted(rows: Rows, columns: list[str], steps: TimeSteps) -> BigArray:
    """The rows in order of their steps, with a column for the label."""
    held = BigArray.empty((int(steps.counts.sum()), len(columns)))
    places, time = Places(steps.counts), rows.columns.index("t")
    for block, labels in zip(rows.select((*rows.columns,)), rows.labels(), strict=True):
        numbers = steps.numbers(block[:, time])
        whole = block if len(columns) == len(rows.columns) else np.column_stack([block, labels])
        order, place = places.of(numbers[numbers >= 0])
        held[place] = whole[numbers >= 0][order]
    return held


def _tables(held: BigArray, columns: list[str], units: dict[str, str], counts: NDArray[np.intp]) -> Iterator[PointData]:
    ends = np.cumsum(counts)
    for end, count in zip(ends.tolist(), counts.tolist(), strict=True):
        table = PointData(held[end - count : end], columns=columns)
        table.units = units
        yield table


def _collection(names: list[str], times: NDArray[np.float64]) -> str:
    entries = [
        f'<DataSet timestep="{time!r}" group="" part="0" file={quoteattr(name)}/>'
        for name, time in zip(names, times.tolist(), strict=True)
    ]
    head = '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">\n<Collection>'
    return "\n".join([head, *entries, "</Collection>\n</VTKFile>\n"])


def _remove_others(place: Path, folder: str, work: Path) -> None:
    """Move the steps of an earlier series into the working folder, with which they go."""
    for number, other in enumerate(sorted(place.parent.glob(f"{escape(place.stem)}{STEPS}{'[0-9a-f]' * DIGITS}"))):
        if other.name != folder and other.is_dir():
            os.rename(other, work / f"old-{number}")
