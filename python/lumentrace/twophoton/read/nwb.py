"""What NWB files hold, read as plain HDF5 after the checks of all foreign HDF5 files: objects by their type, columns.

Names follow Rübel et al., The Neurodata Without Borders ecosystem for neurophysiological data science, eLife 11:e78362
(2022), and the NWB schema: images have x (columns) first and y (rows) second.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError, did_you_mean

MOST_OBJECTS = 100_000


def typed(path: Path, file: Any, *kinds: str) -> dict[str, Any]:
    """Groups and data sets of a kind of NWB by their place in the file, in the order of places.

    Raises
    ------
    FormatError
        If the file has more than 100 000 objects (the limit).
    """
    import h5py

    found: dict[str, Any] = {}
    seen = 0

    def look(name: str, each: Any) -> str | None:
        nonlocal seen
        seen += 1
        kind = each.attrs.get("neurodata_type", "")
        if (kind.decode("utf-8", "replace") if isinstance(kind, bytes) else kind) in kinds:
            found[name] = each
        return "more" if seen > MOST_OBJECTS else None

    if file.visititems(look) is not None:
        raise FormatError(f"{path}: expected at most {MOST_OBJECTS:,} objects, found more")
    return {name: each for name, each in found.items() if isinstance(each, (h5py.Group, h5py.Dataset))}


def named(path: Path, argument: str, found: dict[str, Any], name: str | None, what: str) -> Any:
    """One of several objects, by the last part of its place or all of it; the only one if none is named.

    Raises
    ------
    FormatError
        If there is none, or none of that name, or several and none is named.
    """
    if not found:
        raise FormatError(f"{path}: expected {what}, found none")
    fitting = [each for place, each in found.items() if name in (None, place, place.rpartition("/")[2])]
    if len(fitting) == 1:
        return fitting[0]
    asked = "none" if name is None else repr(name)
    raise FormatError(
        f"`{argument}`: expected one of {', '.join(found)} of {path}, found {asked}{did_you_mean(name or '', found)}"
    )


def member(path: Path, group: Any, name: str) -> Any:
    """A data set of a group; raises `FormatError` if there is none."""
    import h5py

    found = group.get(name)
    if not isinstance(found, h5py.Dataset):
        raise FormatError(f"{path}: expected the data set {name} in {group.name}, found {', '.join(group) or 'none'}")
    return found


def columns(group: Any) -> list[str]:
    """Names of the columns of a table, which is a group of data sets."""
    import h5py

    return [name for name, each in group.items() if isinstance(each, h5py.Dataset) and not name.endswith("_index")]


def numbers(path: Path, group: Any, name: str) -> NDArray[np.float64]:
    """A column of numbers; raises `FormatError` if it is something else."""
    found = member(path, group, name)
    if found.ndim != 1 or found.dtype.kind not in "buif":
        raise FormatError(
            f"{path}: {found.name}: expected a column of numbers, found {found.dtype} of shape {found.shape}"
        )
    return np.asarray(found[()], dtype=np.float64)


def texts(path: Path, group: Any, name: str) -> list[str]:
    """A column as texts, whatever it holds; whole numbers without a point."""
    found = member(path, group, name)
    if found.ndim != 1:
        raise FormatError(f"{path}: {found.name}: expected a column, found shape {found.shape}")
    return list(_texts(found[()]))


def _texts(values: Any) -> Iterator[str]:
    for value in values:
        plain = value.item() if isinstance(value, np.generic) else value
        if isinstance(plain, bytes):
            yield plain.decode("utf-8", "replace")
        else:
            yield f"{plain:.0f}" if isinstance(plain, float) and plain.is_integer() else str(plain)
