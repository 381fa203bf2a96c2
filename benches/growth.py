"""How the time of our kernels grows with the size of their work.

    python benches/growth.py [--most 10000000] [--picture docs/images/growth.png]

Prints a table of lines of response, voxels and tracers against seconds, and draws it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lumentrace import LineData, Voxels
from lumentrace.pept import simulation
from lumentrace.pept.recipes import PeptML
from lumentrace.pept.tracking import FPI

WHEEL = simulation.Circle(centre=(300, 300, 250), radius=80, rpm=42)
Series = list[tuple[float, float]]


def seconds(job: Callable[[], Any], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)


def over_lines(most: int) -> Series:
    """The whole PEPT-ML recipe, one tracer."""
    sizes = [size for size in (10**4, 10**5, 10**6, 10**7) if size <= most]
    lines = simulation.simulate([WHEEL], n=max(sizes), seed=1).lines.lines
    recipe = PeptML()
    return [
        (n, seconds(lambda n=n: recipe.fit(LineData(lines[:n]), verbose=False), 3 if n < 10**6 else 1)) for n in sizes
    ]


def over_voxels() -> dict[str, Series]:
    """100 000 lines into grids, and the peaks of each grid."""
    lines = simulation.simulate([WHEEL], n=100_000, seed=1).lines
    traversal, peaks = [], []
    for edge in (50, 100, 200, 400):
        traversal.append((edge**3, seconds(lambda e=edge: Voxels.from_lines(lines, (e, e, e), verbose=False), 3)))
        voxels = Voxels.from_lines(lines, (edge, edge, edge), verbose=False)
        peaks.append((edge**3, seconds(lambda v=voxels: FPI(3, 0.4).fit_sample(v), 3)))
    return {"100 000 lines traversed": traversal, "feature points": peaks}


def over_tracers() -> Series:
    """The recipe on 200 000 lines of 1 to 32 tracers, 30 % noise."""
    found = []
    for tracers in (1, 2, 4, 8, 16, 32):
        paths = [simulation.Circle(radius=20 + 4 * n, phase=2.4 * n) for n in range(tracers)]
        lines = simulation.simulate(paths, n=200_000, noise=0.3, seed=2).lines
        found.append((tracers, seconds(partial(PeptML(tracers=tracers).fit, lines, verbose=False), 1)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=10**7, help="most lines of response")
    parser.add_argument("--picture", type=Path, default=Path("growth.png"))
    options = parser.parse_args()
    panels = {
        "lines of response": {"PEPT-ML recipe": over_lines(options.most)},
        "voxels": over_voxels(),
        "tracers": {"PEPT-ML recipe, 200 000 lines": over_tracers()},
    }
    figure = Figure(figsize=(13, 4), layout="constrained")
    for axes, (title, curves) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        for name, series in curves.items():
            print(f"{title}: {name}")
            for size, value in series:
                print(f"  {size:>12,} {value:10.4f} s  {value / size * 1e6:10.3f} µs each")
            axes.loglog(*np.transpose(series), "o-", label=name)
            size, value = series[0]
            ends = np.array([size, series[-1][0]])
            axes.loglog(ends, value * ends / size, ":", color="grey")
        axes.set(xlabel=title, ylabel="seconds")
        axes.legend()
    figure.savefig(options.picture, dpi=110)


if __name__ == "__main__":
    main()
