"""Readable numpy twins of the filters and reducers that are not line geometry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def split_labels(points: Array, column: int, remove: bool, noise: bool) -> list[Array]:
    """One table per label in ascending order; a single empty one if there is none."""
    kept = np.delete(points, column, axis=1) if remove else points
    labels = points[:, column]
    names = [label for label in np.unique(labels) if label == label and (noise or label != -1)]
    return [kept[labels == label] for label in names] or [kept[:0]]


def centroids(tables: list[Array], error: bool, cluster_size: bool, weight: int | None = None) -> Array:
    """One row per table that is not empty: the (weighted) mean of every column, error and size."""
    width = tables[0].shape[1]
    rows = []
    for table in tables:
        weights = np.ones(len(table)) if weight is None else table[:, weight]
        if len(table) == 0 or weights.sum() == 0:
            continue
        kept = table if weight is None else np.delete(table, weight, axis=1)
        mean = np.average(kept, axis=0, weights=weights)
        distances = np.linalg.norm(kept[:, 1:4] - mean[1:4], axis=1)
        spread = np.sqrt(np.average((distances - np.average(distances, weights=weights)) ** 2, weights=weights))
        rows.append([*mean, *([spread] * error), *([weights.sum()] * cluster_size)])
    return np.array(rows).reshape(-1, width - (weight is not None) + error + cluster_size)


def segregate(points: Array, window: int, cut_distance: float, least: int, longest: float = np.inf) -> Array:
    """Labels of points in order of time, by walking from point to point."""
    count = len(points)
    finite = np.flatnonzero(np.isfinite(points[:, :4]).all(axis=1))
    neighbours: list[list[int]] = [[] for _ in range(count)]
    for place, i in enumerate(finite):
        for j in finite[place + 1 : place + 1 + window]:
            near = np.linalg.norm(points[i, 1:4] - points[j, 1:4]) < cut_distance
            if near and points[j, 0] - points[i, 0] <= longest:
                neighbours[i].append(j)
                neighbours[j].append(i)
    labels, name = np.full(count, -1.0), 0
    seen = np.zeros(count, dtype=bool)
    for start in finite:
        if seen[start] or window == 0 or len(finite) == 1:
            continue
        group, front = {start}, [start]
        while front:
            for j in neighbours[front.pop()]:
                if j not in group:
                    group.add(j)
                    front.append(j)
        members = sorted(group)
        seen[members] = True
        if len(members) >= least:
            labels[members] = name
            name += 1
    return labels
