"""Lines as they come: every kind of source, whole, in pieces, damaged, silent, gone and back."""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from helpers import assert_identical, simulate
from lumentrace import LineData, save
from lumentrace.base.errors import FormatError
from lumentrace.pept import scanners, simulation
from lumentrace.pept.sources import Block, open_source, wire
from lumentrace.pept.sources.sniffing import Hints, Sniffer
from lumentrace.pept.sources.waiting import LineQueue

ROWS = simulate(3000, seed=1)[0]


def collected(blocks: Iterable[Block]) -> tuple[NDArray[np.float64], int, list[str]]:
    rows, dropped, notices = [np.empty((0, 7))], 0, []
    for block in blocks:
        rows.append(block.rows)
        dropped += block.dropped
        notices += block.notices
    return np.concatenate(rows), dropped, notices


def read(source: Any, **options: Any) -> tuple[NDArray[np.float64], int, list[str]]:
    with open_source(source, **options) as blocks:
        return collected(blocks)


def as_stream(rows: NDArray[np.float64]) -> bytes:
    return wire.HELLO + b"".join(wire.line_frames(rows)) + wire.end_frame()


def as_text(rows: NDArray[np.float64]) -> bytes:
    text = io.BytesIO()
    np.savetxt(text, rows, fmt="%.17g")
    return text.getvalue()


def fed(content: bytes, cuts: Iterable[int], hints: Hints) -> tuple[NDArray[np.float64], int, list[str]]:
    """What a reader makes of the content in pieces."""
    reader = Sniffer("it", hints)
    edges = [0, *sorted(cuts), len(content)]
    blocks = [reader.feed(content[start:end]) for start, end in pairwise(edges)]
    return collected([*blocks, reader.finish()])


@contextmanager
def serving(talk: Callable[[socket.socket], None], times: int = 1, port: int = 0) -> Iterator[str]:
    """Somebody who talks to whoever connects, so many times."""
    server = socket.create_server(("127.0.0.1", port))

    def serve() -> None:
        for _ in range(times):
            connection, _ = server.accept()
            with connection:
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with closing(server):
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    thread.join(5)


# ---------------------------------------------------------------- the format on the wire
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


# ---------------------------------------------------------------- files that grow
def grow(path: Path, content: bytes, seed: int) -> threading.Thread:
    """Write a file in random pieces."""
    rng = np.random.default_rng(seed)
    edges = [0, *sorted(rng.integers(0, len(content), 12)), len(content)]

    def write() -> None:
        with open(path, "ab", buffering=0) as file:
            for start, end in pairwise(edges):
                file.write(content[start:end])
                time.sleep(0.02)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def followed(path: Path, content: bytes, count: int, seed: int, **options: Any) -> NDArray[np.float64]:
    """The first rows of a file that grows while it is read."""
    path.touch()
    writer = grow(path, content, seed)
    rows: list[NDArray[np.float64]] = []
    with open_source(path, **options) as blocks:
        for block in blocks:
            assert not block.notices
            rows.append(block.rows)
            if sum(map(len, rows)) >= count:
                break
    writer.join()
    return np.concatenate(rows)


