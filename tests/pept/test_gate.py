"""GATE's coincidences and singles as text, with any mask, and its trees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace import FormatError
from lumentrace.pept import scanners
from lumentrace.pept.scanners import any_file
from scanner_files import gate_events, gate_single, write_gate10, write_root

ONLY_PLACES = (0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
"""Birmingham's: time, x, y, z of each single."""


def write(path: Path, events: Any, mask: Any = (1,) * 18, volumes: int = 6, head: str = "") -> Path:
    lines = [" " + gate_single(a, mask, volumes) + " " + gate_single(b, mask, volumes) for a, b in events]
    path.write_text(head + "\n".join(lines) + "\n\n")
    return path


def expected(events: Any) -> np.ndarray:
    rows = []
    for a, b in events:
        scattered = any(single[name] for single in (a, b) for name in ("cp", "rd"))
        places = [single[axis] for single in (a, b) for axis in "xyz"]
        rows.append([1000 * a["time"], *places, 1000 * b["time"], a["event"] != b["event"], scattered])
    return np.array(rows, dtype=float)


@pytest.mark.parametrize("volumes", [1, 3, 6])
def test_coincidences_of_any_system(tmp_path: Path, volumes: int) -> None:
    events = gate_events(300)
    path = write(tmp_path / "gateCoincidences.dat", events, volumes=volumes)
    found = scanners.gate_coincidences(path, sample_size=50, verbose=False)
    assert len(found) == 6
    assert found.columns[7:] == ["t2", "random", "scattered"]
    assert found.units["t2"] == "ms"
    np.testing.assert_allclose(found.lines, expected(events), rtol=1e-15)
    assert 0 < found["random"].sum() < 300
    np.testing.assert_array_equal(any_file.read(path).lines, found.lines)


def test_text_and_trees_of_the_same_events_are_equal(tmp_path: Path) -> None:
    pytest.importorskip("uproot", reason="ROOT files need uproot: lumentrace[root]")
    events = gate_events(200)
    write_root(tmp_path / "a.root", events)
    text = scanners.gate_coincidences(write(tmp_path / "a.dat", events), verbose=False)
    tree = any_file.read(tmp_path / "a.root")
    np.testing.assert_array_equal(tree.lines, text.lines)
    assert tree.columns == text.columns
    write_root(tmp_path / "b.root", events, tree="delay")
    with pytest.raises(FormatError, match=r"b\.root: expected a tree 'Coincidences', found \['delay'\]"):
        scanners.gate_root(tmp_path / "b.root", verbose=False)
    assert len(scanners.gate_root(tmp_path / "b.root", tree="delay", verbose=False).lines) == 200
    write_root(tmp_path / "c.root", [])
    with pytest.raises(FormatError, match=r"c\.root: expected coincidences in the tree"):
        scanners.gate_root(tmp_path / "c.root", verbose=False)


def test_trees_of_gate_10(tmp_path: Path) -> None:
    pytest.importorskip("uproot", reason="ROOT files need uproot: lumentrace[root]")
    events = gate_events(200)
    write_gate10(tmp_path / "a.root", events, "coincidences")
    found = any_file.read(tmp_path / "a.root")
    assert found.columns[7:] == ["t2", "random"]
    np.testing.assert_allclose(found.lines, expected(events)[:, :9], rtol=1e-14)
    with pytest.raises(FormatError, match=r"a\.root: expected a tree 'delays', found \['coincidences'\]"):
        scanners.gate_root(tmp_path / "a.root", tree="delays", verbose=False)


