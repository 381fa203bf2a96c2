"""One way to read a file: how to make a sound one, and what reads it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Make = Callable[[Path], Any]
Read = Callable[[Path], Any]


@dataclass(frozen=True)
class Reader:
    """How a format is read.

    Attributes
    ----------
    file : str
        The file that is damaged, in the folder that `make` fills.
    make : callable
        Fills an empty folder; called once in a process.
    read : callable
        Reads what is at the path of the file.
    told : tuple of str
        What an error may name instead of the file: other files and folders that the damaged one leads to.
    kinds : tuple of type
        Errors that are documented.
    refuses : bool
        Whether some damage has to be refused; formats that pass over what is damaged refuse nothing.
    waits : bool
        Whether pipes and devices are no error: the reader is one of streams, or passes over what it cannot read.
    slow : bool
        Whether it takes a child process of its own, or most of a second: tried by random damage alone.
    mend : callable
        Gives damaged versions the checksum that they should have.
    """

    file: str
    make: Make
    read: Read
    told: tuple[str, ...] = ()
    kinds: tuple[type[Exception], ...] = (ValueError, OSError)
    refuses: bool = True
    waits: bool = False
    slow: bool = False
    mend: Callable[[bytes], bytes] = bytes

    def place(self, folder: Path) -> Path:
        """Fill a folder; the file to be damaged."""
        shutil.copytree(_made(self.make), folder, dirs_exist_ok=True)
        return folder / self.file


@cache
def _templates() -> tempfile.TemporaryDirectory[str]:
    """Where sound files are; gone with the process."""
    return tempfile.TemporaryDirectory(prefix="readers-")


@cache
def _made(make: Make) -> Path:
    folder = Path(tempfile.mkdtemp(dir=_templates().name))
    make(folder)
    return folder


def one(name: str, write: Callable[[Path], Any], read: Read, **others: Any) -> Reader:
    """A file that stands alone: ``write(path)`` makes it."""

    def make(folder: Path) -> None:
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        write(place)

    return Reader(name, make, read, **others)


def text(content: str) -> Callable[[Path], Any]:
    """Writes a text."""
    return lambda path: path.write_text(content, encoding="utf-8")


def folder_of(read: Read, levels: int = 1) -> Read:
    """Reads the folder that the file is in."""
    return lambda path: read(path.parents[levels - 1])
