"""Lines of response from whatever file a user names, and facts about them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.documents import regular
from lumentrace.data.lines import LineData
from lumentrace.pept import scanners
from lumentrace.pept.scanners.layout import layout
from lumentrace.pept.scanners.text import LEFT_OUT
from lumentrace.pept.utilities.text_source import TextSource

MARKER = b"\xce\xfa\xce\xfa"
"""What begins every buffer of list-mode files; in those of the ADAC camera it follows the header at once."""
ADAC_HEADER, MODULAR_HEADER = 1008, 1000
"""Bytes."""
ADAC_SUFFIX = re.compile(r"\.da\d*", re.IGNORECASE)
DAMAGED = "damaged lines left out"
"""Name of that figure."""
TABLES = {".npy", ".h5", ".hdf5", ".parquet", ".frames"}


def read(path: Path, scanner: str = "auto", separation: float | None = None, lenient: bool = False) -> LineData:
    """The lines in a file.

    Parameters
    ----------
    path : path
    scanner : str, default 'auto'
        'adac', 'modular', 'screens', 'lines' (a table of seven or more columns), or guessed.
    separation : float, optional
        Distance of two screens in mm, where the file does not say.
    lenient : bool, default False
        Leave out damaged lines of text.

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
    if kind == "modular":
        return scanners.modular_camera(path, verbose=False)
    if kind == "screens":
        found = layout(TextSource(path))
        return scanners.parallel_screens(
            path, separation, verbose=False, strict=not lenient, sep=found.sep, skiprows=found.skiprows
        )
    return scanners.lines(path, verbose=False, strict=not lenient)


def left_out(lines: LineData) -> int:
    """How many damaged lines of a text file were left out."""
    steps = lines.provenance.steps if lines.provenance else ()
    return sum(step.parameters.get(LEFT_OUT, 0) for step in steps)


def guess(path: Path) -> str:
    """The scanner that wrote `path`, from its name and first bytes."""
    if path.suffix.lower() in TABLES:
        return "lines"
    if ADAC_SUFFIX.fullmatch(path.suffix):
        return "adac"
    with open(regular(path), "rb") as file:
        start = file.read(4096)
    if b"\0" in start:
        is_modular = MARKER in start[MODULAR_HEADER:] and not start[ADAC_HEADER:].startswith(MARKER)
        return "modular" if is_modular else "adac"
    return "lines" if layout(TextSource(path)).width >= len(LineData.default_columns) else "screens"


def describe(lines: LineData) -> dict[str, Any]:
    """Facts about an acquisition."""
    table = np.asarray(lines.lines)
    finite = table[np.isfinite(table[:, :7]).all(axis=1)]
    facts: dict[str, Any] = {"lines": len(table), "lines that are not finite": len(table) - len(finite)}
    if left_out(lines):
        facts[DAMAGED] = left_out(lines)
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
