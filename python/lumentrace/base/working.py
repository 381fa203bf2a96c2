"""Folders that work is done in before its results are put in their place."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


@contextmanager
def working_folder(place: Path, purpose: str) -> Iterator[Path]:
    """A hidden folder inside `place`, gone when the block ends.

    A killed process leaves its folder behind; the next one on the same computer removes it.

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
    own = f".{purpose}-{_computer()}-"
    _remove_left_behind(place, own)
    work = Path(mkdtemp(prefix=f"{own}{os.getpid()}-", dir=place))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _computer() -> str:
    """The computer's name as part of a file name: others may work in the same folder of a network."""
    return re.sub(r"\W+", "_", platform.node())


def _remove_left_behind(place: Path, own: str) -> None:
    from psutil import pid_exists

    for folder in place.glob(f"{own}*"):
        process = folder.name.removeprefix(own).partition("-")[0]
        if process.isdecimal() and not pid_exists(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
