"""What a live run leaves on the disk while it goes on: locations, what was said of them, and lines if asked for."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing
from lumentrace.base.json_text import json_text
from lumentrace.base.provenance import environment, now, plain
from lumentrace.data.lines import LineData
from lumentrace.pept.tracking.locations import UNITS
from lumentrace.pept.tracking.model_so_far import ModelSoFar
from lumentrace.pept.tracking.update import Update
from lumentrace.pept.utilities.framed import FramedFile, remove_without_rows

SCHEMA = "lumentrace-live-1"
HEAD, LOCATIONS, LINES, ALARMS = "live.json", "locations.frames", "lines.frames", "alarms.jsonl"
"""Files of a live run."""
LINE_UNITS = {"t": "ms", **dict.fromkeys(LineData.default_columns[1:], "mm")}
EVERY = 0.5
"""Seconds after which what has come is written."""
LARGE = 2**20
"""Bytes of lines that are written at once."""


class Record:
    """Keeps a live run in a folder, for `finish`.

    What has come is written twice a second, in files that only grow (`lumentrace.pept.utilities.framed`): if the
    program is killed, what came in the last second is lost, and nothing else. There are four files: ``live.json`` (what
    runs), ``locations.frames``, ``alarms.jsonl``, and ``lines.frames`` if lines are kept.

    Parameters
    ----------
    folder : path
        Made if it is missing.
    source : str
        What is tracked.
    settings : mapping
        How; plain values.
    lines : bool, default False
        Keep the lines, too: 56 bytes each, so that 300 000 lines/s are 17 MB/s.
    clock : callable
        Seconds.

    Raises
    ------
    FileExistsError
        If the folder has a live run already.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept.live import Record
    >>> with tempfile.TemporaryDirectory() as folder, Record(folder, "tcp://localhost:9321", {"tracers": 1}):
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['live.json', 'locations.frames']
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        source: str,
        settings: Mapping[str, Any],
        *,
        lines: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        head = self.folder / HEAD
        if head.exists():
            raise FileExistsError(
                f"{folder}: expected a folder without a live run, found {HEAD}; `lumentrace pept track {folder}` "
                "finishes that run, --out takes another folder"
            )
        for name in (LOCATIONS, LINES):
            remove_without_rows(self.folder / name)
        self._locations = FramedFile(self.folder / LOCATIONS, UNITS)
        try:
            self._lines = FramedFile(self.folder / LINES, LINE_UNITS) if lines else None
        except BaseException:
            self._locations.close()
            raise
        about = {"schema": SCHEMA, "source": source, "settings": plain(settings), "started": now().isoformat()}
        with replacing(head) as file:
            file.write(json_text({**about, "environment": environment()}, indent=1).encode())
        self._clock, self._written = clock, clock()
        self._rows: list[NDArray[np.float64]] = []
        self._notices: list[str] = []
        self._raw: list[NDArray[np.float64]] = []
        self._lost, self._lock, self._closed = 0, threading.Lock(), False
        self._latest: Update | None = None
        self._model = ModelSoFar()
        self._first, self._began = math.nan, clock()
        self._taken = 0

    def add(self, update: Update) -> None:
        """Take what is new; it is on the disk within a second.

        Raises
        ------
        OSError
            If the disk is full; the message names the file, and what was written before stays whole.
        """
        if len(update.smoothed.points):
            self._rows.append(np.array(update.smoothed.points))
            self._taken += len(update.smoothed.points)
        self._notices.extend(update.notices)
        self._latest = update
        self._model.add(update)
        self._first = update.time if math.isnan(self._first) else self._first
        if self._clock() - self._written >= EVERY:
            self.write()

    def keep(self, rows: NDArray[np.float64], lost: int = 0) -> None:
        """Take lines as they come, shape (N, 7) or wider; from any thread.

        Parameters
        ----------
        rows : (N, C >= 7) array
        lost : int
            Lines before them that the source dropped.
        """
        with self._lock:
            if self._lines is None or self._closed:
                return
            self._lost += lost
            self._raw.append(np.array(rows[:, :7]))
            if sum(each.nbytes for each in self._raw) >= LARGE:
                self._write_lines()

    def write(self) -> None:
        """Write what has come since the last time."""
        self._written = self._clock()
        if self._latest is not None:  # before the rows, so that the model has all of their tracers
            self._locations.note(self._said(self._latest))
            self._notices.clear()
        if self._rows:
            self._locations.rows(np.concatenate(self._rows))
            self._rows.clear()
        with self._lock:
            self._write_lines()

    def _write_lines(self) -> None:
        if self._lines is not None and any(map(len, self._raw)):
            self._lines.rows(np.concatenate(self._raw))
            self._raw.clear()

    def _said(self, update: Update) -> dict[str, Any]:
        names = ("time", "lines", "rate", "lag", "unused", "dropped", "explained")
        seen = {name: getattr(update, name) for name in names}
        about = {"seconds": self._clock() - self._began, "lost": self._lost, "notices": list(self._notices)}
        return {"first": self._first, **seen, "model": self._model.about, **about}

    @property
    def locations(self) -> int:
        """How many are on the disk."""
        return self._locations.count

    @property
    def waiting(self) -> int:
        """Locations that are not on the disk yet."""
        return self._taken - self.locations

    def close(self) -> None:
        """Write what is left and wait until it is on the disk; does nothing the second time."""
        if self._closed:
            return
        try:
            self.write()
        finally:
            with self._lock:
                self._closed = True
                self._locations.close()
                if self._lines is not None:
                    self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
