"""ECAT 8 list-mode files: PETLINK words of 32 bits with bin addresses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lumentrace.base import provenance
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.bins import crystals_of
from lumentrace.pept.scanners.interfile import ListHeader, read_header
from lumentrace.pept.scanners.list_mode import Bytes, Ints, Reading, Words, read_list_mode
from lumentrace.pept.scanners.scanner import Scanner

_ADDRESS, _TIME = 0x3FFF_FFFF, 0x1FFF_FFFF
_ELAPSED = 0b100
"""The first three bits of a mark of time."""


def petlink_list_mode(
    filepath: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    *,
    header: str | os.PathLike[str] | None = None,
    scanner: Scanner | None = None,
    depth: float = 0.0,
    first_segment: Literal[-1, 1] = -1,
    delayeds: bool = False,
    spread: bool = True,
    memory_map: bool | None = None,
) -> LineData:
    """Read lines of response from an ECAT 8 list-mode file (``.l`` and ``.l.hdr``), such as those of Siemens' mMR.

    Such a file is a row of 32-bit words, least byte first: bit 31 is 0 for an event, of which bit 30 is 1 for a prompt
    and the others are a bin address; 100 in bits 31 to 29 begins a mark of time in ms [1]_. The header tells which
    bins there are: projections, then views, then sinograms by ring difference, without compression. Words of 64 bits,
    and bins of time of flight, are refused: their layout is not public.

    Parameters
    ----------
    filepath : path
        The file with the words, or its header.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    header : path, optional
        By default the name of the file with ``.hdr`` behind it.
    scanner : Scanner, optional
        The geometry; rings with the header's numbers by default. The files do not tell where crystal 0 is and which
        way numbers grow: say it there (`start`, `clockwise`), or the whole is turned or mirrored.
    depth : float, default 0
        Depth of interaction in mm, which headers do not have; of the default geometry.
    first_segment : {-1, 1}, default -1
        Which ring difference (second ring minus first) follows 0. Headers do not tell; with the wrong one, lines tilt
        the other way along the axis. STIR takes -1 for the mMR.
    delayeds : bool, default False
        Keep events of the delayed window, in a column `delayed`. They tell how many random coincidences there are;
        the provenance counts them either way (`delayeds_found`).
    spread : bool, default True
        Spread lines evenly over the time between two marks; otherwise all have the time of the mark.
    memory_map : bool, optional
        Keep the lines in a temporary file rather than in memory; by default, from 256 MiB on.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), and `delayed` if asked for.

    Raises
    ------
    FileNotFoundError
        If the file or its header is not there.
    FormatError
        If the header is none or tells of another format, there is no line of response, or most events are of bins
        that the scanner does not have.
    ValueError
        If `first_segment` is none.

    Warns
    -----
    UserWarning
        If events were left out since their bins are none, or since no time was known yet; if times decrease.
    CutOffWarning
        If the last word is cut off.

    References
    ----------
    .. [1] Siemens, Guideline to the PETLINK proposal, revisions J1 (2013) and J2 (2018).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners
    >>> head = '''number of rings:=2
    ... %number of views:=4
    ... %number of projections:=5
    ... %maximum ring difference:=1
    ... gantry crystal radius (cm):=30
    ... distance between rings (cm):=0.4'''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "run.l.hdr").write_text(head)
    ...     words = [0b100 << 29 | 7, 1 << 30 | 2]  # 7 ms, then the middle bin of view 0 of sinogram 0
    ...     _ = (Path(folder) / "run.l").write_bytes(b"".join(word.to_bytes(4, "little") for word in words))
    ...     scanners.petlink_list_mode(Path(folder) / "run.l", verbose=False).lines.round(6).tolist()
    [[7.5, 300.0, 0.0, -2.0, -300.0, 0.0, -2.0]]
    """
    watch = provenance.Watch()
    if first_segment not in (-1, 1):
        raise ValueError(f"`first_segment`: expected -1 or 1, found {first_segment!r}")
    words, head = _files(Path(filepath), None if header is None else Path(header))
    told = read_header(head)
    geometry = scanner or Scanner.ring(
        f"scanner of {head.name}",
        radius=told.radius,
        rings=told.rings,
        per_ring=2 * told.views,
        pitch=told.pitch,
        depth=depth,
    )
    if (geometry.rings, geometry.per_ring) != (told.rings, 2 * told.views):
        raise FormatError(f"{head}: expected {geometry!r}, found {told.rings} rings of {2 * told.views}")
    decoder = _Petlink(geometry, told, _ring_pairs(told, first_segment), told.tick)
    settings = {"header": str(head), "first_segment": first_segment}
    how = Reading(words, 0, delayeds, spread, memory_map)
    try:
        return read_list_mode(how, decoder, "petlink_list_mode", settings, (sample_size, overlap), verbose, watch)
    except FormatError as error:
        raise FormatError(f"{error} ({head} says what the words mean)") from None


def _files(path: Path, header: Path | None) -> tuple[Path, Path]:
    """The file with the words, and its header."""
    if path.suffix.lower() != ".hdr":
        return path, header or path.with_name(path.name + ".hdr")
    beside = path.with_name(path.name[: -len(".hdr")])
    name = read_header(path).data_file
    # Only files beside the header: its own folders are those of the scanner's computer.
    named = path.with_name(name.replace("\\", "/").rsplit("/", 1)[-1] or beside.name)
    return (named if named.exists() else beside), path


def _ring_pairs(header: ListHeader, first_segment: int) -> Ints:
    """First and second ring of each sinogram: ring difference 0, then `first_segment`, then its opposite, ..."""
    differences = [0]
    for each in range(1, header.ring_difference + 1):
        differences += [first_segment * each, -first_segment * each]
    pairs = []
    for difference in differences:
        low = np.arange(header.rings - abs(difference))
        pairs.append(np.column_stack([low + max(0, -difference), low + max(0, difference)]))
    return np.concatenate(pairs)


@dataclass(frozen=True)
class _Petlink:
    scanner: Scanner
    header: ListHeader
    ring_pairs: Ints
    tick: float
    size: int = 4

    def decode(self, words: Bytes) -> Words:
        word = words.reshape(-1).view("<u4").astype(np.int64)
        marks, events = word >> 29 == _ELAPSED, word >> 31 == 0
        bins, projection = np.divmod(word & _ADDRESS, self.header.projections)
        sinogram, view = np.divmod(bins, self.header.views)
        there = sinogram < len(self.ring_pairs)
        rings = self.ring_pairs[np.where(there, sinogram, 0)]
        places = crystals_of(view, projection - self.header.projections // 2, self.scanner.per_ring)
        numbers = [np.where(there, rings[:, i] * self.scanner.per_ring + places[i], -1) for i in range(2)]
        return Words(marks, (word & _TIME).astype(np.float64), events, word >> 30 & 1 == 0, *numbers)
