"""What writes files in the package, a module for each room of it, for the trials of `writing`."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumentrace.engine.directory import MANIFEST

ROOMS = ("storage", "pept", "coloc", "afm", "stain", "twophoton")
CHANCE = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[-+.:\d]*")


def itself(path: Path) -> bytes:
    """What has to be the same again: all of a file but times of day, and numbers drawn to be unique."""
    return whole_page(path) if path.suffix == ".html" else CHANCE.sub(b"", path.read_bytes())


def whole_manifest(path: Path) -> bytes:
    """That a manifest is one: between two pieces of a run it is neither the old one nor that of the end."""
    return b"whole" if path.name == MANIFEST and "done" in json.loads(path.read_bytes()) else itself(path)


def whole_page(path: Path) -> bytes:
    """That a report is there to its end: what it shows is packed, with times of day in it."""
    return b"whole" if path.read_bytes().endswith(b"</html>\n") else b"cut off"


@dataclass(frozen=True)
class Writer:
    """Something that writes files.

    Attributes
    ----------
    write : callable
        Called with the folder to write into, and what is given.
    covers : tuple of str
        The files of the package whose writing it goes through.
    given : callable
        What is written: made from a version, 1 or 2, and the folder that `make` has filled.
    make : callable, optional
        Fills a folder once, for all trials.
    content : callable
        What of a file has to be the same again.
    over : bool
        Whether it replaces what it has written before.
    goes : bool
        Whether what was there before may be gone until it is written again.
    slow : bool
        Whether it takes more than a moment.
    """

    write: Callable[[Path, Any], object]
    covers: tuple[str, ...]
    given: Callable[[int, Path], Any] = lambda version, _: version
    make: Callable[[Path], object] | None = None
    content: Callable[[Path], bytes] = itself
    over: bool = True
    goes: bool = False
    slow: bool = False


def keep(made: Path, name: str, *versions: Any) -> None:
    """Pickle what `kept` gives back."""
    for number, version in enumerate(versions, 1):
        (made / f"{name}-{number}.pickle").write_bytes(pickle.dumps(version))


def kept(name: str) -> Callable[[int, Path], Any]:
    """What is written by a writer: versions that `make` has kept."""
    return lambda version, made: pickle.loads((made / f"{name}-{version}.pickle").read_bytes())
