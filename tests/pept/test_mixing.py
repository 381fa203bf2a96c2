"""Mixing between cross-sections: flows whose mixing is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from lumentrace import LineData, PointData
from lumentrace.pept.processing import (
    LaceyColors,
    LaceyColorsLinear,
    RelativeDeviations,
    RelativeDeviationsLinear,
    SpatialProjections,
)

ENDS: Any = ([0, 0, 0], [0, 0, 100])


def flow(count: int = 400, spread: Any = 0.0, seed: int = 0) -> list[PointData]:
    """Tracers that go from z = -5 to 105 in a duct of 80 mm; `spread` "random" takes each somewhere else."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(-40, 40, (count, 2))
    end = rng.uniform(-40, 40, (count, 2)) if isinstance(spread, str) else start + spread
    z = np.linspace(-5, 105, 23)
    share = ((z + 5) / 110)[:, None]
    return [PointData(np.column_stack([z, a + share * (b - a), z])) for a, b in zip(start, end, strict=True)]


def test_a_straight_flow_is_not_mixed_and_a_random_one_is() -> None:
    straight = LaceyColors(*ENDS, basis1=[1, 0, 0]).fit(flow())
    # Cells that the border between the two colours passes hold both.
    assert (np.abs(straight) < 0.2).all(), straight
    random = np.array([LaceyColors(*ENDS).fit(flow(spread="random", seed=seed)) for seed in range(20)])
    assert abs(random.mean() - 1) < 0.03
    assert random.std() < 0.1


def test_mixing_along_one_axis_only() -> None:
    rng = np.random.default_rng(1)
    across = [np.array([0, rng.uniform(-40, 40), 0, 0]) for _ in range(400)]
    mixed = []
    for path, place in zip(flow(), across, strict=True):
        beyond = (path["z"] > 50)[:, None]
        mixed.append(path.copy(data=np.where(beyond, path.points * [1, 0, 1, 1] + place, path.points)))
    index = LaceyColors(*ENDS, basis1=[1, 0, 0]).fit(mixed)
    assert index[0] > 0.85
    assert abs(index[1]) < 0.2


def test_deviations_are_distances_across_the_way() -> None:
    found = RelativeDeviations(*ENDS, histogram=False).fit(flow(spread=[3 * 1.1, 4 * 1.1]))
    np.testing.assert_allclose(found, 5.0)
    figure = RelativeDeviations(*ENDS).fit(flow(spread="random"))
    assert sum(figure.data[0].y) == 400
    short = [path.copy(data=path.points[:10]) for path in flow(3)]
    assert np.isnan(RelativeDeviations(*ENDS, histogram=False).fit(short)).all()
    near = RelativeDeviations([0, 0, 0], [0, 0, 45], histogram=False, max_distance=6).fit(short)
    np.testing.assert_allclose(near, 0, atol=1e-12)


def test_pictures_of_planes(tmp_path: Path) -> None:
    paths = flow(60, spread="random")
    index = LaceyColorsLinear(tmp_path / "lacey", *ENDS, num_divisions=4, height=200, width=300).fit(paths)
    assert index.shape == (4, 3)
    np.testing.assert_allclose(index[:, 0], [0, 100 / 3, 200 / 3, 100])
    assert index[-1, 1:].min() > index[0, 1:].max()
    distances = RelativeDeviationsLinear(tmp_path / "far", *ENDS, num_divisions=3, height=200, width=300).fit(paths)
    assert distances.shape == (3, 60)
    assert (distances[0] == 0).all()
    assert np.median(distances[2]) > np.median(distances[1]) > 0
    drawn = SpatialProjections(tmp_path / "cuts", 0, 100, "z", 3, height=200, width=300, colorbar_col="t").fit(paths)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png"))
    assert names == [
        *(f"cuts/frame{i:04d}.png" for i in range(3)),
        *(f"far/frame{i:04d}.png" for i in range(3)),
        *(f"lacey/frame{i:04d}.png" for i in range(4)),
    ]
    assert [path.name for path in drawn] == [f"frame{i:04d}.png" for i in range(3)]
    for path in tmp_path.rglob("*.png"):
        picture = imread(path)
        assert picture.shape[:2] == (200, 300)
        assert picture[..., :3].std() > 0.01, "not empty"


def test_nothing_to_mix() -> None:
    assert np.isnan(LaceyColors(*ENDS).fit([])).all()
    assert np.isnan(LaceyColors(*ENDS).fit(flow(1))).all()
    assert np.isnan(LaceyColors(*ENDS, resolution=(1, 1)).fit(flow(1))).all()


def test_what_mixing_refuses(tmp_path: Path) -> None:
    for make, message in (
        (lambda: LaceyColors([0, 0, 0], [0, 0, 0]), "p1"),
        (lambda: LaceyColors([0, 0], [0, 0, 1]), "p1"),
        (lambda: LaceyColors(*ENDS, basis1=[0, 0, 2]), "basis"),
        (lambda: LaceyColors(*ENDS, xlim=[1, 0]), "xlim"),
        (lambda: LaceyColors(*ENDS, resolution=(8,)), "number_of_pixels"),
        (lambda: LaceyColorsLinear(tmp_path, *ENDS, num_divisions=1), "num_divisions"),
        (lambda: SpatialProjections(tmp_path, 0, 1, "xy"), "dimensions"),
        (lambda: SpatialProjections(tmp_path, 0, np.nan), "finite"),
        (lambda: SpatialProjections(tmp_path, 0, 1, width=0).fit(flow(2)), "width"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(TypeError, match="PointData"):
        LaceyColors(*ENDS).fit(LineData(np.zeros((2, 7))))
