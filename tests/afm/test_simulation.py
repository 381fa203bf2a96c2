"""Simulated films, and what is found in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linear_sum_assignment

from afm_cases import run
from command_line import lumentrace
from lumentrace.afm import ProcessingPipeline, load
from lumentrace.afm.simulation import simulate_film, write_asd


def test_particles_are_found_through_tilt_noise_and_file(tmp_path: Path) -> None:
    stack, truth = simulate_film(frames=30, particles=6, size=128, seed=3)
    write_asd(tmp_path / "film.asd", stack)
    film = load(tmp_path / "film.asd")
    assert (film.pixel_size_nm, film.shape) == (2.0, (30, 128, 128))
    assert film.get_frame_times() == pytest.approx(stack.get_frame_times())
    np.testing.assert_allclose(film.data, stack.data, atol=1.001 * np.abs(stack.data).max() / 4096 + 1e-6)
    pipeline = ProcessingPipeline(film).add("iterative_flatten").add("mask_mean_offset", factor=1.5)
    pipeline.add("row_median_align").add("clear").run()
    spots = {"min_sigma": 3, "max_sigma": 5, "num_sigma": 5, "threshold": 1.2, "refine": True}
    found = run(film, ("log_blob_detection", spots))["analysis"]["step_1_log_blob_detection"]
    near, alone = 0, 0
    for blobs, places in zip(found["features_per_frame"], truth, strict=True):
        cost = np.linalg.norm(np.array([[blob["x"], blob["y"]] for blob in blobs])[:, None] * 2 - places, axis=2)
        blob, particle = linear_sum_assignment(cost)
        apart = np.linalg.norm(places[:, None] - places, axis=2) + 1e9 * np.eye(len(places))
        free = (apart.min(axis=1) > 36) & (np.minimum(places, 254 - places).min(axis=1) > 16)
        near += int((cost[blob, particle] < 1.0)[free[particle]].sum())
        alone += int(free.sum())
    assert alone > 60
    assert near == alone


def test_films_are_as_they_are_asked_for() -> None:
    still, truth = simulate_film(frames=4, particles=3, size=32, diffusion_nm2_s=0, seed=5)
    assert (truth == truth[0]).all()
    assert still.get_frame_times() == [0.0, 0.5, 1.0, 1.5]
    again, _ = simulate_film(frames=4, particles=3, size=32, diffusion_nm2_s=0, seed=5)
    np.testing.assert_array_equal(again.data, still.data)
    _, truth = simulate_film(frames=2000, particles=4, size=64, diffusion_nm2_s=20, seed=6)
    assert truth.min() >= 0
    assert truth.max() <= 126
    steps = np.diff(truth, axis=0)[np.abs(np.diff(truth, axis=0)).max(axis=2) < 15]
    assert steps.var() == pytest.approx(2 * 20 * 0.5, rel=0.1)
    assert simulate_film(frames=0, particles=0, size=8)[0].shape == (0, 8, 8)
    for wrong in ({"frames": -1}, {"size": 0}, {"radius_nm": 0.0}):
        with pytest.raises(ValueError, match="expected a number above 0"):
            simulate_film(**wrong)


def test_films_that_cannot_be_written(tmp_path: Path) -> None:
    stack, _ = simulate_film(frames=2, particles=1, size=16, seed=0)
    stack.data[1, 3, 3] = np.nan
    for film in (stack, stack[:0]):
        with pytest.raises(ValueError, match="expected frames of finite heights"):
            write_asd(tmp_path / "film.asd", film)
    assert not (tmp_path / "film.asd").exists()


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "films" / "film.asd"
    result = lumentrace("afm", "simulate", "--out", path, "--frames", 5, "--particles", 3, "--size", 48)
    assert result.returncode == 0, result.stderr
    assert load(path).shape == (5, 48, 48)
    assert len(pl.read_csv(path.with_suffix(".truth.csv"))) == 15
    assert lumentrace("afm", "simulate", "--out", tmp_path / "film.tif").returncode == 2
