"""Replacing a file so that a crash at any moment leaves the old file or the new one, never a mixture."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeIs

PARTIAL = ".partial"
"""Suffix of a file that is still being written."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What the system says when it cannot write more, without the name of the file."""
OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust tell such an error, without its number."""
CUT_OFF = re.compile(r"\d+ requested and \d+ written")
"""How numpy tells that a disk has not taken everything."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BufferedRandom]:
    """Write a new version of the file at `path`, which appears there whole or not at all.

    The bytes go to a new file ``<name>.<number>.partial`` in the same folder, which is locked. When the block ends,
    that file is flushed to the disk (fsync), takes the place of `path` in one step (`os.replace`) and the folder is
    flushed too. If anything fails (an exception in the block, a full disk, Ctrl-C), the new file is removed and the old
    one stays as it was. Only a killed process leaves a ``.partial`` file behind: whoever next writes the same file
    removes it, as nobody holds it any more (where files cannot be locked, it stays, and can be deleted).

    A symbolic link is followed. The permissions of an existing file are kept.

    Parameters
    ----------
    path : path
        The file to write; its folder must exist.

    Yields
    ------
    binary file
        Open for reading and writing.

    Raises
    ------
    OSError
        If the folder is missing, the disk is full, or `path` is something other than a regular file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.base.files import replacing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "manifest.json"
    ...     with replacing(path) as file:
    ...         _ = file.write(b"{}")
    ...     path.read_bytes()
    b'{}'
    """
    target = Path(os.path.realpath(path))
    with named(target):
        mode = _permissions(target)
        file = _partial_of(target)
        partial = Path(file.name)
        try:
            with file:
                yield file
                file.flush()
                if mode is not None:
                    os.chmod(partial, mode)
                os.fsync(file.fileno())
            os.replace(partial, target)
        except BaseException:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        flush_folder(target.parent)


@contextmanager
def named(target: Path) -> Iterator[None]:
    """Errors of the disk inside the block name the file."""
    try:
        yield
    except OSError as error:
        if error.errno is None and (found := OS_ERROR.search(str(error))):
            code = int(found[1])
            raise OSError(code, os.strerror(code), str(target)) from error
        if error.errno is None and CUT_OFF.search(str(error)):
            raise OSError(errno.EIO, f"could not be written whole ({error})", str(target)) from error
        unnamed = error.errno in FULL and error.filename is None
        if unnamed or str(error.filename).endswith(PARTIAL):
            error.filename = str(target)
        raise


def _partial_of(target: Path) -> BufferedRandom:
    """A new file beside the target that nobody else writes; what killed processes left there is removed."""
    for number in count():
        place = _partial(target, number)
        while _removed(place):
            file = _made(place)
            if file is None:
                continue
            later = (_partial(target, other) for other in count(number + 1))
            all(place.exists() and _removed(place) for place in later)
            return file
    raise AssertionError("numbers do not end")


def _partial(target: Path, number: int) -> Path:
    return target.with_name(f"{target.name[:100]}.{number}{PARTIAL}")


def _made(place: Path) -> BufferedRandom | None:
    """A new file that we hold; None if somebody was faster."""
    try:
        file = open(place, "x+b")  # noqa: SIM115 (closed by `replacing`)
    except FileExistsError:
        return None
    try:
        descriptor = file.fileno()
        with suppress(OSError):  # taken by who cleans up, or some network file system, which cannot lock
            _lock(descriptor)
        if _is_at(descriptor, place):
            return file
    except BaseException:
        file.close()
        place.unlink(missing_ok=True)
        raise
    file.close()
    return None


def _removed(left: Path) -> bool:
    """Whether a file is gone: it is removed unless somebody writes it."""
    try:
        if os.name != "posix":
            left.unlink()  # refused while it is open
            return True
        with open(left, "r+b") as file:
            _lock(file.fileno())
            if _is_at(file.fileno(), left):
                left.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _lock(descriptor: int) -> None:
    """Hold a file until it is closed.

    Raises
    ------
    OSError
        If another one holds it, or files cannot be locked here.
    """
    if os.name == "posix":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(descriptor: int, place: Path) -> bool:
    """Whether an open file is the one at a place."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), place.stat())
    return False


def is_open(target: Any) -> TypeIs[IO[Any]]:
    """Whether `target` is an open file rather than the path of one."""
    return hasattr(target, "read") or hasattr(target, "write")


def _permissions(target: Path) -> int | None:
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        kind = IsADirectoryError if stat.S_ISDIR(status.st_mode) else OSError
        raise kind(errno.EISDIR if kind is IsADirectoryError else errno.EINVAL, "not a regular file", str(target))
    return stat.S_IMODE(status.st_mode)


def flush(path: Path) -> None:
    """Wait until a file that was written is on the disk."""
    with named(path), open(path, "r+b") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems cannot flush a folder
            raise
    finally:
        os.close(descriptor)
