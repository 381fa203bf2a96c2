"""`lumentrace pept live`, from a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from typer.testing import CliRunner

from live_updates import WHEEL
from lumentrace import LineData
from lumentrace.cli.main import app
from lumentrace.pept import simulation
from lumentrace.pept.live import Record
from lumentrace.pept.recipes import Lines
from lumentrace.pept.run import Settings, run
from lumentrace.pept.utilities.framed import FramedReader
from lumentrace.storage import read_parquet

PROGRAM = [sys.executable, "-m", "lumentrace", "pept", "live"]
ENVIRONMENT = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines of two tracers, as an array."""
    path = tmp_path_factory.mktemp("live") / "wheel.npy"
    np.save(path, simulation.simulate(list(WHEEL), n=20_000, noise=0.5, seed=1).lines.lines)
    return path


def live(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=ENVIRONMENT)


@contextmanager
def running(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [*PROGRAM, *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def scanner() -> Iterator[tuple[str, socket.socket]]:
    """A port that a source listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}", server


def until(process: subprocess.Popen[str], word: str) -> str:
    """What is said on the standard error until a word comes."""
    said = ""
    for line in process.stderr:
        said += line
        if word in line:
            return said
    raise AssertionError(f"ended without {word!r}: {said}")


def text(rows: np.ndarray) -> bytes:
    return "".join(" ".join(f"{value:.6g}" for value in row) + "\n" for row in rows).encode()


def test_a_file_is_tracked_and_the_run_finished(wheel, tmp_path):
    out = tmp_path / "run"
    ended = live(wheel, "--tracers", 2, "--no-follow", "--out", out, "--plain")
    assert ended.returncode == 0, ended.stderr
    assert re.search(r"s  [\d,]+ lines  [\d.]+ lines/ms  \d+% explained  lag \d+ ms  0 dropped  tracer 0", ended.stdout)
    assert "20,000 lines, 0 dropped" in ended.stderr
    assert f"next: lumentrace pept track {out} --out {out}" in ended.stderr
    finished = CliRunner().invoke(app, ["pept", "track", str(out), "--out", str(out)])
    assert finished.exit_code == 0, finished.output
    assert "lines were not kept" in finished.output
    record = json.loads((out / "run.json").read_text())
    assert record["figures"]["lines"] == 20_000
    assert record["settings"]["tracers"] == 2
    first = (out / "report.html").stat().st_size
    assert CliRunner().invoke(app, ["pept", "report", str(out), "--out", str(tmp_path / "again.html")]).exit_code == 0
    assert (tmp_path / "again.html").stat().st_size == pytest.approx(first, rel=0.01)


def test_lines_that_were_kept_are_tracked_again(wheel, tmp_path):
    out = tmp_path / "run"
    assert live(wheel, "--tracers", 2, "--no-follow", "--out", out, "--record").returncode == 0
    finished = CliRunner().invoke(app, ["pept", "run", str(out), "--out", str(tmp_path / "results")])
    assert finished.exit_code == 0, finished.output
    offline = run(LineData(np.load(wheel)), Settings(Lines(2))).trajectories
    assert read_parquet(tmp_path / "results" / "trajectories.parquet").points.tobytes() == offline.points.tobytes()


def test_ctrl_c_ends_a_run_with_everything_written(wheel, tmp_path):
    out = tmp_path / "run"
    rows = np.load(wheel)
    with scanner() as (source, server), running(source, "--tracers", 2, "--out", out, "--record", "--plain") as process:
        connection, _ = server.accept()
        with connection:
            connection.sendall(text(rows[:15_000]))
            assert any("15,000 lines" in line for line in process.stdout)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        said = process.stderr.read()
    assert "15,000 lines, 0 dropped" in said
    lines = np.concatenate(list(FramedReader(out / "lines.frames").rows()))
    assert len(lines) == 15_000
    last = np.concatenate(list(FramedReader(out / "locations.frames").rows()))[-1, 0]
    assert lines[-1, 0] - 1 < last <= lines[-1, 0]


def test_a_page_is_served_while_it_waits_for_a_source_that_never_comes(wheel, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    with running(source, "--out", tmp_path / "run", "--serve", "127.0.0.1:0") as process:
        said = until(process, "nobody listens there")
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+/", said)
        with urlopen(url, timeout=30) as answer:
            assert "lumentrace live" in answer.read().decode()
        port = url.rsplit(":", 1)[1].strip("/")
        given = [str(wheel), "--out", str(tmp_path / "other"), "--serve", f"127.0.0.1:{port}"]
        second = CliRunner().invoke(app, ["pept", "live", *given])
        assert second.exit_code == 2
        assert f"127.0.0.1:{port}: the port is in use; --serve 127.0.0.1:{int(port) + 1} takes another" in second.output
        assert not (tmp_path / "other").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 130


def test_a_folder_is_not_written_over(wheel, tmp_path):
    Record(tmp_path, "before", {}).close()
    again = CliRunner().invoke(app, ["pept", "live", str(wheel), "--no-follow", "--out", str(tmp_path)])
    assert again.exit_code == 2
    assert "expected a folder without a live run" in again.output


def test_the_time_can_be_limited(tmp_path):
    with scanner() as (source, _):
        ended = CliRunner().invoke(app, ["pept", "live", source, "--out", str(tmp_path / "run"), "--duration", "0.3"])
    assert ended.exit_code == 0, ended.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.da01"], "none.da01"),
        (["{wheel}", "--webhook", "http://example.org/"], "--allow-remote"),
        (["{wheel}", "--serve", "8321"], "expected HOST:PORT"),
        (["{wheel}", "--serve", "127.0.0.1:0", "--token", "short"], "--token: expected at least 8"),
        (["{wheel}", "--stuck-below", "-1"], "--stuck-below: expected a number above 0"),
        (["{wheel}", "--out", "{wheel}/in"], "Not a directory"),
    ],
)
def test_bad_input_is_told(arguments, said, wheel, tmp_path):
    given = [each.format(wheel=wheel) for each in arguments]
    out = [] if "--out" in given else ["--out", str(tmp_path / "run")]
    ended = CliRunner().invoke(app, ["pept", "live", *given, *out, "--plain"])
    assert ended.exit_code == 2
    assert said in ended.output


def test_an_alarm_is_told_and_written(wheel, tmp_path):
    out = tmp_path / "run"
    with scanner() as (source, server), running(source, "--out", out, "--plain") as process:
        connection, _ = server.accept()
        with connection:
            connection.sendall(text(np.load(wheel)[:100]))
            until(process, "alarm silent: no lines for 2 s")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
    (event,) = (json.loads(line) for line in (out / "alarms.jsonl").read_text().splitlines())
    assert (event["kind"], event["state"]) == ("silent", "raised")
