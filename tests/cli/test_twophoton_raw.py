"""From a raw movie to tuning on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from command_line import lumentrace

ALL = ("--motion", "rigid", "--rois", "cells:8", "--neuropil", "fit", "--spikes", "ar1", "--tuning", "direction")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    size = ("--rows", 64, "--columns", 64, "--cells", 6, "--repeats", 2, "--photons", 8)
    done = lumentrace("twophoton", "simulate", "--raw", "--out", folder, *size, "--seed", 11)
    assert done.returncode == 0, done.stderr
    assert "--neuropil fit --spikes ar1 --tuning direction" in done.stderr
    return folder


def test_all_of_it_in_one_command(raw: Path, tmp_path: Path) -> None:
    film = ("--epochs", raw / "epochs.csv", "--frame-rate", 10)
    others = ("--suite2p", "--nwb", "2026-03-01T14:30+01:00", "--out", tmp_path)
    done = lumentrace("twophoton", "run", raw / "raw.tif", *film, *ALL, *others)
    assert done.returncode == 0, done.stderr
    assert "tuned" in done.stdout
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    tables = {f"exports/csvs/{name}.csv" for name in ("cells", "neuropil", "spikes", "tuning", "tuning_curves")}
    assert {"motion.h5", "cells.h5", "spikes.h5", "report.html", "recording.nwb", *tables} < files
    regions = len(pl.read_csv(tmp_path / "exports/csvs/spikes.csv"))
    assert regions >= 5
    assert np.load(tmp_path / "suite2p/plane0/spks.npy").shape[0] == regions
    assert pl.read_csv(tmp_path / "exports/csvs/tuning_curves.csv").height == 8 * regions


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--nwb", "yesterday"), "expected a time such as"),
        (("--nwb", "2026-03-01T14:30"), "expected a time zone"),
        (("--neuropil", "much"), "expected none, fit or a number from 0 on"),
        (("--decay", "0.5"), "expected with spikes ar1"),
        (("--spikes", "ar3"), "'none', 'ar1', 'ar2'"),
        (("--tuning", "directoin"), "did you mean 'direction'"),
    ],
)
def test_what_does_not_fit_is_told(raw: Path, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    film = ("--epochs", raw / "epochs.csv", "--frame-rate", 10, "--out", tmp_path)
    done = lumentrace("twophoton", "run", raw / "raw.tif", *film, *arguments)
    assert done.returncode in (2, 3)
    assert told in " ".join((done.stdout + done.stderr).replace("│", " ").split())
    assert not (tmp_path / "report.html").exists()
