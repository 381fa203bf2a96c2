"""Kills of the large benchmark: each in its own part of a run, and none that was not made is counted."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "benches"))

from striking import Progress, Strikes, spans_done

SPANS, PACE = 50, 2.0


def finished(run: Path, spans: int) -> None:
    (run / "manifest.json").write_text(json.dumps({"done": {str(number): {} for number in range(spans)}}))


def struck(run: Path, strikes: Strikes, slowness: float, alive: bool = True) -> tuple[list[float], list[float]]:
    """Share of the spans done at each kill of a worker and of the scheduler, in a run that takes its time."""
    workers: list[float] = []
    schedulers: list[float] = []
    times = np.arange(0, SPANS * PACE * slowness + 1, 0.1)

    def share() -> float:
        return spans_done(run) / SPANS

    def worker() -> bool:
        workers.append(share())
        return alive

    done = -1
    for seconds in times:
        # Two that end together.
        now = min(2 * int(seconds / (2 * PACE * slowness)), SPANS)
        if now != done:
            done = now
            finished(run, done)
        strikes.look(float(seconds), worker, lambda: schedulers.append(share()))
    return workers, schedulers


@pytest.mark.parametrize("slowness", [0.7, 1.0, 3.0])
def test_kills_are_spread_over_the_progress_whatever_the_pace(tmp_path: Path, slowness: float) -> None:
    strikes = Strikes(20, True, Progress(tmp_path, SPANS, PACE, 2), random.Random(1))
    workers, schedulers = struck(tmp_path, strikes, slowness)
    assert (strikes.kills, strikes.restarts) == (20, 1)
    # What is done is known in whole spans.
    parts = np.arange(20) / 20
    assert (np.array(workers) > parts - 2.5 / SPANS).all()
    assert (np.array(workers) < parts + 1 / 20 + 2.5 / SPANS).all()
    assert len(schedulers) == 1
    assert 0.4 < schedulers[0] < 0.6


def test_kills_of_nobody_are_tried_again_and_not_counted(tmp_path: Path) -> None:
    strikes = Strikes(3, False, Progress(tmp_path, SPANS, PACE, 2), random.Random(1))
    tried, schedulers = struck(tmp_path, strikes, 1.0, alive=False)
    assert len(tried) > 3
    assert (strikes.kills, schedulers) == (0, [])


def test_nothing_is_killed_when_all_spans_are_there(tmp_path: Path) -> None:
    finished(tmp_path, SPANS)
    strikes = Strikes(3, True, Progress(tmp_path, SPANS, PACE, 2), random.Random(1))
    strikes.look(5.0, lambda: pytest.fail("killed"), lambda: pytest.fail("killed"))
    assert (strikes.kills, strikes.restarts) == (0, 0)


def test_a_run_that_has_not_begun_has_no_spans(tmp_path: Path) -> None:
    assert spans_done(tmp_path / "run") == 0
