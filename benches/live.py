"""How good, how late and how large a live run is.

    python benches/live.py errors [--seeds 2] [--lines 200000]
    python benches/live.py run [--rate 300000] [--seconds 600] [--viewers 0] [--drop-after 0.5]

`errors` compares what is told while lines come in with the twin of a Kalman filter of even motion that is told which
line is whose (`tests/twins/line_tracker.py`), and with the whole model: root mean squares of the distance from the true
path in mm, on lines of `benches/floor.py`.

`run` replays two tracers on a wheel over a socket from a process of its own, follows them as `lumentrace pept live`
does (kept on the disk, with alarms, with a page and viewers of it if asked for), and prints how late locations are, the
resident memory every minute, and what was dropped. A location is late by the time at which it is told less that of its
line; the line that came soonest after its time is taken as in time.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import floor
from lumentrace import LineData
from lumentrace.pept import simulation
from lumentrace.pept.live import Alarms, Bounds, Record, watch
from lumentrace.pept.live.server import Page
from lumentrace.pept.live.stopping import Stop
from lumentrace.pept.sources import open_source
from lumentrace.pept.tracking import LineTracker
from lumentrace.pept.tracking.update import Update

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from twins import line_tracker as twin

Array = NDArray[np.float64]

TURN = 60_000 / 42
"""Time of a turn of the wheel, ms: a replay that starts again does so where it ended."""
WHEEL = [simulation.Circle(radius=90, rpm=42), simulation.Circle(radius=60, rpm=42, phase=np.pi)]
START = 200.0
"""Until then, in ms, the twin's filter is not judged."""


# ---------------------------------------------------------------- errors
def cases() -> dict[str, tuple[list[floor.TracerPath], float]]:
    """Paths and the share of noise."""
    rng = np.random.default_rng(5)
    return {
        "one, 50 %": ([floor.circle(90, 42, 0.0)], 0.5),
        "one, 90 %": ([floor.circle(90, 42, 0.0)], 0.9),
        "two": (floor.wheel(2), 0.5),
        "four": (floor.wheel(4), 0.5),
        "300 rpm": ([floor.circle(90, 300, 0.0)], 0.5),
        "1000 rpm": ([floor.circle(90, 1000, 0.0)], 0.5),
        "walk": ([floor.walk(rng, 10_000.0)], 0.5),
        "two walks": ([floor.walk(rng, 10_000.0), floor.walk(rng, 10_000.0)], 0.5),
        "bounces, 1 m/s": ([floor.bounce(rng, 1.0)], 0.5),
        "two that bounce": ([floor.bounce(rng, 1.0), floor.bounce(rng, 0.5)], 0.5),
    }


def error(times: Array, places: Array, paths: Sequence[floor.TracerPath], start: float = 0.0) -> float:
    """Root mean square of the distance from the nearest tracer."""
    late = times >= start
    off = np.min([np.linalg.norm(path(times[late]) - places[late], axis=1) for path in paths], axis=0)
    return float(np.sqrt(np.mean(off**2)))


def print_errors(seeds: int, lines: int) -> None:
    print("| case | filtered | / twin | smoothed | / whole | lag (ms) |")
    print("|---|---|---|---|---|---|")
    for name, (paths, noise) in cases().items():
        found = [one_error(paths, noise, seed, lines) for seed in range(1, seeds + 1)]
        filtered, known, smoothed, whole, lag = np.mean(found, axis=0)
        ratios = f"| {filtered:.3f} | {filtered / known:.2f} | {smoothed:.3f} | {smoothed / whole:.3f} |"
        print(f"| {name} {ratios} {lag:.0f} |", flush=True)