def test_trees_without_places(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot", reason="ROOT files need uproot: lumentrace[root]")
    for time, place in (("GlobalTime", "PostPosition_X"), ("time", "globalPosX")):
        with uproot.recreate(tmp_path / "a.root") as file:
            file["Coincidences"] = {f"{time}{k}": np.arange(3.0) for k in (1, 2)}
        with pytest.raises(FormatError, match=rf"expected branches {place}1 and {place}2, found \['{time}1'"):
            scanners.gate_root(tmp_path / "a.root", verbose=False)


def test_masks_say_which_columns_there_are(tmp_path: Path) -> None:
    events, rng = gate_events(40), np.random.default_rng(0)
    whole = expected(events)
    for _ in range(20):
        mask = (rng.random(18) < 0.5).astype(int)
        mask[[6, 8, 9, 10]] = 1
        path = write(tmp_path / "masked.dat", events, mask)
        found = scanners.gate_coincidences(path, mask=mask.tolist(), verbose=False)
        kept = [*range(8), *([8] if mask[1] else []), *([9] if mask[12:16].all() else [])]
        np.testing.assert_allclose(found.lines, whole[:, kept], rtol=1e-15)
        command = "/gate/output/ascii/setCoincidenceMask " + " ".join(map(str, mask))
        again = scanners.gate_coincidences(path, mask=command, verbose=False)
        np.testing.assert_array_equal(again.lines, found.lines)
        write(path, events, mask, head=f"# {command}\n")
        np.testing.assert_array_equal(scanners.gate_coincidences(path, verbose=False).lines, found.lines)


def test_masked_files_of_eight_columns(tmp_path: Path) -> None:
    events = gate_events(40)
    path = write(tmp_path / "masked.dat", events, ONLY_PLACES)
    assert len(path.read_text().split("\n")[0].split()) == 8
    for found in (scanners.gate_coincidences(path, verbose=False), any_file.read(path)):
        np.testing.assert_allclose(found.lines, expected(events)[:, :8], rtol=1e-15)


def test_parts_of_a_large_file_are_read_in_order(tmp_path: Path) -> None:
    events = gate_events(60)
    for name, part in (("", slice(20)), ("_2", slice(20, 30)), ("_10", slice(30, 60))):
        write(tmp_path / f"gateCoincidences{name}.dat", events[part])
    found = scanners.gate_coincidences(tmp_path / "gateCoincidences*.dat", verbose=False)
    np.testing.assert_allclose(found.lines, expected(events), rtol=1e-15)
    assert len(found.provenance.input["files"]) == 3
    write(tmp_path / "gateCoincidences_2.dat", events[20:30], ONLY_PLACES)
    with pytest.raises(FormatError, match=r"gateCoincidences_2\.dat, line 1: expected 46 columns, found 8"):
        scanners.gate_coincidences(tmp_path / "gateCoincidences*.dat", verbose=False)


def test_masks_that_do_not_fit(tmp_path: Path) -> None:
    events = gate_events(3)
    path = write(tmp_path / "a.dat", events, (1, 1, *ONLY_PLACES[2:]))
    for mask, told in (
        (None, r"line 1: expected 4 or at least 17 columns for each single, found 6; say with `mask`"),
        ("1 1 0 0 0 0 1 0 1 1", r"expected a mask with time, x, y, z, found none of z"),
        (ONLY_PLACES, r"line 1: expected 4 columns for each single by the mask, found 6"),
        ("1 1 1 0 0 0 1 0 1 1 1", r"line 1: expected 7 columns for each single by the mask, found 6"),
    ):
        with pytest.raises(FormatError, match=told):
            scanners.gate_coincidences(path, mask=mask, verbose=False)
    # Fields of the right number that are others: coordinates are no numbers of events.
    wrong = write(tmp_path / "b.dat", events, (0, 0, 0, 1, 1, 0, *ONLY_PLACES[6:]))
    with pytest.raises(FormatError, match=r"expected a whole number \(run\) in column 1 of a single, found"):
        scanners.gate_coincidences(wrong, mask="1 1 0 0 0 0 1 0 1 1 1", verbose=False)
    for mask in ("yes", "0 2", []):
        with pytest.raises(ValueError, match="`mask`: expected 0 and 1"):
            scanners.gate_coincidences(path, mask=mask, verbose=False)


def test_lines_of_two_singles_are_told_by_the_names_at_their_ends(tmp_path: Path) -> None:
    single = "0 {n} 0  9 9 9  1 2 3 4 5 6  {t}  0.511  {x} 20 30  0 0 0 0  water  NULL "
    text = "".join(single.format(n=7, t=0.5, x=-1) + single.format(n=8, t=0.5, x=1) + "\n" for _ in range(2))
    (tmp_path / "a.dat").write_text(text)
    found = scanners.gate_coincidences(tmp_path / "a.dat", verbose=False)
    np.testing.assert_array_equal(found.lines, [[500, -1, 20, 30, 1, 20, 30, 500, 1, 0]] * 2)


def test_damage_is_named(tmp_path: Path) -> None:
    good = " ".join(gate_single({"time": 0.1, "x": x, "y": 2.0, "z": 3.0}) for x in (1.0, 4.0))
    path = tmp_path / "gate.dat"
    for text, message in (
        ("", "found none"),
        ("# nothing\n", "found none"),
        ("1 2 3\n", "line 1: expected two singles of equal width, found 3"),
        (good + "\n" + good[:40] + "\n", "line 2: expected 46 columns"),
        (good + "\n\n" + good.replace("1.00000000000000000e+00", "much") + "\n", "line 3: .* column 9, found 'much'"),
        (good + "\n" + good.replace("4.00000000000000000e+00", "nan") + "\n", "line 2: .* found nan"),
    ):
        path.write_text(text)
        with pytest.raises(FormatError, match=message) as caught:
            scanners.gate_coincidences(path, verbose=False)
        assert str(path) in str(caught.value)


def test_times_that_decrease_are_told(tmp_path: Path) -> None:
    path = tmp_path / "gate.dat"
    path.write_text("0.2 1 2 3 0.2 4 5 6\n0.1 1 2 3 0.1 4 5 6\n")
    with pytest.warns(UserWarning, match="times decrease"):
        assert len(scanners.gate_coincidences(path, verbose=False).lines) == 2


def pairs_one_by_one(singles: Any, window: float) -> tuple[list[tuple[Any, Any]], list[list[Any]]]:
    """The rule in words: singles near the one before are a group, groups of two are lines."""
    groups: list[list[Any]] = []
    for single in sorted(singles, key=lambda each: each["time"]):
        if groups and single["time"] - groups[-1][-1]["time"] <= window:
            groups[-1].append(single)
        else:
            groups.append([single])
    return [(group[0], group[1]) for group in groups if len(group) == 2], groups


def test_singles_are_sorted_into_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumentrace.pept.utilities.text_table._BLOCK", 1000)
    rng = np.random.default_rng(1)
    singles, time = [], 0.0
    for n in range(500):
        time += float(rng.choice([2e-9, 8e-9, 1e-5, 1e-4]))
        x, y, z = rng.uniform(-400, 400, 3).tolist()
        singles.append({"event": n // 2, "time": time, "x": x, "y": y, "z": z, "cp": 0, "rd": int(rng.random() < 0.1)})
    pairs, groups = pairs_one_by_one(singles, 10e-9)
    names = ("run", "event", "source", "sx", "sy", "sz", "volumes", "time", "energy", "x", "y", "z", "cp", "cd")
    path = tmp_path / "gateSingles.dat"
    with path.open("w") as file:
        for single in singles:
            fields = [f"{single.get(name, 0):.17g}" if name != "volumes" else "1 2 3" for name in names]
            file.write(" ".join([*fields, "0", str(single["rd"]), "NULL", "NULL"]) + "\n")
    found = any_file.read(path)
    np.testing.assert_allclose(found.lines, expected(pairs), rtol=1e-15)
    told = found.provenance.steps[0].parameters
    sizes = np.array([len(group) for group in groups])
    assert (told["alone"], told["multiple"]) == ((sizes == 1).sum(), sizes[sizes > 2].sum())
    assert 0 < told["multiple"] < len(singles)
    assert any_file.describe(found)["singles alone"] == told["alone"]
    with pytest.raises(ValueError, match="`window`"):
        scanners.gate_singles(path, window=0, verbose=False)


def test_singles_without_partners(tmp_path: Path) -> None:
    path = tmp_path / "gateSingles.dat"
    path.write_text("0.1 1 2 3\n0.2 1 2 3\n")
    with pytest.raises(FormatError, match=r"gateSingles\.dat: expected GATE singles with coincidences, found none"):
        scanners.gate_singles(path, verbose=False)


def test_singles_without_gaps_are_refused_before_they_fill_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lumentrace.pept.utilities.text_table._BLOCK", 100)
    monkeypatch.setattr("lumentrace.pept.scanners.singles._MOST", 50)
    path = tmp_path / "gateSingles.dat"
    path.write_text("0.1 1 2 3\n" * 100)
    with pytest.raises(FormatError, match=r"gateSingles\.dat: expected singles that are more than 10 ns apart, found"):
        scanners.gate_singles(path, verbose=False)
