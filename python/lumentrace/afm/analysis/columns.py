"""Columns of the tables of objects, which are the same if nothing was found."""

from __future__ import annotations

from collections.abc import Sequence

from .modules import bump_positions, feature_detection, log_blob_detection

WHOLE = ("label", "particles", "bbox")
PAIRS = {"bbox": 4, "centroid": 2, "centroid_weighted": 2, "centroid_nm": 2}
"""What has several columns."""


def _columns(names: Sequence[str]) -> dict[str, type]:
    typed: dict[str, type] = {}
    for name in names:
        parts = [f"{name}_{number}" for number in range(PAIRS[name])] if name in PAIRS else [name]
        typed |= dict.fromkeys(parts, int if name in WHOLE else float)
    return typed


COLUMNS = {
    "feature_detection": _columns(feature_detection.FEATURE),
    "log_blob_detection": _columns(log_blob_detection.SPOT),
    "bump_positions": _columns(bump_positions.PARTICLE),
}
"""By the module that found them: names and types."""
