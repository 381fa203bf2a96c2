"""Results of chunks of samples on disk, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from lumentrace.base import zipped
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.run import Keep
from lumentrace.engine.samples.results import Results, as_batch

KINDS: dict[str, type[IterableSamples]] = {"LineData": LineData, "PointData": PointData}


def keep(name: str) -> Keep[Results]:
    """How the results of a chunk are kept."""
    return Keep(f"{name}.npz", content, _results)


def keepable(results: Any) -> Results:
    """The results of a chunk as they can be kept.

    Raises
    ------
    TypeError
        If they are not `LineData` or `PointData` of the same columns, one sample each, or carry attributes that are not
        plain values.
    """
    batch = as_batch(results)
    if batch is None or batch.kind not in KINDS.values():
        raise TypeError("`run_dir`: expected filters that give LineData or PointData of the same columns")
    _attrs(batch)
    if not isinstance(results, Results):
        _check_alike(results, batch)
    return batch


def content(results: Results) -> memoryview:
    """The results of a chunk as the bytes of their file."""
    about = {
        "kind": results.kind.__name__,
        "columns": results.columns,
        "listed": results.listed,
        "units": results.units,
        "attrs": _attrs(results),
    }
    buffer = io.BytesIO()
    np.savez(buffer, rows=results.rows, ranges=results.ranges, owners=results.owners, about=json.dumps(about))
    return buffer.getbuffer()


def _attrs(results: Results) -> list[dict[str, Any]]:
    return [_encoded(results.attrs(i)) for i in range(len(results))]


def _results(content: bytes) -> Results:
    parts = zipped.arrays("a kept chunk", io.BytesIO(content))
    about = json.loads(str(parts["about"]))
    attrs = [_decoded(item) for item in about["attrs"]]
    return Results(
        KINDS[about["kind"]],
        parts["rows"],
        parts["ranges"],
        parts["owners"],
        about["columns"],
        about["listed"],
        attrs.__getitem__,
        units=about["units"],
    )


def _check_alike(results: Any, kept: Results) -> None:
    """Refuse results of Python filters that would come back changed."""
    for result, back in zip(results, kept, strict=True):
        pairs = zip(result, back, strict=True) if kept.listed else [(result, back)]
        for one, other in pairs:
            if _encoded(one.attrs) != _encoded(other.attrs):
                raise TypeError("`run_dir`: expected the same attributes on all objects of a list")
            if not np.array_equal(one.samples_indices, other.samples_indices):
                raise TypeError("`run_dir`: expected results of one sample each, as a Reducer may cut them")


def _encoded(attrs: dict[str, Any]) -> dict[str, Any]:
    return {name: _encoded_value(name, value) for name, value in attrs.items()}


def _encoded_value(name: str, value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf":
        return {"dtype": value.dtype.str, "shape": value.shape, "values": value.ravel().tolist()}
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    raise TypeError(f"`run_dir`: attribute {name!r} is a {type(value).__name__}, which it cannot keep")


def _decoded(attrs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: np.array(value["values"], dtype=value["dtype"]).reshape(value["shape"])[()]
        if isinstance(value, dict)
        else value
        for name, value in attrs.items()
    }
