"""Tuning beside planted truth: indices and receptive fields at low signal to noise, false discoveries, matches.

    python benches/tuning.py [--quick]

Signal to noise is the variance of the mean responses of a cell over that of a trial about them; for receptive fields,
the variance of the response without noise over that of the noise, frame by frame. Prints what was planted, what was
found, and bars; ends with 1 if one is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import twophoton

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from simulated_tuning import DIRECTIONS, simulate_noise, simulate_sessions, simulate_trials

BAR = 0.95
ENOUGH = 120
"""Repeats from which the planted indices can be told so well: `attainable` says what fewer allow."""
RATE = 0.05
missed = []


def told(what: str, value: float, bar: str, good: bool, seconds: float) -> None:
    missed.extend([] if good else [what])
    print(f"{what:66} {value:8.4f}  {bar:>10}  {'' if good else 'MISSED'}  {seconds:6.2f} s", flush=True)


def indices(repeats: int, cells: int) -> None:
    made, began = simulate_trials(cells, repeats, 0.2, seed=1), time.perf_counter()
    found = twophoton.direction_selectivity(made.trials)
    seconds = time.perf_counter() - began
    for name, index, true, harmonic in (
        ("DSI by vectors", found.dsi_vector, made.true_index(1), 1),
        ("OSI by vectors", found.osi_vector, made.true_index(2), 2),
        ("DSI, preferred and null", found.dsi_preferred_null, made.true_ratio(), 0),
    ):
        what = f"{name}, {cells} cells, {repeats} repeats"
        r = float(np.corrcoef(index.corrected, true)[0, 1])
        barred = repeats >= ENOUGH
        told(f"{what}: r", r, f">= {BAR}" if barred else "", r >= BAR or not barred, seconds)
        if harmonic:
            told(f"{what}: r of an efficient estimator", attainable(made, true, harmonic, repeats), "", True, 0)
        for kind in ("value", "corrected"):
            told(f"{what}: bias of {kind}", float(np.mean(getattr(index, kind) - true)), "", True, 0)
        told(f"{what}: intervals that cover", float(np.mean((index.low <= true) & (true <= index.high))), "", True, 0)


def attainable(made: Any, true: Any, harmonic: int, repeats: int) -> float:
    """Correlation of planted indices with those of an unbiased estimator whose variance is the Cramer-Rao bound."""
    noise = made.curves.var(axis=0) / 0.2
    vector = np.exp(1j * harmonic * np.deg2rad(DIRECTIONS)) @ made.curves
    along = np.cos(harmonic * np.deg2rad(DIRECTIONS)[:, None] - np.angle(vector))
    bound = (((along - true) / made.curves.sum(axis=0)) ** 2).sum(axis=0) * noise / repeats
    return float(np.sqrt(true.var() / (true.var() + bound.mean())))


def discoveries(cells: int, sets: int) -> None:
    false: list[int] = []
    share: list[float] = []
    began = time.perf_counter()
    for seed in range(sets):
        made = simulate_trials(cells, 10, 0.2, seed=100 + seed, tuned=False)
        found = twophoton.tuning_test(made.trials, permutations=9999, seed=seed)
        false.append(int(found.found(RATE).sum()))
        share.append(float(np.mean(found.p <= RATE)))
    seconds = (time.perf_counter() - began) / sets
    most = RATE + 3 * np.sqrt(RATE * (1 - RATE) / sets)
    rate = float(np.mean([each > 0 for each in false]))
    told(f"sets of {cells} cells without tuning in which some was found", rate, f"<= {most:.3f}", rate <= most, seconds)
    allowed = RATE + 3 * np.sqrt(RATE * (1 - RATE) / (cells * sets))
    told("share of p below 0.05", float(np.mean(share)), f"<= {allowed:.4f}", np.mean(share) <= allowed, 0)


def mixed(cells: int) -> None:
    made, null = (simulate_trials(cells, 30, 0.2, seed=5, tuned=tuned) for tuned in (True, False))
    order = [np.argsort(each.trials.stimulus + 1000 * each.trials.repeat, kind="stable") for each in (made, null)]
    values = np.hstack([each.trials.values[own] for each, own in zip((made, null), order, strict=True)])
    labels = tuple(map(str, range(2 * cells)))
    stimulus, repeat = made.trials.stimulus[order[0]], made.trials.repeat[order[0]]
    trials = twophoton.TrialResponses(labels, "direction", stimulus, repeat, values, np.zeros_like(values))
    began = time.perf_counter()
    found = twophoton.tuning_test(trials).found(RATE)
    seconds = time.perf_counter() - began
    most = RATE + 3 * np.sqrt(RATE * (1 - RATE) / found.sum())
    rate = found[cells:].sum() / found.sum()
    told(f"false among discoveries, {cells} tuned, {cells} not", rate, f"<= {most:.3f}", rate <= most, seconds)
    told("tuned cells that are found", float(found[:cells].mean()), "", True, 0)


def fields(frames: int, cells: int, shape: tuple[int, int]) -> None:
    made = simulate_noise(cells, frames, shape, 8, 0.2, seed=1, blind=cells // 2)
    what = f"receptive fields, {shape[0]} x {shape[1]} x 8, {frames} frames"
    half = cells - cells // 2
    plain: dict[str, Any] = {"smoothness_pixels": [0.0], "smoothness_lags": [0.0]}
    for name, settings in (("smooth", {}), ("ridge", plain)):
        began = time.perf_counter()
        found = twophoton.fit_receptive_fields(made.stimulus, made.responses, lags=8, **settings)
        seconds = time.perf_counter() - began
        pairs = zip(found.weights[:half], made.fields[:half], strict=True)
        r = [float(np.corrcoef(one.ravel(), other.ravel())[0, 1]) for one, other in pairs]
        middle = float(np.median(r))
        good = name == "ridge" or middle >= BAR
        told(f"{what}, {name}: median r", middle, f">= {BAR}" if name == "smooth" else "", good, seconds)
        told(f"{what}, {name}: least r", min(r), "", True, 0)
        inside = np.abs(found.weights - made.fields)[:half] <= 1.96 * found.standard_error[:half]
        told(f"{what}, {name}: weights within 1.96 standard errors", float(inside.mean()), "", True, 0)
        told(f"{what}, {name}: held-out variance (1/6)", float(found.explained_variance[:half].mean()), "", True, 0)
        false = float((found.p[half:] <= RATE).mean())
        told(f"{what}, {name}: p below 0.05 of blind cells", false, "", True, 0)


def matches(cells: int) -> None:
    *given, true = simulate_sessions(cells, cells // 5, (5, -8), 1.0, seed=1, side=int(15 * np.sqrt(cells)))
    began = time.perf_counter()
    found = twophoton.match_cells(*given)
    seconds = time.perf_counter() - began
    pairs = {(int(one), int(other)) for one, other in found.matches}
    planted = {(one, int(other)) for one, other in enumerate(true) if other >= 0}
    for name, value in (
        ("recall", len(pairs & planted) / len(planted)),
        ("precision", len(pairs & planted) / len(pairs)),
    ):
        told(
            f"matches of {cells} cells, a fifth missing in each session: {name}",
            value,
            ">= 0.95",
            value >= 0.95,
            seconds,
        )
    same = true[found.pairs[:, 0]] == found.pairs[:, 1]
    told("squared error of probabilities (Brier)", float(np.mean((found.probability - same) ** 2)), "", True, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    for repeats in (30, 60, ENOUGH):
        indices(repeats, 300 if quick else 1000)
    discoveries(1000, 3 if quick else 20)
    mixed(300)
    fields(10000 if quick else 30000, 12 if quick else 100, (10, 10) if quick else (16, 16))
    matches(200 if quick else 800)
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
