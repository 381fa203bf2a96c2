"""Finding out from its first bytes what a source is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lumentrace import _core
from lumentrace.base.errors import FormatError
from lumentrace.pept.scanners.any_file import ADAC_HEADER, MARKER, MODULAR_HEADER
from lumentrace.pept.sources import list_mode
from lumentrace.pept.sources.array_rows import MAGIC, ArrayRows
from lumentrace.pept.sources.block import Block, joined
from lumentrace.pept.sources.text_rows import TextRows
from lumentrace.pept.sources.wire import GREETING, WireReader

KINDS = ("auto", "adac", "modular", "screens", "lines")
_ENOUGH = ADAC_HEADER + list_mode.WORD
_GIVE_PATH, _PLAY = "give its path", "`lumentrace pept replay` plays it"
_WHOLE_FILES = {
    b"\x89HDF": ("an HDF5 file", _GIVE_PATH),
    b"PAR1": ("a Parquet file", _GIVE_PATH),
    b"root": ("a ROOT file", _PLAY),
    b"yardl": ("a PETSIRD file", _PLAY),
}
"""What files are that begin like this, and what to do with them."""


class Reader(Protocol):
    """Turns bytes into lines."""

    @property
    def ended(self) -> bool:
        """Whether nothing can follow."""

    def feed(self, data: bytes) -> Block:
        """Take the next bytes; gives the lines that they complete."""

    def finish(self) -> Block:
        """Say that no more bytes come; gives what is left."""


@dataclass(frozen=True)
class Hints:
    """What is known of a source beforehand.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    separation : float, optional
        Distance of two screens in mm.
    ticks_per_ms : float, optional
        Rate of the ticks of an ADAC camera.
    calibration : AdacCalibration, optional
        What is known of the clock of its file.
    cut_row_counts : bool
        Whether a row of text whose line break is missing at the very end is one.
    """

    kind: str = "auto"
    separation: float | None = None
    ticks_per_ms: float | None = None
    calibration: _core.AdacCalibration | None = None
    cut_row_counts: bool = False


class Sniffer:
    """A reader that first finds out which reader it has to be.

    Parameters
    ----------
    name : str
        Name of the source in messages.
    hints : Hints
        What is known of it.
    """

    def __init__(self, name: str, hints: Hints) -> None:
        self._name, self._hints = name, hints
        self._head = b""
        self._reader: Reader | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing can follow."""
        return self._reader is not None and self._reader.ended

    def feed(self, data: bytes) -> Block:
        """Take the next bytes; gives the lines that they complete."""
        if self._reader is None:
            self._head += data
            self._reader = self._find(is_all=False)
            if self._reader is None:
                return Block()
            data, self._head = self._head, b""
        return self._reader.feed(data)

    def finish(self) -> Block:
        """Say that no more bytes come; gives what is left."""
        parts = []
        if self._reader is None and self._head:
            self._reader = self._find(is_all=True)
            assert self._reader is not None
            parts.append(self._reader.feed(self._head))
        return joined([*parts, self._reader.finish()]) if self._reader is not None else Block()

    def _find(self, is_all: bool) -> Reader | None:
        """The reader, if the bytes so far (which may be all) tell."""
        head, hints = self._head, self._hints
        for start, (what, advice) in _WHOLE_FILES.items():
            if head.startswith(start):
                raise FormatError(f"{self._name}: expected lines one after another, found {what}; {advice}")
        if hints.kind in ("auto", "lines"):
            for start, reader in ((GREETING, WireReader), (MAGIC, ArrayRows)):
                if head.startswith(start):
                    return reader(self._name)
                if start.startswith(head) and not is_all:
                    return None
        is_binary = hints.kind in ("adac", "modular") or (hints.kind == "auto" and b"\0" in head)
        if not is_binary:
            if hints.kind == "auto" and b"\n" not in head and len(head) < _ENOUGH and not is_all:
                return None
            return TextRows(self._name, hints.separation, hints.cut_row_counts)
        if len(head) < _ENOUGH and not is_all:
            return None
        if hints.kind == "modular" or (hints.kind == "auto" and _is_modular(head)):
            return list_mode.modular(self._name)
        return list_mode.Adac(self._name, head, hints.ticks_per_ms, hints.calibration)


def _is_modular(head: bytes) -> bool:
    return MARKER in head[MODULAR_HEADER:] and not head[ADAC_HEADER:].startswith(MARKER)
