"""Layers of recordings of two-photon microscopes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lumentrace.napari.layers import KEPT, Layer, kept


class Collected:
    """A viewer that keeps the layers that it is to show."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []

    def add_image(self, data: Any, **settings: Any) -> Any:
        """Keep an image."""
        return self._add(data, settings, "image")

    def add_labels(self, data: Any, **settings: Any) -> Any:
        """Keep an image of labels."""
        return self._add(data, settings, "labels")

    def _add(self, data: Any, settings: dict[str, Any], kind: str) -> Any:
        self.layers.append((data, settings, kind))
        return SimpleNamespace(data=data, **settings)


def recording_layers(path: Path) -> list[Layer]:
    """The mean image and the movie of a converted recording; frames are read when they are shown."""
    from lumentrace.twophoton import open_recording_in_napari

    viewer = Collected()
    open_recording_in_napari(path, viewer=viewer, movie_frame_range=(0, None), add_roi_labels_layer=False)
    for _, settings, _ in viewer.layers:
        settings["metadata"] |= {KEPT: kept(path)[KEPT]}
    return viewer.layers


def region_layers(path: Path) -> list[Layer]:
    """Regions of a file of `save_roi_set`."""
    from lumentrace.twophoton import load_roi_set, roi_set_to_label_image
    from lumentrace.twophoton.regions.rois import label_numbers

    rois = load_roi_set(path)
    features = {"index": [0, *label_numbers(rois)], "name": ["", *rois.labels]}
    settings = {"name": path.stem, "features": features, "metadata": kept(path)}
    return [(roi_set_to_label_image(rois, overlap="strongest"), settings, "labels")]
