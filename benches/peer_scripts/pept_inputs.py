"""Inputs that both sides read: ``pept_inputs.py FOLDER SHARED``."""

import sys
from pathlib import Path

import numpy as np

from lumentrace import pept
from lumentrace.pept import simulation

folder, shared = Path(sys.argv[1]), Path(sys.argv[2])
wheel = pept.scanners.parallel_screens(shared / "data/pept/sample_2p_42rpm.csv", verbose=False)
np.save(folder / "wheel.npy", wheel.lines)

rng = np.random.default_rng(1)
circle = simulation.simulate([simulation.Circle(centre=(300, 300, 250), radius=80, rpm=42)], n=500_000, seed=1)
np.save(folder / "lines.npy", circle.lines.lines)
simulation.write_adac(folder / "lines.da01", circle.lines, separation=500)

walk = np.cumsum(rng.normal(0, 0.5, (100_000, 3)), axis=0)
walk[1::2] += 200
np.save(folder / "points.npy", np.column_stack([np.arange(100_000.0), walk]))

t = np.arange(20_000.0)
turns = np.column_stack([np.cos(0.01 * t), np.sin(0.0101 * t)])
np.save(folder / "track.npy", np.column_stack([t, 250 + 150 * turns + rng.normal(0, 2, (20_000, 2))]))
np.save(folder / "places.npy", rng.uniform((120, 60, 10), (480, 540, 490), (2000, 3)))
