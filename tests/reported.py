"""A simulated run of each technique, whose report has everything that can be marked."""

from __future__ import annotations

import warnings

import numpy as np
import tifffile

from lumentrace import coloc, stain, twophoton
from lumentrace.afm import run as afm
from lumentrace.afm.simulation import simulate_film
from lumentrace.coloc import run as coloc_run
from lumentrace.pept import recipes, simulation
from lumentrace.pept import run as pept
from lumentrace.stain import run as stain_run
from lumentrace.twophoton import run as twophoton_run


def tracked(folder):
    paths = [simulation.Circle(radius=50), simulation.Circle(radius=80, phase=2.0)]
    lines = simulation.simulate(paths, n=40_000, noise=0.2, seed=1).lines
    return pept.run(lines, pept.Settings(recipe=recipes.Lines(tracers=2)))


def colocalized(folder):
    (a, *_), (b, *_) = coloc.make_sample_data()
    rows, columns = np.indices(a.shape) // 64
    inside = np.hypot(*(np.indices(a.shape) % 64 - 32)) < 24
    tifffile.imwrite(folder / "labels.tif", np.where(inside, 4 * rows + columns + 1, 0).astype(np.uint16))
    settings = coloc_run.Settings(metrics=coloc.EXTENDED_METRICS, randomizations=9, labels=str(folder / "labels.tif"))
    return coloc_run.run({"actin": a, "myosin": b}, settings)


def filmed(folder):
    return afm.run(simulate_film(frames=30, particles=10, size=128, seed=1)[0])


def stained(folder):
    pair = stain.simulate(size=512, scale=1.4, seed=3)
    return stain_run.run((pair.post, pair.pre), stain_run.Settings(pad=0))


def responded(folder):
    twophoton.simulate_recording(folder, cells=8, rows=64, columns=80, repeats=3, seed=1)
    return twophoton_run.run(twophoton.convert_recording_to_twopy(folder, folder).path)


RUNS = {"pept": tracked, "coloc": colocalized, "afm": filmed, "stain": stained, "twophoton": responded}


def write_reports(folder):
    """The reports of all techniques by name."""
    made = {}
    for name, run in RUNS.items():
        (folder / name).mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made[name] = run(folder / name).report(folder / f"{name}.html")
    return made
