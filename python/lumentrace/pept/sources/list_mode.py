"""Lines of response from list-mode files of cameras that come piece by piece."""

from __future__ import annotations

from io import BufferedReader

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.errors import FormatError
from lumentrace.pept.scanners.any_file import ADAC_HEADER, MODULAR_HEADER
from lumentrace.pept.scanners.files import word_pieces
from lumentrace.pept.sources.block import COLUMNS, Block

WORD = 4
"""Bytes."""
_MOST_BYTES_WITHOUT_A_LINE = 2**20
_ENOUGH_BUFFERS = 1000
"""Clock readings that a fit of the length of ticks needs to be better than what is known of the camera."""
_SOUND = 0.9
_DEVIATION = 1e-3
_LONG_ENOUGH = 10_000.0
"""ms of lines after which the clock readings of the camera are compared with the times given."""


class _Words:
    """Collects bytes into whole words after a header."""

    def __init__(self, header: int) -> None:
        self._header, self._rest = header, b""

    def add(self, data: bytes) -> bytes:
        """The whole words that `data` completes."""
        self._rest += data
        if self._header:
            if len(self._rest) < self._header:
                return b""
            self._rest, self._header = self._rest[self._header :], 0
        whole = len(self._rest) - len(self._rest) % WORD
        words, self._rest = self._rest[:whole], self._rest[whole:]
        return words

    def left(self) -> int:
        """Bytes that make no word."""
        return len(self._rest)


class ListMode:
    """Reads the list mode of a camera in pieces of any length.

    Parameters
    ----------
    name : str
        Name of the source in messages.
    decoder
        Turns words into rows.
    header : int
        Bytes before the first word.
    """

    ended = False

    def __init__(self, name: str, decoder: _core.AdacDecoder | _core.ModularDecoder, header: int) -> None:
        self._name, self._decoder = name, decoder
        self._words = _Words(header)
        self._silent = 0

    def feed(self, data: bytes) -> Block:
        """Take the next bytes; gives the lines that they complete.

        Raises
        ------
        FormatError
            If there are no lines in too many of them.
        """
        words = self._words.add(data)
        rows = _decoded(self._decoder, words)
        self._silent = 0 if len(rows) else self._silent + len(words)
        if self._silent >= _MOST_BYTES_WITHOUT_A_LINE:
            raise FormatError(
                f"{self._name}: expected list-mode data of a camera, found no line of response in {self._silent} bytes"
            )
        return Block(rows, notices=self._remarks(words, rows))

    def finish(self) -> Block:
        """Say that no more bytes come."""
        left = self._words.left()
        return Block(notices=(f"{self._name}: ends within a word, which is left out",) if left else ())

    def _remarks(self, words: bytes, rows: NDArray[np.float64]) -> tuple[str, ...]:
        return ()


def modular(name: str) -> ListMode:
    """Reads the list mode of the modular camera."""
    return ListMode(name, _core.ModularDecoder(), MODULAR_HEADER)


class Adac(ListMode):
    """Reads the list mode of the ADAC Forte.

    The length of the camera's ticks is one number for all lines, so that times never jump.

    Parameters
    ----------
    name : str
        Name of the source in messages.
    head : bytes
        The header and the word after it.
    ticks_per_ms : float, optional
        Rate of ticks; that of `calibration` by default, or what is known of the camera.
    calibration : AdacCalibration, optional
        What is known of the file's clock.

    Raises
    ------
    FormatError
        If it is not the head of such a file.
    """

    def __init__(
        self,
        name: str,
        head: bytes,
        ticks_per_ms: float | None = None,
        calibration: _core.AdacCalibration | None = None,
    ) -> None:
        self._calibration = _calibration(name, head)
        decoder = (calibration or self._calibration).decoder()
        super().__init__(name, decoder, ADAC_HEADER)
        self._rate = ticks_per_ms or decoder.ticks_per_ms
        self._compared = False

    def feed(self, data: bytes) -> Block:
        """Take the next bytes; gives the lines that they complete."""
        block = super().feed(data)
        _retime(block.rows[:, 0], self._decoder_rate(), self._rate)
        return block

    def _decoder_rate(self) -> float:
        assert isinstance(self._decoder, _core.AdacDecoder)
        return self._decoder.ticks_per_ms

    def _remarks(self, words: bytes, rows: NDArray[np.float64]) -> tuple[str, ...]:
        """Compare the clock readings of the camera with the rate in use, once there are enough."""
        if self._compared:
            return ()
        self._calibration.push(np.frombuffer(words, dtype=np.uint8))
        if not len(rows) or rows[-1, 0] < _LONG_ENOUGH:
            return ()
        self._compared = True
        clock = self._calibration.decoder()
        if is_sure(clock) and abs(clock.ticks_per_ms / self._rate - 1) > _DEVIATION:
            text = (
                f"{self._name}: times are counted with {self._rate:.5g} ticks per ms, the camera's clock says "
                f"{clock.ticks_per_ms:.5g}; give `ticks_per_ms` to have it so"
            )
            return (text,)
        return ()


def is_sure(clock: _core.AdacDecoder) -> bool:
    """Whether the length of a tick was measured well."""
    return clock.clock_source == "fit" and clock.clock_correlation >= _SOUND and clock.buffers >= _ENOUGH_BUFFERS


def calibrated(name: str, file: BufferedReader, whole: bool) -> _core.AdacCalibration | None:
    """The clock of a file as far as it was written; None if it is not sure and the file not `whole`.

    Raises
    ------
    FormatError
        If it is not a file of the camera.
    """
    file.seek(0)
    head = file.read(ADAC_HEADER + WORD)
    if len(head) < ADAC_HEADER + WORD and not whole:
        return None
    calibration = _calibration(name, head)
    for words in word_pieces(file, ADAC_HEADER, lambda count: None):
        calibration.push(words)
    return calibration if whole or is_sure(calibration.decoder()) else None


def _calibration(name: str, head: bytes) -> _core.AdacCalibration:
    try:
        return _core.AdacCalibration(np.frombuffer(head[: ADAC_HEADER + WORD], dtype=np.uint8))
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from None


def _decoded(decoder: _core.AdacDecoder | _core.ModularDecoder, words: bytes) -> NDArray[np.float64]:
    rest = np.frombuffer(words, dtype=np.uint8)
    rows = np.empty((len(rest) // WORD, COLUMNS))
    done = 0
    while len(rest):
        used, written = decoder.fill(rest, rows[done:])
        rest, done = rest[used:], done + written
    return rows[:done]


def _retime(times: NDArray[np.float64], rate: float, wanted: float) -> None:
    """Times that were ticks divided by `rate` become the same ticks divided by `wanted`."""
    if rate != wanted:
        times[:] = np.rint(times * rate) / wanted
