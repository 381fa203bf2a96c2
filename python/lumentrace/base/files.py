"""Replacing a file so that a crash at any moment leaves the old file or the new one, never a mixture."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeIs

PARTIAL = ".partial"
"""Suffix of a file that is still being written."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What the system says when it cannot write more, without the name of the file."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BufferedRandom]:
    """Write a new version of the file at `path`, which appears there whole or not at all.

    The bytes go to a new file ``<name>.<random>.partial`` in the same folder. When the block ends, that file is
    flushed to the disk (fsync), takes the place of `path` in one step (`os.replace`) and the folder is flushed too.
    If anything fails (an exception in the block, a full disk, Ctrl-C), the new file is removed and the old one stays
    as it was. Only a killed process leaves a ``.partial`` file behind, which can be deleted.

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
    mode = _permissions(target)
    partial = target.with_name(f"{target.name[:100]}.{secrets.token_hex(8)}{PARTIAL}")
    try:
        with open(partial, "x+b") as file:
            yield file
            file.flush()
            if mode is not None:
                os.chmod(partial, mode)
            os.fsync(file.fileno())
        os.replace(partial, target)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL and error.filename is None:
            error.filename = str(target)
        raise
    _flush_folder(target.parent)


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


def _flush_folder(folder: Path) -> None:
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
