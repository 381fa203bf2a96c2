"""Neuropil of regions in a file of results."""

from __future__ import annotations

from typing import Any

from lumentrace.twophoton.history import read_history, write_history
from lumentrace.twophoton.measure.neuropil import NeuropilCorrectedTraces

ARRAYS = ("corrected_values", "neuropil_values", "coefficients", "standard_errors")
TEXTS = ("labels", "reasons")
PLACE = ("start_frame", "stop_frame", "method")


def write_neuropil(group: Any, neuropil: NeuropilCorrectedTraces) -> None:
    """Write them into a group."""
    import h5py

    for name in PLACE:
        group.attrs[name] = getattr(neuropil, name)
    for name in TEXTS:
        group.create_dataset(name, data=list(getattr(neuropil, name)), dtype=h5py.string_dtype("utf-8"))
    for name in ARRAYS:
        group.create_dataset(name, data=getattr(neuropil, name), compression="gzip", shuffle=True)
    write_history(group, neuropil.provenance)


def read_neuropil(group: Any) -> NeuropilCorrectedTraces:
    """Read them from a group."""
    arrays = {name: group[name][()] for name in ARRAYS}
    texts: dict[str, Any] = {name: tuple(value.decode("utf-8") for value in group[name][()]) for name in TEXTS}
    place: dict[str, Any] = {name: int(group.attrs[name]) for name in ("start_frame", "stop_frame")}
    place["method"] = str(group.attrs["method"])
    return NeuropilCorrectedTraces(**arrays, **texts, **place, provenance=read_history(group, {}))
