"""Two-photon: the motion of raw movies, judged by simulated truth, a twin, and scipy."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import _core, twophoton
from lumentrace.base.errors import FormatError
from lumentrace.twophoton import Motion, MotionSettings, RawMovie, RawScene, corrected, estimate_motion, simulate_raw
from lumentrace.twophoton.align.films import film_of
from lumentrace.twophoton.align.line_offset import line_offset
from lumentrace.twophoton.align.noise import photon_noise
from lumentrace.twophoton.align.rounds import roughness_of
from moved_blocks import block_errors, block_truth
from twins import motion as twin

Floats = NDArray[np.float64]
SMALL = RawScene(frames=60, rows=96, columns=112, cells=12, jump_px=8.0, photons=4.0)


@cache
def made(scene: RawScene = SMALL, seed: int = 1) -> tuple[RawMovie, NDArray[np.uint16]]:
    raw = simulate_raw(scene, seed=seed)
    return raw, raw.movie[:]


@cache
def measured(mode: str = "rigid", scene: RawScene = SMALL) -> Motion:
    return estimate_motion(made(scene)[1], MotionSettings(mode=mode))  # type: ignore[arg-type]  # a mode


def errors(motion: Motion, truth: Floats) -> Floats:
    """Of shifts (frames, 2), around the place of the reference, which may be anywhere."""
    away = motion.shifts - truth
    return np.asarray(away - np.nanmedian(away, axis=0))


def bound(raw: RawMovie) -> Floats:
    """The least standard error (2,) of any shift of the first frame, by Cramér and Rao, away from the rim."""
    light = raw.movie.photons(0)
    slopes = np.gradient(light)
    noise = light + (raw.scene.read_noise / raw.scene.gain) ** 2
    return np.array([1 / np.sqrt((slope**2 / noise)[6:-6, 6:-6].sum()) for slope in slopes])


@pytest.mark.parametrize("photons", [0.5, 5.0, 50.0])
def test_whole_frames_are_found_nearly_as_well_as_photons_allow(photons: float) -> None:
    scene = replace(SMALL, photons=photons, rate_hz=0.0, frames=80)
    raw, movie = made(scene)
    motion = estimate_motion(movie, MotionSettings(mode="rigid"))
    away = errors(motion, raw.truth.motion.shifts)
    assert not motion.flags.any()
    assert np.abs(away).max() < 1
    assert np.all(np.median(np.abs(away), axis=0) < np.maximum(0.05, 1.2 * 0.6745 * bound(raw)))
    covered = (np.abs(away) < 2 * motion.sigma).mean()
    assert covered > (0.85 if photons < 50 else 0.5)


def test_active_cells_do_not_pull_the_frame() -> None:
    raw, movie = made(replace(SMALL, rate_hz=3.0, neuropil_change=0.3))
    motion = estimate_motion(movie, MotionSettings(mode="rigid"))
    away = errors(motion, raw.truth.motion.shifts)
    assert np.median(np.abs(away)) < 0.05
    assert np.nanmax(np.abs(away)) < 0.5


def test_blocks_that_move_by_themselves() -> None:
    scene = RawScene(frames=60, rows=160, columns=160, cells=20, warp_px=1.5, photons=6.0)
    raw, movie = made(scene)
    motion = estimate_motion(movie, MotionSettings(block_px=40))
    assert motion.block_shifts.shape == (60, 4, 4, 2)
    truth = np.zeros(motion.block_shifts.shape)
    for frame in range(60):
        place = raw.truth.motion.displacement(frame)
        truth[frame] = place.reshape(4, 40, 4, 40, 2).mean(axis=(1, 3))
    away = motion.block_shifts - truth
    away -= np.median(away, axis=0)
    rigid = motion.shifts[:, None, None] - truth
    rigid -= np.median(rigid, axis=0)
    assert np.median(np.abs(away)) < 0.15
    assert np.median(np.abs(away)) < 0.3 * np.median(np.abs(rigid))
    # A block that shows nothing of its own follows its neighbours, and says so by its standard error.
    unknown = motion.block_sigma > 0.5
    assert unknown.mean() < 0.05
    assert np.abs(away[~unknown]).max() < 2


@pytest.mark.parametrize("warp", [0.0, 1.5])
def test_errors_of_blocks_are_honest(warp: float) -> None:
    scene = RawScene(frames=60, rows=192, columns=192, cells=24, warp_px=warp, photons=4.0)
    ratios = []
    for seed in (21, 22, 23):  # the planted fields, a few waves each, are no Gaussian ones: each has a share of its own
        raw, movie = made(scene, seed=seed)
        motion = estimate_motion(movie, MotionSettings(block_px=48))
        ratios.append(np.abs(block_errors(raw, motion)) / motion.block_sigma)
    shares = [(np.array(ratios) < times).mean() for times in (1, 2)]
    assert 0.58 < shares[0] < 0.92
    assert shares[1] > 0.88


def found_at(own: twin.Twin, frame: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The shift that the twin finds in a window around whole pixels."""
    whole = sum(own.surfaces(frame, (int(start[0]), int(start[1]))).values())
    top = np.unravel_index(whole.argmax(), whole.shape)
    return start + np.array(top) - own.lags + twin.peak(whole, (int(top[0]), int(top[1])))


