"""A recording as a live source: when lines are sent, to whom, what slow clients lose, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from typer.testing import CliRunner

from command_line import lumentrace
from helpers import assert_identical, simulate
from lumentrace.cli.main import app
from lumentrace.pept import scanners, simulation
from lumentrace.pept.sources import LineServer, open_source, replay
from lumentrace.pept.sources.pacing import Schedule, paced

ROWS = simulate(2000, seed=2)[0]


class Clock:
    """Time that passes only while one sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def moments(times: NDArray[np.float64], **how: float) -> NDArray[np.float64]:
    """When each line was sent."""
    clock = Clock()
    rows = np.column_stack([times, np.zeros((len(times), 6))])
    sent = [(clock.now, len(piece)) for piece in paced(rows, Schedule(**how), clock, clock.sleep)]
    return np.repeat([now for now, _ in sent], [count for _, count in sent])


# ---------------------------------------------------------------- when
@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 50), min_size=1, max_size=100), st.floats(0.1, 10))
def test_lines_are_sent_within_a_tick_of_their_time(steps: list[float], speed: float) -> None:
    times = 1000.0 + np.cumsum(steps)
    late = moments(times, speed=speed) - (times - times[0]) / 1000 / speed
    assert late.min() > -1e-9
    assert late.max() <= 0.005 + 1e-9


def test_an_even_rate_does_not_look_at_times() -> None:
    sent = moments(np.full(1000, np.nan), rate=10_000.0)
    late = sent - np.arange(1000) / 10_000
    assert 0 <= late.min() <= late.max() <= 0.005 + 1e-9


def test_lines_out_of_order_and_clocks_that_were_reset_do_not_stop_it() -> None:
    times = np.concatenate([np.arange(100.0), [50.0, np.nan, np.inf], np.arange(100.0, 2000), np.arange(0.0, 100)])
    sent = moments(times)
    assert (np.diff(sent) >= 0).all()
    assert abs(sent[-1] - 2.1) < 0.01
    assert abs(sent[102] - 0.1) < 0.01


def test_pieces_do_not_depend_on_how_a_schedule_is_fed() -> None:
    times = ROWS[:, 0]
    whole, parts = Schedule(), Schedule()
    due = np.concatenate([parts.due(part) for part in np.split(times, [0, 1, 700, 700, 1999])])
    np.testing.assert_allclose(due, whole.due(times), rtol=0, atol=1e-12)


# ---------------------------------------------------------------- to whom
def test_all_clients_get_all_lines_from_then_on() -> None:
    with (
        LineServer("tcp://127.0.0.1:0") as server,
        open_source(server.address) as first,
        open_source(server.address) as second,
    ):
        while server.send(ROWS[:0]) < 2:
            time.sleep(0.01)
        done = replay(ROWS, server, speed=100)
        for blocks in (first, second):
            assert_identical(np.concatenate([block.rows for block in blocks]), ROWS)
    assert (done.lines, done.dropped, done.cut_off) == (2000, 0, 0)


def test_a_slow_client_loses_lines_is_told_and_slows_nobody() -> None:
    pieces = np.repeat(np.arange(300.0), 4000).reshape(300, 4000, 1) * np.ones(7)
    with (
        LineServer("tcp://127.0.0.1:0", queue=20_000, wait=1e9) as server,
        open_source(server.address, wait=1e9) as blocks,
        socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2]))) as slow,
    ):
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
        while server.send(ROWS[:0]) < 2:
            time.sleep(0.01)
        fast = iter(blocks)
        for piece in pieces:  # the next one only when the fast client has this one
            server.send(piece)
            left = len(piece)
            while left:
                block = next(fast)
                assert (block.rows == piece[0]).all()
                assert not block.dropped
                left -= len(block.rows)
        end = threading.Thread(target=server.finish)
        end.start()
        with slow.makefile("rb") as file, open_source(file, drop=False) as late:
            got = list(late)
        slow.close()
        end.join()
    rows = np.concatenate([block.rows for block in got])
    lost = sum(block.dropped for block in got)
    assert lost > 0
    assert len(rows) + lost == pieces.size // 7 == server.dropped + len(rows)
    assert rows[-1, 0] == 299
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert sum("the sender dropped" in text for block in got for text in block.notices) >= 1


def test_a_client_that_leaves_is_forgotten() -> None:
    with LineServer("tcp://127.0.0.1:0") as server:
        with open_source(server.address):
            server.wait_for_client()
        while server.send(ROWS):
            time.sleep(0.01)
        with open_source(server.address) as blocks:
            server.wait_for_client()
            server.send(ROWS[:10])
            server.finish()
            assert sum(len(block.rows) for block in blocks) == 10


