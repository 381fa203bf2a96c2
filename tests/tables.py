"""Tables for storage tests, from plain to awkward, and their comparison to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace import LineData, PointData, TimeWindow
from lumentrace.base.provenance import Provenance, now


def exact(value: Any) -> Any:
    """`value` in a form that `==` compares to the last bit, with types, NaN and shapes."""
    if isinstance(value, (PointData, LineData)):
        return type(value).__name__, exact(value.state())
    if isinstance(value, Provenance):
        return "Provenance", exact(value.to_dict())
    if isinstance(value, np.ndarray):
        return "array", value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return "dict", [(exact(key), exact(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [exact(item) for item in value]
    return type(value).__name__, repr(value)


def points(rows: int = 30, **attrs: Any) -> PointData:
    """Rows t, x, y, z, error and a column without a name."""
    table = PointData(
        np.random.default_rng(rows).normal(size=(rows, 6)), columns=["t", "x", "y", "z", "error"], **attrs
    )
    table.data[:, 0] = np.arange(rows)
    return table


def rich_points() -> PointData:
    """A table that has everything a table can have."""
    table = points(40, tracer="glass bead µ", _lines=LineData(np.arange(70).reshape(10, 7), TimeWindow(14.0)))
    table.sample_size, table.overlap = TimeWindow(8.0), TimeWindow(3.0)
    table.data[3, 1:4] = np.nan, np.inf, -0.0
    table.units = {"error": "um", "col5": "counts"}
    table.provenance = Provenance({"path": "a.csv", "bytes": 10}, seed=3).then("Cut", {"max_distance": 0.5}, now(), 1.5)
    table.attrs |= {
        "nothing": None,
        "flags": (True, False),
        "whole": 2**80,
        "reals": [0.1, float("nan"), float("-inf"), 5e-324],
        "complex": complex(float("inf"), -0.0),
        "raw": bytes(range(256)),
        "numpy": [np.float32(0.1), np.int16(-3), np.bool_(True), np.str_("ä"), np.datetime64("2026-11-20T10:00", "ms")],
        "keys": {1: "a", "$b": 2.5, (1, "c"): None, "": 0, ".": 1, "a/b": np.arange(2), "a_b": {"c": np.arange(3)}},
        "table/with:odd name": points(3),
        "text": np.array([["a", "日本"], ["", "end"]]),
        "bytes": np.array([b"\x00a", b"b"]),
        "when": np.array(["2026-11-20", "NaT"], dtype="datetime64[us]"),
        "mixed": [np.arange(3), np.arange(4.0), np.float64(3), points(2), np.arange(12).reshape(2, 6), np.array(7)],
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "strided": np.arange(20)[::3],
        "big endian": np.arange(3, dtype=">i4"),
        "zero": np.empty((0, 3), dtype=np.complex64),
        "empty": [[], (), {}, "", b""],
    }
    return table
