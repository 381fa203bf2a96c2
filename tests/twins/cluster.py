"""Clusters, in plain numpy: what the kernels compute, written top down and without regard to time or memory."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

NOISE = -1


def core_distances(points, min_samples):
    """Distance from every point to its min_samples-th nearest other point."""
    k = max(1, min(min_samples, len(points) - 1))
    return np.sort(cdist(points, points), axis=1)[:, k]


def spanning_tree(points, min_samples):
    """Edges (end, end, length) of a minimum spanning tree under max(distance, core, core), grown from point 0."""
    core = core_distances(points, min_samples)
    lengths = np.maximum(cdist(points, points), np.maximum(core[:, None], core[None]))
    distance, nearest = lengths[0].copy(), np.zeros(len(points), int)
    outside = np.ones(len(points), bool)
    outside[0] = False
    edges = []
    while outside.any():
        new = np.flatnonzero(outside)[distance[outside].argmin()]
        edges.append((new, nearest[new], distance[new]))
        outside[new] = False
        closer = outside & (lengths[new] < distance)
        distance[closer], nearest[closer] = lengths[new][closer], new
    return np.array(edges)


def components(members, edges):
    """The connected components of some points, given edges of which only those between members count."""
    place = {point: i for i, point in enumerate(members)}
    ends = [(place[a], place[b]) for a, b, _ in edges if a in place and b in place]
    rows, columns = np.array(ends, int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(ends)), (rows, columns)), shape=(len(members), len(members)))
    labels = connected_components(graph, directed=False)[1]
    return [members[labels == label] for label in range(labels.max() + 1)]


def follow(members, tree, min_cluster_size):
    """Follow a cluster to ever shorter edges until it splits or vanishes.

    All edges of one length are cut at once. Returns the sum over its points of 1/distance where each leaves it, the
    parts it splits into, and the distance of that.
    """
    density = 0.0
    while True:
        edges = tree[np.isin(tree[:, 0], members) & np.isin(tree[:, 1], members)]
        longest = edges[:, 2].max(initial=0.0)
        parts = components(members, edges[edges[:, 2] < longest])
        parts = [part for part in parts if len(part) >= min_cluster_size]
        inner = parts[0] if len(parts) == 1 else []
        density += (len(members) - len(inner)) / max(longest, 1e-150)
        if len(parts) != 1:
            return density, parts, longest
        members = inner


def hdbscan(points, min_cluster_size, min_samples):
    """Clusters of greatest excess of mass (Campello, Moulavi & Sander 2013), the root never being one.

    Returns labels, numbered by first appearance, and the distances at which clusters were born.
    """
    labels, births = np.full(len(points), NOISE), []
    if len(points) < 2:
        return labels, births
    tree = spanning_tree(points, min_samples)

    def best(members, birth):
        births.append(birth)
        density, parts, end = follow(members, tree, min_cluster_size)
        stability = density - len(members) / birth
        below = [best(part, end) for part in parts]
        if sum(s for s, _ in below) > stability:
            return sum(s for s, _ in below), [cluster for _, clusters in below for cluster in clusters]
        return stability, [members]

    _, parts, end = follow(np.arange(len(points)), tree, min_cluster_size)
    clusters = [cluster for part in parts for cluster in best(part, end)[1]]
    for label, cluster in enumerate(sorted(clusters, key=min)):
        labels[cluster] = label
    return labels, births


def segregate(points, window, cut_distance, min_trajectory_size, max_time_interval=np.inf):
    """Time order and trajectories: components of the pairs within the window that are closer than the cut."""
    order = np.argsort(points[:, 0], kind="stable")
    labels = np.full(len(points), NOISE)
    places = np.flatnonzero(np.isfinite(points[order, :4]).all(axis=1))
    if window == 0 or len(places) < 2:
        return order, labels
    located = points[order[places]]
    pairs = [(i, j) for i in range(len(located)) for j in range(i + 1, min(i + window + 1, len(located)))]
    edges = [
        (i, j, 0)
        for i, j in pairs
        if np.linalg.norm(located[i, 1:4] - located[j, 1:4]) < cut_distance
        and located[j, 0] - located[i, 0] <= max_time_interval
    ]
    label = 0
    for part in sorted(components(np.arange(len(located)), edges), key=min):
        if len(part) >= min_trajectory_size:
            labels[places[part]] = label
            label += 1
    return order, labels
