"""Where crystals are: formulas of circles and planes, and the places that readers of cameras give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from golden import golden
from lumentrace import LineData
from lumentrace.pept import scanners, simulation
from lumentrace.pept.scanners import Panel, Scanner
from lumentrace.pept.scanners.bins import crystals_of


def test_crystals_of_a_ring() -> None:
    scanner = Scanner.ring("r", radius=412, rings=3, per_ring=8, pitch=5, depth=7, start=90, clockwise=True)
    found = scanner.positions(np.arange(24)).reshape(3, 8, 3)
    np.testing.assert_allclose(np.hypot(found[..., 0], found[..., 1]), 419)
    np.testing.assert_allclose(found[0, 0], [0, 419, -5], atol=1e-9)
    np.testing.assert_allclose(found[0, 2], [419, 0, -5], atol=1e-9)
    np.testing.assert_allclose(found[:, 0, 2], [-5, 0, 5])
    deeper = scanner.positions([5], depth=10.0) - scanner.positions([5], depth=0.0)
    np.testing.assert_allclose(np.linalg.norm(deeper), 10)
    assert (scanner.rings, scanner.per_ring, len(scanner)) == (3, 8, 24)


def test_blocks_are_flat_and_gaps_are_between_them() -> None:
    scanner = Scanner.blocks("b", radius=80, blocks=(16, 2), crystals=(20, 3), pitch=(1.6, 2.0), gap=0.5)
    faces = scanner.faces.reshape(6, 16, 20, 3)
    np.testing.assert_allclose(np.linalg.norm(np.diff(faces, axis=2), axis=3), 1.6)
    middles = faces.mean(axis=2)
    np.testing.assert_allclose(np.hypot(middles[..., 0], middles[..., 1]), 80)
    np.testing.assert_allclose(np.diff(faces[:, 0, 0, 2]), [2, 2, 2.5, 2, 2])
    np.testing.assert_allclose(faces[..., 2].mean(), 0, atol=1e-12)
    # All crystals of a block look the same way, along the line from the axis to its middle.
    outward = scanner.outward.reshape(6, 16, 20, 3)
    np.testing.assert_allclose(
        outward[0], np.repeat(middles[0] * [1, 1, 0], 20, axis=0).reshape(16, 20, 3) / 80, atol=1e-12
    )


def test_lines_between_crystals_and_their_own_depths() -> None:
    scanner = Scanner.screens(500, (0, 100), (0, 200), shape=(2, 4))
    lines = scanner.lines([1, 2], [0, 7], [8, 15], depths=([0, 3], [1, 0]), sample_size=1)
    assert isinstance(lines, LineData)
    assert len(lines) == 2
    np.testing.assert_allclose(lines.lines, [[1, 25, 25, 0, 25, 25, 501], [2, 75, 175, -3, 75, 175, 500]])


def test_the_modular_camera_is_where_its_reader_has_it() -> None:
    case = golden("pept/modular_words.npz")
    faces = Scanner.named("modular").faces
    in_camera = [n for n, event in enumerate(case["event"]) if all(int(b) % 8 < 4 for b in event[4:6])]
    ends = case["lor"][in_camera, 2:8].reshape(-1, 3)
    assert len(ends) > 50
    nearest = np.linalg.norm(ends[:, None] - faces[None], axis=2).min(axis=1)
    assert nearest.max() < 1e-3


def test_the_heads_of_a_forte_are_where_its_reader_has_them(tmp_path: Path) -> None:
    circle = simulation.simulate([simulation.Circle(radius=80, rpm=42)], n=3000, seed=1)
    simulation.write_adac(tmp_path / "run.da01", circle.lines, separation=500)
    lines = scanners.adac_forte(tmp_path / "run.da01", verbose=False)
    heads = Scanner.named("forte", separation=500).faces
    assert {*lines["z1"], *lines["z2"]} == {*heads[:, 2]}


def test_bins_of_a_sinogram_are_parallel_lines_at_known_distances() -> None:
    places, radius = 576, 419.0
    scanner = Scanner.ring("r", radius=radius, rings=1, per_ring=places, pitch=1)
    view, bins = (each.ravel() for each in np.meshgrid(np.arange(288), np.arange(-200, 200), indexing="ij"))
    first, second = crystals_of(view, bins, places)
    a, b = scanner.positions(first)[:, :2], scanner.positions(second)[:, :2]
    along = (b - a) / np.linalg.norm(b - a, axis=1, keepdims=True)
    distance = a[:, 0] * along[:, 1] - a[:, 1] * along[:, 0]
    np.testing.assert_allclose(np.abs(distance), radius * np.abs(np.sin(np.pi * bins / places)), atol=1e-9)
    assert (np.sign(distance[bins > 0]) == -np.sign(distance[bins < 0][0])).all()
    # Lines of a view turn by one crystal per view, and differ by half a crystal at most within it.
    angle = np.unwrap(np.arctan2(along[:, 1], along[:, 0]).reshape(288, 400), axis=0, period=np.pi)
    step = 2 * np.pi / places
    np.testing.assert_allclose(np.diff(angle, axis=0), step, atol=1e-9)
    assert np.ptp(np.unwrap(angle, axis=1, period=np.pi), axis=1).max() <= step / 2 + 1e-9
    assert len({*zip(np.minimum(first, second), np.maximum(first, second), strict=True)}) == len(view)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Scanner.ring("r", radius=0, rings=1, per_ring=4, pitch=1), "`radius`"),
        (lambda: Scanner.ring("r", radius=1, rings=0, per_ring=4, pitch=1), "`rings`"),
        (lambda: Scanner.ring("r", radius=1, rings=10**5, per_ring=10**5, pitch=1), "`per_ring`"),
        (lambda: Scanner.ring("r", radius=1, rings=1, per_ring=4, pitch=1, start=float("nan")), "`start`"),
        (lambda: Scanner.from_panels("p", []), "`panels`"),
        (lambda: Scanner("s", np.zeros((2, 2)), np.zeros((2, 2))), "`faces`"),
        (lambda: Scanner("s", np.zeros((2, 3)), np.zeros((3, 3))), "`outward`"),
        (lambda: Scanner("s", np.ma.masked_less(np.zeros((2, 3)), 1), np.zeros((2, 3))), "`faces`"),
        (lambda: Scanner("s", np.zeros((4, 3)), np.zeros((4, 3)), per_ring=3), "`per_ring`"),
        (lambda: Scanner.named("ecat926"), "'ecat926'; did you mean 'ecat96"),
        (lambda: Scanner.named("mmr").positions([-1]), "crystals from 0 to 32255, found -1"),
        (lambda: Scanner.named("mmr").positions([0.5]), "whole numbers"),
        (lambda: Scanner.named("mmr").positions([0, 1], depth=[1, 2, 3]), "`depth`"),
        (lambda: Scanner.named("mmr").lines([0, 1], [0], [1]), "equal lengths"),
        (lambda: Panel((0, 0, 0), (1, 0, 0), (1, 0, 0), (0, 0, 1), (1, 1), (1, 1)), "perpendicular"),
    ],
)
def test_what_is_no_scanner_is_refused(make, told) -> None:
    with pytest.raises(ValueError, match=told):
        make()


def test_drawing() -> None:
    scanner = Scanner.named("ecat962")
    lines = scanner.lines([0.0], [0], [288])
    figure = scanner.plot(lines, most=1000).fig
    assert len(figure.data) == 2
    assert 900 < len(figure.data[0].x) <= 1000
    assert list(figure.data[1].x[:2]) == [419.0, -419.0]
