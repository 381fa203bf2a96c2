"""The cache of converted recordings, kept below a size."""

from __future__ import annotations

import json
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumentrace.base.files import replacing

NOTE = "published.json"
"""Beside converted files in the cache: when they were written, and their sizes and times."""


@dataclass(frozen=True)
class Published:
    """A recording in the cache: when it was put there, and its files with sizes and times of change (ns)."""

    note: Path
    at: int
    files: dict[str, tuple[int, int]]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(size for size, _ in self.files.values())


def publish(folder: Path, names: tuple[str, ...], cache: Path, most_bytes: float) -> None:
    """Note files that were put into the cache, and remove the oldest ones beyond its size.

    Only files that are noted and have not changed since are removed; results that somebody put beside them stay, and
    so do the files of `folder`.
    """
    files = {name: _about(folder / name) for name in names}
    with replacing(folder / NOTE) as file:
        file.write(json.dumps({"published_ns": time.time_ns(), "files": files}).encode())
    entries = sorted(_entries(cache), key=lambda entry: entry.at)
    total = sum(entry.size for entry in entries)
    for entry in entries:
        if total <= most_bytes:
            return
        if entry.note.parent.resolve() != folder.resolve() and _removed(entry, cache):
            total -= entry.size


def _about(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _entries(cache: Path) -> list[Published]:
    """What is in the cache; notes that are damaged are passed over, and their files left alone."""
    return [entry for note in cache.rglob(NOTE) if (entry := _read(note)) is not None]


def _read(note: Path) -> Published | None:
    try:
        found: Any = json.loads(note.read_bytes())
        files = {str(name): (int(size), int(when)) for name, (size, when) in found["files"].items()}
        if any(Path(name).name != name for name in files):
            return None
        return Published(note, int(found["published_ns"]), files)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _removed(entry: Published, cache: Path) -> bool:
    """Whether the files of an entry could be removed; a folder that is then empty goes too."""
    folder = entry.note.parent
    try:
        for name, about in entry.files.items():
            path = folder / name
            if path.exists() and _about(path) == about:
                path.unlink()
        entry.note.unlink(missing_ok=True)
    except OSError as error:
        warnings.warn(f"{folder}: could not be removed from the cache ({error})", stacklevel=4)
        return False
    with suppress(OSError):  # the first folder that is not empty stays
        for place in (folder, *folder.parents):
            if place == cache:
                break
            place.rmdir()
    return True
