"""Files of scanners from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from command_line import lumentrace
from helpers import simulate
from lumentrace.cli.pept_options import Scanner
from lumentrace.pept.run import Settings
from lumentrace.pept.saved import load_outcome
from lumentrace.pept.scanners.kinds import KINDS
from scanner_files import ecat966_event, ecat_time, write_words


def test_the_options_know_all_kinds() -> None:
    assert {each.value for each in Scanner} == {"auto", *KINDS}


def test_info_counts_delayed_events(tmp_path: Path) -> None:
    events = [ecat966_event(3, n, (1, 2), delayed=n > 7) for n in range(10)]
    path = write_words(tmp_path / "run.lm", [ecat_time(0), *events], "big")
    done = lumentrace("pept", "info", path, "--scanner", "ecat966", "--reader", "delayeds=yes")
    assert done.returncode == 0, done.stderr
    told = [line.split() for line in done.stdout.splitlines()]
    assert ["lines", "10"] in told
    assert ["delayed", "events", "2"] in told
    done = lumentrace("pept", "info", path, "--scanner", "ecat966", "--reader", "delay=yes")
    assert done.returncode != 0
    assert "expected delayeds=, spread=" in done.stderr
    assert "did you mean 'delayeds'" in done.stderr


def test_a_masked_file_is_tracked_and_its_report_made_again(tmp_path: Path) -> None:
    lines, truth = simulate(3000, noise=0.1)
    path = tmp_path / "masked.dat"
    rows = np.column_stack([lines[:, 0] / 1000, lines[:, 1:4], lines[:, 0] / 1000, lines[:, 4:7]])
    np.savetxt(path, rows, fmt="%.17g")
    options = ["--scanner", "gate", "--reader", "mask=0 0 0 0 0 0 1 0 1 1 1", "--tracers", "1", "--accept"]
    done = lumentrace("pept", "run", path, *options, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    settings = Settings.from_mapping(json.loads((tmp_path / "out" / "run.json").read_text())["settings"])
    assert (settings.scanner, settings.reader) == ("gate", ("mask=0 0 0 0 0 0 1 0 1 1 1",))
    outcome = load_outcome(tmp_path / "out")
    np.testing.assert_allclose(outcome.lines.lines[:, :7], lines, rtol=1e-12)
    points = outcome.trajectories.points
    there = np.isfinite(truth[:, 0])
    expected = [np.interp(points[:, 0], lines[there, 0], truth[there, k]) for k in range(3)]
    assert np.median(np.linalg.norm(points[:, 1:4] - np.transpose(expected), axis=1)) < 1
