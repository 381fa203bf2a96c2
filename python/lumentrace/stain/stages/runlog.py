"""The log of a batch, and copying to it what is printed."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TextIO

from lumentrace.base.documents import regular

LOG_NAME = ".exo2micro_run_log.txt"
PIECE = 65536

Path_ = str | os.PathLike[str]


def get_run_log_path(output_dir: Path_) -> str:
    """Where the log of runs into a folder is."""
    return os.path.join(output_dir, LOG_NAME)


def append_to_run_log(output_dir: Path_, message: str) -> None:
    """Add a line to the log; a log that cannot be written is no reason to stop a run."""
    with suppress(OSError, ValueError):
        os.makedirs(output_dir, exist_ok=True)
        with open(get_run_log_path(output_dir), "a", encoding="utf-8", errors="replace") as file:
            file.write(message if message.endswith("\n") else f"{message}\n")


def read_run_log_tail(output_dir: Path_, max_lines: int = 500) -> str | None:
    """The last lines of the log, read from its end.

    Returns
    -------
    str or None
        None if there is no log; a text in parentheses if it cannot be read.
    """
    path = Path(get_run_log_path(output_dir))
    if not path.exists():
        return None
    if max_lines <= 0:
        return ""
    try:
        with open(regular(path), "rb") as file:
            place = file.seek(0, os.SEEK_END)
            held = b""
            while place > 0 and held.count(b"\n") <= max_lines:
                start = max(0, place - PIECE)
                file.seek(start)
                held = file.read(place - start) + held
                place = start
    except OSError as error:
        return f"(the log could not be read: {error})"
    return b"".join(held.splitlines(keepends=True)[-max_lines:]).decode("utf-8", errors="replace")


def clear_run_log(output_dir: Path_) -> None:
    """Delete the log, if there is one and it can be."""
    with suppress(OSError):
        os.remove(get_run_log_path(output_dir))


class TeeStdout:
    r"""Copies to a file what is printed while it is entered.

    It stands in for ``sys.stdout`` and answers everything that does. Blocks may be nested.

    Parameters
    ----------
    log_path : path
        Appended to. If it cannot be opened, things are printed all the same.
    stderr : bool, default False
        Also copy what goes to ``sys.stderr``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace import stain
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with stain.TeeStdout(f"{folder}/log.txt"):
    ...         print("aligned")
    ...     Path(folder, "log.txt").read_text()
    aligned
    'aligned\n'
    """

    def __init__(self, log_path: Path_, stderr: bool = False):
        self.log_path = log_path
        self._also_errors = stderr
        self._lock = threading.RLock()
        self._file: TextIO | None = None
        self._stream: TextIO = sys.stdout
        self._errors: TextIO | None = None

    def __enter__(self) -> Self:
        with suppress(OSError):
            Path(self.log_path).parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.log_path, "a", buffering=1, encoding="utf-8", errors="replace")
        self._stream = sys.stdout
        sys.stdout = self
        if self._also_errors:
            self._errors = sys.stderr
            sys.stderr = _Copy(sys.stderr, self)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.stdout = self._stream
        if self._errors is not None:
            sys.stderr, self._errors = self._errors, None
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def write(self, text: str) -> int:
        """Print and copy."""
        with self._lock:
            with suppress(OSError, ValueError):
                self._stream.write(text)
            self.copy(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Print and copy several texts."""
        for line in lines:
            self.write(line)

    def copy(self, text: str) -> None:
        """Write to the file alone."""
        with self._lock, suppress(OSError, ValueError):
            if self._file is not None:
                self._file.write(text)

    def flush(self) -> None:
        """Flush both."""
        for stream in (self._stream, self._file):
            with suppress(OSError, ValueError):
                if stream is not None:
                    stream.flush()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._stream, name)


class _Copy:
    """Another stream that is copied to the same file."""

    def __init__(self, stream: TextIO, tee: TeeStdout):
        self._stream, self._tee = stream, tee

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        self._tee.copy(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._stream, name)
