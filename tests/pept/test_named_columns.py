"""Tables of lines in any order and unit, told by the names of their columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lumentrace import FormatError
from lumentrace.pept import scanners
from lumentrace.pept.sources import open_source

ROWS = [[0.5, 1, 2, 3, 4, 5, 6], [0.75, 7, 8, 9, 10, 11, 12.5]]


@pytest.mark.parametrize(
    ("names", "factors"),
    [
        ("x1,y1,z1,x2,y2,z2,t", [1] * 7),
        ("X1 [mm],Y1 [mm],Z1 [mm],X2 [cm],Y2 [cm],Z2 [cm],T [s]", [1, 1, 1, 10, 10, 10, 1000]),
        ("x1_mm,y1_mm,z1_mm,x2_mm,y2_mm,z2_mm,t_us", [1, 1, 1, 1, 1, 1, 1e-3]),
        ("x_1 (m),y_1 (m),z_1 (m),x_2 (m),y_2 (m),z_2 (m),time (ns)", [1000] * 6 + [1e-6]),
        ('"xa","ya","za","xb","yb","zb","timestamp_ms"', [1] * 7),
        ("globalPosX1,globalPosY1,globalPosZ1,globalPosX2,globalPosY2,globalPosZ2,time1", [1] * 6 + [1000]),
        (
            "PostPosition_X1,PostPosition_Y1,PostPosition_Z1,PostPosition_X2,PostPosition_Y2,PostPosition_Z2,GlobalTime1",
            [1] * 6 + [1e-6],
        ),
        ("x1 [mm] y1 [mm] z1 [mm] x2 [mm] y2 [mm] z2 [mm] t [ms]", [1] * 7),
        ("x1 [µm];y1 [µm];z1 [µm];x2 [µm];y2 [µm];z2 [µm];t [µs]", [1e-3] * 7),
    ],
)
def test_names_and_units(tmp_path: Path, names: str, factors: list[float]) -> None:
    sep = ";" if ";" in names else "," if "," in names else " "
    path = tmp_path / "lines.csv"
    turned = [[*row[1:], row[0]] for row in ROWS]
    path.write_text("\n".join([names, *(sep.join(map(str, row)) for row in turned)]) + "\n", encoding="utf-8")
    found = scanners.lines(path, verbose=False).lines
    expected = np.roll(np.array(turned) * factors, 1, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    with open_source(path, follow=False) as blocks:
        live = np.concatenate([block.rows for block in blocks])
    np.testing.assert_array_equal(live, found)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("t [h],x1,y1,z1,x2,y2,z2", r"expected column 't' in one of ns, .*, found the unit 'h'"),
        ("t [s],a,b,c,d,e,f", r"expected names of all of t, x1, .* found none for x1, y1"),
        ("x1,t,y1,z1,x2,y2,q", r"expected names of all of t, x1, .* found none for z2"),
    ],
)
def test_names_that_do_not_tell(tmp_path: Path, names: str, message: str) -> None:
    path = tmp_path / "lines.csv"
    path.write_text(names + "\n0.5,1,2,3,4,5,6\n")
    with pytest.raises(FormatError, match=rf"lines\.csv: {message}"):
        scanners.lines(path, verbose=False)


def test_other_columns_stay_behind_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("energy [keV],t [s],x1,y1,z1,x2,y2,z2\n511,1,1,2,3,4,5,6\n")
    np.testing.assert_array_equal(scanners.lines(path, verbose=False).lines, [[1000, 1, 2, 3, 4, 5, 6, 511]])
