"""Simulations that do not fit into memory: the same lines as in memory, whoever makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lumentrace.cli import pept_simulate
from lumentrace.cli.main import app
from lumentrace.pept import simulation
from lumentrace.pept.scanners import any_file
from lumentrace.pept.simulation import experiment as experiments
from lumentrace.pept.simulation import to_disk
from lumentrace.pept.simulation.to_disk import write_npy

LEAVING = simulation.Line(start=(300, 300, 250), velocity=(0.05, 0, 0))
"""Out of view after 3.8 s."""


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("paths", [[simulation.Circle()], [LEAVING]], ids=["in view", "leaves"])
def test_a_file_has_the_lines_of_memory(
    paths: list[simulation.Path], processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_disk, "ALONE", 0)
    experiment = simulation.Experiment(paths, n=150_000, rate=25, noise=0.5, seed=3)
    expected = experiment.run().lines.lines
    told: list[tuple[int, int]] = []
    made = write_npy(tmp_path / "lines.npy", experiment, processes, lambda *done: told.append(done))
    np.testing.assert_array_equal(np.load(tmp_path / "lines.npy"), expected)
    assert made.lines == len(expected)
    assert made.times == (expected[0, 0], expected[-1, 0])
    assert told == [(65536, 150_000), (131_072, 150_000), (150_000, 150_000)]
    assert [path.name for path in tmp_path.iterdir()] == ["lines.npy"]


def test_a_failed_simulation_leaves_the_old_file(tmp_path: Path) -> None:
    place = tmp_path / "lines.npy"
    place.write_bytes(b"old")

    def broken(t: object) -> np.ndarray:
        raise ZeroDivisionError("no way")

    with pytest.raises(ZeroDivisionError):
        write_npy(place, simulation.Experiment([broken], n=1000, seed=1))
    assert place.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["lines.npy"]


@pytest.mark.parametrize("ending", ["npy", "da01", "csv"])
def test_the_command_takes_4e4_lines(ending: str, tmp_path: Path) -> None:
    place = tmp_path / f"run.{ending}"
    done = CliRunner().invoke(app, ["pept", "simulate", str(place), "--lines", "4e4", "--rate", "0.2"])
    assert done.exit_code == 0, done.output
    assert "wrote 40,000 lines (" in done.output
    assert len(any_file.read(place).lines) == 40_000
    # 200 s: more than there are points of the truth at steps of 1 ms.
    truth = np.loadtxt(tmp_path / "run.truth.csv", delimiter=",", skiprows=1)
    assert len(truth) == pytest.approx(pept_simulate.TRUTH_TIMES, abs=1)
    assert np.ptp(np.diff(truth[:, 0])) < 1e-6


@pytest.mark.parametrize("given", ["0", "1.5", "-1e3", "nan", "inf", "many"])
def test_no_number_of_lines_is_refused(given: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["pept", "simulate", str(tmp_path / "run.npy"), "--lines", given])
    assert done.exit_code == 2
    assert "expected a whole number from 1" in done.output
    assert not list(tmp_path.iterdir())


def test_many_lines_go_to_formats_that_stream(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["pept", "simulate", str(tmp_path / "run.csv"), "--lines", "1e9"])
    assert done.exit_code == 2
    assert "expected a file that ends with .npy or .da01 for more than 20,000,000 lines" in " ".join(
        done.output.split()
    )


def test_blocks_are_what_they_were() -> None:
    """The mean of a block for a seed, as numpy draws it: a change of it changes everybody's simulations."""
    rows, labels = next(simulation.Experiment([simulation.Circle()], n=experiments._BLOCK, seed=1).blocks())
    assert rows.mean() == pytest.approx(302.43176840387474, rel=1e-12)
    assert np.bincount(labels + 2).tolist() == [16352, 16359, 32825]
