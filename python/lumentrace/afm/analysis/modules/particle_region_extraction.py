"""The surroundings of each object of a track, cut out of the film."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import whole

from ...stack import AFMImageStack
from ..base import AnalysisModule
from ..detections import detections

Box = tuple[int, int, int, int]
SIZE_MODES = ("global", "per_track")


class ParticleRegionExtraction(AnalysisModule):
    """Cut the objects of tracks out of the film, with their boxes and masks.

    Outputs: `tracks`, a list of dictionaries `track_id`, `frames`, `timestamps`, `regions` (None where the object is
    missing, else `frame`, `timestamp`, `label`, `bbox_tight`, `bbox_padded`, `image_crop`, `mask_crop`) and
    `fixed_box_size`; `flat_table`, a list of the regions without crops, with their `track_id`; `summary` with
    `n_tracks` and `n_regions`. Boxes are (first row, first column, row and column after the last); the tight one is
    that of the largest piece of the object.
    """

    name = "particle_region_extraction"
    version = "0.1.0"
    requires = ("particle_tracking",)

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Mapping[str, dict[str, Any]] | None = None,
        *,
        tracking_module: str = "particle_tracking",
        detection_module: str = "feature_detection",
        padding: int = 0,
        fixed_box_size: int | None = None,
        square: bool = False,
        fixed_size_mode: str = "global",
        include_image: bool = True,
        include_mask: bool = True,
        include_bbox: bool = True,
        label_key: str = "label",
        **unknown: Any,
    ) -> dict[str, Any]:
        """Cut out.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict
        tracking_module, detection_module : str
            Whose tracks and labelled masks to take.
        padding : int, default 0
            Pixels around the tight box, as far as the frame goes.
        fixed_box_size : int, optional
            Side of a square around the middle of each box instead, pushed back inside the frame.
        square : bool, default False
            Make boxes square, if they have no fixed size.
        fixed_size_mode : {'global', 'per_track'}, default 'global'
            'per_track': the fixed size of a track is the longest side of its tight boxes and twice the padding.
        include_image, include_mask, include_bbox : bool, default True
        label_key : str, default 'label'
            The key of features that holds their label.

        Raises
        ------
        RuntimeError
            If no tracking ran before, or the detection has no labelled masks.
        ValueError
            For settings out of range.
        """
        self.refuse(unknown)
        if fixed_size_mode not in SIZE_MODES:
            raise ValueError(f"`fixed_size_mode`: expected one of {', '.join(SIZE_MODES)}, found {fixed_size_mode!r}")
        if previous_results is None or tracking_module not in previous_results:
            raise RuntimeError(f"expected {tracking_module} before this step, found none")
        found = detections(previous_results, detection_module)
        if not len(found.get("labeled_masks", ())) and stack.n_frames:
            raise RuntimeError(f"expected labelled masks from {detection_module}, found none")
        side = None if fixed_box_size is None else whole("fixed_box_size", fixed_box_size, 1)
        cut = _Cut(stack, found, label_key, whole("padding", padding, 0), side, square, fixed_size_mode == "per_track")
        parts = {"image_crop": include_image, "mask_crop": include_mask}
        parts |= {"bbox_tight": include_bbox, "bbox_padded": include_bbox}
        tracks = [cut.track(track, parts) for track in previous_results[tracking_module]["tracks"]]
        flat = [
            {"track_id": track["track_id"], **{key: value for key, value in region.items() if not key.endswith("crop")}}
            for track in tracks
            for region in track["regions"]
            if region is not None
        ]
        return {"tracks": tracks, "flat_table": flat, "summary": {"n_tracks": len(tracks), "n_regions": len(flat)}}


class _Cut:
    """Cuts regions out of the frames."""

    def __init__(
        self,
        stack: AFMImageStack,
        found: dict[str, Any],
        label_key: str,
        padding: int,
        side: int | None,
        square: bool,
        per_track: bool,
    ):
        self._stack, self._features, self._masks = stack, found["features_per_frame"], found["labeled_masks"]
        self._label_key, self._padding, self._side = label_key, padding, side
        self._square, self._per_track = square, per_track

    def track(self, track: Mapping[str, Any], parts: Mapping[str, bool]) -> dict[str, Any]:
        """The regions of a track."""
        places = [
            None if index is None else (frame, int(self._features[frame][index][self._label_key]))
            for frame, index in zip(track["frames"], track["point_indices"], strict=True)
        ]
        tight = [None if place is None else largest_box(self._masks[place[0]] == place[1]) for place in places]
        side = self._side
        if self._per_track:
            side = max(max(box[2] - box[0], box[3] - box[1]) for box in tight if box is not None) + 2 * self._padding
        times = [self._stack.time_for_frame(frame) for frame in track["frames"]]
        regions = [
            None if place is None or box is None else self._region(place, time, box, side, parts)
            for place, time, box in zip(places, times, tight, strict=True)
        ]
        return {
            "track_id": track["id"],
            "frames": list(track["frames"]),
            "timestamps": times,
            "regions": regions,
            "fixed_box_size": side,
        }

    def _region(
        self, place: tuple[int, int], time: float, tight: Box, side: int | None, parts: Mapping[str, bool]
    ) -> dict[str, Any]:
        frame, label = place
        box = self._box(tight, side)
        inside = np.s_[box[0] : box[2], box[1] : box[3]]
        made = {
            "bbox_tight": tight,
            "bbox_padded": box,
            "image_crop": self._stack.get_frame(frame)[inside].copy(),
            "mask_crop": self._masks[frame][inside] == label,
        }
        kept = {name: value for name, value in made.items() if parts[name]}
        return {"frame": frame, "timestamp": time, "label": label, **kept}

    def _box(self, tight: Box, side: int | None) -> Box:
        shape = self._stack.image_shape
        low = [max(0, edge - self._padding) for edge in tight[:2]]
        high = [min(length, edge + self._padding) for edge, length in zip(tight[2:], shape, strict=True)]
        if side is None and self._square:
            side = max(b - a for a, b in zip(low, high, strict=True))
        if side is not None:
            sides = [min(side, length) for length in shape]
            middle = [(a + b) // 2 - side // 2 for a, b in zip(low, high, strict=True)]
            low = [min(max(0, m), length - s) for m, s, length in zip(middle, sides, shape, strict=True)]
            high = [a + s for a, s in zip(low, sides, strict=True)]
        return low[0], low[1], high[0], high[1]


def largest_box(mask: NDArray[np.bool_]) -> Box:
    """The box of the largest piece of a mask, whose pixels touch by edges or corners; of equal ones the first."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3), dtype=bool))
    label = 1 if count <= 1 else int(np.bincount(labels.ravel())[1:].argmax()) + 1
    rows, columns = ndimage.find_objects(labels, max_label=max(count, 1))[label - 1]
    return int(rows.start), int(columns.start), int(rows.stop), int(columns.stop)