def test_blocks_beyond_reach_are_looked_for_beside_their_neighbours() -> None:
    """Before they were, one block in a hundred was off by 5 pixels or more."""
    raw, movie = made(RawScene(frames=30, rows=256, columns=320, cells=50, warp_px=4.0, photons=6.0), seed=24)
    motion = estimate_motion(movie)
    away = block_truth(raw, (4, 5)) - raw.truth.motion.shifts[:, None, None]
    assert np.abs(away).max() > motion.settings.max_warp_px + 1
    errors = np.abs(block_errors(raw, motion))
    assert np.quantile(errors, 0.99) < 1.0
    assert errors.max() < 2.5


def test_the_kernel_is_its_twin() -> None:
    scene = replace(SMALL, rows=64, columns=72, frames=3, line_offset_px=1.4, jumps=0)
    raw, movie = made(scene)
    rate = raw.truth.resting_image
    even = ndimage.gaussian_filter(np.log(rate), 1.0)
    odd = ndimage.shift(even, (0, 1.4), mode="nearest")
    own = twin.Twin(even, odd, rate, 10.0, 91.0, (2, 3), 4, 0.3)
    template = _core.MotionTemplate(
        *(part.astype(np.float32) for part in (even, odd, rate)),
        bin=1, gain=10.0, zero=91.0, full=np.inf, tiles=(2, 3), reach=12, lags=4, roughness=0.3,
    )  # fmt: skip
    raw_tiles = _core.MotionTemplate(
        *(part.astype(np.float32) for part in (even, odd, rate)),
        bin=1, gain=10.0, zero=91.0, full=np.inf, tiles=(2, 3), reach=12, lags=4,
    )  # fmt: skip
    codes, means, _, _, blocks = template.estimate(movie)
    _, shifts, _, _, tiles = raw_tiles.estimate(movie)
    np.testing.assert_allclose(means, blocks[..., :2].mean(axis=1), atol=1e-6)
    assert not codes.any()
    for number, frame in enumerate(movie.astype(float)):
        # The kernel's window begins near the shift; which pixels at the rim count depends on where.
        starts = np.rint(shifts[number]).astype(int) + np.stack(np.indices((3, 3)), axis=-1).reshape(-1, 2) - 1
        away = [np.abs(found_at(own, frame, start) - shifts[number]).max() for start in starts]
        assert min(away) < 1e-3
        for axis in range(2):
            shown = twin.told(even, rate, (2, 3), 4, axis)
            measured = (tiles[number, :, part].reshape(2, 3) for part in (axis, axis + 2))
            field, sigma = twin.smoothed(*measured, shifts[number, axis], shown, 0.3, 1.5)
            np.testing.assert_allclose(blocks[number, :, axis].reshape(2, 3), field, atol=1e-5)
            np.testing.assert_allclose(blocks[number, :, axis + 2].reshape(2, 3), sigma, rtol=1e-4)


def test_lines_of_a_bidirectional_scan() -> None:
    scene = replace(SMALL, line_offset_px=1.7, frames=40)
    raw, movie = made(scene)
    motion = estimate_motion(movie, MotionSettings(mode="rigid"))
    offset = motion.line_offset
    assert abs(offset.pixels - 1.7) < max(4 * offset.sigma, 0.05)
    assert 0 < offset.sigma < 0.1
    assert offset.used == offset.pixels
    assert np.median(np.abs(errors(motion, raw.truth.motion.shifts))) < 0.06
    still = corrected(movie, motion, crop=True)[:]
    rough = corrected(movie, replace(motion, line_offset=replace(offset, used=0.0)), crop=True)[:]
    jagged = [np.abs(np.diff(np.nanmean(each, axis=0), 2, axis=0)).mean() for each in (still, rough)]
    assert jagged[0] < 0.7 * jagged[1]


