"""What the recipe that needs no settings makes of films whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
from scipy import ndimage
from scipy.optimize import curve_fit, linear_sum_assignment

from afm_cases import movie, stacked
from lumentrace.afm import AFMImageStack
from lumentrace.afm.analysis.gaussians import Pixels, single
from lumentrace.afm.loaders.search import films
from lumentrace.afm.run import Outcome, Settings, run
from lumentrace.afm.simulation import simulate_film, write_asd


def near(outcome: Outcome, truth: np.ndarray) -> float:
    """Share of the true places that a track passes within 3 nm."""
    table = outcome.tables()["tracks"]
    hits = 0
    for frame, places in enumerate(truth):
        found = table.filter(pl.col("frame") == frame).select("x_nm", "y_nm").to_numpy()
        distances = np.linalg.norm(found[:, None] - places, axis=2)
        hits += int((distances[linear_sum_assignment(distances)] < 3.0).sum())
    return hits / truth[..., 0].size


def lattice(random: np.random.Generator, pitch: float = 12.0, width: float = 2.6, size: int = 128) -> np.ndarray:
    """Bumps that touch, in rows."""
    y, x = np.indices((size, size))
    image = random.normal(0, 0.05, (size, size))
    for row, top in enumerate(np.arange(0, size + pitch, pitch)):
        for left in np.arange((row % 2) * pitch / 2, size + pitch, pitch):
            image += np.exp(-((x - left) ** 2 + (y - top) ** 2) / (2 * width**2))
    return image


def test_the_film_of_the_demo_has_as_many_tracks_as_particles() -> None:
    stack, truth = simulate_film(seed=1)
    outcome = run(stack)
    assert outcome.figures()["tracks"] == 12
    assert near(outcome, truth) >= 0.95
    assert outcome.verdict.level == "good"


@pytest.mark.parametrize(
    ("pixel", "between", "particles"), [(1.0, 0.5, 3), (5.0, 0.5, 3), (2.0, 0.1, 1), (2.0, 2.0, 4)]
)
def test_it_holds_for_other_pixels_times_and_numbers(pixel: float, between: float, particles: int) -> None:
    film = {"size": round(200 / pixel), "pixel_size_nm": pixel, "frame_time_s": between, "diffusion_nm2_s": 5.0}
    stack, truth = simulate_film(12, particles, seed=3, **film)
    outcome = run(stack)
    assert outcome.figures()["tracks"] == particles
    assert near(outcome, truth) >= 0.95


def test_a_lattice_of_bumps_has_each_of_them_and_rough_surfaces_have_none() -> None:
    random = np.random.default_rng(4)
    image = lattice(random)
    found = run(AFMImageStack(image[None], 10.0, "height_trace", "lattice"), Settings(process="zero_median"))
    peaks = ndimage.maximum_filter(ndimage.gaussian_filter(image, 2), 7) == ndimage.gaussian_filter(image, 2)
    assert found.figures()["objects"] == peaks.sum() == 121
    rough = ndimage.gaussian_filter(random.normal(size=(128, 128)), 4)
    for surface in (rough / rough.std(), random.normal(size=(128, 128))):
        nothing = run(AFMImageStack(surface[None], 2.0, "height_trace", "rough"), Settings(process=""))
        assert nothing.figures()["objects"] == 0
        assert nothing.verdict.level == "doubtful"


def test_gaussians_are_where_least_squares_has_them() -> None:
    random = np.random.default_rng(2)
    y, x = (each.ravel().astype(float) for each in np.indices((15, 15)))

    def model(_: object, left: float, top: float, width: float, height: float) -> np.ndarray:
        return height * np.exp(-((x - left) ** 2 + (y - top) ** 2) / (2 * width**2))

    z = model(None, 7.3, 6.6, 3.0, 5.0) + random.normal(0, 0.2, len(x))
    kept = z > 2.5
    best, _ = curve_fit(lambda _, *p: model(None, *p)[kept], None, z[kept], (7, 7, 2, 4))
    nothing = np.zeros(kept.sum(), dtype=np.int64)
    found = single(Pixels(nothing, nothing, x[kept], y[kept], z[kept]), 1)
    np.testing.assert_allclose([found.x[0], found.y[0], found.width[0], found.height[0]], best, atol=0.15)


def test_particles_that_share_a_bump_are_two() -> None:
    still = np.array([(x, y) for y in (40.0, 90.0, 140.0) for x in (40.0, 90.0, 140.0, 190.0)])
    places = np.vstack([still, [(49.0, 40.0)]])
    axis, random = np.arange(116) * 2.0, np.random.default_rng(0)
    across, down = (np.exp(-((axis - places[:, [way]]) ** 2) / 128) for way in (0, 1))
    image = 5 * down.T @ across + random.normal(0, 0.2, (116, 116))
    outcome = run(AFMImageStack(image[None], 2.0, "height_trace", "pair"))
    table = outcome.tables()["bump_positions"]
    distances = np.linalg.norm(table.select("x_nm", "y_nm").to_numpy()[:, None] - places, axis=2)
    assert len(table) == 13
    assert distances[linear_sum_assignment(distances)].max() < 2.0
    assert sorted(table["particles"].to_list())[-3:] == [1, 2, 2]


def test_ranges_in_nm_and_gaps_in_seconds() -> None:
    stack, _ = simulate_film(10, 4, seed=5)
    first = "bump_mask; feature_detection:mask_key=bump_mask.mask,remove_edge=false; bump_positions; "
    track = first + "particle_tracking:detection_module=bump_positions,method=optimal,max_distance_nm={},max_gap_s={}"
    outcome = run(stack, Settings(analyse=track.format("auto", 1.1)))
    tracked = outcome.analysis["analysis"]["step_4_particle_tracking"]
    assert tracked["max_missing"] == 2
    # The standard deviation of steps is 3.2 nm along an axis; from 36 steps it is known to 14 %.
    assert tracked["max_distance"] == pytest.approx(5 * 10**0.5, rel=0.35)
    for wrong, said in ((("far", "auto"), "max_distance_nm"), (("auto", -1), "max_gap_s")):
        with pytest.raises(ValueError, match=said):
            run(stack, Settings(process="", analyse=track.format(*wrong)))
    stack.frame_metadata[3]["timestamp"] = None
    with pytest.raises(ValueError, match="--frame-time"), pytest.warns(UserWarning, match="no time stamp"):
        run(stack, Settings(process="", analyse=track.format("auto", 1.0)))


def test_tables_have_the_same_columns_and_join() -> None:
    full = run(simulate_film(6, 3, 64, seed=1)[0]).tables()
    empty = run(simulate_film(6, 0, 64, seed=1)[0]).tables()
    assert {name: table.schema for name, table in full.items()} == {name: table.schema for name, table in empty.items()}
    assert not len(empty["feature_detection"])
    joined = full["tracks"].join(full["feature_detection"], on=["frame", "label"])
    assert len(joined) == len(full["tracks"])
    apart = (joined["x_nm"] - joined["centroid_nm_1"]).abs()
    assert apart.max() < 6.0


def test_files_that_say_neither_pixels_nor_times(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "film.tif", movie(5)[0].astype(np.float32), photometric="minisblack")
    with pytest.raises(ValueError, match="--pixel-size"):
        run(tmp_path / "film.tif")
    with pytest.raises(ValueError, match="--frame-time"):
        run(tmp_path / "film.tif", Settings(pixel_size_nm=2.0))
    told = run(tmp_path / "film.tif", Settings(pixel_size_nm=2.0, frame_time_s=0.5))
    known = run(stacked(movie(5)[0].astype(np.float32)))
    assert told.figures() == known.figures()
    for wrong in ({"pixel_size_nm": 0.0}, {"frame_time_s": float("nan")}):
        with pytest.raises(ValueError, match="above 0"):
            Settings(**wrong)


def test_films_below_a_folder(tmp_path: Path) -> None:
    stack, _ = simulate_film(2, 1, 16, seed=0)
    for name in ("a", "a/b", "results"):
        (tmp_path / name).mkdir()
        write_asd(tmp_path / name / "film.asd", stack)
    (tmp_path / "a" / "notes.txt").write_text("")
    (tmp_path / "results" / "run.json").write_text("{}")
    assert films(tmp_path) == [tmp_path / "a" / "b" / "film.asd", tmp_path / "a" / "film.asd"]
    (tmp_path / "none").mkdir()
    assert films(tmp_path / "none") == [tmp_path / "none"]
