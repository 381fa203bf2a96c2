"""Objects for QuPath: outlines are those of the pixels, and features have the form that QuPath documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from lumentrace.data.pixel_outlines import polygons
from lumentrace.storage import Shape, label_shapes, write_geojson

MASKS = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def drawn(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The polygons of a mask, filled by scikit-image."""
    found = np.zeros(mask.shape, bool)
    for outer, *holes in polygons(mask):
        inside = [polygon2mask(mask.shape, np.array(ring)[:, ::-1] - 0.5) for ring in (outer, *holes)]
        own = inside[0] & ~np.any(inside[1:], axis=0) if holes else inside[0]
        assert not (found & own).any()
        found |= own
    return found


@given(MASKS)
def test_polygons_fill_their_pixels_and_no_others(mask: NDArray[np.bool_]) -> None:
    np.testing.assert_array_equal(drawn(mask), mask)


MEETING_A_HOLE_AT_CORNERS = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 0, 1, 0, 1]], bool)


@given(MASKS)
@example(MEETING_A_HOLE_AT_CORNERS)
def test_polygons_are_valid_and_as_large_as_their_pixels(mask: NDArray[np.bool_]) -> None:
    shapely = pytest.importorskip("shapely", reason="shapely is not installed")
    whole = shapely.MultiPolygon([(outer, holes) for outer, *holes in polygons(mask)])
    assert whole.area == mask.sum()
    assert all(part.is_valid for part in whole.geoms)
    assert all(len(set(ring)) == len(ring) - 1 for rings in polygons(mask) for ring in rings)


def test_a_file_has_the_features_that_qupath_reads(tmp_path: Path) -> None:
    labels = np.zeros((8, 10), "uint16")
    labels[1:6, 1:7] = 3
    labels[3, 3] = 0
    labels[7, 0] = labels[7, 9] = 40000
    shapes = label_shapes(
        labels,
        {3: {"mean": 1.5, "unknown": float("nan"), "none": None}},
        kind="annotation",
        classification="cell",
        offset=(100, 20),
    )
    found = json.loads(write_geojson(tmp_path / "a.geojson", shapes).read_text())
    first, second = found["features"]
    assert found["type"] == "FeatureCollection"
    assert first["geometry"]["type"] == "Polygon"
    outer, hole = first["geometry"]["coordinates"]
    assert (min(outer), max(outer)) == ([21, 101], [27, 106])
    assert sorted(map(tuple, hole[:-1])) == [(23, 103), (23, 104), (24, 103), (24, 104)]
    assert first["properties"] == {
        "objectType": "annotation",
        "measurements": {"Area px^2": 29.0, "mean": 1.5},
        "name": "3",
        "classification": {"name": "cell"},
    }
    assert second["geometry"]["type"] == "MultiPolygon"
    assert len(second["geometry"]["coordinates"]) == 2
    empty = json.loads(write_geojson(tmp_path / "b.geojson", []).read_text())
    assert empty == {"type": "FeatureCollection", "features": []}


def test_what_is_no_label_image_or_no_name_is_refused(tmp_path: Path) -> None:
    wrong: Any = np.zeros((3, 3))
    with pytest.raises(ValueError, match="plane of whole numbers, found float64"):
        list(label_shapes(wrong))
    with pytest.raises(ValueError, match="ends with"):
        write_geojson(tmp_path / "a.txt", [Shape([[[(0, 0), (1, 0), (1, 1), (0, 0)]]])])
    assert not list(tmp_path.iterdir())
