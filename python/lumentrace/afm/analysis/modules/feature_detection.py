"""Objects in a mask of each frame."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.checks import whole
from lumentrace.engine import progress
from lumentrace.engine.samples.collector import collector_paused

from ...masks import find_mask, mask_threshold
from ...stack import AFMImageStack
from ..base import AnalysisModule

Results = Mapping[str, dict[str, Any]]
MaskFunction = Callable[..., NDArray[np.bool_]]


class FeatureDetection(AnalysisModule):
    """Find the objects in a mask of each frame and measure them.

    Outputs: `features_per_frame`, a list of dictionaries for each frame, in the order of the objects' first pixels:
    `frame_timestamp` (s), `label`, `area` (pixels), `min`, `max`, `mean` of the data, `bbox` (first row and column, row
    and column after the last), `centroid` (row, column), `centroid_x`, `centroid_y`, `centroid_weighted` (row, column),
    `area_nm2`, `centroid_nm`, `volume_nm3`, `major_axis`, `minor_axis`, `perimeter`, `feret_max` (pixels, with `_nm`
    in nm), `aspect` (ratio of the axes), `eccentricity`, `orientation`, as in scikit-image (but the diameter is that of
    the outline half-way between pixels, not of a convex hull of pixels);
    `labeled_masks`, int32 (height, width) per frame; `summary` with `total_frames`, `total_features`,
    `avg_features_per_frame`, `avg_per_frame`.
    """

    name = "feature_detection"
    version = "0.2.0"

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Results | None = None,
        *,
        mask_fn: MaskFunction | str | None = None,
        mask_key: str | tuple[str, str] | None = None,
        morph_opening: bool = False,
        sep_radius: int = 6,
        min_size: float = 10,
        remove_edge: bool = True,
        fill_holes: bool = False,
        hole_area: float | None = None,
        merge_parts: bool = False,
        background: float = 0.0,
        **mask_kwargs: Any,
    ) -> dict[str, Any]:
        """Find and measure.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict, optional
        mask_fn : callable or str, optional
            Makes a bool mask of a frame, or the name of one of `lumentrace.afm.masks`; `mask_threshold` if only a
            `threshold` is given.
        mask_key : str or (str, str), optional
            A mask of the whole stack instead: a name in ``stack.masks``, an output of a previous module as
            ``"module.output"`` or ``("module", "output")``, or a name in `previous_results`.
        morph_opening : bool, default False
            Part objects that touch by opening each with a disk.
        sep_radius : int, default 6
            Radius of the disk in pixels.
        min_size : float, default 10
            Least number of pixels.
        remove_edge : bool, default True
            Leave out objects at the edge of the frame.
        fill_holes : bool, default False
        hole_area : float, optional
            Fill holes of fewer pixels only; by default all that do not reach the edge.
        merge_parts : bool, default False
            Join parts of an opened object that touch at a corner, as playNano does.
        background : float, default 0
            Height from which volumes are counted.
        **mask_kwargs
            Arguments of `mask_fn`.

        Raises
        ------
        ValueError
            Without a mask, for an unknown one, and for a mask that is not bool or of another shape.
        KeyError
            If there is no mask of the name `mask_key`.
        TypeError
            For an argument that `mask_fn` does not have.
        """
        mask = self._mask(stack, previous_results, mask_fn, mask_key, mask_kwargs)
        data = stack.data if stack.data.dtype in (np.float32, np.float64) else stack.data.astype(np.float64)
        nothing = not fill_holes or (hole_area is not None and hole_area <= 0)
        # 0 stands for all that are enclosed.
        holes = None if nothing else 0.0 if hole_area is None else float(hole_area)
        radius = whole("sep_radius", sep_radius, 0) if morph_opening else 0
        labels, counts, table = _core.find_features(
            np.ascontiguousarray(data),
            mask,
            holes,
            radius,
            merge_parts,
            float(min_size),
            bool(remove_edge),
            progress.reporter(),
        )
        with collector_paused():
            features = _described(table, counts, stack, float(background))
        total, frames = len(table), stack.n_frames
        average = total / frames if frames else 0.0
        return {
            "features_per_frame": features,
            "labeled_masks": list(labels),
            "summary": {
                "total_frames": frames,
                "total_features": total,
                "avg_features_per_frame": average,
                "avg_per_frame": average,
            },
        }

    def check(self, params: Mapping[str, Any]) -> None:
        """Refuse settings that neither the module nor its mask has."""
        own = {name: value for name, value in params.items() if name not in self.settings()}
        make = _maker(params.get("mask_fn"), own)
        if make is not None and params.get("mask_key") is None:
            _check_arguments(make, own)

    def _mask(
        self,
        stack: AFMImageStack,
        previous: Results | None,
        function: MaskFunction | str | None,
        key: str | tuple[str, str] | None,
        arguments: dict[str, Any],
    ) -> NDArray[np.bool_]:
        if key is not None:
            return _checked(f"`mask_key` {key!r}", _stored(stack, previous or {}, key), stack.data.shape)
        make = _maker(function, arguments)
        if make is None:
            raise ValueError("feature_detection: expected `mask_fn`, `mask_key` or `threshold`, found none of them")
        _check_arguments(make, arguments)
        mask = np.empty(stack.data.shape, dtype=bool)
        for frame, image in enumerate(stack.data):
            mask[frame] = _checked(f"mask of frame {frame}", make(image, **arguments), image.shape)
        return mask


def _maker(function: MaskFunction | str | None, arguments: Mapping[str, Any]) -> MaskFunction | None:
    """What makes the mask of a frame."""
    if function is None and "threshold" in arguments:
        return mask_threshold
    return find_mask(function) if isinstance(function, str) else function


def _stored(stack: AFMImageStack, previous: Results, key: str | tuple[str, str]) -> Any:
    if isinstance(key, str) and key in stack.masks:
        return stack.masks[key]
    if isinstance(key, str) and key in previous:
        return previous[key]
    module, _, output = key.partition(".") if isinstance(key, str) else (key[0], "", key[1])
    if output in previous.get(module, {}):
        return previous[module][output]
    known = [*stack.masks, *(f"{name}.{part}" for name, parts in previous.items() for part in parts)]
    raise KeyError(f"`mask_key`: expected one of {', '.join(known) or 'none there are'}, found {key!r}")


def _checked(name: str, mask: Any, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != shape:
        found = f"{mask.dtype} of shape {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
        raise ValueError(f"{name}: expected bool of shape {shape}, found {found}")
    return np.ascontiguousarray(mask)


def _check_arguments(function: MaskFunction, arguments: dict[str, Any]) -> None:
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    unknown = [name for name in arguments if name not in parameters]
    if unknown:
        known = ", ".join(list(parameters)[1:]) or "none"
        name = getattr(function, "__name__", "mask_fn")
        raise TypeError(f"feature_detection: expected settings of its own or of {name} ({known}), found {unknown[0]!r}")


FOUND = (
    *("label", "area", "min", "max", "mean", "sum"),
    *("top", "left", "bottom", "right", "row", "column", "weighted_row", "weighted_column"),
    *("major_axis", "minor_axis", "eccentricity", "orientation", "perimeter", "feret_max"),
)
"""Columns of the kernel."""
MADE = (
    *("frame_timestamp", "area_nm2", "row_nm", "column_nm", "volume_nm3"),
    *("major_axis_nm", "minor_axis_nm", "perimeter_nm", "feret_max_nm", "aspect"),
)
"""Columns made of those."""
TUPLES = {
    "bbox": ("top", "left", "bottom", "right"),
    "centroid": ("row", "column"),
    "centroid_x": ("column",),
    "centroid_y": ("row",),
    "centroid_weighted": ("weighted_row", "weighted_column"),
    "centroid_nm": ("row_nm", "column_nm"),
}
FEATURE = (
    *("frame_timestamp", "label", "area", "min", "max", "mean", "bbox", "centroid", "centroid_x", "centroid_y"),
    *("centroid_weighted", "area_nm2", "centroid_nm", "volume_nm3", "major_axis", "minor_axis", "eccentricity"),
    *("orientation", "perimeter", "feret_max", "major_axis_nm", "minor_axis_nm", "perimeter_nm", "feret_max_nm"),
    "aspect",
)
"""What is said of an object, in order."""
WHOLE = ("label", "bbox")
LAYOUT = [
    (name, [(*FOUND, *MADE).index(column) for column in TUPLES.get(name, (name,))], name in WHOLE) for name in FEATURE
]


def _described(
    table: NDArray[np.float64], counts: NDArray[np.int64], stack: AFMImageStack, background: float
) -> list[list[dict[str, Any]]]:
    """The objects of all frames; lengths along axes that are no pixel's are in nm only where pixels are square."""
    own = dict(zip(FOUND, table.T, strict=True))
    pixel = np.repeat([stack.scaling_for_frame(frame) for frame in range(stack.n_frames)], counts)
    slow = pixel * (stack.pixel_size_y_nm / stack.pixel_size_nm)
    along = np.where(slow == pixel, pixel, np.nan)
    minor = own["minor_axis"]
    made = {
        "frame_timestamp": np.repeat(stack.get_frame_times(), counts),
        "area_nm2": own["area"] * pixel * slow,
        "row_nm": own["row"] * slow,
        "column_nm": own["column"] * pixel,
        "volume_nm3": (own["sum"] - background * own["area"]) * pixel * slow,
        **{f"{name}_nm": own[name] * along for name in ("major_axis", "minor_axis", "perimeter", "feret_max")},
        "aspect": np.divide(own["major_axis"], minor, out=np.full(len(minor), np.nan), where=minor > 0),
    }
    rows = _core.row_dicts(np.column_stack([table, *(made[name] for name in MADE)]), LAYOUT)
    ends = np.cumsum(counts).tolist()
    return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]
