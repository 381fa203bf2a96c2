"""A run directory: finished chunks on disk, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine import native
from lumentrace.engine.results import Results
from lumentrace.files import replacing

KINDS = {"LineData": LineData, "PointData": PointData}


class RunDirectory:
    """Keeps the results of chunks, named by batch and chunk.

    Each chunk is written to a file of its own; the manifest, which lists the finished ones, is written after it. Both
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
        If the directory holds the chunks of another run.
    """

    def __init__(self, path: Any, identity: dict[str, Any]) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._manifest = self.path / "manifest.json"
        self._done: dict[str, str] = {}
        self._identity = json.loads(json.dumps(identity))
        if self._manifest.exists():
            self._read()

    def _read(self) -> None:
        try:
            found = json.loads(self._manifest.read_text("utf-8"))
            identity, done = found["identity"], dict(found["done"])
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{self._manifest}: expected the manifest of a run, found {error!r}") from error
        if identity != self._identity:
            differ = sorted(k for k in {*identity, *self._identity} if identity.get(k) != self._identity.get(k))
            raise ValueError(
                f"{self.path}: holds another run (different {', '.join(differ)}); "
                "choose an empty directory or delete this one"
            )
        self._done = done

    def get(self, name: str) -> Results | None:
        """The finished chunk `name`; None if it is missing or damaged, and has to be run again."""
        digest = self._done.get(name)
        try:
            content = (self.path / f"{name}.npz").read_bytes()
        except FileNotFoundError:
            return None
        if digest is None or digest != _digest(content):
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
            )

    def put(self, name: str, results: Any) -> Results:
        """Keep the results of chunk `name`.

        Raises
        ------
        TypeError
            If the results are not `LineData` or `PointData`, or carry attributes that are not plain values.
        """
        batch = native.as_batch(results)
        if batch is None or batch.kind.__name__ not in KINDS:
            raise TypeError("`run_dir`: expected filters that give LineData or PointData, found other results")
        about = {
            "kind": batch.kind.__name__,
            "columns": batch.columns,
            "listed": batch.listed,
            "attrs": [_encoded(batch.attrs(i)) for i in range(len(batch))],
        }
        buffer = io.BytesIO()
        np.savez(buffer, rows=batch.rows, ranges=batch.ranges, owners=batch.owners, about=json.dumps(about))
        with replacing(self.path / f"{name}.npz") as file:
            file.write(buffer.getbuffer())
        self._done[name] = _digest(buffer.getvalue())
        manifest = json.dumps({"identity": self._identity, "done": self._done}, indent=1)
        with replacing(self._manifest) as file:
            file.write(manifest.encode())
        return batch


def _digest(content: bytes) -> str:
    return _core.content_hash(np.frombuffer(content, dtype=np.uint8))


def _encoded(attrs: dict[str, Any]) -> dict[str, Any]:
    for name, value in attrs.items():
        plain = isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
        if not plain and not isinstance(value, (str, int, float, bool, type(None))):
            raise TypeError(f"`run_dir`: attribute {name!r} is a {type(value).__name__}, which it cannot keep")
    return {
        name: {"dtype": value.dtype.str, "values": value.tolist()} if isinstance(value, np.ndarray) else value
        for name, value in attrs.items()
    }


def _decoded(attrs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: np.array(value["values"], dtype=value["dtype"]) if isinstance(value, dict) else value
        for name, value in attrs.items()
    }
