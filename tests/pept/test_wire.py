"""The format in which lines go over sockets, whole, in pieces and damaged."""

from __future__ import annotations

import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import assert_identical
from lines_sent import ROWS, as_stream, fed
from lumentrace.base.errors import FormatError
from lumentrace.pept.sources import tally, wire
from lumentrace.pept.sources.sniffing import Hints


def test_a_frame_is_what_the_page_says() -> None:
    count, content = struct.pack("<I", 2), struct.pack("<14d", *range(14))
    by_hand = b"LUML" + count + struct.pack("<I", zlib.crc32(count + content)) + content
    assert list(wire.line_frames(np.arange(14.0).reshape(2, 7))) == [by_hand]
    assert wire.end_frame() == b"LUME" + bytes(4) + struct.pack("<I", zlib.crc32(bytes(4)))


def test_many_rows_make_frames_of_a_bounded_size() -> None:
    frames = list(wire.line_frames(np.zeros((40_000, 7))))
    assert [struct.unpack_from("<I", frame, 4)[0] for frame in frames] == [16384, 16384, 40_000 - 2 * 16384]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=5), st.lists(st.integers(0, 2000), max_size=30))
def test_any_cuts_give_the_same_rows(lengths: list[int], cuts: list[int]) -> None:
    rows = ROWS[: sum(lengths)]
    pieces = np.split(rows, np.cumsum(lengths)[:-1]) if lengths else []
    content = wire.HELLO + b"".join(frame for piece in pieces for frame in wire.line_frames(piece)) + wire.end_frame()
    found, dropped, notices = fed(content, [min(cut, len(content)) for cut in cuts], Hints())
    assert_identical(found, rows)
    assert (dropped, notices) == (0, [])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4), st.binary(min_size=1, max_size=300), st.lists(st.integers(0, 3000), max_size=10))
def test_the_frame_after_garbage_is_found(place: int, garbage: bytes, cuts: list[int]) -> None:
    frames = [frame for piece in np.split(ROWS[:40], 4) for frame in wire.line_frames(piece)]
    content = b"".join([wire.HELLO, *frames[:place], garbage, *frames[place:], wire.end_frame()])
    found, _, notices = fed(content, [min(cut, len(content)) for cut in cuts], Hints())
    assert_identical(found, ROWS[:40])
    left_out = sum(int(text.split("left out ")[1].split()[0]) for text in notices)
    assert left_out == len(garbage)
    start = len(wire.HELLO) + sum(map(len, frames[:place]))
    assert notices[0].startswith("it: left out ")
    assert f"the first at byte {start}:" in notices[0]


def test_a_damaged_frame_is_left_out_alone() -> None:
    frames = [frame for piece in np.split(ROWS[:30], 3) for frame in wire.line_frames(piece)]
    damaged = bytearray(frames[1])
    damaged[100] ^= 1
    content = b"".join([wire.HELLO, frames[0], damaged, frames[2], wire.end_frame()])
    found, _, notices = fed(content, [], Hints())
    assert_identical(found, np.concatenate([ROWS[:10], ROWS[20:30]]))
    assert f"left out {len(damaged)} bytes" in notices[0]


def test_what_the_sender_dropped_is_counted() -> None:
    content = wire.HELLO + b"".join(wire.dropped_frames(2**33 + 5)) + wire.end_frame()
    _, dropped, notices = fed(content, [], Hints())
    assert dropped == 2**33 + 5
    assert "the sender dropped" in notices[0]


def test_another_version_is_refused() -> None:
    with pytest.raises(
        FormatError, match=r"it: expected the first line b'lumentrace-lines 1 .*found b'lumentrace-lines 2"
    ):
        fed(wire.HELLO.replace(b" 1 ", b" 2 "), [], Hints())


def test_a_stream_that_ends_within_a_frame_says_so() -> None:
    content = as_stream(ROWS[:10])[:-40]
    _, _, notices = fed(content, [], Hints())
    assert notices == [f"it: ends at byte {len(content)} within a frame, which is left out"]


def test_what_happens_often_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(tally, "time", SimpleNamespace(monotonic=lambda: now[0]))
    reader = wire.WireReader("it")
    told = list(reader.feed(wire.HELLO).notices)
    for count in range(1, 31):  # for three seconds
        told += reader.feed(b"".join(wire.dropped_frames(count)) + b"garbage").notices
        now[0] += 0.1
    told += reader.finish().notices
    lost = [text for text in told if "the sender dropped" in text]
    assert len(lost) == 4
    assert sum(int(text.split()[-2]) for text in lost) == sum(range(1, 31))
    left_out = [text for text in told if "left out" in text and "bytes" in text]
    assert 3 <= len(left_out) <= 5
