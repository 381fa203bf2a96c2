"""What the verdict on trajectories goes by."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from command_line import lumentrace
from lumentrace import LineData
from lumentrace.engine.verdict import Verdict
from lumentrace.pept import recipes, simulation
from lumentrace.pept.plausible import LineFacts, implausible
from lumentrace.pept.run import Settings, run

WHEEL = [simulation.Circle(radius=80), simulation.Circle(radius=60, phase=3.1)]


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Two tracers on a wheel."""
    return np.asarray(simulation.simulate(WHEEL, n=30_000, noise=0.5, seed=4).lines.lines)


def judged(rows: np.ndarray, recipe: recipes.BaseRecipe | None = None) -> Verdict:
    return run(LineData(rows), Settings(recipe=recipe or recipes.Lines())).verdict


def told(verdict: Verdict) -> str:
    return "\n".join(verdict.lines())


@pytest.mark.parametrize("recipe", [recipes.Lines(), recipes.Lines(tracers=2), recipes.PeptML(tracers=2)])
def test_two_tracers_are_good_with_what_finds_two(rows: np.ndarray, recipe: recipes.BaseRecipe) -> None:
    assert judged(rows, recipe).level == "good"


def test_two_tracers_with_what_looks_for_one_are_not_reliable(rows: np.ndarray) -> None:
    for recipe in (recipes.Birmingham(), recipes.PeptML(), recipes.Lines(tracers=1)):
        verdict = judged(rows, recipe)
        assert verdict.level == "not reliable", recipe.name
        assert "--tracers 2" in told(verdict), recipe.name
    assert "median spread" in told(judged(rows, recipes.Birmingham()))


def test_more_tracers_than_there_are_is_a_doubt(rows: np.ndarray) -> None:
    verdict = judged(rows, recipes.Lines(tracers=3))
    assert verdict.level == "doubtful"
    assert "2 tracers found, 3 asked for" in told(verdict)


@pytest.mark.parametrize(
    ("time", "length", "said"),
    [
        (1e-3, 1.0, "times look like s: no scanner is like that"),
        (1e3, 1.0, "times look like µs"),
        (1e6, 1.0, "multiply times by 1e-06"),
        (1.0, 1e-3, "multiply lengths by 1000"),
        (1.0, 0.1, "lengths look like cm"),
    ],
)
def test_other_units_are_named_with_their_factor(rows: np.ndarray, time: float, length: float, said: str) -> None:
    reasons = implausible(LineFacts.of(LineData(rows * [time, *[length] * 6])))
    assert said in told(Verdict(tuple(reasons)))


def test_clocks_that_jump(rows: np.ndarray) -> None:
    def of(t: np.ndarray) -> str:
        return told(Verdict(tuple(implausible(LineFacts.of(LineData(np.column_stack([t, rows[:, 1:]])))))))

    t, half = rows[:, 0], len(rows) // 2
    late = np.arange(len(t)) >= half
    assert of(t) == "✓ good"
    assert of(np.where(late, t - t[half], t)).startswith("✗ not reliable: times go backwards")
    assert of(np.where(late, t + 200, t)).startswith("? doubtful: for a long time there are no lines")
    assert of(np.append(t[:-1], 1e9)).startswith("✗ not reliable: a few lines have times far from")
    assert "the same time" in of(np.full(len(t), 7.0))
    assert "the same time" in of(np.append(np.full(len(t) - 5, 7.0), [8.0, 9.0, 10.0, 11.0, 12.0]))


def test_lines_without_an_extent_are_none_of_a_scanner() -> None:
    points = np.column_stack([np.arange(100.0), np.full((100, 6), 3.0)])
    outcome = run(LineData(points), Settings())
    assert outcome.figures()["lines unused"] == 100
    assert "no scanner is that size" in told(outcome.verdict)


def test_facts_are_those_of_all_blocks() -> None:
    random = np.random.default_rng(5)
    table = random.uniform(0, 500, (200_000, 7))
    table[:, 0] = np.sort(table[:, 0])
    table[150_000, 0] -= 60
    table[70_000, 2] = np.nan
    facts, known = LineFacts.of(LineData(table)), np.delete(table, 70_000, axis=0)
    assert (facts.count, facts.finite) == (200_000, 199_999)
    assert facts.duration == np.ptp(known[:, 0])
    assert facts.back == (np.maximum.accumulate(known[:, 0]) - known[:, 0]).max()
    assert facts.extent == max(np.ptp(known[:, [axis, axis + 3]]) for axis in (1, 2, 3))
    assert facts.pause == np.diff(np.maximum.accumulate(known[:, 0])).max()


def test_the_command_says_seconds_and_ends_with_4(rows: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "lines.npy", rows * [1e-3, 1, 1, 1, 1, 1, 1])
    ended = lumentrace("pept", "track", "lines.npy", "--out", "out", cwd=tmp_path)
    assert ended.returncode == 4
    assert "times look like s" in ended.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["verdict"]["level"] == "not reliable"
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.index("✗ not reliable") < page.index('<dl class="figures">')
    assert lumentrace("pept", "track", "lines.npy", "--out", "out", "--accept", cwd=tmp_path).returncode == 0
