"""List-mode files of ECAT, PETLINK, Inveon and PETSIRD, made bit by bit from what their documents say."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace import FormatError, LineData
from lumentrace.base.errors import CutOffWarning
from lumentrace.pept import scanners
from lumentrace.pept.scanners import Scanner, any_file
from lumentrace.pept.scanners.bins import crystals_of
from lumentrace.pept.scanners.ticks import spread_ticks
from lumentrace.pept.sources import open_source
from scanner_files import (
    bits,
    ecat962_event,
    ecat966_event,
    ecat_time,
    inveon_event,
    inveon_packets,
    inveon_time,
    petsird_block,
    write_petlink,
    write_petsird,
    write_words,
)

PETLINK = {"rings": 4, "difference": 3, "views": 10, "projections": 9}


def told(lines: LineData) -> dict[str, Any]:
    return dict(lines.provenance.steps[0].parameters)


def ring_lines(scanner: Scanner, events: list[tuple[int, int, tuple[int, int]]]) -> np.ndarray:
    """Both ends of events (view, bin, rings)."""
    view, bins = (np.array([event[i] for event in events]) for i in range(2))
    rings = np.array([event[2] for event in events])
    places = crystals_of(view, bins, scanner.per_ring)
    return np.column_stack([scanner.positions(rings[:, i] * scanner.per_ring + places[i]) for i in range(2)])


@pytest.mark.parametrize(("model", "write", "rings"), [("962", ecat962_event, 32), ("966", ecat966_event, 48)])
def test_ecat_words(tmp_path: Path, model: str, write: Callable[..., int], rings: int) -> None:
    rng = np.random.default_rng(0)
    events = [
        (int(rng.integers(288)), int(rng.integers(-144, 144)), (int(rng.integers(rings)), int(rng.integers(rings))))
        for _ in range(500)
    ]
    delayed = (rng.random(500) < 0.3).tolist()
    words = []
    for n, (event, late) in enumerate(zip(events, delayed, strict=True)):
        if n % 50 == 0:
            words.append(ecat_time(7 + n // 50))
        words.append(write(*event, late))
    path = write_words(tmp_path / "run.lm", words, "big")
    found = scanners.ecat_list_mode(path, model, delayeds=True, verbose=False)
    np.testing.assert_allclose(found.lines[:, 1:7], ring_lines(Scanner.named(f"ecat{model}"), events))
    np.testing.assert_array_equal(found["delayed"], delayed)
    np.testing.assert_allclose(found["t"], 7 + (np.arange(500) + 0.5) / 50)
    prompts = any_file.read(path, f"ecat{model}")
    np.testing.assert_array_equal(prompts.lines[:, 1:], found.lines[~np.array(delayed), 1:7])
    assert told(prompts)["delayeds_found"] == sum(delayed)
    assert any_file.describe(prompts)["delayed events"] == sum(delayed)
    coarse = scanners.ecat_list_mode(path, model, spread=False, verbose=False)
    assert {*coarse["t"]} == {*range(7, 17)}


def test_geometry_and_order_of_bytes_can_be_told(tmp_path: Path) -> None:
    words = [ecat_time(0), ecat966_event(3, -5, (1, 2))]
    usual = scanners.ecat_list_mode(write_words(tmp_path / "a.lm", words, "big"), "966", verbose=False)
    (tmp_path / "b.lm").write_bytes(b"header" + write_words(tmp_path / "c.lm", words, "little").read_bytes())
    options = ["byte_order=little", "skip=6", "clockwise=yes", "depth=7"]
    turned = any_file.read(tmp_path / "b.lm", "ecat966", options=options)
    np.testing.assert_allclose(turned.lines, usual.lines * [1, 1, -1, 1, 1, -1, 1])
    with pytest.raises(ValueError, match=r"`reader`: expected .*found 'skop=1'; did you mean 'skip'"):
        any_file.read(tmp_path / "b.lm", "ecat966", options=["skop=1"])
    with pytest.raises(ValueError, match="expected delayeds to be yes or no, found 'perhaps'"):
        any_file.read(tmp_path / "b.lm", "ecat966", options=["delayeds=perhaps"])
    for wrong in ({"model": "999"}, {"byte_order": "middle"}, {"skip": -1}, {"scanner": Scanner.screens(500)}):
        (name,) = wrong
        with pytest.raises(ValueError, match=f"`{name}`"):
            scanners.ecat_list_mode(tmp_path / "a.lm", **{"model": "966", "verbose": False, **wrong})


def test_events_of_no_crystal_or_no_time_are_counted(tmp_path: Path) -> None:
    good, other = ecat962_event(0, 0, (0, 1)), ecat962_event(300, 0, (0, 1))
    path = write_words(tmp_path / "a.lm", [good, good, ecat_time(1), good, other, good], "big")
    with pytest.warns(UserWarning, match="left out") as caught:
        found = scanners.ecat_list_mode(path, "962", verbose=False)
    texts = sorted(str(each.message) for each in caught)
    assert texts == [
        f"{path}: left out 1 events (20.0%) of crystals it does not have",
        f"{path}: left out 2 events before the first mark of time",
    ]
    assert len(found.lines) == 2
    write_words(path, [ecat_time(1), good, other, other], "big")
    with pytest.raises(FormatError, match=r"a\.lm: expected events of the scanner's crystals, found 2 of 3"):
        scanners.ecat_list_mode(path, "962", verbose=False)
    write_words(path, [ecat_time(1)], "big")
    with pytest.raises(FormatError, match=r"a\.lm: expected at least one line of response, found 0 prompt"):
        scanners.ecat_list_mode(path, "962", verbose=False)
    path.write_bytes(write_words(path, [ecat_time(1), good], "big").read_bytes() + b"ab")
    with pytest.warns(CutOffWarning, match="left out the last 2 bytes"):
        scanners.ecat_list_mode(path, "962", verbose=False)


@pytest.mark.parametrize("sign", [-1, 1])
def test_petlink_words(tmp_path: Path, sign: int) -> None:
    rng = np.random.default_rng(0)
    rings, views, projections = PETLINK["rings"], PETLINK["views"], PETLINK["projections"]
    # Sinograms in order: ring difference 0, then of either sign.
    pairs = [(r, r + d) for k in range(rings) for d in ([0] if not k else [sign * k, -sign * k]) for r in range(rings)]
    pairs = [(a, b) for a, b in pairs if 0 <= b < rings]
    assert len(pairs) == rings**2
    events, words = [], [bits((0b100, 3), (5, 29))]
    for _ in range(300):
        n, view, projection = int(rng.integers(len(pairs))), int(rng.integers(views)), int(rng.integers(projections))
        events.append((view, projection - projections // 2, pairs[n]))
        words.append(bits((0, 1), (1, 1), ((n * views + view) * projections + projection, 30)))
    words[50:50] = [bits((0b101, 3), (123, 29)), bits((0b110, 3), (7, 29)), bits((0b1110, 4), (9, 28))]
    words.append(bits((0, 1), (0, 1), (3, 30)))
    path = write_petlink(tmp_path, words, **PETLINK)
    found = scanners.petlink_list_mode(path, first_segment=sign, depth=7, verbose=False)
    scanner = Scanner.ring("s", radius=328, rings=rings, per_ring=2 * views, pitch=4.0625, depth=7)
    np.testing.assert_allclose(found.lines[:, 1:], ring_lines(scanner, events))
    np.testing.assert_allclose(found["t"], 5 + (np.arange(300) + 0.5) / 300)
    assert told(found)["delayeds_found"] == 1
    by_header = any_file.read(tmp_path / "run.l.hdr", options=["depth=7", f"first_segment={sign}"])
    np.testing.assert_array_equal(by_header.lines, found.lines)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(bits):=32", "(bits):=64", r"'lm event and tag words format \(bits\)' to be 32, found '64'"),
        ("compression:=1", "compression:=11", "'axial compression' to be 1, found '11'"),
        ("%number of views:=10", "%number of TOF time bins:=13", "'number of tof time bins' to be 1, found '13'"),
        ("%number of views:=10", "", "'number of views' to be a whole number from 1 to 5000, found 'none'"),
        ("difference:=3", "difference:=4", "'maximum ring difference' to be a whole number from 0 to 3, found '4'"),
        ("(cm):=32.8", "(cm):=wide", r"'gantry crystal radius \(cm\)' to be a number above 0, found 'wide'"),
    ],
)
def test_headers_of_other_formats_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_petlink(tmp_path, [], **PETLINK)
    header = tmp_path / "run.l.hdr"
    header.write_text(header.read_text().replace(old, new))
    with pytest.raises(FormatError, match=rf"run\.l\.hdr: expected {message}"):
        scanners.petlink_list_mode(path, verbose=False)


def test_inveon_packets(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    crystals = rng.integers(0, 25_600, (400, 2)).tolist()
    prompt = (rng.random(400) < 0.7).tolist()
    records = []
    for n, (pair, is_prompt) in enumerate(zip(crystals, prompt, strict=True)):
        if n % 20 == 0:
            records.append(inveon_time(40_266_905 + n // 20))
        records.append(inveon_event(*pair, is_prompt))
    (tmp_path / "run.lst").write_bytes(inveon_packets(records))
    found = scanners.inveon_list_mode(tmp_path / "run.lst", delayeds=True, verbose=False)
    scanner = Scanner.named("inveon")
    ends = [scanner.positions([pair[i] for pair in crystals]) for i in range(2)]
    np.testing.assert_allclose(found.lines[:, 1:7], np.column_stack(ends))
    np.testing.assert_array_equal(found["delayed"], ~np.array(prompt))
    np.testing.assert_allclose(found["t"], 0.2 * (np.arange(400) + 0.5) / 20)
    assert len(any_file.read(tmp_path / "run.lst").lines) == sum(prompt)


def test_missing_packets_are_told(tmp_path: Path) -> None:
    packets = inveon_packets([inveon_time(5), *(inveon_event(n, 9000) for n in range(50))])
    (tmp_path / "a.lst").write_bytes(packets[:60] + packets[66:180] + packets[192:])
    with pytest.warns(UserWarning, match=r"a\.lst: packets are missing at 2 places"):
        found = scanners.inveon_list_mode(tmp_path / "a.lst", verbose=False)
    assert len(found.lines) == 47
    (tmp_path / "a.lst").write_bytes(packets[:6] * 8 + packets[6:12] * 8)
    with pytest.raises(FormatError, match="expected packets that follow each other, found 14 of 16"):
        scanners.inveon_list_mode(tmp_path / "a.lst", verbose=False)


def test_petsird_by_its_own_package(tmp_path: Path) -> None:
    petsird = pytest.importorskip("petsird", reason="PETSIRD files are made by the package petsird")
    from petsird.helpers import expand_detection_bin
    from petsird.helpers.geometry import get_detecting_box

    rng = np.random.default_rng(0)
    path = tmp_path / "run.petsird"
    blocks, pairs = [], []
    for n in range(3):
        prompts, late = ([[int(k), int(k) % 30] for k in rng.integers(60, 144, size)] for size in (20, 5))
        pairs.append((prompts, late))
        blocks.append(petsird_block(10 * n, 10 * n + 5, prompts, late))
    header = write_petsird(path, blocks)

    def middle(detection: int) -> np.ndarray:
        box = get_detecting_box(header.scanner, 0, expand_detection_bin(header.scanner, 0, detection))
        return np.mean([corner.c for corner in box.corners], axis=0)

    found = any_file.read(path)
    ends = [[*middle(a), *middle(b)] for prompts, _ in pairs for a, b in prompts]
    np.testing.assert_allclose(found.lines[:, 1:], ends, atol=1e-4)
    np.testing.assert_allclose(found["t"], [10 * n + 5 * (k + 0.5) / 20 for n in range(3) for k in range(20)])
    assert told(found)["delayeds_found"] == 15
    both = scanners.petsird_events(path, delayeds=True, verbose=False)
    assert both["delayed"].sum() == 15
    assert (np.diff(both["t"]) >= 0).all()
    assert len(scanners.petsird_scanner(path)) == 6 * 2 * 4
    late = petsird.TimeBlock.GantryMovementTimeBlock(petsird.GantryMovementTimeBlock())
    with petsird.BinaryPETSIRDWriter(str(path)) as writer:
        writer.write_header(header)
        writer.write_time_blocks([late])
    with pytest.raises(FormatError, match=r"run\.petsird: .* a gantry that moves"):
        scanners.petsird_events(path, verbose=False)


def spread_one_by_one(times: list[float], tick: float) -> list[float]:
    """Run after run, in words."""
    spread, first = [], 0
    while first < len(times):
        end = first
        while end < len(times) and times[end] == times[first]:
            end += 1
        following = times[end] if end < len(times) and times[end] > times[first] else times[first] + tick
        step = min(tick, following - times[first])
        spread += [times[first] + step * (k + 0.5) / (end - first) for k in range(end - first)]
        first = end
    return spread


@pytest.mark.parametrize("rows", [1, 3, 7, 2**18])
def test_ticks_are_spread_evenly(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr("lumentrace.pept.scanners.ticks._ROWS", rows)
    rng = np.random.default_rng(0)
    for size in (0, 1, 2, 50, 200):
        steps = rng.choice([0.0, 0.0, 0.0, 0.4, 1.0, 5.0, -2.0], size)
        table = np.zeros((size, 3))
        table[:, 0] = np.cumsum(steps)
        expected = spread_one_by_one(table[:, 0].tolist(), 1.0)
        spread_ticks(table[:, 0], 1.0)
        np.testing.assert_allclose(table[:, 0], expected, rtol=1e-14)


@pytest.mark.parametrize("kind", ["ecat962", "ecat966", "inveon", "petlink"])
def test_random_bytes_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(0)
    path = write_petlink(tmp_path, [], **PETLINK)
    for size in (*range(14), 1000, 40_001):
        path.write_bytes(rng.bytes(size))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = any_file.read(path, kind).lines
            except FormatError as error:
                refused = str(error)
            else:
                assert np.isfinite(found).all()
                continue
        assert str(path) in refused


@pytest.mark.parametrize(("start", "what"), [(b"root", "a ROOT file"), (b"yardl", "a PETSIRD file")])
def test_files_that_are_no_live_sources_say_what_to_do(tmp_path: Path, start: bytes, what: str) -> None:
    (tmp_path / "a.bin").write_bytes(start + bytes(2000))
    with (
        pytest.raises(FormatError, match=rf"a\.bin: .* found {what}; `lumentrace pept replay` plays it"),
        open_source(tmp_path / "a.bin", follow=False) as blocks,
    ):
        list(blocks)
