"""A file that remembers its first error instead of raising it inside a library that would handle it badly."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedRandom, BytesIO
from typing import Any, BinaryIO, cast

from lumentrace.base.files import replacing


@contextmanager
def replaced_through_sink(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """As `replacing`, for a library that cannot be trusted with a file that has errors.

    numpy and Pillow write to the descriptor of an ordinary file by themselves, where numpy passes over the last error
    of a disk, and Pillow over what a disk takes only a part of; a sink has no descriptor.
    """
    with replacing(path) as file:
        sink = Sink(file)
        try:
            yield cast(BinaryIO, sink)
        finally:
            sink.check()


class Sink(io.RawIOBase):
    """Hands what a library writes to a file; after an error it keeps quiet until `check`.

    HDF5 cannot close a file that it failed to write, and polars turns errors of the system into its own. Here they see
    no error, and finish in good order.

    Parameters
    ----------
    file : binary file
        Open for reading and writing.
    """

    def __init__(self, file: BufferedRandom | BytesIO) -> None:
        self._file = file
        self._error: BaseException | None = None

    def check(self) -> None:
        """Raise the error that was met."""
        if self._error is not None:
            raise self._error

    def _try(self, action: Callable[..., int], *arguments: Any) -> int:
        if self._error is None:
            try:
                return action(*arguments)
            except BaseException as error:
                # Its traceback would keep h5py's property lists alive, which crash the interpreter when it ends.
                self._error = error.with_traceback(None)
        return 0

    def write(self, data: Any) -> int:
        """Write, or pretend to."""
        self._try(self._file.write, data)
        return memoryview(data).nbytes

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer`."""
        return self._try(self._file.readinto, buffer)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        return self._try(self._file.seek, offset, whence)

    def tell(self) -> int:
        """Tell the place in the file."""
        return self._try(self._file.tell)

    def truncate(self, size: int | None = None) -> int:
        """Change the size of the file."""
        return self._try(self._file.truncate, size)

    def flush(self) -> None:
        """Leave the flushing to `replacing`."""
