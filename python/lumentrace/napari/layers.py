"""Layers as napari takes them from plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Layer = tuple[Any, dict[str, Any], str]
"""Data, keyword arguments and kind of a layer."""
KEPT = "lumentrace"
"""What layers keep in their metadata: the file they come from, and the provenance of results."""


def kept(path: Path | None, provenance: Any = None) -> dict[str, Any]:
    """Metadata of a layer."""
    about: dict[str, Any] = {} if path is None else {"path": str(path)}
    if provenance is not None:
        about["provenance"] = provenance.to_dict()
    return {KEPT: about}


def limits(pixels: NDArray[Any]) -> tuple[float, float]:
    """Contrast limits from some pixels, so that the viewer need not read others."""
    values = pixels[np.isfinite(pixels)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return low, high if high > low else low + 1.0
