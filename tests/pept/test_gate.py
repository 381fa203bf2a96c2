"""GATE's coincidences as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace import FormatError
from lumentrace.pept import scanners


def single(event: int, time: float, xyz: Any, scattered: int = 0, volumes: int = 6) -> str:
    x, y, z = xyz
    ids = " ".join("0" * volumes)
    return f"0 {event} 0   1.5 -2e0 3 {ids}  {time!r}   0.511  {x} {y} {z}  {scattered} 0 0 0   water  NULL"


@pytest.mark.parametrize("volumes", [0, 3, 6])
def test_coincidences_of_any_system(tmp_path: Path, volumes: int) -> None:
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 2, (500, 2)), axis=0)
    places = rng.uniform(-400, 400, (500, 6))
    random, scattered = rng.random(500) < 0.2, rng.random(500) < 0.3
    path = tmp_path / "gateCoincidences.dat"
    lines = [
        single(n, float(t[0]), p[:3], 0, volumes) + "  " + single(n + 1000 * r, float(t[1]), p[3:], int(s), volumes)
        for n, (t, p, r, s) in enumerate(zip(times, places, random, scattered, strict=True))
    ]
    path.write_text("\n".join(lines) + "\n\n")
    found = scanners.gate_coincidences(path, sample_size=50, verbose=False)
    assert len(found) == 10
    np.testing.assert_allclose(found.lines[:, 1:7], places, rtol=1e-12)
    np.testing.assert_allclose(found["t"], times[:, 0] * 1000, rtol=1e-12)
    np.testing.assert_allclose(found["t2"], times[:, 1] * 1000, rtol=1e-12)
    np.testing.assert_array_equal(found["random"], random)
    np.testing.assert_array_equal(found["scattered"], scattered)
    assert found.units["t2"] == "ms"


def test_damage_is_named(tmp_path: Path) -> None:
    good = single(0, 0.1, (1, 2, 3)) + " " + single(0, 0.1, (4, 5, 6))
    path = tmp_path / "gate.dat"
    for text, message in (
        ("", "found none"),
        ("1 2 3\n", "line 1: expected two singles"),
        (good + "\n" + good[:40] + "\n", "line 2: expected 46 columns"),
        (good + "\n\n" + good.replace("0.511", "much", 1) + "\n", "line 3: .* column 14, found 'much'"),
        (good + "\n" + good.replace(" 4 5 6 ", " nan 5 6 ") + "\n", "line 2: .* found nan"),
    ):
        path.write_text(text)
        with pytest.raises(FormatError, match=message) as caught:
            scanners.gate_coincidences(path, verbose=False)
        assert str(path) in str(caught.value)


def test_times_that_decrease_are_told(tmp_path: Path) -> None:
    path = tmp_path / "gate.dat"
    rows = [single(0, t, (1, 2, 3)) + " " + single(0, t, (4, 5, 6)) for t in (0.2, 0.1)]
    path.write_text("\n".join(rows))
    with pytest.warns(UserWarning, match="times decrease"):
        assert len(scanners.gate_coincidences(path, verbose=False).lines) == 2