@pytest.fixture(scope="module")
def adac(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adac") / "run.da01"
    circle = simulation.simulate([simulation.Circle(radius=80, rpm=42)], n=20_000, seed=1)
    simulation.write_adac(path, circle.lines, separation=500, ticks_per_ms=2.5)
    return path


@pytest.mark.parametrize("seed", [0, 1])
def test_a_growing_adac_file_is_that_of_the_whole(adac: Path, tmp_path: Path, seed: int) -> None:
    whole = scanners.adac_forte(adac, verbose=False)
    rate = whole.provenance.input["ticks_per_ms"]
    found = followed(tmp_path / "run.da01", adac.read_bytes(), len(whole.lines), seed, ticks_per_ms=rate)
    assert_identical(found, whole.lines)


def test_a_finished_adac_file_needs_no_rate(adac: Path) -> None:
    found, _, notices = read(adac, follow=False)
    assert_identical(found, scanners.adac_forte(adac, verbose=False).lines)
    assert not notices


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 480_000), max_size=20))
def test_list_mode_in_any_pieces(adac: Path, cuts: list[int]) -> None:
    content = adac.read_bytes()
    whole = scanners.adac_forte(adac, verbose=False)
    rate = whole.provenance.input["ticks_per_ms"]
    cuts = [min(cut, len(content)) for cut in cuts]
    assert_identical(fed(content, cuts, Hints("adac", ticks_per_ms=rate))[0], whole.lines)
    usual = fed(content, cuts, Hints("adac"))[0]
    assert_identical(usual[:, 1:], whole.lines[:, 1:])
    np.testing.assert_allclose(usual[:, 0] * 2.3837, whole.lines[:, 0] * rate, rtol=1e-12, atol=1e-9)


def test_a_clock_that_is_not_the_usual_one_is_told(tmp_path: Path) -> None:
    static = simulation.simulate([simulation.Static()], n=600_000, rate=50.0, seed=1)
    simulation.write_adac(tmp_path / "run.da01", static.lines, separation=500, ticks_per_ms=2.5)
    _, _, notices = fed((tmp_path / "run.da01").read_bytes(), [], Hints())
    assert notices == [
        "it: times are counted with 2.3837 ticks per ms, the camera's clock says 2.5; give `ticks_per_ms` to have it so"
    ]


def test_a_growing_text_is_that_of_the_whole(tmp_path: Path) -> None:
    content = b"# a run\nt,x1,y1,z1,x2,y2,z2\n" + as_text(ROWS).replace(b" ", b",")
    (tmp_path / "whole.csv").write_bytes(content)
    found = followed(tmp_path / "run.csv", content, len(ROWS), 0)
    assert_identical(found, scanners.lines(tmp_path / "whole.csv", verbose=False).lines)
    assert_identical(found, ROWS)


def test_a_growing_array_is_that_of_the_whole_and_ends_with_it(tmp_path: Path) -> None:
    np.save(tmp_path / "whole.npy", ROWS.astype(np.float32))
    (tmp_path / "run.npy").touch()
    writer = grow(tmp_path / "run.npy", (tmp_path / "whole.npy").read_bytes(), 0)
    found, _, notices = read(tmp_path / "run.npy")
    writer.join()
    assert_identical(found, scanners.lines(tmp_path / "whole.npy", verbose=False).lines)
    assert not notices


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([" ", ",", ";", "\t"]), st.lists(st.integers(0, 4000), max_size=20))
def test_text_in_any_pieces(sep: str, cuts: list[int]) -> None:
    content = b"x1 y1 z1 x2 y2 z2 t\n" + as_text(np.roll(ROWS[:40], -1, axis=1))
    content = content.replace(b" ", sep.encode())
    found, _, notices = fed(content, [min(cut, len(content)) for cut in cuts], Hints(cut_row_counts=True))
    assert_identical(found, ROWS[:40])
    assert not notices


def test_two_screens_need_their_distance(tmp_path: Path) -> None:
    path = tmp_path / "wheel.csv"
    path.write_text("Wheel of 2019\nSeparation= 712\n2 100 150 200 250\n4 350 250 100 150\n")
    found, _, notices = read(path, follow=False)
    assert_identical(found, scanners.parallel_screens(path, verbose=False).lines)
    assert not notices
    path.write_text("2 100 150 200 250\n")
    assert_identical(read(path, follow=False, separation=500.0)[0], np.array([[2.0, 100, 150, 0, 200, 250, 500]]))
    rows, _, notices = read(path, follow=False)
    assert not len(rows)
    assert "left out 1 lines of text that are not rows of 7 numbers, the first at line 1: '2 100" in notices[0]


