"""A run directory: finished pieces on disk, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.base.files import replacing


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
        self._done: dict[str, dict[str, Any]] = {}
        self._identity = identity
        if self._manifest.exists():
            self._read()

    def _read(self) -> None:
        try:
            found = json.loads(self._manifest.read_text("utf-8"))
            identity, done = dict(found["identity"]), {file: dict(piece) for file, piece in found["done"].items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
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
        try:
            content = (self.path / file).read_bytes()
        except FileNotFoundError:
            return None
        return content if self._done.get(file, {}).get("xxh3") == _digest(content) else None

    def about(self, file: str) -> dict[str, Any] | None:
        """What was said about a finished piece when it was written."""
        found: dict[str, Any] | None = self._done.get(file, {}).get("about")
        return found

    def write(self, file: str, content: bytes | memoryview, about: dict[str, Any] | None = None) -> None:
        """Keep a piece as a file of a given name, with plain values about it."""
        with replacing(self.path / file) as target:
            target.write(content)
        self._done[file] = {"xxh3": _digest(content), "about": about}
        manifest = json.dumps({"identity": self._identity, "done": self._done}, indent=1)
        with replacing(self._manifest) as target:
            target.write(manifest.encode())


def _digest(content: bytes | memoryview) -> str:
    return _core.content_hash(np.frombuffer(content, dtype=np.uint8))
