"""Writing list-mode files as an ADAC Forte camera does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import table
from lumentrace.base.files import replacing
from lumentrace.base.masked import unmasked
from lumentrace.data.lines import LineData

Array = NDArray[np.float64]
Words = NDArray[np.uint32]

TICKS_PER_MS = 2.3837
"""Rate of the camera's tick counter."""

_MARKER = 0xFACEFACE
_UNIT = 0.59
_POSITIONS = 1024
_NO_X, _NO_Y, _SECOND_HALF, _HEAD_1 = 1 << 7, 1 << 9, 1 << 22, 1 << 23
_WORD_BITS = (13, 11, 18, 19, 21, 16, 14, 12, 10, 8)
"""Bit of the word for each bit of the position, from the lowest on."""
_LINES_PER_BUFFER = 512
_MOST_TICKS = 129
"""A larger step of the time tag is read as a step back."""


@unmasked
def write_adac(
    path: str | os.PathLike[str],
    lines: LineData | Array | Iterable[Array],
    separation: float,
    ticks_per_ms: float = TICKS_PER_MS,
) -> None:
    """Write lines of response as a list-mode file of the ADAC Forte (``.da01``), which `scanners.adac_forte` reads.

    Positions are rounded to the camera's unit of 0.59 mm, times to its ticks of 0.42 ms; times begin at 0.

    Parameters
    ----------
    path : path
        File to write; replaced at once when everything is written.
    lines : LineData, (N, 7) ndarray, or iterable of such arrays
        Columns t (ms, ascending), x1, y1, z1, x2, y2, z2 (mm), with z1 = -10 and z2 = separation + 10. An iterable is
        written block by block, so that a file may be larger than memory.
    separation : float
        Distance of the camera's heads in whole mm.
    ticks_per_ms : float, default 2.3837
        Rate of the tick counter.

    Raises
    ------
    ValueError
        If the file cannot hold the lines: times that decrease or pause for more than 54 ms, positions outside
        0..603 mm, other z, fewer columns, no line.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners, simulation
    >>> run = simulation.simulate([simulation.Static((300, 250, 200))], n=5000, separation=400, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     simulation.write_adac(Path(folder) / "static.da01", run.lines, separation=400)
    ...     len(scanners.adac_forte(Path(folder) / "static.da01", verbose=False).lines)
    5000
    """
    if separation != int(separation) or not 0 < separation < 2**31:
        raise ValueError(f"`separation`: expected a whole number of mm, found {separation}")
    with replacing(path) as file:
        file.write(np.array([separation, 0], dtype="<i4").tobytes() + bytes(1000))
        _write_buffers(file, _buffers(lines), separation, ticks_per_ms)


def _write_buffers(file: BinaryIO, buffers: Iterator[Array], separation: float, ticks_per_ms: float) -> None:
    first_time, last_tick = None, 0
    for rows in buffers:
        if first_time is None:
            first_time = rows[0, 0]
        tick = np.floor((rows[:, 0] - first_time) * ticks_per_ms)
        _check(rows, np.diff(tick, prepend=last_tick), separation)
        last_tick = tick[-1]
        clock = round(rows[0, 0] - first_time)
        file.write(np.array([_MARKER, clock], dtype="<u4").tobytes())
        file.write(_events(rows, tick).astype("<u4").tobytes())
    if first_time is None:
        raise ValueError("`lines`: expected at least one line, found none")


def _buffers(lines: LineData | Array | Iterable[Array]) -> Iterator[Array]:
    """Cut the rows into pieces of the size of a buffer."""
    if isinstance(lines, LineData):
        lines = lines.lines
    waiting = np.empty((0, 7))
    for block in [lines] if isinstance(lines, np.ndarray) else lines:
        table("lines", block, 7)
        rows = np.concatenate([waiting, block[:, :7]])
        whole = len(rows) - len(rows) % _LINES_PER_BUFFER
        yield from (rows[start : start + _LINES_PER_BUFFER] for start in range(0, whole, _LINES_PER_BUFFER))
        waiting = rows[whole:]
    if len(waiting):
        yield waiting


def _check(rows: Array, steps: Array, separation: float) -> None:
    if not np.isfinite(rows).all():
        raise ValueError("`lines`: expected finite numbers")
    impossible = (steps < 0) | (steps > _MOST_TICKS)
    if impossible.any():
        row = int(np.argmax(impossible))
        raise ValueError(
            f"`lines`: expected times that ascend by at most {_MOST_TICKS} ticks, "
            f"found a step of {steps[row]:g} ticks before {rows[row, 0]} ms"
        )
    expected = [-10.0, separation + 10.0]
    if not np.allclose(rows[:, [3, 6]], expected, rtol=0, atol=1e-6):
        raise ValueError(f"`lines`: expected z1 and z2 to be {expected}, found {rows[0, [3, 6]].tolist()}")


def _events(rows: Array, tick: Array) -> Words:
    """Six words per line: X, Y and energy in the first head, then in the second."""
    tag = (tick % 256).astype(np.uint32) << np.uint32(24)
    down1, down2 = 600.0 - rows[:, 2], 600.0 - rows[:, 5]
    positions = np.column_stack([rows[:, 1] / _UNIT, down1 / _UNIT, rows[:, 4] / _UNIT, _POSITIONS - down2 / _UNIT])
    unit = np.rint(positions).astype(np.int64)
    outside = ((unit < 0) | (unit >= _POSITIONS)).any(axis=1)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(f"`lines`: expected positions between 0 and 603 mm, found {rows[row, [1, 2, 4, 5]].tolist()}")
    x1, y1, x2, y2 = (_SCRAMBLED[column] for column in unit.T)
    energy = _SCRAMBLED[0] | np.uint32(_NO_X | _NO_Y)
    head_1, head_2 = np.uint32(_HEAD_1), np.uint32(_SECOND_HALF)
    x, y = np.uint32(_NO_Y), np.uint32(_NO_X)
    words = [x1 | x | head_1, y1 | y | head_1, energy | head_1, x2 | x | head_2, y2 | y | head_2, energy | head_2]
    return np.column_stack([word | tag for word in words])


def _scrambled() -> Words:
    """Tabulate the position bits of a word, by position."""
    inverted = ~np.arange(_POSITIONS, dtype=np.uint32)
    words = np.zeros(_POSITIONS, dtype=np.uint32)
    for bit, word_bit in enumerate(_WORD_BITS):
        words |= (inverted >> np.uint32(bit) & np.uint32(1)) << np.uint32(word_bit)
    return words


_SCRAMBLED = _scrambled()
