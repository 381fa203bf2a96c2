"""List-mode files of the Siemens Inveon."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.list_mode import Bytes, Reading, Words, read_list_mode
from lumentrace.pept.scanners.scanner import Scanner

_TICK = 0.2
"""From one mark of time to the next, in ms."""
_MARK = 0b1010
_CRYSTAL = 0x1_FFFF
_COUNTER = (1 << 40) - 1
_PLACE_OF = np.array([0, 1, 3, 2, 7, 6, 4, 5])
"""Place in the row 0, 1, 3, 2, 6, 7, 5, 4, by which packets are counted, of each number of three bits."""


def inveon_list_mode(
    filepath: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    *,
    scanner: Scanner | None = None,
    delayeds: bool = False,
    spread: bool = True,
    skip: int = 0,
    memory_map: bool | None = None,
) -> LineData:
    """Read lines of response from a list-mode file (``.lst``) of a Siemens Inveon.

    Such a file is a row of 48-bit packets, least byte first [1]_. Bit 43 is 0 for an event: bit 42 is 1 for a prompt,
    bits 35 to 19 and 16 to 0 are the crystals, ring * 320 + place. 1010 in bits 43 to 40 is a mark of time each 0.2 ms,
    whose counter is in the bits below; times start at the first one. Bits 46 to 44 count packets in a Gray code, which
    tells where some are missing.

    Parameters
    ----------
    filepath : path
        The file with the packets.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    scanner : Scanner, optional
        The geometry; ``Scanner.named("inveon")`` by default. The files do not tell where crystal 0 is, which way
        numbers grow and how deep photons interact: say it there (`start`, `clockwise`, `depth`).
    delayeds : bool, default False
        Keep events of the delayed window, in a column `delayed`. They tell how many random coincidences there are;
        the provenance counts them either way (`delayeds_found`).
    spread : bool, default True
        Spread lines evenly over the 0.2 ms between two marks; otherwise all have the time of the mark.
    skip : int, default 0
        Bytes of a header.
    memory_map : bool, optional
        Keep the lines in a temporary file rather than in memory; by default, from 256 MiB on.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), and `delayed` if asked for.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If there is no line of response, most packets do not follow each other, or most events are of crystals that the
        scanner does not have.

    Warns
    -----
    UserWarning
        If packets are missing; if events were left out since their crystals are none, or since no time was known yet;
        if times decrease.
    CutOffWarning
        If the last packet is cut off.

    References
    ----------
    .. [1] Bindseil G., root2lst_multi (2012), a program that writes such files for Siemens' own software.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners
    >>> packets = [0b1010 << 40 | 77, 1 << 44 | 1 << 42 | 10 << 19 | 170]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.lst"
    ...     _ = path.write_bytes(b"".join(packet.to_bytes(6, "little") for packet in packets))
    ...     scanners.inveon_list_mode(path, verbose=False).lines.round(3).tolist()
    [[0.1, 80.5, 0.795, -62.805, -80.5, -0.795, -62.805]]
    """
    watch = provenance.Watch()
    geometry = scanner or Scanner.named("inveon")
    path = Path(filepath)
    decoder = _Inveon(geometry)
    how = Reading(path, skip, delayeds, spread, memory_map)
    lines = read_list_mode(how, decoder, "inveon_list_mode", {"skip": skip}, (sample_size, overlap), verbose, watch)
    if 2 * decoder.breaks > decoder.packets:
        raise FormatError(
            f"{path}: expected packets that follow each other, found {decoder.breaks} of {decoder.packets} that do not"
        )
    if decoder.breaks:
        text = f"{path}: packets are missing at {decoder.breaks} places"
        warnings.warn(text, UserWarning, stacklevel=2)
    return lines


@dataclass
class _Inveon:
    """Decodes packets; `breaks` tells how many do not follow the one before."""

    scanner: Scanner
    size: int = 6
    tick: float = _TICK
    packets: int = 0
    breaks: int = 0
    _first: int | None = None
    _last: int | None = None

    def decode(self, words: Bytes) -> Words:
        bits = (words.astype(np.int64) << (8 * np.arange(6))).sum(axis=1)
        self._follow(bits)
        marks = bits >> 40 & 0xF == _MARK
        counter = bits & _COUNTER
        if self._first is None and marks.any():
            self._first = int(counter[marks][0])
        times = (counter - (self._first or 0)) * _TICK
        first, second = (
            np.where(number < len(self.scanner), number, -1) for number in (bits >> 19 & _CRYSTAL, bits & _CRYSTAL)
        )
        return Words(marks, times, bits >> 43 & 1 == 0, bits >> 42 & 1 == 0, first, second)

    def _follow(self, bits: NDArray[np.int64]) -> None:
        places = _PLACE_OF[bits >> 44 & 7]
        before = [] if self._last is None else [self._last]
        steps = np.diff(np.concatenate([before, places]))
        self.breaks += int((steps % 8 != 1).sum())
        self.packets += len(bits)
        self._last = int(places[-1])
