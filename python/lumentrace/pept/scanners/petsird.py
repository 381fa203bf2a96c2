"""PETSIRD files, the raw data of the Emission Tomography Standardization Initiative."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.files import identity
from lumentrace.pept.scanners.petsird_geometry import Detector, detector_of
from lumentrace.pept.scanners.progress import reading
from lumentrace.pept.scanners.scanner import Scanner
from lumentrace.pept.scanners.text import warn_of_unsorted
from lumentrace.pept.scanners.yardl.schema import items, types_of
from lumentrace.pept.scanners.yardl.source import Source
from lumentrace.pept.scanners.yardl.types import Type
from lumentrace.pept.utilities.row_table import gather, limit_for

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def petsird_events(
    filepath: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    *,
    delayeds: bool = False,
    spread: bool = True,
    memory_map: bool | None = None,
) -> LineData:
    """Read lines of response from a PETSIRD file [1]_.

    The file holds its own layout, so that any version of PETSIRD is read that has events of two crystals, and the
    geometry of its scanner; lines end in the middles of crystals. Its events are in blocks of time,
    in whose order nothing is said about when: they are spread evenly over their block. Beds may move, gantries not.

    Parameters
    ----------
    filepath : path
        A binary PETSIRD file.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    delayeds : bool, default False
        Keep events of the delayed window, in a column `delayed`. They tell how many random coincidences there are;
        the provenance counts them either way (`delayeds_found`).
    spread : bool, default True
        Spread the lines of a block evenly over its time; otherwise all have the time of its start.
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
        If it is no binary PETSIRD file, is damaged, its gantry moves, or there is no line of response.

    Warns
    -----
    UserWarning
        If events of crystals that the scanner does not have were left out, or times decrease.

    References
    ----------
    .. [1] Emission Tomography Standardization Initiative, PETSIRD, https://github.com/ETSInitiative/PETSIRD.

    Examples
    --------
    >>> from lumentrace.pept import scanners
    >>> scanners.petsird_events("run.petsird", verbose=False)
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'run.petsird'
    """
    watch = provenance.Watch()
    path = Path(filepath)
    size = path.stat().st_size
    found: Counter[str] = Counter()
    columns = [*LineData.default_columns, *(["delayed"] if delayeds else [])]
    with reading(verbose, size) as advance, _opened(path) as (source, types):
        detector = detector_of(types["header"].read(source)["scanner"])
        blocks = _Blocks(detector, delayeds, spread, found)
        read = blocks.rows(items(source, types["timeBlocks"]))
        rows = gather(_told(read, source, advance), 8 * size, limit_for(memory_map))
    if rows is None:
        text = f"found {found['prompts']} prompt, {found['delayeds']} delayed events, {found['outside']} of no crystal"
        raise FormatError(f"{path}: expected at least one line of response, {text}")
    if found["outside"]:
        text = f"{path}: left out {found['outside']} events of crystals that the scanner does not have"
        warnings.warn(text, UserWarning, stacklevel=2)
    warn_of_unsorted(rows[:, 0])
    lines = LineData(rows, sample_size, overlap, columns=columns)
    counts = {f"{name}_found": found[name] for name in ("prompts", "delayeds", "outside", "multiples")}
    settings = {
        "filepath": str(path),
        "scanner": repr(detector.scanner),
        "delayeds": delayeds,
        "spread": spread,
        **counts,
    }
    lines.provenance = watch.after(provenance.Provenance(input=identity(path)), "petsird_events", settings)
    return lines


def petsird_scanner(filepath: str | os.PathLike[str]) -> Scanner:
    """The scanner of a PETSIRD file; its `faces` are the middles of the crystals.

    Raises
    ------
    FileNotFoundError, FormatError
        As by `petsird_events`.

    Examples
    --------
    >>> from lumentrace.pept import scanners
    >>> scanners.petsird_scanner("run.petsird")
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'run.petsird'
    """
    path = Path(filepath)
    with _opened(path) as (source, types):
        return detector_of(types["header"].read(source)["scanner"]).scanner


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Source, dict[str, Type]]]:
    """Its source and the types in it; what is damaged becomes a `FormatError`."""
    with open(regular(path), "rb") as file:
        source = Source(file, path.stat().st_size)
        try:
            types = types_of(source, "PETSIRD")
            if [*types] != ["header", "timeBlocks"]:
                raise ValueError(f"a file of {', '.join(types)[:80] or 'no steps'}, not of header, timeBlocks")
            yield source, types
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            found = " ".join(str(error).split())[:120]
            text = f"a schema without what lines need ({type(error).__name__}: {found})"
            raise FormatError(f"{path}: expected a PETSIRD file, found {text}") from error
        except (ValueError, OverflowError, RecursionError) as error:
            if isinstance(error, FormatError):
                raise
            text = f"{path}: expected a PETSIRD file, found {error}, before byte {source.at:,}"
            raise FormatError(text) from error


def _told(rows: Iterator[Floats], source: Source, advance: Any) -> Iterator[Floats]:
    """The rows, with the progress of the file told."""
    before = 0
    for block in rows:
        advance(source.at - before)
        before = source.at
        yield block


class _Blocks:
    """Lines of blocks of time."""

    def __init__(self, detector: Detector, delayeds: bool, spread: bool, found: Counter[str]) -> None:
        self._detector, self._delayeds, self._spread, self._found = detector, delayeds, spread, found

    def rows(self, blocks: Iterable[tuple[str, Any]]) -> Iterator[Floats]:
        """The lines of each block, in the order of their times."""
        for kind, block in blocks:
            if kind == "GantryMovementTimeBlock":
                raise ValueError("a gantry that moves")
            if kind == "EventTimeBlock" and (tables := self._of_block(block)):
                rows = np.concatenate(tables)
                yield rows[np.argsort(rows[:, 0], kind="stable")]

    def _of_block(self, block: dict[str, Any]) -> list[Floats]:
        self._found["multiples"] += _count(block["tripleEvents"]) + _count(block["quadrupleEvents"])
        interval = block["timeInterval"]["start"], block["timeInterval"]["stop"]
        if interval[0] > interval[1]:
            raise ValueError(f"a block of time from {interval[0]} to {interval[1]} ms")
        tables = []
        for name, delayed in (("prompt", 0.0), ("delayed", 1.0)):
            for first, row in enumerate(block[f"{name}Events"]):
                for second, events in enumerate(row):
                    ends = self._ends(_bins(events), (first, second))
                    self._found[f"{name}s"] += len(ends)
                    if len(ends) and (self._delayeds or not delayed):
                        tables.append(self._lines(ends, interval, delayed))
        return tables

    def _ends(self, bins: Ints, kinds: tuple[int, int]) -> Ints:
        """Numbers of the crystals at both ends of the events whose crystals there are."""
        ends: Ints = np.column_stack([self._detector.crystals(kinds[i], bins[:, i]) for i in range(2)])
        sound = (ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])
        self._found["outside"] += int((~sound).sum())
        kept: Ints = ends[sound]
        return kept

    def _lines(self, ends: Ints, interval: tuple[int, int], delayed: float) -> Floats:
        places = self._detector.scanner.faces
        share = (np.arange(len(ends)) + 0.5) / len(ends) if self._spread else 0.0
        rows = np.empty((len(ends), 8 if self._delayeds else 7))
        rows[:, 0] = interval[0] + (interval[1] - interval[0]) * share
        rows[:, 1:4], rows[:, 4:7] = places[ends[:, 0]], places[ends[:, 1]]
        rows[:, 7:] = delayed
        return rows


def _bins(events: Any) -> Ints:
    """What both crystals of each event detected, also where events are not numbers of one kind alone."""
    bins = [each["detectionBins"] for each in events] if isinstance(events, list) else events["detectionBins"]
    return np.asarray(bins, np.int64).reshape(-1, 2)


def _count(events: Any) -> int:
    """How many events there are in lists of lists."""
    if isinstance(events, list):
        return sum(map(_count, events))
    found = events["detectionBins"]
    return len(found) if found.ndim > 1 else 1
