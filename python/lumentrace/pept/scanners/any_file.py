"""Lines of response from whatever file a user names, and facts about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.documents import regular
from lumentrace.base.errors import did_you_mean
from lumentrace.data.lines import LineData
from lumentrace.pept import scanners
from lumentrace.pept.scanners.gate_columns import NEEDED
from lumentrace.pept.scanners.gate_rows import first_fields
from lumentrace.pept.scanners.kinds import KINDS
from lumentrace.pept.scanners.layout import layout
from lumentrace.pept.scanners.text import LEFT_OUT
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import numbers

MARKER = b"\xce\xfa\xce\xfa"
"""What begins every buffer of list-mode files; in those of the ADAC camera it follows the header at once."""
ADAC_HEADER, MODULAR_HEADER = 1008, 1000
"""Bytes."""
ADAC_SUFFIX = re.compile(r"\.da\d*", re.IGNORECASE)
DAMAGED = "damaged lines left out"
"""Name of that figure."""
TABLES = {".npy", ".h5", ".hdf5", ".parquet", ".frames"}
BEGINNINGS = {b"root": "gate-root", b"yardl": "petsird"}
"""First bytes of files, and their kinds."""
SUFFIXES = {".l": "petlink", ".hdr": "petlink", ".lst": "inveon"}
GATE = re.compile(r"(coincidences|singles)(_\d+)?\.dat", re.IGNORECASE)
"""How the names end that GATE gives to text."""
COUNTS = {
    "prompts": "prompt events",
    "delayeds": "delayed events",
    "alone": "singles alone",
    "multiple": "singles of multiples",
}
"""What readers count in the provenance, and the names of these figures."""
_WINDOW = 1e-6
"""Time between the photons of a coincidence, in s, above all that scanners have."""


def read(
    path: Path,
    scanner: str = "auto",
    separation: float | None = None,
    lenient: bool = False,
    options: Sequence[str] = (),
) -> LineData:
    """The lines in a file.

    Parameters
    ----------
    path : path
    scanner : str, default 'auto'
        One of `kinds.KINDS`, or guessed.
    separation : float, optional
        Distance of two screens in mm, where the file does not say.
    lenient : bool, default False
        Leave out damaged lines of text.
    options : sequence of str, default ()
        What else the reader of this kind is told, such as ``"delayeds=yes"``.

    Raises
    ------
    FormatError
        If the file does not follow its format.
    OSError
        If it cannot be read.
    ValueError
        If there is no such scanner or option.
    """
    name = guess(path) if scanner == "auto" else str(scanner)
    if name not in KINDS:
        raise ValueError(f"`scanner`: expected one of {', '.join(KINDS)}, found {name!r}{did_you_mean(name, KINDS)}")
    told = KINDS[name].told(options)
    if name == "screens":
        found = layout(TextSource(path))
        told |= {"screen_separation": separation, "strict": not lenient, "sep": found.sep, "skiprows": found.skiprows}
    elif name == "lines":
        told["strict"] = not lenient
    lines: LineData = getattr(scanners, KINDS[name].reader)(path, verbose=False, **told)
    return lines


def left_out(lines: LineData) -> int:
    """How many damaged lines of a text file were left out."""
    steps = lines.provenance.steps if lines.provenance else ()
    return sum(step.parameters.get(LEFT_OUT, 0) for step in steps)


def counted(lines: LineData) -> dict[str, int]:
    """What the reader counted beside the lines that it gives."""
    steps = lines.provenance.steps if lines.provenance else ()
    kept = {name: value for step in steps for name, value in step.parameters.items()}
    keys = {name: next((key for key in (f"{name}_found", name) if key in kept), "") for name in COUNTS}
    return {text: int(kept[keys[name]]) for name, text in COUNTS.items() if keys[name]}


def guess(path: Path) -> str:
    """The scanner that wrote `path`, from its name and first bytes."""
    if path.suffix.lower() in TABLES:
        return "lines"
    if ADAC_SUFFIX.fullmatch(path.suffix):
        return "adac"
    with open(regular(path), "rb") as file:
        start = file.read(4096)
    for beginning, kind in BEGINNINGS.items():
        if start.startswith(beginning):
            return kind
    if path.suffix.lower() in SUFFIXES:
        return SUFFIXES[path.suffix.lower()]
    if b"\0" in start:
        is_modular = MARKER in start[MODULAR_HEADER:] and not start[ADAC_HEADER:].startswith(MARKER)
        return "modular" if is_modular else "adac"
    if named := GATE.search(path.name):
        return "gate" if named[1].lower() == "coincidences" else "gate-singles"
    if _is_masked(start):
        return "gate"
    return "lines" if layout(TextSource(path)).width >= len(LineData.default_columns) else "screens"


def describe(lines: LineData) -> dict[str, Any]:
    """Facts about an acquisition."""
    table = np.asarray(lines.lines)
    finite = table[np.isfinite(table[:, :7]).all(axis=1)]
    facts: dict[str, Any] = {"lines": len(table), "lines that are not finite": len(table) - len(finite)}
    if left_out(lines):
        facts[DAMAGED] = left_out(lines)
    facts |= counted(lines)
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


def _is_masked(start: bytes) -> bool:
    """Whether the first row is t, x, y, z of two singles of GATE: no table of lines has its time twice, in s."""
    found = first_fields(start)
    values, wrong = numbers(b" ".join(found[1])) if found else ([], "")
    is_pair = wrong is None and len(values) == 2 * len(NEEDED)
    return is_pair and abs(values[0] - values[len(NEEDED)]) < _WINDOW
