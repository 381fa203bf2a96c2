"""From a source through a scanner's crystals and its file back to where the source is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import KDTree

from lumentrace.pept.scanners import Scanner, any_file
from lumentrace.pept.scanners.bins import crystals_of
from scanner_files import ecat966_event, ecat_time, inveon_event, inveon_packets, inveon_time, write_words


def meeting_point(lines: np.ndarray) -> np.ndarray:
    """The point nearest to all lines, by least squares."""
    along = lines[:, 4:7] - lines[:, 1:4]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.eye(3) - along[:, :, None] * along[:, None, :]
    return np.linalg.solve(across.sum(axis=0), np.einsum("nij,nj->i", across, lines[:, 1:4]))


@pytest.mark.parametrize("kind", ["inveon", "ecat966"])
def test_lines_of_a_source_meet_where_it_is(tmp_path: Path, kind: str) -> None:
    """Photons fly from a point to the nearest crystals of the documented geometry, whose numbers are written."""
    scanner = Scanner.named(kind)
    rng, source = np.random.default_rng(0), np.array([20.0, -15.0, 12.0])
    flight = rng.normal(size=(400, 3)) * [1, 1, 0.2]
    flight /= np.linalg.norm(flight, axis=1, keepdims=True)
    a, b = (flight[:, :2] ** 2).sum(axis=1), flight[:, :2] @ source[:2]
    radius = np.hypot(*scanner.positions([0])[0, :2])
    root = np.sqrt(b**2 - a * (source[:2] @ source[:2] - radius**2))
    places = scanner.positions(np.arange(len(scanner)))
    ends = [source + ((-b + sign * root) / a)[:, None] * flight for sign in (1, -1)]
    seen = np.all([np.abs(end[:, 2]) < places[:, 2].max() for end in ends], axis=0)
    ends = [end[seen] for end in ends]
    first, second = (KDTree(places).query(end)[1].tolist() for end in ends)
    path = tmp_path / "run"
    if kind == "inveon":
        events = [inveon_event(i, k) for i, k in zip(first, second, strict=True)]
        path.write_bytes(inveon_packets([inveon_time(5), *events]))
    else:
        view, bins = (each.ravel() for each in np.meshgrid(np.arange(288), np.arange(-200, 200), indexing="ij"))
        pairs = np.column_stack(crystals_of(view, bins, 576)).tolist()
        known = {tuple(pair): (v, b) for pair, v, b in zip(pairs, view.tolist(), bins.tolist(), strict=True)}
        words = [ecat_time(0)]
        for pair in zip(first, second, strict=True):
            i, k = pair if (pair[0] % 576, pair[1] % 576) in known else pair[::-1]
            words.append(ecat966_event(*known[i % 576, k % 576], (i // 576, k // 576)))
        write_words(path, words, "big")
    found = any_file.read(path, kind)
    assert len(found.lines) == seen.sum() > 300
    np.testing.assert_allclose(meeting_point(found.lines), source, atol=0.3)
