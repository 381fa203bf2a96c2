"""Labelled points, split into one object per label."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.native import NativeFilter, NativeStep


class SplitLabels(NativeFilter):
    """Split every sample by its column `label`.

    Parameters
    ----------
    remove_labels : bool, default True
        Leave the column `label` out of the results.
    extract_lines : bool, default False
        Give the `LineData` that each cluster was made of instead of its points; needs points that know their lines
        (``Cutpoints(..., append_indices=True)``).
    noise : bool, default False
        Make an object of the noise, label -1, too; it comes first.

    Notes
    -----
    Each result is a list with one object per label in ascending order; without any cluster it holds one empty object.

    Raises
    ------
    ValueError
        If a sample has no column `label`, or `extract_lines` is asked of points that do not know their lines.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import SplitLabels
    >>> points = PointData([[0, 1, 1, 1, 0], [1, 9, 9, 9, 1], [2, 1, 1, 2, 0]], columns=["t", "x", "y", "z", "label"])
    >>> [len(cluster.points) for cluster in SplitLabels().fit_sample(points)]
    [2, 1]
    """

    def __init__(self, remove_labels: bool = True, extract_lines: bool = False, noise: bool = False) -> None:
        self.remove_labels = bool(remove_labels)
        self.extract_lines = bool(extract_lines)
        self.noise = bool(noise)

    def native(self, columns: list[str]) -> NativeStep | None:
        """The step of the Rust core; None where the points may know their lines."""
        if "label" not in columns:
            raise ValueError(f"SplitLabels: expected a column named 'label', found {columns}")
        if self.extract_lines or any(name.startswith("line_index") for name in columns):
            return None
        column = columns.index("label")
        options = {"column": column, "remove": self.remove_labels, "noise": self.noise}
        kept = [name for i, name in enumerate(columns) if not (self.remove_labels and i == column)]
        return NativeStep("split_labels", options, kept, listed=True, attrs=_warn_of_lines)

    def fit_python(self, sample: PointData) -> list[Any]:
        """Split points that know their lines."""
        indices = [i for i, name in enumerate(sample.columns) if name.startswith("line_index")]
        lines = sample.attrs.get("_lines")
        if self.extract_lines and (lines is None or not indices):
            raise ValueError(
                "SplitLabels: `extract_lines` needs points with columns 'line_index...' and a hidden attribute "
                "`_lines`, as Cutpoints(..., append_indices=True) makes them"
            )
        labels = sample["label"]
        names = [label for label in np.unique(labels) if not np.isnan(label) and (self.noise or label != -1)]
        masks = [labels == label for label in names] or [np.zeros(len(labels), dtype=bool)]
        clusters = [self._cluster(sample, mask) for mask in masks]
        if lines is None:
            return clusters
        for cluster in clusters:
            rows = np.unique(cluster.points[:, self._moved(indices, sample)]).astype(int)
            cluster.attrs["_lines"] = lines.copy(data=lines.lines[rows])
        return [cluster.attrs["_lines"] for cluster in clusters] if self.extract_lines else clusters

    def _cluster(self, sample: PointData, mask: Any) -> PointData:
        keep = [i for i, name in enumerate(sample.columns) if not (self.remove_labels and name == "label")]
        columns = [sample.columns[i] for i in keep]
        return sample.copy(data=sample.points[mask][:, keep], columns=columns)

    def _moved(self, indices: list[int], sample: PointData) -> list[int]:
        label = sample.columns.index("label")
        return [i - (self.remove_labels and i > label) for i in indices]


def _warn_of_lines(attrs: dict[str, Any], sample: Any) -> dict[str, Any]:
    if isinstance(attrs.get("_lines"), LineData):
        warnings.warn(
            "SplitLabels: the points have lines but no columns 'line_index...', so the clusters keep all lines",
            RuntimeWarning,
            stacklevel=2,
        )
    return attrs
