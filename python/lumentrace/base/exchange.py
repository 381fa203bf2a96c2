"""Two folders that change places in one step, so that a killed process leaves neither of them away."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path
from typing import Any

SWAP = 2
"""`RENAME_EXCHANGE` of Linux, `RENAME_SWAP` of macOS."""
HERE = -100
"""`AT_FDCWD`: paths are taken from the current folder."""
CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What a kernel or a file system says that cannot do it."""


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders of one disk change places, in one step.

    Returns
    -------
    bool
        False, and nothing is changed, where the system or the file system cannot do it: Windows, some network disks.

    Raises
    ------
    OSError
        If one of them is missing or may not be moved.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from lumentrace.base.exchange import exchange
    >>> with TemporaryDirectory() as folder:
    ...     old, new = Path(folder) / "old", Path(folder) / "new"
    ...     _ = old.write_text("before"), new.write_text("after")
    ...     done = exchange(old, new)
    ...     old.read_text() == ("after" if done else "before")
    True
    """
    names = os.fsencode(one), os.fsencode(other)
    library: Any = None if sys.platform == "win32" else ctypes.CDLL(None, use_errno=True)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(HERE, names[0], HERE, names[1], SWAP)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, SWAP)
    else:
        return False
    code = ctypes.get_errno() if failed else 0
    if code in CANNOT:
        return False
    if code:
        raise OSError(code, os.strerror(code), str(one), None, str(other))
    return True