@pytest.mark.parametrize("compress", [False, True])
def test_a_container_is_read_in_blocks(tmp_path: Path, compress: bool) -> None:
    rows = np.tile(ROWS, (10, 1))
    save(tmp_path / "run.h5", LineData(rows), compress=compress)
    with open_source(tmp_path / "run.h5") as blocks:
        found = list(blocks)
    assert len(found) > 1
    assert_identical(collected(found)[0], rows)


def test_half_a_row_at_the_end_waits_for_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_bytes(b"1 2 3 4 5 6 7\n2 2 3 4 5 6 7")
    with open_source(path) as blocks:
        each = iter(blocks)
        assert_identical(next(each).rows[:, 0], np.array([1.0]))
        assert len(next(each).rows) == 0
        with open(path, "ab") as file:
            file.write(b"7.5\n")
        assert_identical(next(block.rows for block in each if len(block.rows))[0, [0, 6]], np.array([2.0, 77.5]))


@pytest.mark.parametrize("how", ["truncate", "rewrite", "replace", "remove"])
def test_a_file_that_is_not_only_added_to_is_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "run.csv"
    path.write_bytes(as_text(ROWS[:10]))
    size = path.stat().st_size
    with open_source(path) as blocks:
        each = iter(blocks)
        assert len(next(each).rows) == 10
        if how == "truncate":
            os.truncate(path, size // 2)
        elif how == "rewrite":
            path.write_bytes(as_text(ROWS[10:40]))
        elif how == "replace":
            (tmp_path / "new.csv").write_bytes(as_text(ROWS[:20]))
            os.replace(tmp_path / "new.csv", path)
        else:
            path.unlink()
        with pytest.raises(
            FormatError, match=rf"run\.csv: expected a file that is only added to, found at byte {size}"
        ):
            collected(each)


def test_a_container_that_changes_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "run.h5", LineData(np.tile(ROWS, (20, 1))))
    with open_source(tmp_path / "run.h5") as blocks:
        each = iter(blocks)
        next(each)
        os.truncate(tmp_path / "run.h5", 1_000_000)
        with pytest.raises(FormatError, match=r"run\.h5: expected 60000 rows, found that the file changed at byte"):
            collected(each)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.h5")
    with pytest.raises(IsADirectoryError):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users here")
def test_no_permission_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.touch(mode=0)
    user = os.geteuid()
    if user == 0:  # everything is permitted to root
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError, match=r"run\.csv"):
            read(path)
    finally:
        os.seteuid(user)


# ---------------------------------------------------------------- garbage
def test_damaged_lines_are_told_with_their_place() -> None:
    lines = as_text(ROWS[:50]).splitlines(keepends=True)
    lines[20:20] = [b"oops\n", b"1 2 3\n"]
    found, _, notices = fed(b"".join(lines), [], Hints())
    assert_identical(found, ROWS[:50])
    assert notices == ["it: left out 2 lines of text that are not rows of 7 numbers, the first at line 21: 'oops'"]


@pytest.mark.parametrize("start", [b"", as_text(ROWS[:5])])
def test_nothing_but_garbage_is_an_error(start: bytes) -> None:
    with pytest.raises(FormatError, match=r"it: expected rows of 7 numbers, found none in 1000 lines of text"):
        fed(start + b"garbage\n" * 1000, range(0, 8000, 900), Hints())
    fed(start + b"garbage\n" * 999 + as_text(ROWS[:1]), [], Hints())


def test_binary_garbage_is_an_error() -> None:
    noise = np.random.default_rng(0).integers(1, 256, 4 * 2**20, dtype=np.uint8).tobytes()
    with pytest.raises(FormatError, match="it: expected frames, found none in"):
        fed(wire.HELLO + noise, range(0, 4 * 2**20, 2**18), Hints())
    with pytest.raises(FormatError, match="it: "):
        fed(noise, [], Hints())


def test_a_line_without_end_takes_no_memory() -> None:
    text = as_text(ROWS[:3])
    found, _, notices = fed(text + b"1 " * 500_000 + b"\n" + text, range(0, 1_000_000, 50_000), Hints())
    assert_identical(found, np.concatenate([ROWS[:3], ROWS[:3]]))
    assert "left out 1 lines of text" in notices[0]


