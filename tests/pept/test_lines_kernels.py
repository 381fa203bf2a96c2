"""Line kernels of the core against golden data, numpy twins and known geometry."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden import golden
from lumentrace import _core
from twins import lines as twin

Array = NDArray[np.float64]

EVERYWHERE = np.array([-np.inf, np.inf] * 3)


def random_lines(rows: int, seed: int = 0) -> Array:
    """Lines between two screens; half of them pass near (100, 80, 250)."""
    rng = np.random.default_rng(seed)
    lines = np.column_stack([np.sort(rng.uniform(0, 50, rows)), rng.uniform(-300, 300, (rows, 6))])
    lines[:, 3], lines[:, 6] = 0, 500
    near = rng.random(rows) < 0.5
    source = rng.normal([100, 80], 0.5, (near.sum(), 2))
    lines[near, 4:6] = 2 * source - lines[near, 1:3]
    return lines


def with_row(lines: Array, row: int, values: Any, columns: Any = slice(None)) -> Array:
    lines = lines.copy()
    lines[row, columns] = values
    return lines


def through_one_point(rows: int) -> Array:
    lines = random_lines(rows)
    lines[:, 4:7] = 2 * np.array([100, 80, 250]) - lines[:, 1:4]
    return lines


def parallel(rows: int) -> Array:
    lines = random_lines(rows)
    lines[:, 4:7] = lines[:, 1:4] + [10, 20, 30]
    return lines


def collinear(rows: int) -> Array:
    along = np.random.default_rng(0).uniform(-9, 9, (rows, 2))
    return np.column_stack([np.arange(rows), along[:, :1] * [1, 2, 3], along[:, 1:] * [1, 2, 3]])


def in_a_plane(rows: int) -> Array:
    return with_row(random_lines(rows), slice(None), 7.0, [2, 5])


AWKWARD = {
    "none": random_lines(0),
    "one": random_lines(1),
    "two": random_lines(2),
    "three": random_lines(3),
    "a block": random_lines(32),
    "a block and one": random_lines(33),
    "blocks": random_lines(64),
    "many": random_lines(257),
    "more columns": np.column_stack([random_lines(50), np.full((50, 2), np.nan)]),
    "unsorted": random_lines(50)[::-1].copy(),
    "one time": with_row(random_lines(150), slice(None), 3.0, 0),
    "two times": with_row(random_lines(150), slice(40, 90), 60.0, 0),
    "repeated": random_lines(30).repeat(3, axis=0),
    "parallel": parallel(20),
    "collinear": collinear(20),
    "in a plane": in_a_plane(60),
    "one point": through_one_point(40),
    "broken": np.vstack([random_lines(40), np.full((2, 7), np.nan), random_lines(40, 1), np.full((1, 7), np.inf)]),
    "nan time": with_row(random_lines(40), 5, np.nan, 0),
    "infinite end": with_row(random_lines(40), 5, -np.inf, 6),
    "no length": with_row(random_lines(40), slice(3, 6), 1.0),
    "hardly a length": with_row(random_lines(40), 3, [1, 0, 0, 0, 0, 0, 5e-324]),
    "far away": random_lines(60) + np.array([0, *[1e7] * 6]),
    "an outlier": with_row(random_lines(60), 7, 1e9, 2),
    "beyond": with_row(random_lines(60), 7, 1e300, 2),
    "tiny": random_lines(60) * [1, *[1e-9] * 6],
}


@pytest.fixture(params=AWKWARD)
def awkward(request: pytest.FixtureRequest) -> Array:
    return AWKWARD[request.param]


# ---------------------------------------------------------------------- cutpoints
@pytest.mark.parametrize("case", ["cutpoints_0.npz", "cutpoints_1.npz"])
def test_golden_cutpoints(case: str) -> None:
    data = golden(f"pept/{case}")
    box = data["cutoffs"] if data["explicit"] else None
    found = _core.find_cutpoints(data["lines"], float(data["max_distance"]), box, True)
    assert (np.diff(found[:, 0]) >= 0).all()
    by_pair = [rows[np.lexsort((rows[:, 5], rows[:, 4]))] for rows in (found, data["out"])]
    np.testing.assert_allclose(*by_pair, rtol=1e-9, atol=1e-9)
    if box is None:
        np.testing.assert_array_equal(_core.get_cutoffs(data["lines"]), data["cutoffs"])


@pytest.mark.parametrize("distance", [1e-12, 0.2, 5.0, 1e4, np.inf])
@pytest.mark.parametrize(
    "box", [None, EVERYWHERE, np.array([-50.0, 150, 0, 90, 200, 1e12])], ids=["own", "all", "given"]
)
def test_cutpoints_of_awkward_lines(awkward: Array, distance: float, box: Array | None) -> None:
    expected = twin.cutpoints(awkward, distance, box)
    found = _core.find_cutpoints(awkward, distance, box, True)
    assert found.shape == (len(expected), 6)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(_core.find_cutpoints(awkward, distance, box), expected[:, :4])


@given(rows=st.integers(0, 90), seed=st.integers(0, 2**32), power=st.floats(-3, 3))
def test_cutpoints_of_random_lines(rows: int, seed: int, power: float) -> None:
    lines = random_lines(rows, seed)
    np.testing.assert_array_equal(_core.find_cutpoints(lines, 10**power, None, True), twin.cutpoints(lines, 10**power))


def test_cutpoints_of_more_lines_than_are_watched() -> None:
    lines = random_lines(1100)
    np.testing.assert_array_equal(_core.find_cutpoints(lines, 0.3, None, True), twin.cutpoints(lines, 0.3))


def test_ten_thousand_lines_need_memory_for_their_cutpoints_only() -> None:
    lines = random_lines(10_000)
    found = _core.find_cutpoints(lines, 1e-4)
    assert 1000 < len(found) < 100_000


def test_awkward_cases_are_not_empty() -> None:
    assert sum(len(twin.cutpoints(lines, 5.0)) > 0 for lines in AWKWARD.values()) > 15


@pytest.mark.parametrize("distance", [0.0, -0.0, -1.0, -np.inf])
def test_no_distance_no_cutpoints(distance: float) -> None:
    assert _core.find_cutpoints(random_lines(50), distance).shape == (0, 4)
    assert _core.find_cutpoints(random_lines(50), distance, None, True).shape == (0, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((random_lines(5), np.nan), "`max_distance`.*NaN"),
        ((random_lines(5)[:, :6].copy(), 1.0), "`lines`.*at least 7 columns.*6"),
        ((random_lines(5), 1.0, np.zeros(5)), "`cutoffs`.*6 values.*5"),
        ((random_lines(5), 1.0, np.array([0, 1, 0, 1, 0, np.nan])), "`cutoffs`.*NaN"),
    ],
)
def test_bad_arguments_are_named(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.find_cutpoints(*arguments)


def assert_same_or_none(found: Any, expected: Any, rtol: float = 0, atol: float = 0) -> None:
    """Equal numbers, up to `atol` times the largest, or both nothing."""
    if expected is None:
        assert found is None
    else:
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol * np.abs(expected).max())


def test_cutoffs(awkward: Array) -> None:
    assert_same_or_none(_core.get_cutoffs(awkward), twin.cutoffs(awkward))


def test_cutoffs_need_seven_columns() -> None:
    with pytest.raises(ValueError, match="`lines`"):
        _core.get_cutoffs(np.zeros((3, 6)))


# ---------------------------------------------------------------------- least squares
def test_golden_least_squares() -> None:
    data = golden("pept/lines_centroids.npz")
    np.testing.assert_allclose(_core.lsq_point(data["lines"]), data["out"][0, 1:], atol=1e-8)


def test_least_squares_of_awkward_lines(awkward: Array) -> None:
    assert_same_or_none(_core.lsq_point(awkward), twin.nearest_point(awkward), rtol=1e-11, atol=1e-9)


def test_no_other_point_is_nearer() -> None:
    lines = random_lines(40)
    best = _core.lsq_point(lines)
    cost = twin.squared_distances(lines, best).sum()
    for step in np.random.default_rng(0).normal(0, 1e-3, (50, 3)):
        assert twin.squared_distances(lines, best + step).sum() > cost


def test_no_point_between_parallel_lines() -> None:
    assert _core.lsq_point(parallel(9)) is None
    assert _core.lsq_point(collinear(9)) is None


# ---------------------------------------------------------------------- Birmingham
@pytest.mark.parametrize("case", ["birmingham_0.npz", "birmingham_1.npz"])
def test_golden_birmingham(case: str) -> None:
    data = golden(f"pept/{case}")
    for fopt, row, used in zip(data["fopt"], data["out"], data["used"], strict=True):
        found, flags = _core.birmingham(data["lines"], fopt)
        np.testing.assert_allclose(found, row[None], atol=1e-8)
        np.testing.assert_array_equal(flags, used > 0)


@pytest.mark.parametrize("fopt", [0.03, 0.3, 0.7, 1.0])
def test_birmingham_of_awkward_lines(awkward: Array, fopt: float) -> None:
    expected, used = twin.birmingham(awkward, fopt)
    found, flags = _core.birmingham(awkward, fopt)
    assert flags.shape == (len(awkward),)
    if expected is None:
        assert found.shape == (0, 5)
        assert not flags.any()
        return
    np.testing.assert_allclose(found[:, 1:], expected[None, 1:], rtol=1e-9, atol=1e-7)
    if expected[4] > 1e-9:  # else rounding errors choose the lines
        np.testing.assert_allclose(found[0, 0], expected[0])
        np.testing.assert_array_equal(flags, used)


@given(rows=st.integers(2, 120), seed=st.integers(0, 2**32), fopt=st.floats(0.01, 1))
def test_birmingham_of_random_lines(rows: int, seed: int, fopt: float) -> None:
    lines = random_lines(rows, seed)
    expected, used = twin.birmingham(lines, fopt)
    found, flags = _core.birmingham(lines, fopt)
    np.testing.assert_array_equal(flags, used)
    assert len(found) == (expected is not None)
    if expected is not None:
        np.testing.assert_allclose(found[0], expected, rtol=1e-7, atol=1e-7)


def test_birmingham_finds_the_tracer_in_noise() -> None:
    for seed in range(20):
        (row,), _ = _core.birmingham(random_lines(200, seed), 0.3)
        assert np.abs(row[1:3] - [100, 80]).max() < 0.5
        assert abs(row[3] - 250) < 1.0


@pytest.mark.parametrize("fopt", [0.0, -0.5, 1.0001, np.nan, np.inf])
def test_fopt_is_a_fraction(fopt: float) -> None:
    with pytest.raises(ValueError, match=r"`fopt`.*0 < fopt <= 1"):
        _core.birmingham(random_lines(9), fopt)


# ---------------------------------------------------------------------- every processor
def digest() -> str:
    """A hash of the bits of all results."""
    bits = hashlib.sha256()
    for lines in (random_lines(300), random_lines(45, 1), AWKWARD["broken"], AWKWARD["repeated"], AWKWARD["far away"]):
        bits.update(_core.find_cutpoints(lines, 0.7, None, True).tobytes())
        bits.update(_core.lsq_point(lines).tobytes())
        for fopt in (0.1, 0.5):
            row, used = _core.birmingham(lines, fopt)
            bits.update(row.tobytes() + used.tobytes())
    return bits.hexdigest()


@pytest.mark.parametrize("level", ["baseline", "avx2"])
def test_narrow_vectors_give_the_same_bits(level: str) -> None:
    code = "import test_lines_kernels; print(test_lines_kernels.digest())"
    path = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
    environment = os.environ | {"LUMENTRACE_SIMD": level, "PYTHONPATH": path}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == digest()