def test_no_line_offset_where_there_is_none() -> None:
    found = line_offset(film_of(made()[1]))
    assert abs(found.pixels) < max(4 * found.sigma, 0.05)
    assert found.used == 0.0


@pytest.mark.parametrize(("gain", "offset"), [(10.0, 100.0), (3.0, 0.0), (40.0, 500.0)])
def test_noise_is_that_of_photons(gain: float, offset: float) -> None:
    film = film_of(made(replace(SMALL, gain=gain, offset=offset, read_noise=0.0, frames=40))[1])
    noise = photon_noise(film, film.full())
    assert noise.gain == pytest.approx(gain, rel=0.1)
    assert noise.zero == pytest.approx(offset, abs=0.5 * gain)


def test_frames_become_still() -> None:
    _, movie = made()
    motion = measured()
    still = corrected(movie, motion)
    assert (still.shape, still.dtype, still.ndim, len(still)) == (movie.shape, np.float32, 3, 60)
    assert still.size == movie.size
    for frame in (0, 30):
        y, x = np.mgrid[:96, :112] + motion.shifts[frame][:, None, None]
        expected = ndimage.map_coordinates(movie[frame].astype(float), [y, x], order=1)
        linear = corrected(movie, motion, sampling="linear")[frame]
        held = np.isfinite(linear)
        np.testing.assert_allclose(linear[held], expected[held], rtol=1e-4)
        assert held[motion.crop.slices].all()
    np.testing.assert_array_equal(still[5:9:2, 3], still[:][5:9:2, 3])
    assert np.isfinite(corrected(movie, motion, crop=True)[:]).all()
    nearest = corrected(movie, motion, sampling="nearest", crop=True)[7]
    assert np.isin(nearest, movie[7]).all()
    before, after = movie.mean(axis=0).std(), np.nanmean(still[:], axis=0)[motion.crop.slices].std()
    assert after > before


def test_results_do_not_depend_on_threads_or_on_how_the_movie_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, movie = made()
    monkeypatch.setattr("lumentrace.twophoton.align.films.BLOCK_BYTES", 7 * movie[0].nbytes)
    again = estimate_motion(raw.movie, MotionSettings(mode="rigid"), threads=1)
    for name in ("shifts", "sigma", "block_shifts", "codes", "reference", "contrast"):
        np.testing.assert_array_equal(getattr(again, name), getattr(measured(), name))


def test_types_and_files(tmp_path: Path) -> None:
    _, movie = made()
    few, settings = movie[:12], MotionSettings(mode="rigid")
    expected = estimate_motion(few, settings).shifts
    tifffile.imwrite(tmp_path / "raw.tif", few)
    assert np.isfinite(expected).all()
    for own in (few.astype(np.float32), few.astype(">i4"), few.astype(np.int64), str(tmp_path / "raw.tif")):
        np.testing.assert_allclose(estimate_motion(own, settings).shifts, expected, atol=1e-6)
    with (tmp_path / "raw.tif").open("r+b") as file:
        file.truncate(20_000)
    with pytest.raises(FormatError, match=r"raw\.tif"):
        estimate_motion(tmp_path / "raw.tif")


def test_motion_is_kept(tmp_path: Path) -> None:
    motion = measured("nonrigid")
    again = twophoton.load_motion(twophoton.save_motion(tmp_path / "new" / "motion.h5", motion))
    for name in vars(motion):
        one, other = getattr(again, name), getattr(motion, name)
        np.testing.assert_array_equal(one, other) if isinstance(one, np.ndarray) else None
    assert (again.settings, again.crop, again.noise) == (motion.settings, motion.crop, motion.noise)
    assert again.provenance.to_dict() == motion.provenance.to_dict()
    assert again.provenance.steps[0].name == "motion"
    assert again.figures()["frames"] == 60
    (tmp_path / "other.h5").write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"other\.h5"):
        twophoton.load_motion(tmp_path / "other.h5")


