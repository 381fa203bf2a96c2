"""The scoreboard of the field: what every recipe, and the peer, makes of the experiments that trackers are tried on.

    python benches/scoreboard.py [--quick] [--cases pair-axial ...] [--cameras ring screens] [--recipes peptml ...]
                                 [--runs 1] [--seed 1] [--limit 12] [--picture docs/images/scoreboard.png]

Static, scattering, crossing the field of view, pairs 2 to 30 mm apart, 0.2 to 112 m/s, 6 to 79 tracers, close-packed,
linking and a random walk [1]_, in a ring scanner whose clock has steps of 1 ms and in parallel screens, with scattered
and random lines, positron range and photons that are not quite collinear. Everybody is told the number of tracers and
nothing else; the peer is `pept` 0.5.1 with its documented chains, if `.peers/pept` is there (`benches/peers.py pept`
makes it).

Locations are matched to tracers one to one, by the Hungarian method, in frames of 150 lines per tracer; one that is
further than 5 mm from its tracer, or than a third of the distance to the next one, is none of it. Prints a markdown
table for each camera. A cell has the median and mean distance of the matched locations in mm and the share of the
frames of all tracers that hold one; then, if there are any, `-` tracers missed (located in less than half of their
frames), `+` trajectories that are no tracer's (how many at a time), `x` swaps of identity. Several runs are pooled;
then `in n` is the number of runs without any of these. `slow` is more than `--limit` seconds of CPU time, and a
20th of it more per tracer, there or for fewer tracers.

.. [1] Windows-Yule C. R. K. et al., Recent advances in positron emission particle tracking: a comparative review,
   Reports on Progress in Physics 85 (2022) 016101.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from lumentrace.base.palette import PALETTE
from lumentrace.pept import recipes
from peers import HERE
from scoreboard_cases import CAMERAS, SERIES, Case, Experiment, experiment

sys.path.insert(0, str(HERE.parent / "tests"))
import scoring

PEER = "pept 0.5.1"
NONE = 0.05
"""Fewer false trajectories at a time are none."""


# ---------------------------------------------------------------- who is asked
class Worker:
    """A child process that tracks, started anew when a job has been too long for it."""

    def __init__(self, python: Path, script: str) -> None:
        self._command = [python, "-W", "ignore", HERE / "peer_scripts" / script]
        self._process: subprocess.Popen[str] | None = None

    def found(self, who: str, lines: Path, tracers: int, limit: float) -> scoring.Found | str:
        """What `who` finds in a file of lines, or why it does not."""
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
            )
        table = lines.with_name(f"found_{self._process.pid}.npy")
        job = {"who": who, "lines": str(lines), "found": str(table), "tracers": tracers, "limit": limit}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self.stop()
            return "slow"
        read = json.loads(answer)
        return "failed" if "error" in read else scoring.Found.of(np.load(table), read["columns"])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


Cell = list[scoring.Score] | str


def asked(ours: Sequence[str], peer: Path | None) -> dict[str, tuple[Worker, str]]:
    """Names in the table, and whom to ask for what."""
    mine = Worker(Path(sys.executable), "score_ours.py")
    found = {name: (mine, name) for name in ours}
    if peer is not None:
        theirs = Worker(peer, "score_peer.py")
        found |= {f"{PEER} {name}": (theirs, name) for name in ("peptml", "birmingham", "fpi")}
    return found


def judged(
    case: Case,
    camera: str,
    seeds: Sequence[int],
    who: dict[str, tuple[Worker, str]],
    slow: dict[str, int],
    limit: float,
) -> dict[str, Cell]:
    """Scores of everybody in one case; `slow` says how many tracers were too many for whom, and is kept up."""
    cells: dict[str, Cell] = {name: [] for name in who}

    def ask(worker: Worker, made: Experiment, lines: Path) -> None:
        tracers = len(made.truth.paths)
        seconds = limit * (1 + tracers / 20)
        for name, (one, chain) in who.items():
            if one is not worker or isinstance(cells[name], str) or (chain == "birmingham" and tracers > 1):
                continue
            most = slow.get(name, tracers)
            found = "slow" if tracers > most else worker.found(chain, lines, tracers, seconds)
            if isinstance(found, str):
                cells[name] = found
                if found == "slow":
                    slow[name] = min(tracers, most)
            else:
                cells[name] += [scoring.frames(made.truth, found, made.frames, case.close)]

    workers = {worker for worker, _ in who.values()}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(workers)) as pool:
        lines = Path(folder) / "lines.npy"
        for seed in seeds:
            made = experiment(case, camera, seed)
            np.save(lines, made.lines)
            list(pool.map(partial(ask, made=made, lines=lines), workers))
    return cells


# ---------------------------------------------------------------- tables and a picture
def text(cell: Cell) -> str:
    """A cell of the table."""
    if isinstance(cell, str) or not cell:
        return cell or ""
    score = scoring.pooled(cell)
    parts = [f"{score.quantile(0.5):.2f} / {score.errors.mean():.2f}"] if len(score.errors) else []
    parts.append(f"{score.share:.0%}")
    false = score.false / len(cell)
    parts += [f"-{score.missed}"] * bool(score.missed) + [f"+{false:.1f}"] * (false >= NONE)
    parts += [f"x{score.swaps}"] * bool(score.swaps)
    if len(cell) > 1:
        parts.append(f"in {sum(each.missed == each.swaps == 0 and each.false < NONE for each in cell)}")
    return " ".join(parts)


def picture(path: Path, results: dict[str, dict[str, dict[str, Cell]]], chosen: dict[str, list[Case]]) -> None:
    """Located shares of pairs and of many tracers, and errors of fast ones where half of the frames hold them."""
    from matplotlib.figure import Figure

    panels = [
        ("pair-axial", "distance, axial, mm", "located", [2, 3, 5, 10, 20, 30]),
        ("pair-transaxial", "distance, transaxial, mm", "located", [2, 3, 5, 10, 20, 30]),
        ("velocity", "velocity, m/s", "median error, mm", [0.2, 1, 5, 20, 112]),
        ("multiple", "tracers", "located", [6, 20, 40, 79]),
    ]
    figure = Figure(figsize=(16, 4 * len(results) + 1), layout="constrained")
    axes = np.atleast_2d(figure.subplots(len(results), len(panels)))
    for row, (camera, table) in zip(axes, results.items(), strict=True):
        for ax, (kind, label, measure, all_values) in zip(row, panels, strict=True):
            values = {case.title: value for case, value in zip(SERIES[kind], all_values, strict=True)}
            for number, name in enumerate(next(iter(table.values()))):
                drawn = []
                for case in chosen.get(kind, []):
                    cell = table[case.title][name]
                    if isinstance(cell, str) or not cell:
                        continue
                    score = scoring.pooled(cell)
                    if measure == "located":
                        drawn.append((values[case.title], score.share))
                    elif score.share >= 0.5:
                        drawn.append((values[case.title], score.quantile(0.5)))
                style = {"color": PALETTE[number], "marker": "o", "linestyle": "--" if name.startswith(PEER) else "-"}
                ax.plot(*np.array(drawn).reshape(-1, 2).T, label=name, **style)
            ax.set(xlabel=label, ylabel=measure, title=f"{camera}: {kind.replace('-', ', ')}", xscale="log")
            ax.set_xticks(all_values, [f"{value:g}" for value in all_values], minor=False)
            ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
            if measure == "located":
                ax.set_ylim(-0.04, 1.04)
            else:
                ax.set_yscale("log")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=9, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    print(f"\nwrote {path}")


def table(
    camera: str, chosen: dict[str, list[Case]], who: dict[str, tuple[Worker, str]], options: argparse.Namespace
) -> dict[str, dict[str, Cell]]:
    """Judge everybody in front of one camera, and print it."""
    print(f"\n{camera}\n\n| case | {' | '.join(who)} |\n|{'---|' * (len(who) + 1)}", flush=True)
    found = {}
    seeds = range(options.seed, options.seed + options.runs)
    slow: dict[str, int] = {}
    for case in (case for cases in chosen.values() for case in cases):
        cells = judged(case, camera, seeds, who, slow, options.limit)
        found[case.title] = cells
        print(f"| {case.title} | {' | '.join(text(cell) for cell in cells.values())} |", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer cases, and 2 s of CPU time for each")
    parser.add_argument(
        "--cases", nargs="+", choices=SERIES, default=list(SERIES), metavar="KIND", help=", ".join(SERIES)
    )
    parser.add_argument("--cameras", nargs="+", choices=CAMERAS, default=list(CAMERAS))
    parser.add_argument(
        "--recipes", nargs="+", choices=recipes.RECIPES, default=list(recipes.RECIPES), metavar="RECIPE"
    )
    parser.add_argument("--no-peer", action="store_true", help="lumentrace alone")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".peers", help="folder of the peers' environments")
    parser.add_argument("--runs", type=int, default=1, help="seeds per case")
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--limit", type=float, help="seconds of CPU time per case; 12 by default")
    parser.add_argument("--picture", type=Path, help="file to draw into; needs matplotlib")
    options = parser.parse_args()
    options.limit = options.limit or (2.0 if options.quick else 12.0)
    python = options.peers / "pept" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    peer = python if python.exists() and not options.no_peer else None
    if peer is None and not options.no_peer:
        print(f"{PEER} is left out: there is no {python}")
    chosen = {kind: [case for case in SERIES[kind] if case.quick or not options.quick] for kind in options.cases}
    started = time.perf_counter()
    who = asked(options.recipes, peer)
    try:
        results = {camera: table(camera, chosen, who, options) for camera in options.cameras}
    finally:
        for worker, _ in who.values():
            worker.stop()
    print(f"\n{options.runs} run(s) per case, seeds from {options.seed}, {time.perf_counter() - started:.0f} s")
    if options.picture:
        picture(options.picture, results, chosen)


if __name__ == "__main__":
    main()
