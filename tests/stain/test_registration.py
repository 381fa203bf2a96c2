"""Registration and subtraction of simulated pairs with known truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lumentrace import FormatError, stain
from lumentrace.stain.measure import histograms as counting
from lumentrace.stain.measure.scale import line, moffat, percentile
from lumentrace.stain.measure.texture import QUICKLY, texture_slope
from lumentrace.stain.prepare import whole_image

Floats = NDArray[np.float64]


def error(found: stain.Registration, matrix: Floats, size: int) -> float:
    """Mean distance of mapped points from the truth over the tissue."""
    y, x = np.mgrid[0:size:8, 0:size:8].astype(float)
    inside = np.hypot(x - size / 2, y - size / 2) < 0.36 * size
    points = np.column_stack([x[inside], y[inside]])
    whole = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return float(np.linalg.norm(found.points(points) - whole[:, :2] / whole[:, 2:], axis=1).mean())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"angle": 40},
        {"angle": -90},
        {"angle": 180, "shift": (0, 0)},
        {"magnification": 0.9},
        {"magnification": 1.06, "angle": 12},
        {"shift": (60, -45)},
        {"bits": 16},
        {"mirrored": True, "angle": 20},
        {"spots": 600},
        {"unspecific": 1.0},
    ],
    ids=str,
)
def test_registration(settings: dict[str, Any]) -> None:
    pair = stain.simulate(size=384, seed=7, **settings)
    found = stain.register(pair.post, pair.pre)
    assert error(found, pair.matrix, 384) < (0.1 if {"spots", "unspecific"} & set(settings) else 0.03)
    assert found.ok, found.reasons
    assert found.mirrored == settings.get("mirrored", False)
    assert any("mirror" in text for text in found.warnings) == found.mirrored
    assert found.error_px < 0.75


def test_start_and_search_can_be_given() -> None:
    pair = stain.simulate(size=320, angle=60, seed=2)
    rough = pair.matrix.copy()
    rough[:2, 2] += [2.0, -1.5]
    assert error(stain.register(pair.post, pair.pre, start=rough), pair.matrix, 320) < 0.03
    none = stain.register(pair.post, pair.pre, search=stain.Search(rotations=False, sizes=()))
    assert not none.ok


def test_a_deformed_sample_is_followed() -> None:
    """A smooth deformation of some pixels, which no matrix describes."""
    from lumentrace.stain.registration.displacement import Displacement

    pair = stain.simulate(size=512, angle=0, shift=(0, 0), spots=20, seed=3)
    random = np.random.default_rng(0)
    bend = Displacement.over((512, 512), 5)
    bend = Displacement(bend.origin, bend.spacing, 3 * random.normal(size=bend.shifts.shape))
    straight = stain.Registration.identity((512, 512))
    moved = stain.Registration(**{**straight.__dict__, "displacement": bend})
    post = np.nan_to_num(moved.warp_rows(pair.post, 0, 512, "cubic"), nan=0.0).clip(0, 255).astype(np.uint8)
    y, x = np.mgrid[120:392:8, 120:392:8].astype(float)
    points = np.column_stack([x.ravel(), y.ravel()])
    truth = moved.points(points)
    rigid = stain.register(post, pair.pre, local=False)
    assert not rigid.ok
    assert "apart" in rigid.reasons[0]
    found = stain.register(post, pair.pre)
    assert found.ok, found.reasons
    assert found.displacement is not None
    assert any("deformed" in text for text in found.warnings)
    assert np.linalg.norm(found.points(points) - truth, axis=1).mean() < 0.15


def test_a_straight_sample_stays_straight() -> None:
    pair = stain.simulate(size=384, seed=5)
    assert stain.register(pair.post, pair.pre).displacement is None
    forced = stain.register(pair.post, pair.pre, local=True)
    assert forced.displacement is not None
    assert error(forced, pair.matrix, 384) < 0.1


def test_samples_that_have_nothing_in_common() -> None:
    post, pre = (stain.simulate(size=320, seed=seed) for seed in (1, 2))
    found = stain.register(post.post, pre.pre)
    assert not found.ok
    assert found.reasons


def test_same_file_twice() -> None:
    pair = stain.simulate(size=256, seed=1)
    found = stain.register(pair.post, pair.post.copy())
    assert not found.ok
    assert "copy" in found.reasons[0]


def test_saturated_images_are_named() -> None:
    pair = stain.simulate(size=256, seed=1)
    bright = np.minimum(pair.post.astype(int) * 4, 255).astype(np.uint8)
    assert any("saturated" in text for text in stain.register(bright, pair.pre).warnings)


@pytest.mark.parametrize(
    ("post", "told"),
    [
        (np.zeros((300, 300), np.uint8), "contrast, found 0 everywhere"),
        (np.full((300, 300), 9, np.uint16), "contrast, found 9 everywhere"),
        (np.full((300, 300), np.nan), "no finite value"),
        (np.zeros((1, 1), np.uint8), "at least 64 x 64"),
        (np.zeros((300, 300, 3), np.uint8), "found shape"),
        (np.zeros((300, 300), complex), "`post`: expected real numbers, found an array of complex128"),
    ],
)
def test_images_that_cannot_be_registered(post: NDArray[Any], told: str) -> None:
    pair = stain.simulate(size=256, seed=1)
    with pytest.raises((ValueError, TypeError), match=told):
        stain.register(post, pair.pre)


def test_float_images_with_holes() -> None:
    pair = stain.simulate(size=384, seed=8)
    post = pair.post.astype(np.float64) / 255
    post[100:130, 150:200] = np.nan
    found = stain.register(post, pair.pre.astype(np.float32))
    assert found.ok
    assert error(found, pair.matrix, 384) < 0.05


def test_registrations_are_kept(tmp_path: Path) -> None:
    pair = stain.simulate(size=320, seed=4)
    found = stain.register(pair.post, pair.pre, local=True)
    path = found.save(tmp_path / "map.json")
    again = stain.Registration.load(path)
    points = np.random.default_rng(0).uniform(0, 320, (50, 2))
    np.testing.assert_array_equal(again.points(points), found.points(points))
    assert (again.ok, again.reasons, again.warnings) == (found.ok, found.reasons, found.warnings)
    with pytest.raises(ValueError, match="local displacement"):
        found.save(tmp_path / "map.tfm")
    for text in ("{", "[]", '{"format": "other"}', '{"format": "lumentrace-registration-2"}'):
        path.write_text(text)
        with pytest.raises(FormatError, match=r"map\.json"):
            stain.Registration.load(path)


def test_itk_text() -> None:
    text = stain.Registration.identity((10, 12)).shifted(2.5, -1).to_itk()
    assert "AffineTransform_double_2_2\nParameters: 1.0 0.0 0.0 1.0 2.5 -1.0\nFixedParameters: 0 0" in text


def test_other_channels_follow(tmp_path: Path) -> None:
    import tifffile

    pair = stain.simulate(size=256, seed=6)
    found = stain.register(pair.post, pair.pre)
    inside = stain.apply_transform(pair.pre, found)
    tifffile.imwrite(tmp_path / "channel.tif", pair.pre)
    found.save(tmp_path / "map.json")
    written = stain.apply_transform(tmp_path / "channel.tif", tmp_path / "map.json", tmp_path / "moved.tif")
    np.testing.assert_array_equal(tifffile.imread(written), inside)
    with pytest.raises(ValueError, match=r"expected 256 x 256 pixels, found \(255, 256\)"):
        stain.apply_transform(pair.pre[1:], found)


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.3, 2.5])
def test_scale(scale: float) -> None:
    pair = stain.simulate(size=512, scale=scale, spots=60, bits=16, seed=11)
    counts = counting.count(pair.post, pair.pre, stain.register(pair.post, pair.pre))
    found = moffat(counts)
    assert found.value == pytest.approx(scale, rel=3e-3)
    assert found.status == "converged"
    assert abs(found.value - scale) < 4 * found.error < 0.05 * scale
    assert percentile(counts, 50).value == pytest.approx(scale, rel=1e-2)


@pytest.mark.parametrize(("spots", "rel"), [(80, 0.002), (1000, 0.01), (2500, 0.03)])
def test_faint_stain_under_the_peak_does_not_move_the_scale(spots: int, rel: float) -> None:
    pair = stain.simulate(size=512, spots=spots, seed=33)
    found = stain.subtract(pair.post, pair.pre).scale
    assert found.value == pytest.approx(1.3, rel=rel)
    assert abs(found.value - 1.3) < 2 * found.error < 0.15


def test_a_line_finds_an_offset() -> None:
    pair = stain.simulate(size=512, spots=30, seed=12)
    post = pair.post + np.uint8(20)
    counts = counting.count(post, pair.pre, stain.register(post, pair.pre))
    found = stain.subtract(post, pair.pre, offset=True).scale
    assert found.value == pytest.approx(1.3, rel=0.01)
    assert found.offset == pytest.approx(20, abs=0.8)
    assert moffat(counts).value > 1.6


@pytest.mark.parametrize("unspecific", [0.5, 1.0])
def test_a_line_is_not_moved_by_stain_that_binds_everywhere(unspecific: float) -> None:
    pair = stain.simulate(size=512, unspecific=unspecific, seed=31)
    found = stain.subtract(pair.post, pair.pre, offset=True).scale
    assert found.value == pytest.approx(1.3, rel=0.05)
    assert abs(found.value - 1.3) < 2 * found.error < 0.2


def test_a_line_is_not_moved_by_many_spots() -> None:
    pair = stain.simulate(size=512, spots=1000, seed=32)
    found = stain.subtract(pair.post, pair.pre, offset=True).scale
    assert found.value == pytest.approx(1.3, rel=0.05)
    assert abs(found.value - 1.3) < 2 * found.error < 0.2


def test_strips_of_an_image_tell_the_slope_of_texture() -> None:
    pair = stain.simulate(size=512, unspecific=0.3, seed=33)
    found = stain.subtract(pair.post, pair.pre)
    look, floor = replace(QUICKLY, pixels=130_000), found.histograms.floor
    slope, least = texture_slope(pair.post, pair.pre, found.registration, floor, look)
    assert slope == pytest.approx(1.3, abs=3 * least)
    assert found.scale.texture == pytest.approx(1.3, abs=3 * found.scale.texture_error)
    assert found.scale.texture_error < least < 0.1
    assert found.scale.value > 1.4


def test_too_few_pixels_give_no_scale() -> None:
    pair = stain.simulate(size=256, seed=1)
    found = stain.register(pair.post, pair.pre)
    dark = counting.count(np.minimum(pair.post, 1), np.minimum(pair.pre, 1), found)
    for method in (moffat, lambda counts: line(counts, 1.3, 0.01), lambda counts: percentile(counts, 50)):
        with pytest.raises(ValueError, match="expected at least 200 pixels"):
            method(dark)


def test_subtraction_finds_the_spots() -> None:
    pair = stain.simulate(size=512, spots=60, seed=13)
    found = stain.subtract(pair.post, pair.pre)
    bright = pair.spots.filter(pair.spots["amplitude"] > 40)
    places = found.spots.select("x", "y").to_numpy()
    distances = [np.hypot(*(places - spot).T).min() for spot in bright.select("x", "y").to_numpy()]
    assert np.mean(np.array(distances) < 1.5) > 0.9
    assert len(found.spots) < 90
    tissue = np.isfinite(found.significance) & (pair.post > 20)
    spread = 1.4826 * np.median(np.abs(found.significance[tissue]))
    assert spread == pytest.approx(1, abs=0.15)


def test_subtraction_of_a_part() -> None:
    """Where the pre-stain image has nothing, nothing is claimed."""
    pair = stain.simulate(size=384, seed=14)
    found = stain.subtract(pair.post, pair.pre[:, :300], scale=1.3)
    assert np.isnan(found.difference[:, 310:]).all()
    assert found.scale.method == "manual"
    assert found.spots["right"].max() <= 300


def test_counting_does_not_depend_on_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = stain.simulate(size=256, seed=15)
    found = stain.register(pair.post, pair.pre)
    whole = counting.count(pair.post, pair.pre, found)
    monkeypatch.setattr(whole_image, "ROWS", 50)
    parts = counting.count(pair.post, pair.pre, found)
    np.testing.assert_array_equal(whole.ratios, parts.ratios)
    np.testing.assert_array_equal(whole.joint, parts.joint)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (7.4, -3.2), (-11.0, 5.0)])
def test_phase_correlation(shift: tuple[float, float]) -> None:
    pair = stain.simulate(size=256, angle=0, shift=shift, spots=0, seed=2)
    before = pair.pre.copy()
    _, moved, found = stain.prealign_phase_correlation(pair.post, pair.pre)
    np.testing.assert_allclose(found, [-shift[0], -shift[1]], atol=0.2)
    np.testing.assert_array_equal(pair.pre, before)
    assert np.corrcoef(moved.ravel(), pair.post.ravel())[0, 1] > 0.98
