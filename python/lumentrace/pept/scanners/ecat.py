"""List-mode files of the ECAT 962 (HR+) and 966 (EXACT 3D)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lumentrace.base import provenance
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.bins import crystals_of
from lumentrace.pept.scanners.list_mode import Bytes, Ints, Reading, Words, read_list_mode
from lumentrace.pept.scanners.scanner import Scanner

_BINS = 512
_PER_BLOCK = 8
"""Rings of a block."""
_TIME = 0x7FF_FFFF
MODELS = ("962", "966")


def ecat_list_mode(
    filepath: str | os.PathLike[str],
    model: str,
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    *,
    scanner: Scanner | None = None,
    delayeds: bool = False,
    spread: bool = True,
    byte_order: Literal["big", "little"] = "big",
    skip: int = 0,
    memory_map: bool | None = None,
) -> LineData:
    """Read lines of response from a list-mode file of an ECAT 962 (HR+) or 966 (EXACT 3D).

    Such a file is a row of 32-bit words: events, each a view and a bin of a sinogram and two rings, and a mark of time
    each ms [1]_. Random coincidences cannot be taken from lines one by one: events of the delayed window, which tell
    how many there are, are left out or kept with a flag, and counted in the provenance (`delayeds_found`).

    Parameters
    ----------
    filepath : path
        The file with the words; its header, if it has one, is to be skipped.
    model : {'962', '966'}
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    scanner : Scanner, optional
        The geometry; `Scanner.named` of the model by default. The files do not tell where crystal 0 is and which way
        numbers grow: say it there (`start`, `clockwise`), or the whole is turned or mirrored.
    delayeds : bool, default False
        Keep events of the delayed window, in a column `delayed`.
    spread : bool, default True
        Spread lines evenly over the ms between two marks; otherwise all have the time of the mark.
    byte_order : {'big', 'little'}, default 'big'
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
        If there is no line of response, or most events are of crystals that the scanner does not have.
    ValueError
        If the model or an option is none.

    Warns
    -----
    UserWarning
        If events were left out since their crystals are none, or since no time was known yet; if times decrease.
    CutOffWarning
        If the last word is cut off.

    References
    ----------
    .. [1] Thielemans et al., STIR: software for tomographic image reconstruction, release 2, Phys. Med. Biol. 57, 867
       (2012), whose documentation describes the words.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners
    >>> words = [1 << 31 | 5, 0]  # 5 ms, then view 0, bin 0, rings 0 and 0
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.lm"
    ...     _ = path.write_bytes(b"".join(word.to_bytes(4, "big") for word in words))
    ...     scanners.ecat_list_mode(path, "962", verbose=False).lines.round(3).tolist()
    [[5.5, 419.0, 0.0, -75.175, -419.0, 0.0, -75.175]]
    """
    watch = provenance.Watch()
    if str(model) not in MODELS:
        raise ValueError(f"`model`: expected one of {', '.join(MODELS)}, found {model!r}")
    if byte_order not in ("big", "little"):
        raise ValueError(f"`byte_order`: expected 'big' or 'little', found {byte_order!r}")
    geometry = scanner or Scanner.named(f"ecat{model}")
    if not geometry.per_ring or geometry.per_ring % 2:
        raise ValueError(f"`scanner`: expected rings of an even number of crystals, found {geometry!r}")
    how = Reading(Path(filepath), skip, delayeds, spread, memory_map)
    decoder = _Ecat(geometry, str(model), ">u4" if byte_order == "big" else "<u4")
    settings = {"model": str(model), "byte_order": byte_order, "skip": skip}
    return read_list_mode(how, decoder, "ecat_list_mode", settings, (sample_size, overlap), verbose, watch)


@dataclass(frozen=True)
class _Ecat:
    """Words of either model: view and bin of 9 bits each, then the rest, then the bit that tells marks of time."""

    scanner: Scanner
    model: str
    order: str
    size: int = 4
    tick: float = 1.0

    def decode(self, words: Bytes) -> Words:
        word = words.reshape(-1).view(self.order).astype(np.int64)
        view, bin_ = word & 0x1FF, word >> 9 & 0x1FF
        bin_ = np.where(bin_ >= _BINS // 2, bin_ - _BINS, bin_)
        marks = word >> 31 == 1
        rings, random = self._rings_and_random(word)
        there = (view < self.scanner.per_ring // 2) & (np.maximum(*rings) < self.scanner.rings)
        first, second = crystals_of(view, bin_, self.scanner.per_ring)
        numbers = [
            np.where(there, ring * self.scanner.per_ring + place, -1)
            for ring, place in zip(rings, (first, second), strict=True)
        ]
        return Words(marks, (word & _TIME).astype(np.float64), ~marks, random == 1, *numbers)

    def _rings_and_random(self, word: Ints) -> tuple[tuple[Ints, Ints], Ints]:
        """Rings of both crystals, and the bit of the delayed window."""
        if self.model == "966":
            block_a, block_b = word >> 25 & 7, word >> 28 & 7
            in_a, in_b, random = word >> 19 & 7, word >> 22 & 7, word >> 18 & 1
        else:
            block_a = (word >> 28 & 1) | (word >> 29 & 2)
            block_b = (word >> 27 & 1) | (word >> 28 & 2)
            in_a, in_b, random = word >> 21 & 7, word >> 24 & 7, word >> 19 & 1
        return (block_a * _PER_BLOCK + in_a, block_b * _PER_BLOCK + in_b), random