def test_zeros_are_no_list_mode() -> None:
    with pytest.raises(FormatError, match="it: "):
        fed(bytes(2**20), [], Hints())


def test_half_an_array_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "run.npy", ROWS)
    content = (tmp_path / "run.npy").read_bytes()
    (tmp_path / "run.npy").write_bytes(content[: len(content) // 2])
    found, _, notices = read(tmp_path / "run.npy", follow=False)
    assert_identical(found, ROWS[: len(found)])
    assert notices[0].endswith(f"ends {3000 - len(found)} rows before the 3000 that its header says")


@pytest.mark.parametrize("table", [np.zeros((5, 3)), np.zeros(5), np.zeros((5, 7), order="F"), np.zeros((5, 7), "U3")])
def test_arrays_that_are_no_rows(table: NDArray[Any]) -> None:
    content = io.BytesIO()
    np.save(content, table)
    with pytest.raises(FormatError, match=r"it: expected rows of at least 7 numbers, found"):
        fed(content.getvalue(), [], Hints())


# ---------------------------------------------------------------- sockets and pipes
def test_a_socket_gives_what_was_sent() -> None:
    content = as_stream(np.tile(ROWS, (10, 1)))
    with serving(lambda connection: connection.sendall(content)) as address:
        found, dropped, notices = read(address)
    assert_identical(found, np.tile(ROWS, (10, 1)))
    assert (dropped, notices) == (0, [])


def test_text_over_a_socket_without_connecting_again() -> None:
    content = as_text(ROWS[:100]) + b"1 2 3 4 5 6 "
    with serving(lambda connection: connection.sendall(content)) as address:
        found, _, notices = read(address, reconnect=False)
    assert_identical(found, ROWS[:100])
    assert "left out 1 lines of text" in notices[0]
    assert "line 101" in notices[0]


def test_a_source_that_goes_away_and_returns() -> None:
    parts = iter([as_stream(ROWS[:100])[:-12], as_stream(ROWS[100:200])])
    with serving(lambda connection: connection.sendall(next(parts)), times=2) as address:
        found, _, notices = read(address)
    assert_identical(found, ROWS[:200])
    assert notices[0] == f"{address}: the source went away; connecting again"
    assert notices[1].startswith(f"{address}: the source is back after ")


def test_a_source_that_is_not_there_yet() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with open_source(address) as blocks:
        each = iter(blocks)
        first = next(block for block in each if block.notices)
        assert first.notices == (f"{address}: nobody listens there yet; trying again",)
        with serving(lambda connection: connection.sendall(as_stream(ROWS)), port=port):
            assert_identical(collected(each)[0], ROWS)


def test_an_address_without_anybody_is_an_error_if_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConnectionRefusedError) as error:
        read(address, reconnect=False)
    assert error.value.filename == address


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.sendall(as_stream(ROWS))

        thread = threading.Thread(target=serve)
        thread.start()
        assert_identical(read(f"unix://{path}")[0], ROWS)
        thread.join()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1", "tcp://:1", "tcp://host:port", "tcp://h:1/x", "unix://x/y"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ValueError, match="expected tcp://host:port"):
        read(address)


def test_silence_is_told_and_shows_signs_of_life() -> None:
    done = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.sendall(as_stream(ROWS[:10])[:-12])
        time.sleep(2.4)
        connection.sendall(b"".join(wire.line_frames(ROWS[10:20])) + wire.end_frame())
        done.wait(5)

    times, notices = [time.monotonic()], []
    with serving(talk) as address, open_source(address) as blocks:
        for block in blocks:
            times.append(time.monotonic())
            notices += block.notices
        done.set()
    assert max(np.diff(times)) < 1.0
    assert len(times) > 8
    assert [text.split(": ")[1][:10] for text in notices] == ["no line fo", "lines agai"]


def test_a_pipe_is_read_to_its_end() -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb") as file, os.fdopen(into, "wb") as writer:
        threading.Thread(target=lambda: (writer.write(as_text(ROWS)), writer.close())).start()
        assert_identical(read(file)[0], ROWS)


def test_an_open_file_is_read_without_dropping(tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_bytes(as_text(ROWS))
    with open(tmp_path / "run.csv", "rb") as file:
        assert_identical(read(file, queue=1)[0], ROWS)
    assert_identical(read(io.BytesIO(as_stream(ROWS)))[0], ROWS)
    with open(tmp_path / "run.csv") as file, pytest.raises(ValueError, match="open for reading in binary"):
        read(file)


# ---------------------------------------------------------------- lines that wait
def test_told_and_given_make_up_what_was_sent() -> None:
    rows = np.tile(ROWS, (40, 1))
    with serving(lambda connection: connection.sendall(as_stream(rows))) as address:
        found, dropped, notices = [], 0, []
        with open_source(address, queue=5000) as blocks:
            for block in blocks:
                time.sleep(0.02)
                found.append(block.rows)
                dropped += block.dropped
                notices += block.notices
    got = sum(map(len, found))
    assert dropped > 0
    assert got + dropped == len(rows)
    assert sum(int(text.split("dropped ")[1].split()[0]) for text in notices) == dropped
    assert_identical(found[-1][-1], rows[-1])


def test_the_oldest_lines_are_dropped() -> None:
    queue = LineQueue("it", most=10, longest=1e9)
    for number in range(7):
        queue.put(Block(np.full((3, 7), float(number)), dropped=number == 0, notices=("first",) * (number == 0)))
    block = queue.get(0, 100)
    assert block is not None
    assert block.rows[:, 0].tolist() == [3, 4, 4, 4, 5, 5, 5, 6, 6, 6]
    assert block.dropped == 11 + 1
    assert block.notices == ("first", "it: dropped 11 lines that came faster than they were taken")


def test_lines_that_waited_too_long_are_dropped() -> None:
    queue = LineQueue("it", longest=0.05)
    queue.put(Block(ROWS[:5]))
    time.sleep(0.1)
    queue.put(Block(ROWS[5:7]))
    block = queue.get(0, 100)
    assert block is not None
    assert (len(block.rows), block.dropped) == (2, 5)


def test_senders_wait_if_nothing_may_be_dropped() -> None:
    out, into = os.pipe()
    rows = np.tile(ROWS, (5, 1))
    with os.fdopen(out, "rb") as file, os.fdopen(into, "wb") as writer:
        threading.Thread(target=lambda: (writer.write(as_stream(rows)), writer.close())).start()
        found, dropped, _ = read(file, queue=10, drop=False)
    assert_identical(found, rows)
    assert dropped == 0


# ---------------------------------------------------------------- rows of the user's
def test_rows_of_any_kind_are_pulled() -> None:
    items = [
        ROWS[:10],
        LineData(ROWS[10:20]),
        Block(ROWS[20:30], 4, ("said",)),
        np.column_stack([ROWS[30:40], ROWS[:10]]),
    ]
    found, dropped, notices = read(iter(items))
    assert_identical(found, ROWS[:40])
    assert (dropped, notices) == (4, ["said"])


@pytest.mark.parametrize("item", [np.zeros((3, 6)), np.zeros(7), "text", [["a"] * 7]])
def test_rows_that_are_none(item: Any) -> None:
    with pytest.raises(ValueError, match=r"`source`, block 1: expected a table of at least 7 columns"):
        read([ROWS, item])


@pytest.mark.parametrize("options", [{"scanner": "pet"}, {"queue": 0}, {"wait": -1}, {"separation": float("nan")}])
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(options))}`: expected"):
        read([ROWS], **options)


def test_no_source_at_all() -> None:
    with pytest.raises(ValueError, match="`source`: expected a path, tcp://host:port"):
        read(5)
