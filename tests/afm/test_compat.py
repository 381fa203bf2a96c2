"""Spellings of other programs and of earlier versions still answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lumentrace.afm import AFMImageStack
from lumentrace.afm.analysis.modules.particle_tracking import ParticleTracking
from lumentrace.afm.analysis.modules.x_means_clustering import XMeansClustering
from lumentrace.afm.processing.registry import find_step
from lumentrace.afm.run import Settings

STACK = AFMImageStack(np.zeros((2, 8, 8)), 1.0, "h", "f")
FEATURES = [[{"centroid": (1.0, 5.0), "centroid_x": 5.0, "centroid_y": 1.0}]] * 2
FOUND = {"feature_detection": {"features_per_frame": FEATURES}}


@pytest.mark.parametrize(("order", "place"), [("xy", (5.0, 1.0)), ("playnano", (1.0, 5.0)), ("peer", (1.0, 5.0))])
def test_orders_of_coordinates(order: str, place: tuple[float, float]) -> None:
    (track,) = ParticleTracking().run(STACK, FOUND, coord_order=order)["tracks"]
    assert track["coords"] == [place, place]
    assert tuple(track["coord_axes"]) == (("x", "y") if order == "xy" else ("y", "x"))


def test_criteria_of_splits() -> None:
    random = np.random.default_rng(0)
    places = np.concatenate([random.normal(centre, 0.5, (20, 2)) for centre in (10, 40, 90)])
    features = [[{"centroid_x": x, "centroid_y": y} for x, y in places.tolist()]]
    found = {"feature_detection": {"features_per_frame": features}}
    settings = {"use_time": False, "max_k": 6}
    counts = {
        name: XMeansClustering().run(STACK[:1], found, criterion=name, **settings)["summary"]["n_clusters"]
        for name in ("bic", "playnano", "peer")
    }
    assert counts["bic"] == 3
    assert counts["peer"] == counts["playnano"] > 3


def test_masks_and_settings_by_their_documented_names(tmp_path: Path) -> None:
    assert find_step("threshold_mask").name == "mask_threshold"
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"filters": [{"name": "remove_plane"}], "analysis": [{"name": "count_nonzero", "params": {}}]}')
    found = Settings.read(recipe)
    assert (found.process, found.analyse) == ((("remove_plane", {}),), (("count_nonzero", {}),))
