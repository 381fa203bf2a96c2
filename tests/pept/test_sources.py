"""Lines as they come from sockets, pipes and rows of the user's: all of them, or how many were lost."""

from __future__ import annotations

import io
import os
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from helpers import assert_identical
from lines_sent import ROWS, as_stream, as_text, collected, read, serving
from lumentrace import LineData
from lumentrace.pept.sources import Block, open_source, silence, waiting, wire
from lumentrace.pept.sources.waiting import LineQueue


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


def test_silence_is_told_and_shows_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "PATIENCE", 0.3)
    done = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.sendall(as_stream(ROWS[:10])[:-12])
        time.sleep(1)
        connection.sendall(b"".join(wire.line_frames(ROWS[10:20])) + wire.end_frame())
        done.wait(5)

    with serving(talk) as address, open_source(address) as blocks:
        found = list(blocks)
        done.set()
    assert [len(block.rows) for block in found if len(block.rows)] == [10, 10]
    assert sum(not len(block.rows) for block in found) >= 2
    notices = [text for block in found for text in block.notices]
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
    assert_identical(read(io.BytesIO(as_text(ROWS)[:-1]))[0], ROWS)
    with open(tmp_path / "run.csv") as file, pytest.raises(ValueError, match="open for reading in binary"):
        read(file)


# ---------------------------------------------------------------- lines that wait
def test_told_and_given_make_up_what_was_sent() -> None:
    rows = np.tile(ROWS, (40, 1))
    sent = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.sendall(as_stream(rows))
        sent.set()

    with serving(talk) as address:
        found, dropped, notices = [], 0, []
        with open_source(address, queue=5000) as blocks:
            sent.wait(20)
            for block in blocks:
                found.append(block.rows)
                dropped += block.dropped
                notices += block.notices
    got = sum(map(len, found))
    assert dropped > 0
    assert got + dropped == len(rows)
    assert sum(int(text.split("dropped ")[1].split()[0]) for text in notices) == dropped
    assert_identical(np.concatenate(found)[-1], rows[-1])


def test_the_oldest_lines_are_dropped() -> None:
    queue = LineQueue("it", most=10, longest=1e9)
    for number in range(7):
        queue.put(Block(np.full((3, 7), float(number)), dropped=number == 0, notices=("first",) * (number == 0)))
    block = queue.get(0, 100)
    assert block is not None
    assert block.rows[:, 0].tolist() == [3, 4, 4, 4, 5, 5, 5, 6, 6, 6]
    assert block.dropped == 11 + 1
    assert block.notices == ("first", "it: dropped 11 lines that came faster than they were taken")


def test_lines_that_waited_too_long_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: now[0]))
    queue = LineQueue("it", longest=0.5)
    queue.put(Block(ROWS[:5]))
    now[0] += 0.4
    queue.put(Block(ROWS[5:7]))
    now[0] += 0.4
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
    rows = np.tile(ROWS, (10, 1))
    assert_identical(read(LineData(rows, 200, 100))[0], rows)
    assert_identical(read(rows)[0], rows)


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
