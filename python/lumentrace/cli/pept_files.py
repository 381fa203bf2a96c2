"""Reading lines of response from whatever file a user names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.data.lines import LineData
from lumentrace.pept import scanners

TABLES = {".npy", ".h5", ".hdf5", ".parquet"}


def read(path: Path, scanner: str, separation: float | None) -> LineData:
    """The lines in `path`.

    Raises
    ------
    FormatError
        If the file does not follow its format.
    OSError
        If it cannot be read.
    """
    kind = guess(path) if scanner == "auto" else str(scanner)
    if kind == "adac":
        return scanners.adac_forte(path, verbose=False)
    if kind == "screens":
        return scanners.parallel_screens(path, separation, verbose=False)
    return scanners.lines(path)


def guess(path: Path) -> str:
    """The scanner that wrote `path`, from its name and first bytes."""
    if path.suffix.lower() in TABLES:
        return "lines"
    if path.suffix.lower().startswith(".da"):
        return "adac"
    with open(path, "rb") as file:
        start = file.read(4096)
    if b"\0" in start:
        return "adac"
    widths = [len(line.split()) for line in start.splitlines()[:-1] if _is_numbers(line)]
    return "lines" if widths and max(widths) >= 7 else "screens"


def _is_numbers(line: bytes) -> bool:
    try:
        return bool([float(word) for word in line.split()])
    except ValueError:
        return False


def describe(lines: LineData) -> dict[str, Any]:
    """Facts about an acquisition."""
    table = np.asarray(lines.lines)
    finite = table[np.isfinite(table[:, :7]).all(axis=1)]
    facts: dict[str, Any] = {"lines": len(table), "lines that are not finite": len(table) - len(finite)}
    if not len(finite):
        return facts
    times = finite[:, 0]
    duration = float(times.max() - times.min())
    facts |= {
        "first time (ms)": float(times[0]),
        "duration (ms)": duration,
        "mean rate (lines/ms)": len(finite) / duration if duration > 0 else float("nan"),
        "times sorted": "yes" if (np.diff(times) >= 0).all() else "no",
    }
    for axis, columns in {"x": (1, 4), "y": (2, 5), "z": (3, 6)}.items():
        values = finite[:, columns]
        facts[f"{axis} range (mm)"] = f"{values.min():.2f} to {values.max():.2f}"
    return facts
