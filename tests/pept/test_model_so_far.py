"""The model of the tracers of a stream, over all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live_updates import update, updates
from lumentrace.pept import simulation
from lumentrace.pept.live import Record, finish, watch
from lumentrace.pept.recipes import Lines
from lumentrace.pept.run import Settings, run
from lumentrace.pept.tracking import LineTracker
from lumentrace.pept.tracking.fitted_model import FittedModel
from lumentrace.pept.tracking.model_so_far import MANY, ModelSoFar
from lumentrace.pept.tracking.update import Fitted
from pages import report_text

TRACER = {
    "label": 0,
    "blur": [1.75, 2.5],
    "wide": 0.125,
    "activity": 0.25,
    "background": 2e-5,
    "order": "velocity",
    "noise": 3e-4,
    "jumps": 1,
    "evidence": 10.0,
}


def fitted(lines: float, **others: Any) -> Fitted:
    return Fitted({**TRACER, **others}, lines)


@pytest.mark.parametrize("count", [1, 3, MANY, 3 * MANY + 5])
def test_means_are_weighted_by_own_lines_and_sums_are_sums(count: int) -> None:
    rng = np.random.default_rng(count)
    lines, blurs, jumps, evidence = rng.uniform(1, 50, count), rng.uniform(1, 3, count), rng.integers(3, size=count), []
    model = ModelSoFar()
    for number in range(count):
        evidence.append(float(rng.normal()))
        one = fitted(
            lines[number], blur=[blurs[number], 4.0], jumps=int(jumps[number]), evidence=evidence[number], activity=0.9
        )
        model.add(update(float(number), lines=200 * (number + 1), unused=100 * (number + 1), fitted=(one,)))
    about = model.about
    tracer = about["tracers"][0]
    assert tracer["blur"] == pytest.approx([(blurs * lines).sum() / lines.sum(), 4.0])
    assert tracer["activity"] == about["explained"] == pytest.approx(lines.sum() / (100 * count))
    assert (tracer["jumps"], tracer["evidence"]) == (jumps.sum(), pytest.approx(sum(evidence)))
    assert (about["unused"], about["passes"], about["settled"]) == (100 * count, 0, False)


def test_a_tracer_that_was_lost_stays_known() -> None:
    model = ModelSoFar()
    model.add(update(1.0, lines=100, fitted=(fitted(20.0), fitted(10.0, label=3))))
    model.add(update(2.0, lines=200, fitted=(fitted(30.0, order="acceleration", noise=7e-6),)))
    model.add(update(3.0, lines=400))
    first, second = model.about["tracers"]
    assert (first["label"], first["activity"], first["order"], first["noise"]) == (0, 0.125, "acceleration", 7e-6)
    assert (second["label"], second["activity"]) == (3, 0.025)


def test_a_finished_live_run_has_the_model_of_its_lines(tmp_path: Path) -> None:
    wheel = [simulation.Circle(radius=90), simulation.Circle(radius=60, phase=3.14)]
    lines = simulation.simulate(wheel, n=100_000, noise=0.5, seed=4, activity=[2, 1]).lines
    watch(LineTracker(2).stream(np.array_split(lines.lines, 83)), record=Record(tmp_path, "test", {"tracers": 2}))
    outcome = finish(tmp_path)
    found = FittedModel.of(outcome.trajectories)
    expected = FittedModel.of(run(lines, Settings(Lines(2))).trajectories)
    assert found is not None
    assert expected is not None
    # As they were simulated; half of the lines that are scattered pass near their tracer.
    shares = sorted(tracer.activity for tracer in found.tracers)
    np.testing.assert_allclose(shares, [0.5 / 3, 1 / 3], rtol=0.1)
    assert found.explained == pytest.approx(expected.explained, rel=0.02)
    for live, offline in zip(found.tracers, expected.tracers, strict=True):
        assert (live.label, live.order, live.jumps) == (offline.label, offline.order, offline.jumps)
        assert live.narrow == pytest.approx(offline.narrow, rel=0.1)
        assert live.evidence == pytest.approx(offline.evidence, rel=0.1)
        assert live.rate == pytest.approx(offline.rate, rel=0.1)
    assert "the lines were not kept" in outcome.verdict.reasons[0].text
    assert len(outcome.verdict.reasons) == 1
    figures = json.loads((outcome.save(tmp_path) / "run.json").read_text())["figures"]
    assert figures["lines explained"] == pytest.approx(found.explained)
    assert len(figures["tracers"]) == 2
    text = report_text(tmp_path / "report.html")
    assert "Model of the tracers" in text
    assert "fitted as the lines came" in text


def test_a_blur_that_ended_at_its_bound_is_told_of_a_live_run_too(tmp_path: Path) -> None:
    wide = tuple(fitted(5.0, blur=[20.0, 20.0], label=label) for label in range(2))
    watch((replace(each, fitted=wide) for each in updates()), record=Record(tmp_path, "test", {"tracers": 2}))
    assert any("the blur ended at the bound" in reason.text for reason in finish(tmp_path).verdict.reasons)


def test_a_model_that_does_not_know_all_tracers_is_left_out(tmp_path: Path) -> None:
    watch((replace(each, fitted=(fitted(5.0),)) for each in updates()), record=Record(tmp_path, "test", {"tracers": 2}))
    assert FittedModel.of(finish(tmp_path).trajectories) is None
