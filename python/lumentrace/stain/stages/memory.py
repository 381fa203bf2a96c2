"""Memory and disk: what is free, what is used, and a watch over it."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from pathlib import Path
from typing import Any, Self

UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
LEAK_GB = 0.5
JOIN_SECONDS = 2.0
CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Limit and use of memory in a container, in both versions of the kernel's interface."""


def _psutil() -> Any:
    try:
        import psutil
    except ImportError:
        return None
    return psutil


def format_bytes(n: float | None) -> str:
    """A number of bytes for people, in steps of 1024.

    Examples
    --------
    >>> from lumentrace import stain
    >>> stain.format_bytes(1536), stain.format_bytes(None)
    ('1.5 KB', '?')
    """
    if n is None:
        return "?"
    value = float(n)
    for unit in UNITS[:-1]:
        if abs(value) < 1024:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} {UNITS[-1]}"


def get_available_memory() -> int | None:
    """Bytes that can be used, in a container no more than its limit leaves; None if unknown (no psutil)."""
    psutil = _psutil()
    if psutil is None:
        return None
    free = int(psutil.virtual_memory().available)
    room = _container_room()
    return free if room is None else min(free, room)


def _container_room() -> int | None:
    for limit, use in CGROUPS:
        try:
            most, used = Path(limit).read_text().strip(), Path(use).read_text().strip()
        except OSError:
            continue
        if most.isdigit() and used.isdigit():
            return max(int(most) - int(used), 0)
    return None


def get_free_disk_space(path: str | os.PathLike[str]) -> int | None:
    """Bytes free for the user where `path` is or will be; None if unknown."""
    place = Path(path).resolve()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None


class MemoryTracker:
    """Notes how much memory the process uses at some moments, and prints it.

    Parameters
    ----------
    enabled : bool, default False
        Otherwise nothing happens at all.

    Attributes
    ----------
    history : list of (str, float)
        Label and resident memory in GB (10⁹ bytes).

    Examples
    --------
    >>> from lumentrace import stain
    >>> tracker = stain.MemoryTracker(enabled=True)
    >>> tracker.snapshot("start")  # doctest: +ELLIPSIS
    [memory] start: ... GB
    """

    def __init__(self, enabled: bool = False):
        self.enabled = enabled
        self.history: list[tuple[str, float]] = []
        self._psutil = _psutil() if enabled else None
        if enabled and self._psutil is None:
            print("[memory] psutil is not installed: memory is not tracked")

    @property
    def peak_gb(self) -> float:
        """The greatest of all, or NaN."""
        return max((used for _, used in self.history), default=float("nan"))

    def snapshot(self, label: str) -> None:
        """Note how much memory is used now."""
        if self._psutil is None:
            return
        used = self._psutil.Process().memory_info().rss / 1e9
        self.history.append((label, used))
        print(f"[memory] {label}: {used:.2f} GB")

    def collect_and_snapshot(self, label: str) -> None:
        """Collect garbage twice, then note how much memory is used."""
        if self._psutil is None:
            return
        gc.collect()
        gc.collect()
        self.snapshot(label)

    def summary(self) -> None:
        """Print the first, the greatest and the last, and a warning if memory stayed taken."""
        if not self.history:
            return
        first, last = self.history[0][1], self.history[-1][1]
        print(
            f"[memory] baseline {first:.2f} GB, peak {self.peak_gb:.2f} GB ({self.peak_gb - first:+.2f} GB), ", end=""
        )
        print(f"final {last:.2f} GB ({last - first:+.2f} GB)")
        if last - first > LEAK_GB:
            print(
                f"[memory] warning: {last - first:.2f} GB more than at the start are still in use, a leak perhaps; "
                "parallel='subprocess' gives each task a process of its own"
            )


class MemoryWatchdog:
    """Looks at the free memory again and again, and remembers if it was too little.

    Parameters
    ----------
    min_available_gb : float, default 0.5
        In GiB (2³⁰ bytes); 0 or less never trips.
    poll_interval_sec : float, default 5.0
    verbose : bool, default False
        Print when it trips.

    Raises
    ------
    ValueError
        If the interval is not positive.

    Examples
    --------
    >>> from lumentrace import stain
    >>> with stain.MemoryWatchdog(min_available_gb=0.1) as watchdog:
    ...     watchdog.check_or_raise("before the large image")
    >>> watchdog.is_tripped()
    False
    """

    def __init__(self, min_available_gb: float = 0.5, poll_interval_sec: float = 5.0, verbose: bool = False):
        if not poll_interval_sec > 0:
            raise ValueError(f"`poll_interval_sec`: expected a positive number, found {poll_interval_sec!r}")
        self.min_available_gb = min_available_gb
        self.poll_interval_sec = poll_interval_sec
        self.verbose = verbose
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._found: float | None = None
        if _psutil() is None:
            print("[memory] psutil is not installed: memory is not watched")

    def start(self) -> None:
        """Begin to look; once is enough."""
        if _psutil() is None or (self._thread is not None and self._thread.is_alive()):
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="memory-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
            self._thread = None

    def is_tripped(self) -> bool:
        """Whether memory was too little since the start or the last `reset`."""
        return self._found is not None

    def reset(self) -> None:
        """Forget that memory was too little."""
        with self._lock:
            self._found = None

    def check_or_raise(self, label: str = "") -> None:
        """Raise if memory was too little.

        Raises
        ------
        MemoryError
            With how much was free, and what can be done.
        """
        found = self._found
        if found is None:
            return
        where = f"{label}: " if label else ""
        raise MemoryError(
            f"{where}only {found:.2f} GB of memory were free, fewer than the {self.min_available_gb:g} GB asked for. "
            "Use fewer workers, a smaller pad, or close other programs."
        )

    def _watch(self) -> None:
        while True:
            self._look()
            if self._stop.wait(self.poll_interval_sec):
                return

    def _look(self) -> None:
        free = get_available_memory()
        if free is None or free / 2**30 >= self.min_available_gb or self.min_available_gb <= 0:
            return
        with self._lock:
            if self._found is not None:
                return
            self._found = free / 2**30
        if self.verbose:
            print(f"[memory] only {free / 2**30:.2f} GB free, fewer than {self.min_available_gb:g} GB")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
