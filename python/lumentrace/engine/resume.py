"""A run directory: finished chunks on disk, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.base.files import replacing
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples import native
from lumentrace.engine.samples.results import Results

KINDS: dict[str, type[IterableSamples]] = {"LineData": LineData, "PointData": PointData}


class RunDirectory:
    """Keeps finished pieces of a run under their names.

    Each piece is written to a file of its own; the manifest, which lists the finished ones, is written after it. Both
    appear whole or not at all.

    Parameters
    ----------
    path : path
        The directory; made if missing.
    identity : dict
        What the run is: input, transformers, version. Plain JSON values.

    Raises
    ------
    ValueError
        If the directory holds another run.
    """

    def __init__(self, path: Any, identity: dict[str, Any]) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._manifest = self.path / "manifest.json"
        self._done: dict[str, str] = {}
        self._identity = identity
        if self._manifest.exists():
            self._read()

    def _read(self) -> None:
        try:
            found = json.loads(self._manifest.read_text("utf-8"))
            identity, done = dict(found["identity"]), dict(found["done"])
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{self._manifest}: expected the manifest of a run, found {error!r}") from error
        names = sorted({*identity, *self._identity})
        # Texts, because nan differs from itself.
        differ = [name for name in names if json.dumps(identity.get(name)) != json.dumps(self._identity.get(name))]
        if differ:
            raise ValueError(
                f"{self.path}: holds another run (different {', '.join(differ)}); "
                "choose an empty directory or delete this one"
            )
        self._done = done

    def read(self, file: str) -> bytes | None:
        """The content of a finished piece; None if it is missing or damaged, and has to be made again."""
        digest = self._done.get(file)
        try:
            content = (self.path / file).read_bytes()
        except FileNotFoundError:
            return None
        return content if digest is not None and digest == _digest(content) else None

    def write(self, file: str, content: bytes | memoryview) -> None:
        """Keep a piece as a file of a given name."""
        with replacing(self.path / file) as target:
            target.write(content)
        self._done[file] = _digest(content)
        manifest = json.dumps({"identity": self._identity, "done": self._done}, indent=1)
        with replacing(self._manifest) as target:
            target.write(manifest.encode())


class ResultsDirectory(RunDirectory):
    """Keeps the results of chunks of samples."""

    def get(self, name: str) -> Results | None:
        """The finished chunk `name`; None if it is missing or damaged, and has to be run again."""
        content = self.read(f"{name}.npz")
        if content is None:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as parts:
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

    def put(self, name: str, results: Any) -> Results:
        """Keep the results of chunk `name`.

        Raises
        ------
        TypeError
            If the results are not `LineData` or `PointData` of the same columns, one sample each, or carry attributes
            that are not plain values.
        """
        batch = native.as_batch(results)
        if batch is None or batch.kind not in KINDS.values():
            raise TypeError("`run_dir`: expected filters that give LineData or PointData of the same columns")
        about = {
            "kind": batch.kind.__name__,
            "columns": batch.columns,
            "listed": batch.listed,
            "units": batch.units,
            "attrs": [_encoded(batch.attrs(i)) for i in range(len(batch))],
        }
        if not isinstance(results, Results):
            _check_alike(results, batch)
        buffer = io.BytesIO()
        np.savez(buffer, rows=batch.rows, ranges=batch.ranges, owners=batch.owners, about=json.dumps(about))
        self.write(f"{name}.npz", buffer.getbuffer())
        return batch


def _check_alike(results: Any, kept: Results) -> None:
    """Refuse results of Python filters that would come back changed."""
    for result, back in zip(results, kept, strict=True):
        pairs = zip(result, back, strict=True) if kept.listed else [(result, back)]
        for one, other in pairs:
            if _encoded(one.attrs) != _encoded(other.attrs):
                raise TypeError("`run_dir`: expected the same attributes on all objects of a list")
            if not np.array_equal(one.samples_indices, other.samples_indices):
                raise TypeError("`run_dir`: expected results of one sample each, as a Reducer may cut them")


def _digest(content: bytes | memoryview) -> str:
    return _core.content_hash(np.frombuffer(content, dtype=np.uint8))


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
