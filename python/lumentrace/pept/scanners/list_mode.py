"""Files of words, each an event between two crystals or a mark of time: what all their readers share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.documents import regular
from lumentrace.base.errors import CutOffWarning, FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.files import identity
from lumentrace.pept.scanners.progress import reading
from lumentrace.pept.scanners.scanner import Scanner
from lumentrace.pept.scanners.text import warn_of_unsorted
from lumentrace.pept.scanners.ticks import spread_ticks
from lumentrace.pept.utilities.row_table import RowTable, limit_for

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
_WORDS = 2**17


@dataclass(frozen=True)
class Words:
    """What some words are, in order.

    Attributes
    ----------
    marks, events, delayed : (N,) array of bool
        Marks of time; events; those of the delayed window.
    times : (N,) array
        In ms, where there is a mark.
    first, second : (N,) array of int
        Numbers of crystals where there is an event; -1 for crystals that the scanner does not have.
    """

    marks: Bools
    times: Floats
    events: Bools
    delayed: Bools
    first: Ints
    second: Ints


class Decoder(Protocol):
    """Tells what words are."""

    @property
    def size(self) -> int:
        """Bytes of a word."""

    @property
    def tick(self) -> float:
        """From one mark of time to the next, in ms."""

    @property
    def scanner(self) -> Scanner:
        """Where its crystals are."""

    def decode(self, words: Bytes) -> Words:
        """What the words are, (N, size) bytes in the order of the file."""


@dataclass
class Counts:
    """Events of a file; only those of the last two kinds are left out whatever the options are."""

    prompts: int = 0
    delayeds: int = 0
    outside: int = 0
    untimed: int = 0


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Attributes
    ----------
    path : Path
    skip : int
        Bytes before the first word.
    delayeds : bool
        Keep events of the delayed window too, with a column that tells them.
    spread : bool
        Spread lines over the ticks of the clock.
    memory_map : bool, optional
        Keep the lines in a temporary file; by default, from 256 MiB on.
    """

    path: Path
    skip: int
    delayeds: bool
    spread: bool
    memory_map: bool | None

    @property
    def columns(self) -> list[str]:
        """Of the lines."""
        return [*LineData.default_columns, *(["delayed"] if self.delayeds else [])]


def read_list_mode(
    how: Reading,
    decoder: Decoder,
    name: str,
    settings: dict[str, Any],
    sampling: tuple[Any, Any],
    verbose: bool,
    watch: provenance.Watch,
) -> LineData:
    """Read the lines of a file, and keep in the provenance what it held."""
    counts = Counts()
    size = max(0, how.path.stat().st_size - how.skip)
    if how.skip < 0:
        raise ValueError(f"`skip`: expected a number of bytes from 0 on, found {how.skip}")
    table = RowTable(len(how.columns), size // decoder.size, limit_for(how.memory_map))
    with reading(verbose, size) as advance:
        for rows in _rows(how, decoder, counts, advance):
            table.append(rows)
    _check(how.path, len(table), counts)
    rows = table.finish()
    if how.spread:
        spread_ticks(rows[:, 0], decoder.tick)
    warn_of_unsorted(rows[:, 0])
    lines = LineData(rows, *sampling, columns=how.columns)
    told = {"scanner": repr(decoder.scanner), "delayeds": how.delayeds, "spread": how.spread, "tick": decoder.tick}
    found = {f"{each}_found": count for each, count in vars(counts).items()}
    history = provenance.Provenance(input=identity(how.path))
    lines.provenance = watch.after(history, name, {"filepath": str(how.path), **settings, **told, **found})
    return lines


def _rows(how: Reading, decoder: Decoder, counts: Counts, advance: Callable[[int], object]) -> Iterator[Floats]:
    places = decoder.scanner.positions(np.arange(len(decoder.scanner)))
    now = np.nan
    for data in _words(how, decoder.size, advance):
        words = decoder.decode(data)
        # The time of a word is that of the last mark before it.
        last = np.maximum.accumulate(np.where(words.marks, np.arange(len(data)), -1))
        times = np.where(last >= 0, words.times[last], now)
        now = float(times[-1])
        sound = words.events & (words.first >= 0) & (words.second >= 0) & (words.first != words.second)
        timed = sound & ~np.isnan(times)
        counts.outside += int((words.events & ~sound).sum())
        counts.untimed += int((sound & ~timed).sum())
        counts.delayeds += int((timed & words.delayed).sum())
        counts.prompts += int((timed & ~words.delayed).sum())
        kept = np.flatnonzero(timed if how.delayeds else timed & ~words.delayed)
        rows = np.empty((len(kept), len(how.columns)))
        rows[:, 0] = times[kept]
        rows[:, 1:4], rows[:, 4:7] = places[words.first[kept]], places[words.second[kept]]
        if how.delayeds:
            rows[:, 7] = words.delayed[kept]
        yield rows


def _words(how: Reading, size: int, advance: Callable[[int], object]) -> Iterator[Bytes]:
    """All whole words of the file, in blocks."""
    with open(regular(how.path), "rb") as file:
        file.seek(how.skip)
        while data := file.read(size * _WORDS):
            whole = len(data) // size
            if whole:
                yield np.frombuffer(data, dtype=np.uint8, count=whole * size).reshape(whole, size)
            advance(len(data))
            if len(data) % size:
                text = f"{how.path}: left out the last {len(data) % size} bytes, a word of {size} that is cut off"
                warnings.warn(text, CutOffWarning, stacklevel=6)


def _check(path: Path, kept: int, counts: Counts) -> None:
    events = counts.prompts + counts.delayeds + counts.outside + counts.untimed
    if 2 * counts.outside > events:
        raise FormatError(
            f"{path}: expected events of the scanner's crystals, found {counts.outside} of {events} to be of others: "
            "another scanner, header or order of bytes?"
        )
    if not kept:
        raise FormatError(
            f"{path}: expected at least one line of response, found {counts.prompts} prompt, {counts.delayeds} delayed "
            f"events and {counts.untimed} before the first mark of time"
        )
    if counts.outside:
        text = f"{path}: left out {counts.outside} events ({counts.outside / events:.1%}) of crystals it does not have"
        warnings.warn(text, UserWarning, stacklevel=4)
    if counts.untimed:
        text = f"{path}: left out {counts.untimed} events before the first mark of time"
        warnings.warn(text, UserWarning, stacklevel=4)
