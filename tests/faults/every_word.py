"""All words of 32 bits that list mode may hold, decoded: ``python tests/faults/every_word.py``; and so many of 48 bits.

Whatever a word is, its crystals are ones that the scanner has, or -1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.parsers import HEADER, LONG, RING
from lumentrace.pept.scanners.ecat import _Ecat
from lumentrace.pept.scanners.inveon import _Inveon
from lumentrace.pept.scanners.list_mode import Decoder
from lumentrace.pept.scanners.petlink import _Petlink, _ring_pairs

ALL, BLOCK = 2**32, 2**18
DECODERS: dict[str, Decoder] = {
    "ECAT 962": _Ecat(LONG, "962", ">u4"),
    "ECAT 966": _Ecat(LONG, "966", ">u4"),
    "PETLINK": _Petlink(RING, HEADER, _ring_pairs(HEADER, -1), 1.0),
    "Inveon": _Inveon(RING),
}


def blocks(size: int) -> Iterator[NDArray[np.uint8]]:
    """All words of four bytes; as many random ones of six."""
    random = np.random.default_rng(1)
    for first in range(0, ALL, BLOCK):
        if size == 4:
            yield np.arange(first, first + BLOCK, dtype=np.int64).astype("<u4").view(np.uint8).reshape(-1, 4)
        else:
            yield random.integers(0, 256, (BLOCK, size), np.uint8)


def main() -> None:
    """Decode, and say how many were what."""
    for name in sys.argv[1:] or DECODERS:
        decoder, events, marks = DECODERS[name], 0, 0
        for words in blocks(decoder.size):
            found = decoder.decode(words)
            for numbers in (found.first, found.second):
                assert -1 <= numbers.min() <= numbers.max() < len(decoder.scanner)
            assert not (found.events & found.marks).any()
            assert np.isfinite(found.times[found.marks]).all()
            events += int((found.events & (found.first >= 0) & (found.second >= 0)).sum())
            marks += int(found.marks.sum())
        print(f"{name}: {ALL:,} words, {marks:,} marks of time, {events:,} events of its crystals", flush=True)


if __name__ == "__main__":
    main()
