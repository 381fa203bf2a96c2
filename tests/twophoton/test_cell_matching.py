"""Two-photon: the same cells in two sessions, beside planted ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from lumentrace import twophoton
from lumentrace.twophoton.regions.assignment import assigned
from lumentrace.twophoton.regions.match_models import by_distance, by_overlap
from simulated_tuning import simulate_sessions


@cache
def sessions() -> tuple[Any, ...]:
    made = simulate_sessions(150, 35, (5, -8), 0.8, seed=1)
    return *made, twophoton.match_cells(*made[:4])


def test_images_are_aligned() -> None:
    found = sessions()[5]
    assert found.matrix[:2, 2] == pytest.approx([-8, 5], abs=0.3)
    assert np.allclose(found.matrix[:2, :2], np.eye(2))
    assert found.correlation > 0.5


def test_planted_cells_are_matched_and_others_are_told() -> None:
    first, second, _, _, true, found = sessions()
    pairs = {(int(one), int(other)) for one, other in found.matches}
    planted = {(one, int(other)) for one, other in enumerate(true) if other >= 0}
    assert len(pairs & planted) / len(planted) >= 0.95
    assert len(pairs & planted) / len(pairs) >= 0.95
    table = found.table()
    matched = table.filter(table["status"] == "matched")
    assert len(matched) == len(pairs)
    one, other, distance, overlap, p = matched.row(0)[:5]
    assert (first.labels.index(one), second.labels.index(other)) in pairs
    assert distance < 5
    assert overlap > 0.3
    assert p >= 0.5
    alone = table.filter(table["status"] == "unmatched")
    assert len(alone) == len(first) + len(second) - 2 * len(pairs)
    assert set(alone["remarks"].str.extract("(near it|better|unlikely)")) <= {"near it", "better", "unlikely"}
    assert sorted([*matched["first_label"], *alone["first_label"].filter(alone["first_label"] != "")]) == sorted(
        first.labels
    )


def test_probabilities_are_shares() -> None:
    *_, true, found = sessions()
    same = true[found.pairs[:, 0]] == found.pairs[:, 1]
    for p in (found.by_distance, found.by_overlap):
        assert np.isfinite(p).all()
        assert ((p >= 0) & (p <= 1)).all()
        # As many are the same as the probabilities say, within four standard errors of as many coins.
        assert abs((same - p).sum()) <= 4 * np.sqrt((p * (1 - p)).sum()) + 3
        assert np.mean((p >= 0.5) == same) > 0.95
    assert (np.diff(found.by_distance[np.argsort(found.distance)]) <= 0).all()
    assert (np.diff(found.by_overlap[np.argsort(found.overlap)]) >= 0).all()


def test_overlap_and_distance_are_those_of_shifted_masks() -> None:
    masks = np.zeros((2, 20, 30))
    masks[0, 5:9, 5:9] = masks[1, 6:10, 7:11] = 1
    found = twophoton.match_cells(twophoton.make_roi_set(masks[:1]), twophoton.make_roi_set(masks[1:]))
    assert found.distance[0] == pytest.approx(np.hypot(1, 2))
    assert found.overlap[0] == pytest.approx(6 / 16)


@pytest.mark.parametrize("model", ["distance", "overlap"])
def test_distributions_of_drawn_pairs_are_found(model: str) -> None:
    random = np.random.default_rng(2)
    same = random.random(4000) < 0.3
    if model == "distance":
        other = 15 * np.sqrt(random.random(20000))
        other = other[random.random(20000) < 1 / (1 + np.exp(-(other - 8) / 1.0))][:4000]
        values = np.where(same, random.rayleigh(1.5, 4000), other)
        p = by_distance(np.minimum(values, 15), 15.0)
    else:
        none = random.random(4000) < 0.6
        values = np.where(same, random.beta(12, 4, 4000), np.where(none, 0, random.beta(1.5, 8, 4000)))
        p = by_overlap(values)
    assert p.mean() == pytest.approx(same.mean(), abs=0.02)
    for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1)):
        own = (p >= low) & (p <= high)
        assert same[own].mean() == pytest.approx(p[own].mean(), abs=0.03 + 3 / np.sqrt(own.sum()))


def test_each_region_is_matched_once_by_the_best_sum_of_odds() -> None:
    found = sessions()[5]
    assert len(np.unique(found.matches[:, 0])) == len(np.unique(found.matches[:, 1])) == len(found.matches)
    pairs = np.array([[0, 0], [0, 1], [1, 0], [2, 3], [4, 3]])
    p = np.array([0.9, 0.8, 0.8, 0.6, 0.7])
    assert assigned(pairs, p, 0.5).tolist() == [[0, 1], [1, 0], [4, 3]]
    assert assigned(pairs, p, 0.85).tolist() == [[0, 0]]


def test_turned_images_need_an_affine_map() -> None:
    first, _, image, *_ = sessions()
    turn = np.deg2rad(2.0)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    offset = np.array([100, 100]) - matrix @ [100, 100]
    turned = ndimage.affine_transform(image, matrix, offset, mode="nearest")
    masks = [ndimage.affine_transform(mask.astype(float), matrix, offset, order=1) > 0.5 for mask in first.masks]
    kept = [number for number, mask in enumerate(masks) if mask.any()]
    second = twophoton.make_roi_set(np.stack([masks[number] for number in kept]))
    found = twophoton.match_cells(first, second, image, turned, transform="affine")
    right = [kept[other] == one for one, other in found.matches]
    assert sum(right) >= 0.97 * len(kept)
    assert sum(right) >= 0.97 * len(right)
    assert np.median(found.distance[found.by_distance > 0.9]) < 0.5


def test_few_cells_have_no_probability() -> None:
    one = twophoton.make_roi_set(np.pad(np.ones((1, 3, 3)), ((0, 0), (4, 4), (4, 4))))
    found = twophoton.match_cells(one, one)
    assert found.model == "none"
    assert np.isnan(found.probability).all()
    assert not len(found.matches)
    assert "1 pairs of regions" in found.notices[0]
    assert found.table()["remarks"].to_list() == ["too few pairs to estimate probabilities"] * 2


def test_another_field_is_told() -> None:
    first, _, image, *_ = sessions()
    other, _, other_image, *_ = simulate_sessions(150, 35, (0, 0), 0.8, seed=9)
    found = twophoton.match_cells(first, other, image, other_image)
    assert found.correlation < 0.3
    assert "different fields" in found.notices[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"first_image": np.ones((200, 200))}, "`second_image`: expected an image of shape"),
        ({"first_image": np.ones((9, 9)), "second_image": np.ones((200, 200))}, "`first_image`"),
        ({"first_image": np.ones((200, 200)), "second_image": np.ones((200, 200))}, "`first_image`.*varies"),
        ({"transform": "rigid"}, "`transform`"),
        ({"max_distance": 0.0}, "`max_distance`"),
        ({"least_probability": 1.0}, "`least_probability`"),
    ],
)
def test_arguments_that_are_none(change: dict[str, Any], told: str) -> None:
    first, second, *_ = sessions()
    with pytest.raises(ValueError, match=told):
        twophoton.match_cells(first, second, **change)