def test_a_client_that_never_reads_does_not_hold_up_the_end() -> None:
    with (
        LineServer("tcp://127.0.0.1:0") as server,
        socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2]))),
    ):
        server.wait_for_client()
        for _ in range(200):
            server.send(np.zeros((2000, 7)))
        assert server.finish(patience=0.2) == 1


# ---------------------------------------------------------------- where
def test_a_port_in_use_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    np.save(tmp_path / "run.npy", ROWS)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = lumentrace("pept", "replay", tmp_path / "run.npy", "--to", f"tcp://127.0.0.1:{port}")
    assert done.returncode == 2
    assert done.stderr == (
        f"error tcp://127.0.0.1:{port}: the port is in use by another program; end that one, or take another port, "
        f"such as tcp://127.0.0.1:{port % 65535 + 1}\n"
    )


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_addresses_of_version_6() -> None:
    with LineServer("tcp://[::1]:0") as server, open_source(server.address) as blocks:
        replay(ROWS[:5], server, rate=1e6)
        assert sum(len(block.rows) for block in blocks) == 5


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(OSError, match="this machine does not have that address"):
        LineServer("tcp://192.0.2.1:9321")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
def test_unix_sockets_of_others_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with LineServer(f"unix://{path}"), pytest.raises(OSError, match="another program listens there"):
        LineServer(f"unix://{path}")
    assert not path.exists()
    path.write_text("a file")
    with pytest.raises(OSError, match="or it is a file"):
        LineServer(f"unix://{path}")
    assert path.read_text() == "a file"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with LineServer(f"unix://{path}") as server, open_source(server.address) as blocks:
        replay(ROWS[:5], server, rate=1e6)
        assert sum(len(block.rows) for block in blocks) == 5


@pytest.mark.parametrize("options", [{"speed": 0}, {"rate": -1.0}, {"speed": float("nan")}])
def test_impossible_speeds(options: dict[str, float]) -> None:
    with LineServer("tcp://127.0.0.1:0") as server, pytest.raises(ValueError, match=f"`{next(iter(options))}`"):
        replay(ROWS, server, wait=False, **options)


# ---------------------------------------------------------------- the command
@pytest.fixture(scope="module")
def adac(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "run.da01"
    simulated = simulation.simulate([simulation.Static()], n=5000, seed=1)
    simulation.write_adac(path, simulated.lines, separation=500)
    return path


def test_a_file_over_standard_output(adac: Path) -> None:
    command = [sys.executable, "-m", "lumentrace", "pept", "replay", str(adac), "--to", "-", "--rate", "1e5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        with open_source(child.stdout) as blocks:
            rows = np.concatenate([block.rows for block in blocks])
        assert child.wait(20) == 0
    assert_identical(rows, scanners.adac_forte(adac, verbose=False).lines)


def test_a_loop_ends_with_its_only_reader_and_its_times_go_on(tmp_path: Path) -> None:
    np.save(tmp_path / "run.npy", ROWS)
    command = [sys.executable, "-m", "lumentrace", "pept", "replay", str(tmp_path / "run.npy"), "--to", "-", "--loop"]
    with subprocess.Popen([*command, "--rate", "1e5"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        rows = np.empty((0, 7))
        with open_source(child.stdout) as blocks:
            for block in blocks:
                rows = np.concatenate([rows, block.rows])
                if len(rows) > 5000:
                    break
        child.stdout.close()
        assert child.wait(20) == 0
    np.testing.assert_allclose(rows[:5000, 0], 0.1 * np.arange(5000), atol=1e-9)
    assert_identical(rows[2000:4000, 1:], ROWS[:, 1:])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_behind_standard_output_is_an_error(tmp_path: Path) -> None:
    np.save(tmp_path / "run.npy", ROWS)
    command = [sys.executable, "-m", "lumentrace", "pept", "replay", str(tmp_path / "run.npy"), "--to", "-"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith("error standard output: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="no signals here")
@pytest.mark.parametrize("connected", [False, True])
def test_ctrl_c_ends_it_within_a_second(tmp_path: Path, connected: bool) -> None:
    np.save(tmp_path / "run.npy", ROWS)
    address = f"unix://{tmp_path}/lines"
    command = [sys.executable, "-m", "lumentrace", "pept", "replay", str(tmp_path / "run.npy"), "--to", address]
    with subprocess.Popen([*command, "--speed", "1e-3"], stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == f"run.npy: 2,000 lines at {address}, once\n"
        if connected:
            with open_source(address) as blocks:
                assert any(len(block.rows) for block in blocks)
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert child.wait(10) == 130
        assert time.monotonic() - began < 1
        assert child.stderr.read() == "stopped\n"
    assert not (tmp_path / "lines").exists()


def test_help_shows_how() -> None:
    shown = CliRunner().invoke(app, ["pept", "replay", "--help"], env={"COLUMNS": "200"}).output
    assert "lumentrace pept replay run.da01 --to tcp://127.0.0.1:9321" in " ".join(shown.split())
