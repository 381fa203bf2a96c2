"""Folders that work is done in before its results are put in their place."""

from __future__ import annotations

import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from lumentrace.base.files import flush, flush_folder, named

OLD = 86_400.0
"""Seconds."""
KEPT = ".old-"


@contextmanager
def working_folder(place: Path, purpose: str) -> Iterator[Path]:
    """A hidden folder inside `place`, gone when the block ends.

    A killed process leaves its folder behind; the next run that works in the same place removes it, as nobody holds it
    any more. That of another computer has to be a day old too, because some network file systems do not share locks.

    Parameters
    ----------
    place : path
        An existing folder.
    purpose : str
        A word that its name begins with.

    Yields
    ------
    path

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from lumentrace.base.working import working_folder
    >>> with TemporaryDirectory() as folder:
    ...     with working_folder(Path(folder), "converting") as work:
    ...         print(work.name.startswith(".converting-"), work.exists())
    ...     print(work.exists())
    True True
    False
    """
    own = f".{purpose}-"
    _remove_left_behind(place, own)
    work, held = _held_folder(place, f"{own}{_computer()}-{os.getpid()}-")
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if held is not None:
            os.close(held)


def put_in_place(work: Path, place: Path, seal: str | None = None) -> None:
    """Move all files of a working folder into its place, each in one step, flushed to the disk.

    If one cannot be moved, those that were there before come back. A kill in between leaves some old and some new ones.

    Parameters
    ----------
    work : path
        On the same disk.
    place : path
        Folders in it that are missing are made.
    seal : str, optional
        Name of a file without which the others are not read. The old one goes first and the new one comes last, so that
        it is missing while there are some old and some new ones.

    Raises
    ------
    OSError
        If a file cannot be flushed or moved.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from lumentrace.base.working import put_in_place, working_folder
    >>> with TemporaryDirectory() as folder, working_folder(Path(folder), "converting") as work:
    ...     _ = (work / "a.txt").write_text("done")
    ...     put_in_place(work, Path(folder))
    ...     (Path(folder) / "a.txt").read_text()
    'done'
    """
    found = sorted(path.relative_to(work) for path in work.rglob("*") if path.is_file())
    names = sorted(found, key=lambda name: name.as_posix() == seal)
    for name in names:
        flush(work / name)
    kept: dict[Path, Path | None] = {}
    try:
        if seal is not None and (place / seal).exists():
            kept[place / seal] = work / f"{KEPT}{seal}"
            os.replace(place / seal, work / f"{KEPT}{seal}")
            flush_folder(place)
        for number, name in enumerate(names):
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if target not in kept:
                kept[target] = _kept(target, work / f"{KEPT}{number}")
            if name.as_posix() == seal:
                flush_folder(place)
            os.replace(work / name, target)
    except BaseException:
        for target, old in reversed(kept.items()):
            with suppress(OSError):
                if old is None:
                    target.unlink(missing_ok=True)
                else:
                    os.replace(old, target)
        raise
    for folder in {target.parent for target in kept}:
        with named(folder):
            flush_folder(folder)


def _kept(target: Path, beside: Path) -> Path | None:
    """A second name of a file, under which it stays when the first is given to another; None if there is no file."""
    if not target.exists():
        return None
    try:
        os.link(target, beside)
    except OSError:  # some file systems have one name for a file
        os.replace(target, beside)
    return beside


def _held_folder(place: Path, start: str) -> tuple[Path, int | None]:
    """A new folder and, where folders can be locked, the descriptor that holds it."""
    while True:
        work = Path(mkdtemp(prefix=start, dir=place))
        held = _lock(work)
        if held is None or work.exists():
            return work, held
        os.close(held)  # somebody cleaned up between the two


def _lock(folder: Path) -> int | None:
    """A descriptor that keeps others from the folder until it is closed; None if folders cannot be locked here.

    Raises
    ------
    BlockingIOError
        If another one holds it.
    """
    if os.name != "posix":
        return None
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # some network file systems cannot lock folders
        os.close(descriptor)
        return None
    return descriptor


def _computer() -> str:
    """The computer's name as part of a file name: others may work in the same folder of a network."""
    return re.sub(r"\W+", "_", platform.node())


def _remove_left_behind(place: Path, own: str) -> None:
    for folder in place.glob(f"{own}*"):
        try:
            held = _lock(folder)
        except (BlockingIOError, FileNotFoundError):
            continue
        if _is_left(folder, own, held is not None):
            shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def _is_left(folder: Path, own: str, locked: bool) -> bool:
    """Whether a folder that nobody is known to hold was left by a process that is gone."""
    here = f"{own}{_computer()}-"
    if not folder.name.startswith(here):
        return locked and time.time() - _last_change(folder) > OLD
    from psutil import pid_exists

    process = folder.name.removeprefix(here).partition("-")[0]
    return locked or (process.isdecimal() and not pid_exists(int(process)))


def _last_change(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
