"""What writes files in `twophoton`."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from found_cells import found_cells
from hdf5_contents import contents
from lumentrace import twophoton
from lumentrace.base.files import replacing
from lumentrace.twophoton.exchange import dff_table, kernel_files, label_tiff, matches, trial_tables
from lumentrace.twophoton.exchange.nwb import export_nwb
from lumentrace.twophoton.read import find
from lumentrace.twophoton.run import Settings, run
from lumentrace.twophoton.simulate.lab import simulate_lab
from writers import CHANCE, Writer, itself, keep, kept

SMALL: dict[str, Any] = {"cells": 2, "rows": 32, "columns": 32, "repeats": 1}
SECONDS = re.compile(rb'"seconds": [-+.e\\d]+')


def _outcomes(made: Path) -> None:
    for version in (1, 2):
        place = made / str(version)
        twophoton.simulate_recording(place, stimulus="olfaction", seed=version, **SMALL)
        twophoton.convert_recording(place, place / "converted")
    asked = Settings(maps=True, kernels="olfaction", hemisphere="left")
    keep(made, "outcome", *(run(made / str(version) / "converted", asked) for version in (1, 2)))


def _recordings(made: Path) -> None:
    for version in (1, 2):
        twophoton.simulate_recording(made / str(version), seed=version, **SMALL)


def _motions(made: Path) -> None:
    scene = twophoton.RawScene(frames=8, rows=32, columns=32, cells=2, photons=20.0)
    movies = [twophoton.simulate_raw(scene, seed=seed).movie[:] for seed in (1, 2)]
    keep(made, "motion", *(twophoton.estimate_motion(movie) for movie in movies))


def _part(name: str) -> Any:
    return lambda version, made: getattr(kept("outcome")(version, made), name)


def _of(name: str, write: Any, *covers: str) -> Writer:
    """A writer of a part of an outcome."""
    return Writer(write, covers, _part(name), _outcomes, slow=True)


def _databases(made: Path) -> None:
    for version in (1, 2):
        (made / str(version)).mkdir()
        (made / str(version) / "lab.db").write_bytes(bytes([version]) * 200_000)


def _spikes(version: int) -> twophoton.Spikes:
    traces = np.random.default_rng(version).normal(0, 1, (200, 40))
    return twophoton.deconvolve(traces, rate_hz=30.0, tau=0.5)


def _plane(version: int) -> tuple[Any, ...]:
    """Regions, their traces and a mean image."""
    values = np.random.default_rng(version).normal(50, 1, (40, 3))
    rois = twophoton.make_roi_set(np.eye(30)[: 3 * version : version, None] > 0)
    traces = twophoton.BackgroundCorrectedRoiTraces(
        values, np.zeros_like(values), values, rois.labels, 0, 40, "mean", "none", {}
    )
    return rois, traces, np.full((1, 30), float(version))


def _noted(folder: Path, version: int) -> None:
    """A recording in a cache that holds no more than one: the other is removed."""
    from lumentrace.twophoton.convert import cache

    for number in (1, 2):
        place = folder / f"{number}"
        place.mkdir(exist_ok=True)
        with replacing(place / "a.bin") as file:
            file.write(bytes([version]) * 1000)
    cache.publish(folder / "1", ("a.bin",), folder, 10_000)


def _meaning(path: Path) -> bytes:
    """What a file says, without when it was written and how long that took."""
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as connection:
            return "".join(connection.iterdump()).encode()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return repr([(name, archive.read(name)) for name in archive.namelist()]).encode()
    if path.suffix in (".h5", ".nwb") or path.name == "alignedMovie.mat":
        return SECONDS.sub(b"", CHANCE.sub(b"", repr(contents(path)).encode()))
    head = 128 if path.suffix == ".mat" else 0  # says when it was written
    return SECONDS.sub(b"", itself(path)[head:])


def _without_numbers(path: Path) -> bytes:
    """A note without sizes and times."""
    return re.sub(rb"\d+", b"", path.read_bytes()) if path.suffix == ".json" else path.read_bytes()


WRITERS = {
    "outcome": Writer(
        lambda folder, outcome: outcome.save(folder / "out"),
        ("twophoton/run.py", "twophoton/report/page.py", "cli/twophoton.py", "storage/frames.py"),
        kept("outcome"),
        _outcomes,
        content=_meaning,
        slow=True,
    ),
    "conversion": Writer(
        lambda folder, source: twophoton.convert_recording(source, folder / "converted"),
        (
            "base/working.py",
            "twophoton/convert/converted_files.py",
            "twophoton/convert/movie_copy.py",
            "twophoton/convert/recording_folder.py",
        ),
        lambda version, made: made / str(version),
        _recordings,
        content=_meaning,
    ),
    "simulated lab": Writer(
        lambda folder, version: simulate_lab(folder, 1, seed=version, **SMALL),
        ("twophoton/simulate/lab.py", "twophoton/simulate/session_files.py", "twophoton/simulate/simulation.py"),
        content=_meaning,
        slow=True,
    ),
    "simulated raw movie": Writer(
        lambda folder, version: twophoton.save_raw_movie(
            folder, twophoton.simulate_raw(twophoton.RawScene(frames=90, rows=32, columns=32, cells=2), seed=version)
        ),
        ("twophoton/simulate/raw_files.py",),
    ),
    "motion": Writer(
        lambda folder, motion: twophoton.save_motion(folder / "motion.h5", motion),
        ("twophoton/exchange/motion_file.py",),
        kept("motion"),
        _motions,
    ),
    "maps": _of(
        "maps",
        lambda folder, maps: twophoton.save_response_map_data(folder / "maps.h5", maps),
        "twophoton/exchange/map_files.py",
        "storage/hdf5.py",
    ),
    "kernels": _of(
        "kernels",
        lambda folder, kernels: kernel_files.save_stimulus_kernels(folder / "kernels.h5", kernels),
        "twophoton/exchange/kernel_files.py",
    ),
    "table of kernels": _of(
        "kernels",
        lambda folder, kernels: kernel_files.write_kernels_csv(folder / "kernels.csv", kernels),
        "twophoton/exchange/kernel_files.py",
    ),
    "results": _of(
        "responses",
        lambda folder, responses: twophoton.save_analysis_outputs(folder / "outputs.h5", responses),
        "twophoton/exchange/outputs.py",
    ),
    "dF/F": _of(
        "responses",
        lambda folder, responses: dff_table.save_dff_table(folder / "dff.parquet", responses),
        "twophoton/exchange/dff_table.py",
    ),
    "trials": _of(
        "responses",
        lambda folder, responses: trial_tables.save_trials_table(folder / "trials.parquet", responses),
        "twophoton/exchange/trial_tables.py",
    ),
    "trials as text": _of(
        "responses",
        lambda folder, responses: trial_tables.save_trials_table(folder / "trials.csv", responses),
        "twophoton/exchange/trial_tables.py",
    ),
    "spikes": Writer(
        lambda folder, version: twophoton.save_spikes(folder / "new" / "spikes.h5", _spikes(version)),
        ("twophoton/exchange/spike_files.py",),
        content=_meaning,
    ),
    "cells": Writer(
        lambda folder, version: twophoton.save_found_cells(folder / "new" / "cells.h5", found_cells(version)),
        ("twophoton/exchange/cell_files.py",),
        content=_meaning,
    ),
    "folder of Suite2p": Writer(
        lambda folder, version: twophoton.save_suite2p(folder / "new" / "plane0", *_plane(version), rate_hz=30.0),
        ("twophoton/exchange/suite2p_folder.py", "base/working.py"),
        goes=True,
    ),
    "NWB": Writer(
        lambda folder, responses: export_nwb(
            folder / "a.nwb", responses, session_start_time=datetime(2026, 1, 2, tzinfo=UTC)
        ),
        ("twophoton/exchange/nwb.py",),
        _part("responses"),
        _outcomes,
        content=_meaning,
        slow=True,
    ),
    "NWB with the movie": Writer(
        lambda folder, responses: export_nwb(
            folder / "a.nwb", responses, session_start_time=datetime(2026, 1, 2, tzinfo=UTC), movie=True
        ),
        ("twophoton/exchange/nwb.py",),
        _part("responses"),
        _outcomes,
        content=_meaning,
        slow=True,
    ),
    "note of a cache": Writer(_noted, ("twophoton/convert/cache.py",), content=_without_numbers),
    "rows of a table": Writer(
        lambda folder, version: matches.save_manual_fov_group_rows(
            [matches.ManualFovGroupRow(version, "a/b", "x")], folder / "new" / "views.csv"
        ),
        ("twophoton/exchange/matches.py", "storage/frames.py"),
    ),
    "regions": Writer(
        lambda folder, version: twophoton.save_roi_set(
            twophoton.make_roi_set(np.eye(30)[:version, None] > 0), folder / "new" / "rois.h5"
        ),
        ("twophoton/regions/rois.py",),
    ),
    "label image": Writer(
        lambda folder, version: label_tiff.save_roi_labels(
            twophoton.make_roi_set(np.eye(30)[:version, None] > 0), folder / "new" / "rois.tif"
        ),
        ("twophoton/exchange/label_tiff.py",),
    ),
    "copy of a database": Writer(
        lambda folder, database: find._copied(database, folder / "cache"),
        ("twophoton/read/find.py",),
        lambda version, made: made / str(version) / "lab.db",
        _databases,
    ),
}
