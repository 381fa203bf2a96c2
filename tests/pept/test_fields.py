"""Averages, vector fields and autocorrelation of known motions."""

from __future__ import annotations

import numpy as np
import pytest

from golden import golden
from lumentrace import PointData
from lumentrace.pept.plots import PlotlyGrapher, PlotlyGrapher2D
from lumentrace.pept.processing import (
    AutoCorrelation,
    DynamicProbability2D,
    DynamicProbability3D,
    VectorField2D,
    VectorField3D,
)
from lumentrace.pept.tracking import Velocity

OMEGA = 0.05


def wheel(count: int = 2000) -> PointData:
    """A tracer that turns about z at 20 mm, one turn in 125.7 ms, drifting from 5 to 30 mm."""
    t = np.arange(float(count))
    r = np.linspace(5, 30, count)
    rows = np.column_stack([t, r * np.cos(OMEGA * t), r * np.sin(OMEGA * t), 0.01 * t])
    return Velocity(7).fit(PointData(rows), verbose=False)[0]


def test_the_field_of_a_wheel_turns() -> None:
    field = VectorField2D(2.0, resolution=(40, 40)).fit(wheel())
    rows = field.vectors()
    distance = np.hypot(rows[:, 0], rows[:, 1])
    chosen = (distance > 8) & (distance < 27)
    # A wheel's velocity is omega across the radius.
    np.testing.assert_allclose(rows[chosen, 2], -OMEGA * rows[chosen, 1], atol=0.12)
    np.testing.assert_allclose(rows[chosen, 3], OMEGA * rows[chosen, 0], atol=0.12)
    assert np.isnan(field.xpixels[0, 0])
    np.testing.assert_allclose(field.vectors(3)[:, 2:], 3 * rows[:, 2:])


def test_a_field_in_space() -> None:
    field = VectorField3D(3.0, resolution=(12, 12, 5)).fit(wheel())
    known = np.isfinite(field.zvoxels)
    np.testing.assert_allclose(field.zvoxels[known], 0.01, rtol=1e-6)
    figure = PlotlyGrapher().add_trace(field.quiver()).fig
    assert figure.data[0].type == "cone"


def test_arrows_are_drawn_where_vectors_are() -> None:
    field = VectorField2D(2.0, resolution=(10, 10)).fit(wheel())
    trace = PlotlyGrapher2D().add_trace(field.quiver()).fig.data[0]
    assert len(trace.x) == 7 * len(field.vectors())
    assert len(VectorField2D(2.0, xlim=(0, 1), ylim=(0, 1)).fit([]).quiver().x) == 0


def test_averages_count_each_passage_by_its_area() -> None:
    rows = [[0, 0, 0, 0, 2], [1, 8, 0, 0, 2], [2, np.nan, 0, 0, 2], [3, 0, 0, 0, 6], [4, 8, 0, 0, 6]]
    track = PointData(rows, columns=["t", "x", "y", "z", "v"])
    flat = DynamicProbability2D(2.0, "v", resolution=(5, 1)).fit(track)
    np.testing.assert_allclose(flat, np.full((5, 1), 4.0))
    solid = DynamicProbability3D(2.0, "v", resolution=(5, 2, 2)).fit(track)
    np.testing.assert_allclose(solid, np.full((5, 2, 2), 4.0))
    far = DynamicProbability2D(2.0, "v", resolution=(5, 5), ylim=(-1, 19)).fit(track)
    assert np.isnan(far[:, 2:]).all()


