"""What an HDF5 file holds, to be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lumentrace.twophoton.history import NAME


def contents(path: Path) -> dict[str, Any]:
    """Attributes and arrays of an HDF5 file but for histories, which have times."""
    found: dict[str, Any] = {}

    def add(name: str, item: Any) -> None:
        found[f"{name} attributes"] = {key: np.asarray(value).tolist() for key, value in item.attrs.items()}
        if isinstance(item, h5py.Dataset) and not name.endswith(NAME):
            values = np.asarray(item[()])
            content = values.tolist() if item.dtype == object else values.tobytes()
            found[name] = str(item.dtype), item.shape, content

    with h5py.File(path, "r") as file:
        add("", file)
        file.visititems(add)
    return found
