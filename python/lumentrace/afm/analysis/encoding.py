"""Records as JSON."""

from __future__ import annotations

import base64
import json
import math
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.files import replacing


class NumpyEncoder(json.JSONEncoder):
    """A JSON encoder for arrays, numpy scalars, paths, sets, bytes, times and functions.

    Examples
    --------
    >>> import json
    >>> import numpy as np
    >>> from lumentrace.afm.analysis.encoding import NumpyEncoder
    >>> json.dumps({"counts": np.arange(3)}, cls=NumpyEncoder)
    '{"counts": [0, 1, 2]}'
    """

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
        if isinstance(o, (set, frozenset)):
            return sorted(o, key=repr)
        if isinstance(o, bytes):
            return base64.b64encode(o).decode("ascii")
        if callable(o):
            return f"<function {getattr(o, '__name__', type(o).__name__)}>"
        return super().default(o)


def plain(value: Any, allow_nan: bool = False) -> Any:
    """A record with keys of text, and None for numbers that are not finite unless they are allowed."""
    if isinstance(value, dict):
        return {_key(key): plain(item, allow_nan) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, allow_nan) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), allow_nan) if value.dtype.kind in "fO" else value
    if isinstance(value, (float, np.floating)):
        return float(value) if allow_nan or math.isfinite(value) else None
    return value


def _key(key: Any) -> Any:
    return str(key.item()) if isinstance(key, np.generic) else key


def export_analysis_to_json(out_path: str | os.PathLike[str], record: Any, *, allow_nan: bool = False) -> None:
    r"""Write a record as JSON; the file appears whole or not at all.

    Parameters
    ----------
    out_path : path
        Folders that are missing are made.
    record : dict
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
    text = json.dumps(plain(record, allow_nan), cls=NumpyEncoder, indent=2, allow_nan=allow_nan)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text.encode())