def one_error(paths: list[floor.TracerPath], noise: float, seed: int, lines: int) -> tuple[float, ...]:
    made = floor.lines_of(paths, lines, noise, np.random.default_rng(seed))
    blocks = np.array_split(made.lines, lines // 1000)
    updates = list(LineTracker(len(paths)).stream(iter(blocks)))
    told = [np.concatenate([getattr(each, which).points for each in updates]) for which in ("filtered", "smoothed")]
    whole = LineTracker(len(paths)).fit(LineData(made.lines)).points
    times, places = twin.live(made.lines, made.labels, np.full(len(paths), 1e-5))
    known = [error(times, each, [path], START) for each, path in zip(places, paths, strict=True)]
    filtered, smoothed = told
    return (
        error(filtered[:, 0], filtered[:, 1:4], paths, START),
        float(np.sqrt(np.mean(np.square(known)))),
        error(smoothed[:, 0], smoothed[:, 1:4], paths),
        error(whole[:, 0], whole[:, 1:4], paths),
        updates[-2].lag,
    )


# ---------------------------------------------------------------- a run
class Measure:
    """How late what passes by is, and the resident memory; its own memory is that of some counts."""

    WHICH = ("filtered", "smoothed")
    STEP, BEFORE, BINS = 0.25, 4000, 60_000
    """Of the counts: their width in ms, and how many of them there are for what is earlier than the first line."""

    def __init__(self) -> None:
        self.base, self.soonest = np.nan, np.inf
        self.counts = {which: np.zeros(self.BINS, np.int64) for which in self.WHICH}
        self.lags: list[float] = []
        self.memory: list[tuple[float, float]] = []
        self.last: Update | None = None

    def of(self, updates: Iterator[Update]) -> Iterator[Update]:
        """The same updates."""
        began = time.monotonic()
        for update in updates:
            now = time.monotonic() * 1000
            if np.isnan(self.base):
                self.base = now - update.time
            if np.isfinite(self.base):
                self.soonest = min(self.soonest, now - update.time - self.base)
                for which in self.WHICH:
                    late = now - getattr(update, which).points[:, 0] - self.base
                    places = np.floor(late / self.STEP).astype(int) + self.BEFORE
                    self.counts[which] += np.bincount(places.clip(0, self.BINS - 1), minlength=self.BINS)
            self.last = update
            if not self.memory or now / 1000 - began - self.memory[-1][0] > 2:
                self.memory.append((now / 1000 - began, resident()))
                self.lags.append(update.lag)
            yield update

    def late(self, which: str, *shares: float) -> list[float]:
        """Quantiles of the delays, ms."""
        counts = np.cumsum(self.counts[which])
        bins = [np.searchsorted(counts, share * counts[-1]) for share in shares]
        return [(float(place) + 0.5 - self.BEFORE) * self.STEP - self.soonest for place in bins]


def resident() -> float:
    """MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def run(rate: int, seconds: float, viewers: int, drop_after: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "wheel.npy")
        turns = max(1, round(min(seconds, 20) * 1000 / TURN))
        make(file, int(rate / 1000 * turns * TURN), rate / 1000)
        address = f"unix://{folder}/lines"
        command = [sys.executable, "-m", "lumentrace", "pept", "replay", file, "--to", address, "--loop"]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        measure = Measure()
        try:
            views, seen = [], []
            if viewers:
                page = Page("127.0.0.1", 0, title="wheel", token=None)
                views.append(page)
                seen = look(page.url, viewers, seconds)
            with open_source(address, wait=drop_after) as blocks:
                stop = Stop()
                watch(
                    measure.of(LineTracker(2).stream(stop.until(blocks, seconds))),
                    record=Record(Path(folder, "out"), address, {}),
                    alarms=Alarms(Bounds(tracers=2)),
                    views=views,
                    stop=stop,
                )
        finally:
            child.kill()
            child.wait()
        tell(measure, seconds)
        if seen:
            print(f"{viewers} viewers: {min(seen):,} to {max(seen):,} messages each")


def make(file: Path, lines: int, rate: float) -> None:
    experiment = simulation.Experiment(WHEEL, n=lines, noise=0.5, seed=1, rate=rate)
    with open(file, "wb") as out:
        header = {"descr": "<f8", "fortran_order": False, "shape": (lines, 7)}
        np.lib.format.write_array_header_1_0(out, header)
        for rows, _ in experiment.blocks():
            rows.tofile(out)


def look(url: str, viewers: int, seconds: float) -> list[int]:
    """Viewers of the page that count what they are sent, each in a thread."""
    from websockets.sync.client import connect

    seen = [0] * viewers

    def one(viewer: int) -> None:
        end = time.monotonic() + seconds
        with connect(url.replace("http", "ws", 1).rstrip("/") + "/socket", max_size=None) as socket:
            while time.monotonic() < end:
                socket.recv()
                seen[viewer] += 1

    for viewer in range(viewers):
        threading.Thread(target=one, args=(viewer,), daemon=True).start()
    return seen


def tell(measure: Measure, seconds: float) -> None:
    update = measure.last
    assert update is not None
    print(f"{update.lines:,} lines in {seconds:.0f} s, {update.dropped:,} dropped, {len(update.tracers)} tracers")
    for which, counts in measure.counts.items():
        middle, high, higher, most = measure.late(which, 0.5, 0.99, 0.999, 1)
        text = f"{middle:.1f} ms (median), {high:.1f} (99 %), {higher:.1f} (99.9 %), {most:.0f} (most)"
        print(f"{which}: {counts.sum():,} locations, late by {text}")
    print(f"lag: {np.nanmedian(measure.lags):.1f} ms (median), {np.nanmax(measure.lags):.1f} (most)")
    minutes = np.array(measure.memory)
    for minute in range(int(seconds // 60) + 1):
        inside = minutes[(minutes[:, 0] // 60).astype(int) == minute, 1]
        if len(inside):
            print(f"minute {minute}: {inside.min():.1f} to {inside.max():.1f} MB resident")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    errors = parts.add_parser("errors")
    errors.add_argument("--seeds", type=int, default=2)
    errors.add_argument("--lines", type=int, default=200_000)
    live = parts.add_parser("run")
    live.add_argument("--rate", type=int, default=300_000)
    live.add_argument("--seconds", type=float, default=600)
    live.add_argument("--viewers", type=int, default=0)
    live.add_argument("--drop-after", type=float, default=0.5)
    options = parser.parse_args()
    if options.part == "errors":
        print_errors(options.seeds, options.lines)
    else:
        run(options.rate, options.seconds, options.viewers, options.drop_after)


if __name__ == "__main__":
    main()