def test_frames_that_cannot_be_told_are_flagged() -> None:
    _, movie = made()
    wrong = movie.astype(np.float32)
    wrong[3], wrong[7], wrong[11], wrong[15, :40] = np.nan, 100.0, 65535.0, np.inf
    wrong[20] = np.random.default_rng(1).permutation(wrong[20].ravel()).reshape(wrong[20].shape)
    wrong[25] = wrong[25][::-1, ::-1]
    wrong[30, 0, :3] = np.nan
    motion = estimate_motion(wrong, MotionSettings(mode="rigid", saturation=65535.0))
    assert np.flatnonzero(motion.flags).tolist() == [3, 7, 11, 15, 20, 25]
    reasons = [motion.reasons[frame] for frame in (3, 7, 11, 15)]
    for reason, word in zip(reasons, ("finite", "alike", "saturated", "finite"), strict=True):
        assert word in reason
    assert motion.reasons[0] == ""
    assert np.isnan(motion.shifts[motion.flags]).all()
    assert np.isnan(motion.block_shifts[motion.flags]).all()
    assert np.isnan(corrected(wrong, motion)[7]).all()
    clean = ~motion.flags
    np.testing.assert_allclose(motion.shifts[clean], measured().shifts[clean], atol=0.1)


def test_frames_that_left_the_field_are_flagged() -> None:
    raw, _ = made(replace(SMALL, rows=80, columns=80, jumps=3, jump_px=200.0, frames=40))
    motion = estimate_motion(raw.movie, MotionSettings(mode="rigid"))
    far = np.abs(raw.truth.motion.shifts - np.median(raw.truth.motion.shifts, axis=0)).max(axis=1) > 30
    assert far.any()
    assert motion.flags[far].all()
    near = ~motion.flags
    assert near.mean() > 0.5
    assert np.abs(errors(motion, raw.truth.motion.shifts))[near].max() < 1


def test_nothing_moves() -> None:
    _, movie = made(replace(SMALL, walk_px=0.0, jumps=0, frames=30))
    motion = estimate_motion(movie)
    assert np.abs(motion.shifts - np.median(motion.shifts, axis=0)).max() < 0.2
    assert motion.crop.shape[0] > 90


def test_roughness_is_that_of_known_blocks() -> None:
    random = np.random.default_rng(3)
    down, across = (0.4 * random.normal(size=(4000, *shape, 2)).cumsum(axis=1) for shape in ((3, 1), (3,)))
    shifts = down + across[:, None]
    blocks = np.concatenate([shifts, np.full(shifts.shape, 1e-6)], axis=-1)
    for _ in range(2):
        found = roughness_of(blocks)
        assert found.pixels == pytest.approx(0.4, abs=0.02)
        assert found.growth == pytest.approx(1.0, abs=0.1)
        blocks[:, 0, 0] = np.nan  # a block that no frame shows


@pytest.mark.parametrize("shape", [(1, 40, 44), (2, 33, 47), (5, 16, 16), (9, 17, 101)])
def test_short_movies_and_odd_frames(shape: tuple[int, int, int]) -> None:
    scene = RawScene(frames=shape[0], rows=shape[1], columns=shape[2], cells=2, radius_px=3, walk_px=0.3, jumps=0)
    motion = estimate_motion(simulate_raw(scene, seed=2).movie)
    assert motion.shifts.shape == (shape[0], 2)
    assert motion.flags.all() == np.isnan(motion.shifts).all()
    known = motion.shifts[~motion.flags]
    assert np.abs(known).max(initial=0) < 3


@pytest.mark.parametrize("value", [0, 65535, np.nan])
def test_a_movie_without_anything(value: float) -> None:
    motion = estimate_motion(np.full((4, 32, 32), value))
    assert motion.flags.all()
    assert np.isnan(motion.shifts).all()
    assert motion.crop.shape == (32, 32)


@pytest.mark.parametrize(
    ("movie", "told"),
    [
        (np.zeros((3, 15, 40)), "16 x 16"),
        (np.zeros((0, 40, 40)), "found \\(0, 40, 40\\)"),
        (np.zeros((40, 40)), "found \\(40, 40\\)"),
        ("nowhere.tif", "nowhere"),
    ],
)
def test_wrong_movies(movie: object, told: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=told):
        estimate_motion(movie)


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "elastic"},
        {"block_px": 4},
        {"max_shift_px": -1},
        {"max_warp_px": 1000},
        {"smooth_px": np.nan},
        {"reference_frames": 0},
        {"line_offset_px": np.inf},
    ],
)
def test_wrong_settings(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        MotionSettings(**settings)  # type: ignore[arg-type]  # wrong on purpose


def test_a_movie_of_other_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the shape"):
        corrected(made()[1][:5], measured())
    with pytest.raises(ValueError, match="sampling"):
        corrected(made()[1], measured(), sampling="best")  # type: ignore[arg-type]  # wrong on purpose
