"""Deconvolution of calcium traces beside oasis-deconv: objective, planted spikes, and seconds.

    python benches/spikes.py [--traces 100000] [--frames 10000] [--oasis PYTHON]

PYTHON is an interpreter with `oasis-deconv` (GPL: called as a program, never read or linked), for example that of an
environment made by `python -m venv oasis && oasis/bin/pip install oasis-deconv`. Both sides get the same traces, in
processes of their own. Ours works on blocks of traces that are made and thrown away, so that memory stays that of a
block.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from lumentrace import twophoton

RATE, TAU = 30.0, 0.5
GAMMA = float(np.exp(-1 / (TAU * RATE)))
SCORED = 40
"""Traces that both sides are timed and scored with."""
PEER = """
import json, sys, time
import numpy as np
from oasis.functions import constrained_oasisAR1
from oasis.oasis_methods import oasisAR1

traces, gamma, sigma, penalties = (np.load(sys.argv[1])[name] for name in ("traces", "gamma", "sigma", "penalties"))
gamma = float(gamma)
oasisAR1(traces[0][:50], gamma)
constrained_oasisAR1(traces[0][:200], gamma, float(sigma[0]), optimize_b=True)
def timed(work):
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        found = work()
        best = min(best, time.process_time() - start)
    return found, best


def constrained(trace, noise):
    return constrained_oasisAR1(trace, gamma, float(noise), optimize_b=True)[1]


calcium, given = timed(lambda: [oasisAR1(trace, gamma, lam=float(lam))[0] for trace, lam in zip(traces, penalties)])
events, whole = timed(lambda: [constrained(*each) for each in zip(traces, sigma)])
np.savez(sys.argv[2], calcium=calcium, events=events)
print(json.dumps({"given": given, "constrained": whole}))
"""

Array = NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--oasis", type=Path)
    options = parser.parse_args()
    truth, traces = made(options.frames, SCORED, 1)
    print(f"{options.frames} frames at {RATE:g}/s, decay {TAU:g} s, 1 event/s, noise 0.5 of an event")
    if options.oasis is not None:
        beside(options.oasis, truth, traces)
    second_order(options.frames)
    many(options.traces, options.frames)


def made(frames: int, count: int, seed: int) -> tuple[Array, Array]:
    """Events and traces (frames, count)."""
    random = np.random.default_rng(seed)
    events = random.poisson(1.0 / RATE, (frames, count)).astype(float)
    return events, 1.0 + lfilter([1.0], [1.0, -GAMMA], events, axis=0) + random.normal(0, 0.5, events.shape)


def seconds(work: Any, repeats: int = 1) -> tuple[Any, float]:
    """What some work gives, and the least time of a core that it took."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        spent.append(time.process_time() - start)
    return result, min(spent)


def correlation(truth: Array, events: Array, width: int) -> float:
    """Median over traces of the correlation with planted events, both summed over some frames."""

    def sums(table: Array) -> Array:
        whole = len(table) // width * width
        return table[:whole].reshape(-1, width, table.shape[1]).sum(axis=1)

    return float(np.median([np.corrcoef(*pair)[0, 1] for pair in zip(sums(truth).T, sums(events).T, strict=True)]))


def objective(trace: Array, calcium: Array, penalty: float) -> float:
    events = np.append(calcium[:1], calcium[1:] - GAMMA * calcium[:-1])
    return float(0.5 * ((trace - calcium) ** 2).sum() + penalty * events.sum())


def beside(python: Path, truth: Array, traces: Array) -> None:
    penalty, sigma = 2.0, np.full(traces.shape[1], 0.5)
    centred = np.ascontiguousarray((traces - 1.0).T)
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "given.npz", Path(folder) / "found.npz"
        penalties = np.full(len(centred), penalty)
        np.savez(given, traces=centred, gamma=GAMMA, sigma=sigma, penalties=penalties)
        told = subprocess.run(
            [str(python), "-c", PEER, str(given), str(found)], capture_output=True, check=True, text=True
        )
        peer, times = np.load(found), json.loads(told.stdout)
        calcium, events = peer["calcium"], peer["events"].T
    settings: dict[str, Any] = {"rate_hz": RATE, "tau": TAU, "threads": 1}
    fixed, fixed_seconds = seconds(
        lambda: twophoton.deconvolve(centred.T, baseline=0.0, penalty=penalty, sigma=0.5, **settings), 3
    )
    free, free_seconds = seconds(lambda: twophoton.deconvolve(centred.T, sigma=0.5, **settings), 3)
    own = [objective(*pair, penalty) for pair in zip(centred, fixed.calcium.T, strict=True)]
    theirs = [objective(*pair, penalty) for pair in zip(centred, calcium, strict=True)]
    apart = np.array(own) / np.array(theirs) - 1
    print(f"objective, λ and b given: ours / theirs - 1 from {apart.min():.1e} to {apart.max():.1e}")
    for width in (1, 3, 6):
        pair = correlation(truth, free.spikes, width), correlation(truth, events, width)
        print(f"correlation with planted events over {width} frames: ours {pair[0]:.4f}, theirs {pair[1]:.4f}")
    for name, ours, other in (
        ("λ and b given", fixed_seconds, times["given"]),
        ("λ by the noise, b free", free_seconds, times["constrained"]),
    ):
        print(f"{name}, one thread: ours {ours:.3f} s, theirs {other:.3f} s, ratio {other / ours:.1f}")


def second_order(frames: int) -> None:
    _, traces = made(frames, 8, 2)
    _, spent = seconds(lambda: twophoton.deconvolve(traces, rate_hz=RATE, order=2, tau=(0.5, 0.05), threads=1))
    print(f"order 2, one thread: {spent / 8 * 1e3:.1f} ms per trace")


def many(count: int, frames: int) -> None:
    """Blocks of traces in single precision, with noise measured, baseline and penalty found."""
    block = min(count, 2000)
    _, traces = made(frames, 100, 3)
    table = np.ascontiguousarray(np.tile(traces.T, (block // 100 + 1, 1))[:block], dtype=np.float32)
    for name, tau in (("decay given", TAU), ("decay estimated", None)):
        spent = 0.0
        for start in range(0, count, block):
            own = table[: min(block, count - start)].T
            began = time.perf_counter()
            twophoton.deconvolve(own, rate_hz=RATE, tau=tau)
            spent += time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{count} traces of {frames} frames, {name}: {spent:.1f} s, peak {peak:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
