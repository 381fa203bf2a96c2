"""Records as JSON and HDF5."""

from __future__ import annotations

import base64
import json
import math
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.files import replacing
from lumentrace.storage.records import read_record, write_record

ROOT = "analysis_record"


class _Objects(json.JSONEncoder):
    """A JSON encoder for arrays, numpy scalars, paths, sets, bytes, times and functions."""

    def default(self, o: Any) -> Any:
        """What stands for an object that JSON does not know."""
        if isinstance(o, np.ndarray):
            return o.tolist()
        if isinstance(o, (np.datetime64, np.timedelta64)):
            return str(o)
        if isinstance(o, np.generic):
            return o.item()
        if isinstance(o, (Path, datetime)):
            return str(o) if isinstance(o, Path) else o.isoformat()
        if isinstance(o, bytes):
            return base64.b64encode(o).decode("ascii")
        if callable(o):
            return f"<function {getattr(o, '__name__', type(o).__name__)}>"
        return super().default(o)


class NumpyEncoder(_Objects):
    """A JSON encoder for arrays, numpy scalars and keys, paths, sets, bytes, times and functions.

    Numbers that are not finite become null.

    Examples
    --------
    >>> import json
    >>> import numpy as np
    >>> from lumentrace.afm.analysis.utils.common import NumpyEncoder
    >>> json.dumps({"counts": np.arange(3), np.int64(7): np.nan}, cls=NumpyEncoder)
    '{"counts": [0, 1, 2], "7": null}'
    """

    def iterencode(self, o: Any, _one_shot: bool = False) -> Iterator[str]:
        """The text of an object in pieces."""
        return super().iterencode(plain(o), _one_shot)


def plain(value: Any, allow_nan: bool = False) -> Any:
    """A record with keys of text, and None for numbers that are not finite unless they are allowed."""
    if isinstance(value, Mapping):
        return {_key(key): plain(item, allow_nan) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, allow_nan) for item in value]
    if isinstance(value, (set, frozenset)):
        return [plain(item, allow_nan) for item in sorted(value, key=repr)]
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), allow_nan) if value.dtype.kind in "fO" else value
    if isinstance(value, (float, np.floating)):
        return float(value) if allow_nan or math.isfinite(value) else None
    return value


def _key(key: Any) -> Any:
    if not isinstance(key, (np.generic, float)):
        return key
    value = key.item() if isinstance(key, np.generic) else key
    return value if isinstance(value, (bool, int, str)) else str(value)


def sanitize_analysis_for_logging(obj: Any, max_depth: int = 6) -> Any:
    """A short form: arrays by shape, type, least, greatest and mean value; what is nested deeper as text.

    Parameters
    ----------
    obj : object
    max_depth : int, default 6

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.afm.analysis.utils.common import sanitize_analysis_for_logging
    >>> sanitize_analysis_for_logging({"counts": np.array([1, 3])})["counts"]["_summary"]
    {'min': 1.0, 'max': 3.0, 'mean': 2.0}
    """
    if isinstance(obj, np.ndarray):
        return _array_summary(obj)
    if isinstance(obj, (Mapping, list, tuple)) and max_depth <= 0:
        return f"<{type(obj).__name__} of {len(obj)}, nested deeper>"
    if isinstance(obj, Mapping):
        return {_key(key): sanitize_analysis_for_logging(item, max_depth - 1) for key, item in obj.items()}
    if isinstance(obj, (list, tuple)):
        return [sanitize_analysis_for_logging(item, max_depth - 1) for item in obj]
    if callable(obj):
        return f"<function {getattr(obj, '__name__', type(obj).__name__)}>"
    return obj


def _array_summary(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    numbers = array[np.isfinite(array)] if array.dtype.kind in "fc" else array
    known = numbers.size and array.dtype.kind in "biuf"
    figures = {"min": numbers.min(), "max": numbers.max(), "mean": numbers.mean()} if known else {}
    return {
        "_array_shape": list(array.shape),
        "_array_dtype": str(array.dtype),
        "_summary": {name: float(figures[name]) if known else None for name in ("min", "max", "mean")},
    }


def make_json_safe(record: Any) -> Any:
    """The short form of a record, as of ``log_style="summary"``."""
    return sanitize_analysis_for_logging(record, max_depth=8)


def safe_json_dumps(obj: Any) -> str:
    """An object as JSON; what JSON does not know as text."""
    try:
        return json.dumps(obj, cls=NumpyEncoder, indent=2)
    except (TypeError, ValueError):
        return json.dumps(plain(obj), default=str, indent=2)


def export_analysis_to_json(out_path: str | os.PathLike[str], analysis_record: Any, *, allow_nan: bool = False) -> None:
    r"""Write a record as JSON; the file appears whole or not at all.

    Parameters
    ----------
    out_path : path
        Folders that are missing are made.
    analysis_record : dict
        As of `AnalysisPipeline.run`.
    allow_nan : bool, default False
        Write numbers that are not finite as NaN and Infinity, which is no JSON; otherwise as null.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If the record holds something that JSON cannot.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.afm import export_analysis_to_json
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_analysis_to_json(f"{folder}/new/record.json", {"height": float("nan")})
    ...     Path(f"{folder}/new/record.json").read_text()
    '{\n  "height": null\n}'
    """
    path = Path(out_path)
    text = json.dumps(plain(analysis_record, allow_nan), cls=_Objects, indent=2, allow_nan=allow_nan)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text.encode())


def export_to_hdf5(record: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a record as HDF5: features as columns, masks compressed; see `lumentrace.storage.records`.

    Parameters
    ----------
    record : dict
        As of `AnalysisPipeline.run`.
    path : path
        Folders that are missing are made.

    Raises
    ------
    TypeError
        If the record holds something that cannot be written.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace.afm.analysis.utils.common import export_to_hdf5, load_analysis_from_hdf5
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_to_hdf5({"features": [[{"area": 57.0, "bbox": (1, 2, 3, 4)}], []]}, f"{folder}/record.h5")
    ...     load_analysis_from_hdf5(f"{folder}/record.h5")
    {'features': [[{'area': 57.0, 'bbox': (1, 2, 3, 4)}], []]}
    """
    write_record(path, record, ROOT)


def load_analysis_from_hdf5(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a record that `export_to_hdf5` wrote.

    Raises
    ------
    FormatError
        If the file is damaged or something else.
    OSError
        If it cannot be read.
    """
    return read_record(path, ROOT)
