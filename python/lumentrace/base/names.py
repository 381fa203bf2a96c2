"""Names that users or files give, and that become names of files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath


def file_name(argument: str, text: str) -> str:
    """A text that names a file or folder in the folder it is put into, and nothing elsewhere.

    Raises
    ------
    ValueError
        If it is empty, ``.`` or ``..``, or has a separator of folders; the message names the argument.

    Examples
    --------
    >>> from lumentrace.base.names import file_name
    >>> file_name("sample", "S001")
    'S001'
    """
    if text in ("", ".", "..") or any(sign in text for sign in "/\\\0"):
        raise ValueError(f"`{argument}`: expected the name of a file or folder, without / and \\, found {text!r}")
    return text


def inside(names: Iterable[str]) -> tuple[str, ...]:
    """Relative paths that a record lists and that stay in the record's folder.

    Raises
    ------
    ValueError
        If one leads elsewhere.
    """
    listed = tuple(names)
    for name in listed:
        parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
        if not parts or ".." in parts or PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor:
            raise ValueError(f"expected files in the folder of the record, found {name!r}")
    return listed
