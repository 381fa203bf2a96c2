"""ADAC Forte list mode read one word at a time: the description of the format, made executable."""

from __future__ import annotations

import numpy as np

MARKER = 0xFACEFACE
VALUE_BIT_FROM_WORD_BIT = {
    13: 8, 12: 10, 11: 12, 10: 14, 9: 16, 8: 21, 7: 19,
    6: 18, 5: 11, 4: 13, 3: 15, 2: 17, 1: 22, 0: 20,
}  # fmt: skip


def position(word: int) -> int:
    value = 16383 - sum(((word >> source) & 1) << bit for bit, source in VALUE_BIT_FROM_WORD_BIT.items())
    return value >> 4


def tag_step(tag: int, previous: int) -> int:
    step = (tag - previous) % 256
    return step if step < 130 else 0


def is_after_marker(words: list[int]) -> list[bool]:
    """Which words are clocks: the one after each marker, whatever its value."""
    clocks = []
    for i in range(len(words)):
        clocks.append(i > 0 and words[i - 1] == MARKER and not clocks[i - 1])
    return clocks


def ticks_per_ms(words: list[int]) -> float:
    """Slope of ticks against the clock words, with an intercept, over every buffer but the first."""
    pairs = []
    first_clock = previous = None
    ticks = 0
    for word, is_clock in zip(words, is_after_marker(words), strict=True):
        if is_clock:
            if first_clock is None:
                first_clock = word
            else:
                passed = word - first_clock
                pairs.append((passed + 2**32 if passed < -(2**31) else passed, ticks))
        elif word != MARKER:
            tag = word >> 24
            ticks += 0 if previous is None else tag_step(tag, previous)
            previous = tag
    n = len(pairs)
    sum_c, sum_t = sum(c for c, _ in pairs), sum(t for _, t in pairs)
    sum_ct, sum_cc = sum(c * t for c, t in pairs), sum(c * c for c, _ in pairs)
    return (n * sum_ct - sum_c * sum_t) / (n * sum_cc - sum_c**2)


def lines(data: bytes, rate: float | None = None) -> np.ndarray:
    """Rows t, x1, y1, z1, x2, y2, z2; `rate` in ticks per ms replaces the one measured from the file."""
    separation = int(np.frombuffer(data[:4], "<i4")[0])
    words = [int(w) for w in np.frombuffer(data[1008 : len(data) // 4 * 4], "<u4")]
    rate = ticks_per_ms(words) if rate is None else rate
    rows = []
    seen: dict[str, float] = {}
    ticks = tag = 0
    for word, is_clock in zip(words, is_after_marker(words), strict=True):
        if is_clock or word == MARKER:
            continue
        ticks += tag_step(word >> 24, tag)
        tag = word >> 24
        head = "1" if word >> 23 & 1 else "2"
        if not word >> 7 & 1:
            if word >> 22 & 1:
                seen["second"] = 1
            else:
                seen = {"first": 1} | {key: 1 for key in ("second",) if key in seen}
            seen["x" + head] = position(word)
        if not word >> 9 & 1:
            seen["y" + head] = position(word)
        if len(seen) == 6:
            x1, y1 = 0.59 * seen["x1"], 0.59 * seen["y1"]
            x2, y2 = 0.59 * seen["x2"], 0.59 * (1024 - seen["y2"])
            rows.append([ticks / rate, x1, 600 - y1, -10, x2, 600 - y2, separation + 10])
            seen = {}
    return np.array(rows, float).reshape(-1, 7)