def test_averages_weigh_by_inverse_variances() -> None:
    rows = [[0, 0, 0, 0, 2, 0.3, 0.4], [1, 8, 0, 0, 2, 0.3, 0.4], [2, np.nan, 0, 0, 2, 1, 1]]
    rows += [[3, 0, 0, 0, 6, 0.6, 0.8], [4, 8, 0, 0, 6, 0.6, 0.8]]
    track = PointData(rows, columns=["t", "x", "y", "z", "v", "sigma_x", "sigma_y"])
    settings = {"resolution": (5, 1), "sigmas": ["sigma_x", "sigma_y"]}
    # Variances of 0.25 and 1 mm²: four times the weight.
    np.testing.assert_allclose(DynamicProbability2D(2.0, "v", **settings).fit(track), np.full((5, 1), 2.8))
    field = VectorField2D(2.0, ["v", "v"], **settings).fit(track)
    np.testing.assert_allclose(field.ypixels, np.full((5, 1), np.average([2, 6], weights=[1 / 0.25, 1])))
    assert len(VectorField2D(1.0, xlim=(0, 1), ylim=(0, 1), sigmas=["sigma_x"]).fit([]).vectors()) == 0
    with pytest.raises(ValueError, match=r"`sigmas`: expected columns of uncertainties above 0, found 0\.0"):
        DynamicProbability2D(2.0, "v", sigmas="z").fit(track)


def test_averages_look_like_golden() -> None:
    case = golden("pept/beyond_docs_p2.npz")
    track = PointData(case["points"], columns=["t", "x", "y", "z", "v"])
    found = DynamicProbability2D(6.0, "v", resolution=case["out"].shape, xlim=(-40, 40), ylim=(-30, 30)).fit(track)
    both = np.isfinite(found.pixels) & (case["out"] > case["out"].min())
    close = np.abs(found.pixels[both] - case["out"][both]) < 0.02
    # The peer leaves out where the tracer ends: the pixels there have another value.
    assert close.mean() > 0.98


def test_what_fields_refuse() -> None:
    for make, message in (
        (lambda: VectorField2D(1.0, ["vx"]), "columns"),
        (lambda: VectorField2D(1.0, "vx"), "columns"),
        (lambda: VectorField2D(1.0).fit(PointData(np.zeros((3, 4)))), "column"),
        (lambda: VectorField3D(1.0, resolution=(3, 3)), "number_of_voxels"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_a_turning_velocity_comes_back() -> None:
    turn = 2 * np.pi / OMEGA
    memory = AutoCorrelation(span=turn, num_divisions=5, normalize=True).fit(_even_wheel())
    np.testing.assert_allclose(memory[:, 0], np.linspace(0, turn, 5))
    np.testing.assert_allclose(memory[:, 1], [1, 0, -1, 0, 1], atol=0.02)


def test_white_noise_is_forgotten_and_gaps_are_left_out() -> None:
    rng = np.random.default_rng(0)
    t = np.concatenate([np.arange(3000.0), np.arange(9000.0, 12000.0)])
    track = PointData(np.column_stack([t, t * 0, t * 0, t * 0, rng.normal(3, 1, 6000)]), columns=[*"txyz", "v"])
    memory = AutoCorrelation(signals=["v"], span=(0, 8000), num_divisions=9, max_distance=5).fit(track)
    assert abs(memory[0, 1] - 1) < 0.05
    assert abs(memory[1, 1]) < 0.06
    assert np.isnan(memory[4, 1]), "no pair of points is 4000 ms apart"
    raw = AutoCorrelation(signals=["v"], span=1, num_divisions=2, preprocess=False).fit(track)
    assert abs(raw[1, 1] - 9) < 0.2


def test_what_autocorrelation_refuses() -> None:
    track = wheel(50)
    for settings, message in (
        ({"num_divisions": 1}, "num_divisions"),
        ({"signals": "vx"}, "signals"),
        ({"span": [1, 2, 3]}, "span"),
        ({"span": -1}, "span"),
        ({"signals": ["speed"]}, "column"),
        ({"lag": "x"}, "ascends"),
    ):
        with pytest.raises(ValueError, match=message):
            AutoCorrelation(**settings).fit(track)
    assert np.isnan(AutoCorrelation(num_divisions=3).fit([])[:, 1]).all()


def _even_wheel() -> PointData:
    t = np.arange(4000.0)
    rows = np.column_stack([t, 9 * np.cos(OMEGA * t), 9 * np.sin(OMEGA * t), 0 * t])
    return Velocity(7).fit(PointData(rows), verbose=False)[0]
