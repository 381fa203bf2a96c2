"""Where the text of a table comes from: a file, its address, or something that is open already."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lumentrace.base.documents import regular

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TAIL = 2**12


class TextSource:
    """The bytes of a text file, and its name in messages.

    Parameters
    ----------
    source : path, file:// address or readable
        What is open is read to its end at once, from where it stands.
    """

    def __init__(self, source: Any) -> None:
        self.path: Path | None = None
        if isinstance(source, (str, os.PathLike)):
            self.path = local_path(source)
            self.name = str(self.path)
            return
        if not hasattr(source, "read"):
            raise TypeError(f"expected a path or something to read from, found {type(source).__name__}")
        self.name = str(getattr(source, "name", f"<{type(source).__name__}>"))
        text = source.read()
        self._bytes: bytes = text.encode() if isinstance(text, str) else bytes(text)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes from the first on, after a byte order mark if there is one."""
        with open(regular(self.path), "rb") if self.path is not None else io.BytesIO(self._bytes) as file:
            if file.read(3) != _BYTE_ORDER_MARK:
                file.seek(0)
            yield file

    def again(self) -> Any:
        """The path, or the bytes as something to read from."""
        return self.path if self.path is not None else io.BytesIO(self._bytes)

    def size(self) -> int:
        """How many bytes there are."""
        return self.path.stat().st_size if self.path is not None else len(self._bytes)

    def end(self) -> int:
        """Where the last line that is not blank ends, without its line break."""
        with self.open() as file:
            end = self.size()
            while end:
                start = max(0, end - _TAIL)
                file.seek(start)
                text = file.read(end - start).rstrip()
                end = start + len(text)
                if text:
                    break
        return end


def local_path(source: str | os.PathLike[str]) -> Path:
    """The path that `source` is or, as a ``file://`` address, names."""
    text = os.fspath(source)
    if isinstance(text, str) and text.startswith("file://"):
        return Path(url2pathname(urlsplit(text).path))
    return Path(text)
