"""Displacement fields: SimpleITK moves points and images with them as the registration does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from lumentrace import stain
from lumentrace.stain.registration.displacement import Displacement

itk: Any = pytest.importorskip("SimpleITK", reason="SimpleITK is not installed")
SHAPE = 301, 403


def bent() -> stain.Registration:
    """A homography with a local displacement of up to some pixels."""
    field = Displacement.over(SHAPE, 7)
    shifts = np.random.default_rng(4).normal(0, 2, field.shifts.shape)
    matrix = np.array([[1.02, 0.05, 4.0], [-0.04, 0.98, -3.0], [1e-5, -2e-5, 1.0]])
    whole = stain.Registration.identity(SHAPE)
    return replace(whole, matrix=matrix, displacement=replace(field, shifts=shifts), model="homography")


def transform(path: Path) -> Any:
    return itk.DisplacementFieldTransform(itk.Cast(itk.ReadImage(str(path)), itk.sitkVectorFloat64))


@pytest.mark.parametrize(("spacing", "pre_spacing"), [(None, None), (0.5, None), ((0.5, 0.25), (0.7, 0.3))])
def test_points_go_where_the_registration_sends_them(tmp_path: Path, spacing: Any, pre_spacing: Any) -> None:
    map_ = bent()
    found = transform(stain.save_field(map_, tmp_path / "f.mha", spacing=spacing, pre_spacing=pre_spacing))
    points = np.random.default_rng(1).uniform(0, [SHAPE[1] - 1, SHAPE[0] - 1], (300, 2))
    points = np.vstack([points, [[0, 0], [SHAPE[1] - 1, SHAPE[0] - 1]]])
    post = np.broadcast_to(1.0 if spacing is None else np.array(spacing) / 1000, 2)
    pre = post if pre_spacing is None else np.array(pre_spacing) / 1000
    moved = np.array([found.TransformPoint(point.tolist()) for point in points * post]) / pre
    np.testing.assert_allclose(moved, map_.points(points), atol=0.01)


def test_an_image_is_resampled_as_by_the_registration(tmp_path: Path) -> None:
    map_ = bent()
    pre = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=SHAPE), 2).astype(np.float32)
    field = transform(stain.save_field(map_, tmp_path / "f.mha", spacing=0.4))
    image = itk.GetImageFromArray(pre)
    image.SetSpacing((0.0004, 0.0004))
    found = itk.GetArrayFromImage(itk.Resample(image, image, field, itk.sitkLinear, float("nan")))
    ours = map_.warp_rows(pre, 0, SHAPE[0], "linear")
    both = np.isfinite(found) & np.isfinite(ours)
    assert both.mean() > 0.9
    assert np.abs(found - ours)[both].max() < 0.01 * np.abs(np.gradient(pre)).max() * 2


def test_what_is_no_field_is_refused(tmp_path: Path) -> None:
    map_ = stain.Registration.identity((64, 64))
    for options, match in (
        ({"spacing": 0.0}, "spacing"),
        ({"pre_spacing": np.nan}, "pre_spacing"),
        ({"step": 0}, "step"),
    ):
        with pytest.raises(ValueError, match=match):
            stain.save_field(map_, tmp_path / "f.mha", **options)
    with pytest.raises(ValueError, match=r"\.mha"):
        stain.save_field(map_, tmp_path / "f.nii")
    assert not list(tmp_path.iterdir())
