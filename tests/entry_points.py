"""Entry points of the package by name: each makes its small input in a folder and gives a result to compare."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from array_functions import TAKING, called
from helpers import recipe, simulate
from lumentrace import LineData, Pipeline, PointData, afm, coloc, pept, storage, twophoton
from lumentrace.afm import run as afm_run
from lumentrace.afm.simulation import simulate_film, write_asd
from lumentrace.coloc import run as coloc_run
from lumentrace.pept import scanners, simulation, tracking
from lumentrace.pept import utilities as pept_utilities
from lumentrace.twophoton.respond.trials import ResponseTrial
from odd_arrays import plain
from valid_arguments import VALID, channels, stained

Entry = Callable[[Path], Any]
SINGLE = "0 7 0  1 2 3  0 0 0 0 0 0  1.5 0.511  {} 20 30  0 0 0 0  NULL NULL "
WITH_PICTURES = ("report.page.write_report",)
"""Functions that take long because they draw."""


def lines() -> LineData:
    return LineData(simulate(400, tracers=2)[0], 100)


def points() -> PointData:
    return PointData(np.random.default_rng(1).normal(size=(50, 4)))


# ---------------------------------------------------------------------- files of PEPT
def text_of_lines(folder: Path) -> Any:
    np.savetxt(folder / "lines.csv", lines().lines, delimiter=",")
    return scanners.lines(folder / "lines.csv", verbose=False)


def coincidences(folder: Path) -> Any:
    path = folder / "gateCoincidences.dat"
    path.write_text(SINGLE.format(-400) + SINGLE.format(400) + "\n")
    return scanners.gate_coincidences(path, verbose=False)


def list_mode(folder: Path) -> Any:
    run = simulation.simulate([simulation.Circle(radius=80)], n=2000, seed=1)
    simulation.write_adac(folder / "run.da01", run.lines, separation=500)
    return scanners.adac_forte(folder / "run.da01", verbose=False)


def camera(folder: Path) -> Any:
    (folder / "run.dat").write_bytes(bytes(1000) + 0x2000.to_bytes(4, "little"))
    return scanners.modular_camera(folder / "run.dat", verbose=False)


def csv(folder: Path) -> Any:
    storage.to_csv(folder / "points.csv", points())
    return pept.read_csv(folder / "points.csv", skiprows=1)


def chunks(folder: Path) -> Any:
    np.savetxt(folder / "points.csv", points().points)
    return list(pept_utilities.ChunkReader(folder / "points.csv", 20))


# ---------------------------------------------------------------------- storage
def to_parquet(folder: Path) -> Any:
    storage.to_parquet(folder / "points.parquet", points())
    return (folder / "points.parquet").exists()


def read_parquet(folder: Path) -> Any:
    storage.to_parquet(folder / "points.parquet", points())
    return storage.read_parquet(folder / "points.parquet")


def container(folder: Path) -> Any:
    storage.save(folder / "points.h5", points())
    return storage.load(folder / "points.h5")


def in_bytes(folder: Path) -> Any:
    return storage.from_bytes(storage.to_bytes(lines()))


def vtp(folder: Path) -> Any:
    storage.to_vtp(folder / "points.vtp", points())
    return (folder / "points.vtp").read_bytes()


def sheet(folder: Path) -> Any:
    return [path.name for path in storage.write_table(folder / "table", storage.to_polars(points()))]


def picture(folder: Path) -> Any:
    tifffile.imwrite(folder / "a.tif", np.arange(600, dtype=np.uint16).reshape(20, 30))
    return storage.read_tiff(folder / "a.tif").pixels


# ---------------------------------------------------------------------- pipelines
def native_plan(folder: Path) -> Any:
    return list(Pipeline(recipe()).fit(lines(), max_workers=2, verbose=False))


def python_filters(folder: Path) -> Any:
    steps = [*recipe(), tracking.Condition("error < 20"), tracking.Stack(), tracking.Segregate(5, 20.0)]
    return Pipeline(steps).fit(lines(), max_workers=2, verbose=False)


def line_tracker(folder: Path) -> Any:
    return Pipeline([tracking.LineTracker(2)]).fit(lines(), max_workers=2, verbose=False)


def voxels(folder: Path) -> Any:
    return Pipeline([tracking.Voxelize((9, 9, 9)), tracking.FPI()]).fit(lines(), verbose=False)


# ---------------------------------------------------------------------- the other techniques
def film(folder: Path) -> Any:
    write_asd(folder / "film.asd", simulate_film(frames=3, particles=3, size=64, seed=1)[0])
    stack = afm.load(folder / "film.asd")
    stack.apply(["remove_plane", "gaussian_filter"])
    return stack.data


def whole_film(folder: Path) -> Any:
    stack, _ = simulate_film(frames=3, particles=3, size=64, seed=1)
    settings = afm_run.Settings(process="remove_plane", analyse="log_blob_detection:min_sigma=3,max_sigma=6")
    return afm_run.run(stack, settings).to_polars()


def whole_channels(folder: Path) -> Any:
    return coloc_run.run(dict(zip("ab", channels(), strict=True)), coloc_run.Settings(threshold="otsu")).table


def checkpoint(folder: Path) -> Any:
    from lumentrace import stain

    stain.save_checkpoint(stained()(folder)["post"], folder / "a")
    return stain.load_checkpoint(folder / "a")


def trials(folder: Path) -> Any:
    frames = np.arange(3, 5)
    trial = ResponseTrial(2, "odour", 1, 0, 3, 5, frames, (frames - 3) / 10, np.array([[0.1, 0.3], [0.2, 0.4]]))
    return twophoton.trials_table(twophoton.GroupedRoiResponses(("a", "b"), 10.0, (trial,)))


def sample_image(folder: Path) -> Any:
    return [np.asarray(each[0]) for each in coloc.make_sample_data()]


OWN: dict[str, Entry] = {
    each.__name__: each
    for each in (
        text_of_lines,
        coincidences,
        list_mode,
        camera,
        csv,
        chunks,
        to_parquet,
        read_parquet,
        container,
        in_bytes,
        vtp,
        sheet,
        picture,
        native_plan,
        python_filters,
        line_tracker,
        voxels,
        film,
        whole_film,
        whole_channels,
        checkpoint,
        trials,
        sample_image,
    )
}


def of_function(name: str, folder: Path) -> Any:
    """A function that takes arrays, on its valid arguments."""
    given = VALID[name](folder)
    return [called(TAKING[name], given), *(given[each] for each in ("pixels", "voxels") if each in given)]


ENTRIES: dict[str, Entry] = OWN | {
    name: functools.partial(of_function, name) for name in VALID if not name.endswith(WITH_PICTURES)
}


def result(name: str, folder: Path) -> Any:
    """What an entry point gives, as plain values."""
    folder.mkdir(parents=True, exist_ok=True)
    return plain(ENTRIES[name](folder))
