"""A run directory: finished pieces on disk, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.base.documents import regular
from lumentrace.base.files import replacing
from lumentrace.base.json_text import finite, json_text
from lumentrace.base.provenance import content as content_of

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Written:
    """The receipt for a piece that a worker has written: the hash of its content, and the machine."""

    xxh3: str
    host: str


class RunDirectory:
    """Keeps finished pieces of a run under their names.

    Each piece is written to a file of its own; the manifest, which lists the finished ones, is written after it. Both
    appear whole or not at all. A piece may have files that the work has left in the directory, and an identity of its
    own. Several runs may use a directory at a time: each adds to the manifest what it has finished.

    Parameters
    ----------
    path : path
        The directory; made if missing.
    identity : dict, optional
        What the run is: input, transformers, version. Plain JSON values. A directory without one holds pieces that
        have identities of their own.

    Raises
    ------
    ValueError
        If the directory holds another run.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace.engine.directory import RunDirectory
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     RunDirectory(folder).write("sum.txt", b"6", identity={"numbers": [1, 2, 3]})
    ...     again = RunDirectory(folder)
    ...     again.find("sum.txt", {"numbers": [1, 2, 3]}), again.find("sum.txt", {"numbers": [4]})
    ((b'6', ''), (None, 'sum.txt was made from other numbers'))
    """

    def __init__(self, path: str | os.PathLike[str], identity: dict[str, Any] | None = None) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._manifest = self.path / MANIFEST
        self._own = identity is None
        self._identity = identity or {}
        self._done: dict[str, dict[str, Any]] = {}
        self._damage = ""
        self._seen: tuple[int, int, int] | None = None
        self._read()

    def find(self, file: str, identity: Mapping[str, Any] | None = None) -> tuple[bytes | None, str]:
        """The content of a finished piece that is intact and made from the same.

        Parameters
        ----------
        file : str
            Its name.
        identity : mapping, optional
            What it has to be made from.

        Returns
        -------
        content : bytes or None
            None if it has to be made again.
        why : str
            What is wrong with it; empty if nothing is, or if it was never made.
        """
        piece = self._done.get(file)
        if piece is None:
            return None, self._damage
        differ = _differing(piece.get("identity") or {}, identity or {})
        if differ:
            return None, f"{file} was made from other {' and '.join(differ)}"
        why = next((why for why in (self._wrong(*held) for held in piece.get("left", {}).items()) if why), "")
        if why:
            return None, why
        try:
            content = regular(self.path / file).read_bytes()
        except FileNotFoundError:
            return None, f"{file} is missing"
        return (content, "") if piece.get("xxh3") == digest(content) else (None, f"{file} is damaged or was changed")

    def _wrong(self, name: str, held: list[Any]) -> str:
        """What is wrong with a file that was left; empty if nothing is."""
        place = self.path / name
        if not place.exists():
            return f"{name} is missing"
        return "" if held == _held(place) else f"{name} is damaged or was changed"

    def read(self, file: str) -> bytes | None:
        """The content of a finished piece; None if it is missing or damaged, and has to be made again."""
        return self.find(file)[0]

    def about(self, file: str) -> dict[str, Any] | None:
        """What was said about a finished piece when it was written."""
        found: dict[str, Any] | None = self._done.get(file, {}).get("about")
        return found

    def write(
        self,
        file: str,
        content: bytes | memoryview,
        about: dict[str, Any] | None = None,
        identity: Mapping[str, Any] | None = None,
        left: Iterable[Path] = (),
    ) -> None:
        """Keep a piece.

        Parameters
        ----------
        file : str
            Its name in the directory.
        content : bytes
        about : dict, optional
            Plain values that `about` gives back.
        identity : mapping, optional
            What it was made from, in words that a message may use: ``{"raw files": ..., "parameters": ...}``.
        left : iterable of path, optional
            Files in the directory that belong to it.
        """
        piece: dict[str, Any] = {"xxh3": digest(content), "about": about}
        if identity is not None:
            piece["identity"] = finite(identity, repr)
        held = {place.relative_to(self.path).as_posix(): _held(place) for place in left}
        if held:
            piece["left"] = held
        with replacing(self.path / file) as target:
            target.write(content)
        self._list(file, piece)

    def adopt(self, file: str, written: Written, about: dict[str, Any] | None = None) -> bytes:
        """Keep a piece that a worker has written into the directory.

        Returns
        -------
        bytes
            Its content.

        Raises
        ------
        FileNotFoundError
            If it is not there: the worker has written into a folder of its own machine.
        OSError
            If it is not what the worker wrote.
        """
        place = self.path / file
        try:
            content = regular(place).read_bytes()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{place}: expected what the worker on {written.host} has written, found no such file; choose a run "
                "directory on a file system that all machines share"
            ) from None
        if digest(content) != written.xxh3:
            raise OSError(f"{place}: expected what the worker on {written.host} has written, found other content")
        self._list(file, {"xxh3": written.xxh3, "about": about})
        return content

    def _list(self, file: str, piece: dict[str, Any]) -> None:
        """Note a piece in the manifest."""
        with _alone(self.path):
            self._read()
            self._done[file] = piece
            text = json_text({"identity": finite(self._identity, repr), "done": self._done}, indent=1)
            with replacing(self._manifest) as target:
                target.write(text.encode())
            self._seen, self._damage = _stamp(self._manifest), ""

    def _read(self) -> None:
        """Take up what is listed by now."""
        stamp = _stamp(self._manifest)
        if stamp is None or stamp == self._seen:
            return
        try:
            found = json.loads(regular(self._manifest).read_text("utf-8"))
            identity, done = dict(found["identity"]), {file: dict(piece) for file, piece in found["done"].items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if not self._own:
                raise ValueError(f"{self._manifest}: expected the manifest of a run, found {error!r}") from error
            self._damage = f"{MANIFEST} is damaged ({error!r})"
            return
        differ = _differing(identity, self._identity)
        if differ:
            raise ValueError(
                f"{self.path}: holds another run (different {', '.join(differ)}); "
                "choose an empty directory or delete this one"
            )
        self._done, self._seen = done, stamp


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names whose values differ."""
    names = sorted({*one, *other})
    texts = [[json_text(finite(each.get(name), repr), sort_keys=True) for each in (one, other)] for name in names]
    return [name for name, (first, second) in zip(names, texts, strict=True) if first != second]


def digest(content: bytes | memoryview) -> str:
    """Hash of the content of a piece."""
    return _core.content_hash(np.frombuffer(content, dtype=np.uint8))


def file_digest(place: Path) -> str:
    """Content hash of a file, without holding it in memory."""
    return content_of(np.memmap(regular(place), np.uint8, "r")) if place.stat().st_size else digest(b"")


def _held(place: Path) -> list[Any]:
    return [place.stat().st_size, file_digest(place)]


def _stamp(place: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced; None if there is none."""
    try:
        status = place.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Other processes wait at the same place meanwhile; one that is killed lets go."""
    if os.name != "posix":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems cannot lock
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
