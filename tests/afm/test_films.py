"""Alignment of films, drift, and filters along time."""

from __future__ import annotations

import numpy as np
import pytest

from afm_cases import drifting
from lumentrace.afm.processing import video
from lumentrace.afm.processing.alignment import align_frames, rolling_frame_align
from lumentrace.afm.processing.drift import correct_drift


def test_drift_is_undone() -> None:
    frames, moves = drifting(8)
    for align in (align_frames, rolling_frame_align):
        aligned, metadata = align(frames)
        np.testing.assert_array_equal(metadata["shifts"], -moves)
        inside = metadata["border_mask"]
        assert inside.any()
        assert (aligned[:, inside] == aligned[0, inside]).all()
        assert np.isfinite(aligned[:, inside]).all()


def test_aligning_twice_does_not_destroy_the_film() -> None:
    frames, _ = drifting()
    once, _ = align_frames(frames)
    twice, metadata = align_frames(once)
    assert not metadata["shifts"].any()
    np.testing.assert_array_equal(twice, once)


@pytest.mark.parametrize("reference", ["previous", "first", "mean"])
def test_drift_by_parts_of_pixels(reference: str) -> None:
    from scipy import ndimage

    frames, _ = drifting(1, 96)
    shifts = np.array([[0, 0], [0.35, -0.6], [0.8, -1.25]])
    moved = np.stack([ndimage.shift(frames[0], shift, order=5, mode="reflect") for shift in shifts])
    _, metadata = correct_drift(moved, reference=reference, upsample_factor=50)
    found = metadata["shifts"] - metadata["shifts"][0]
    np.testing.assert_allclose(found, -shifts, atol=0.06)


def test_drift_that_is_too_large_is_refused() -> None:
    frames, _ = drifting(3)
    frames[2] = np.roll(frames[1], 9, axis=0)
    with pytest.raises(ValueError, match="frame 2: expected shifts up to 5"):
        correct_drift(frames, max_shift=5)


def test_a_jump_is_replaced_by_what_was_going_on() -> None:
    random = np.random.default_rng(0)
    scene = random.normal(0, 1, (90, 90))
    frames = np.stack([scene[20 - n : 60 - n, 20:60] for n in range(4)])
    frames[3] = np.roll(frames[0], 13, axis=1)
    _, metadata = align_frames(frames, max_jump=4)
    np.testing.assert_array_equal(metadata["shifts"], [[0, 0], [-1, 0], [-2, 0], [0, 0]])


def test_temporal_filters() -> None:
    random = np.random.default_rng(2)
    film = random.normal(0, 1, (7, 5, 6))
    film[3, 2, 2] = np.nan
    film[:, 0, 0] = np.nan
    found, _ = video.temporal_median_filter(film, window=3)
    for frame in range(7):
        part = film[max(0, frame - 1) : frame + 2]
        finite = np.isfinite(part).any(axis=0)
        expected = np.full((5, 6), np.nan)
        expected[finite] = np.nanmedian(part[:, finite], axis=0)
        np.testing.assert_allclose(found[frame], expected)
    line = np.arange(9.0)[:, None, None] ** 2 * np.ones((9, 2, 2))
    np.testing.assert_allclose(video.savitzky_golay_filter(line, window=5, order=2)[0], line, atol=1e-9)
    np.testing.assert_allclose(video.temporal_mean_filter(line, window=3)[0][1:-1], line[1:-1] + 2 / 3)
    for call in (
        lambda: video.temporal_median_filter(film, window=2),
        lambda: video.savitzky_golay_filter(film, window=9),
    ):
        with pytest.raises(ValueError, match="window"):
            call()


def test_borders_and_missing_pixels() -> None:
    film = np.ones((2, 6, 9))
    film[0, :2] = np.nan
    film[1, :, 8] = np.nan
    cropped, metadata = video.intersection_crop(film)
    assert cropped.shape == (2, 4, 8)
    assert metadata["bounds"] == [2, 0, 6, 8]
    square, metadata = video.crop_square(film)
    assert (square.shape, metadata["bounds"]) == ((2, 4, 4), [2, 2, 6, 6])
    film[0, 5, 5] = 41
    assert video.crop_square(film, pad=1)[1]["bounds"] == [1, 1, 6, 7]
    for mode, expected in (("zero", 0.0), ("mean", 2 + 1 / 9), ("median", 1.0), ("constant", 7.0)):
        filled, _ = video.replace_nan(film, mode=mode, value=7.0)
        assert filled[0, 0, 0] == pytest.approx(expected)
        assert np.isfinite(filled).all()
    for wrong in ({"mode": "constant"}, {"mode": "other"}):
        with pytest.raises(ValueError, match=r"`(value|mode)`"):
            video.replace_nan(film, **wrong)
    with pytest.raises(ValueError, match="frame 0: expected finite pixels"):
        video.replace_nan(np.full((1, 2, 2), np.nan), mode="mean")
    for crop in (video.intersection_crop, video.crop_square):
        with pytest.raises(ValueError, match=rf"{crop.__name__}: expected a pixel that is finite in all frames"):
            crop(np.full((1, 2, 2), np.nan))
        for pad in ((1, 2, 3, 4), -1, 0.5):
            with pytest.raises(ValueError, match="`pad`: expected a whole number from 0 on, found"):
                crop(film, pad=pad)


@pytest.mark.parametrize("seed", range(8))
def test_the_largest_square_that_is_finite_in_all_frames(seed: int) -> None:
    random = np.random.default_rng(seed)
    film = np.ones((3, 14, 19))
    film[0, : seed % 4], film[1, :, 19 - seed % 5 :] = np.nan, np.inf
    for _ in range(2):
        film[random.integers(3), random.integers(14), random.integers(19)] = np.nan
    film[:, 5:9, 5:11] = 1.0  # the middle
    top, left, bottom, right = video.intersection_crop(film)[1]["bounds"]
    squares = [
        (row, column, row + side, column + side)
        for side in range(1, min(bottom - top, right - left) + 1)
        for row, column in [(top + (bottom - top - side) // 2, left + (right - left - side) // 2)]
        if np.isfinite(film[:, row : row + side, column : column + side]).all()
    ]
    square, metadata = video.crop_square(film)
    assert tuple(metadata["bounds"]) == squares[-1]
    assert np.isfinite(square).all()


def test_a_gap_in_the_middle() -> None:
    film = np.ones((2, 5, 5))
    film[1, 2, 2] = np.nan
    with pytest.raises(ValueError, match="crop_square: expected pixels in the middle"):
        video.crop_square(film)
