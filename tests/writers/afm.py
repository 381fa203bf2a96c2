"""What writes files in `afm` and what it plots with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import afm
from lumentrace.afm.analysis.utils.common import export_to_hdf5
from lumentrace.afm.analysis.utils.frames import plot_frame_histogram
from lumentrace.afm.analysis.utils.particles import export_particle_csv
from lumentrace.afm.export import to_film, to_gwy, to_ome_tiff
from lumentrace.afm.run import run
from lumentrace.afm.simulation import simulate_film, write_asd
from lumentrace.plots import make_video
from writers import Writer, keep, kept


def _stack(version: int, _: Path) -> Any:
    times = [{"timestamp": 0.0}, {"timestamp": 2.0}, {"timestamp": 4.0}]
    heights = np.random.default_rng(version).random((3, 24, 24))
    return afm.AFMImageStack(heights, 1.5, "height_trace", "film.asd", times)


def _outcomes(made: Path) -> None:
    keep(made, "outcome", *(run(simulate_film(frames=3, particles=2, size=32, seed=seed)[0]) for seed in (1, 2)))


def _table(version: int) -> Any:
    import polars as pl

    return pl.DataFrame({"frame": np.arange(2000), "area": np.arange(2000.0) * version})


def _without_date(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[69:93] = bytes(24)
    return bytes(content)


def _pictures(version: int) -> list[Any]:
    ramp = np.linspace(0, 255, 64 * 64).reshape(64, 64, 1).astype(np.uint8)
    return [np.roll(ramp, 8 * number * version, axis=1).repeat(3, axis=2) for number in range(3)]


WRITERS = {
    "outcome": Writer(
        lambda folder, outcome: outcome.save(folder / "out"),
        ("afm/run.py", "afm/report/page.py", "cli/afm.py"),
        kept("outcome"),
        _outcomes,
        slow=True,
    ),
    "OME-TIFF": Writer(lambda folder, stack: to_ome_tiff(folder / "a.ome.tif", stack), ("afm/export.py",), _stack),
    "Gwyddion": Writer(lambda folder, stack: to_gwy(folder / "a.gwy", stack), ("afm/export_gwy.py",), _stack),
    "GIF": Writer(lambda folder, stack: to_film(folder / "a.gif", stack), ("afm/export.py",), _stack),
    "video": Writer(
        lambda folder, version: make_video(_pictures(version), folder / "a.gif", verbose=False), ("plots/video.py",)
    ),
    "ASD": Writer(
        lambda folder, stack: write_asd(folder / "a.asd", stack), ("afm/simulation.py",), _stack, content=_without_date
    ),
    "record": Writer(
        lambda folder, version: afm.export_analysis_to_json(folder / "new" / "a.json", {"heights": [version] * 9000}),
        ("afm/analysis/utils/common.py",),
    ),
    "HDF5 record": Writer(
        lambda folder, version: export_to_hdf5({"heights": np.arange(3000) * version}, folder / "new" / "a.h5"),
        ("afm/analysis/utils/common.py",),
    ),
    "particles": Writer(
        lambda folder, version: export_particle_csv(_table(version), folder / "a.csv"),
        ("afm/analysis/utils/particles.py", "cli/afm_commands.py"),
    ),
    "histogram": Writer(
        lambda folder, version: plot_frame_histogram(_table(version), "area", save_to=folder / "a.png"),
        ("afm/analysis/utils/frames.py",),
        slow=True,
    ),
}
