"""PETSIRD files, read by the layout in them: their own package is the judge."""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace import FormatError
from lumentrace.pept import scanners
from lumentrace.pept.scanners.yardl import source as pieces
from lumentrace.pept.scanners.yardl.schema import items, types_of
from lumentrace.pept.scanners.yardl.source import Source
from scanner_files import petsird_block, write_petsird
from yardl_files import head, number, schema_of, write_petsird_by_hand

petsird = pytest.importorskip("petsird", reason="PETSIRD files are made by the package of its authors")
generator = pytest.importorskip("petsird.helpers.generator")
SCHEMA = importlib.import_module("petsird.protocols").PETSIRDReaderBase.schema


def read(content: bytes) -> tuple[Any, list[Any]]:
    source = Source(io.BytesIO(content), len(content))
    types = types_of(source, "PETSIRD")
    return types["header"].read(source), list(items(source, types["timeBlocks"]))


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def part(record: Any, place: int) -> Any:
    """One of the values in a record of arrays."""
    return {name: part(each, place) for name, each in record.items()} if isinstance(record, dict) else record[place]


def assert_same(ours: Any, theirs: Any) -> None:
    if ours is None or isinstance(ours, str):
        assert ours == theirs
    elif isinstance(ours, tuple):
        assert ours[0] == type(theirs.value).__name__
        assert_same(ours[1], theirs.value)
    elif isinstance(theirs, list):
        found = ours if isinstance(ours, list) else [part(ours, place) for place in range(len(theirs))]
        assert len(found) == len(theirs)
        for one, other in zip(found, theirs, strict=True):
            assert_same(one, other)
    elif isinstance(ours, dict):
        for name, value in ours.items():
            assert_same(value, getattr(theirs, snake(name).replace("511", "_511")))
    elif isinstance(theirs, np.ndarray) and theirs.dtype == object:
        assert_same(ours, theirs.ravel().tolist())
    else:
        time = getattr(theirs, "numpy_value", None)
        np.testing.assert_array_equal(ours, getattr(theirs, "value", theirs) if time is None else time.astype(int))


def every_block() -> list[Any]:
    """A block of each kind."""
    interval = petsird.TimeInterval(start=3, stop=70_000)
    events = petsird_block(3, 70_000, [[1, 200], [100_000, 3]], [[7, 7]])
    events.single_events = [[petsird.SingleEvent(detection_bin=2**31, time_offset_in_time_block=5)]]
    triple = petsird.TripleEvent(detection_bins=[1, 2, 3], tof_indices=[4, 5])
    events.triple_events = [[[[triple, triple]]]]
    move = petsird.RigidTransformation(matrix=np.arange(12, dtype=np.float32).reshape(3, 4))
    pairs = np.empty((2, 1), dtype=object)
    pairs[0, 0], pairs[1, 0] = [[0.25], [0.5, 0.75]], [[1.0]]
    alive = petsird.AliveTimeFractions(
        singles_alive_time_fractions=[np.array([0.5, 1.0], np.float32)], module_pair_alive_time_fractions=[[pairs]]
    )
    each = petsird.TimeBlock
    return [
        each.EventTimeBlock(events),
        each.ExternalSignalTimeBlock(
            petsird.ExternalSignalTimeBlock(time_interval=interval, signal_id=300, signal_values=[1.5, -2.0])
        ),
        each.BedMovementTimeBlock(petsird.BedMovementTimeBlock(time_interval=interval, transform=move)),
        each.GantryMovementTimeBlock(petsird.GantryMovementTimeBlock(time_interval=interval, transforms=[move, move])),
        each.DeadTimeTimeBlock(petsird.DeadTimeTimeBlock(time_interval=interval, alive_time_fractions=alive)),
        each.SinglesHistogramTimeBlock(
            petsird.SinglesHistogramTimeBlock(
                time_interval=interval, singles_per_singles_unit_histogram=[[2**64 - 1, 0], []]
            )
        ),
    ]


@pytest.mark.parametrize("window", [1, 7, 2**22])
def test_all_that_a_file_holds_is_what_its_package_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    monkeypatch.setattr(pieces, "WINDOW", window)
    path = tmp_path / "a.petsird"
    kinds = [
        dataclasses.replace(generator.mtype0_def, num_crystals_per_module=(1, 2, 2), num_modules_along_ring=6),
        dataclasses.replace(generator.mtype1_def, num_crystals_per_module=(1, 1, 2), num_modules_along_ring=3),
    ]
    header = petsird.Header(scanner=generator.get_scanner_info(kinds))
    signal = petsird.ExternalSignal(type=petsird.ExternalSignalTypeEnum.MR_PULSE_START, description="µ", id=9)
    patient = petsird.DICOMPatientInformation(patient_id="nobody", patients_size=1.5)
    header.exam = petsird.ExamInformation(
        modality="PT", start_of_acquisition=petsird.DateTime(-5), patient=patient, external_signals=[signal]
    )
    with petsird.BinaryPETSIRDWriter(str(path)) as writer:
        writer.write_header(header)
        writer.write_time_blocks(every_block())
    ours = read(path.read_bytes())
    with petsird.BinaryPETSIRDReader(str(path)) as reader:
        assert_same(ours[0], reader.read_header())
        assert_same(ours[1], list(reader.read_time_blocks()))


@pytest.mark.parametrize("window", [1, 3, 64, 2**22])
def test_numbers(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    monkeypatch.setattr(pieces, "WINDOW", window)
    random = np.random.default_rng(4)
    values = [int(random.integers(2**63)) * 2 + 1 >> int(random.integers(64)) for _ in range(500)]
    values += [0, 127, 128, 2**64 - 1]
    content = b"".join(map(number, values))
    assert Source(io.BytesIO(content), len(content)).numbers(len(values)).tolist() == values
    source = Source(io.BytesIO(content), len(content))
    assert [source.number() for _ in values] == values


def test_a_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.petsird"
    write_petsird_by_hand(path)
    middles = [[10, 2 + 5 * (k % 2), 2 + 30 * (k // 2)] for k in range(8)]
    np.testing.assert_array_equal(scanners.petsird_scanner(path).faces, middles)
    found = scanners.petsird_events(path, verbose=False)
    ends = [[*middles[first], *middles[(first + 3) % 8]] for first in range(8)]
    np.testing.assert_array_equal(found.lines[:, 1:], ends)
    np.testing.assert_allclose(found["t"], 5 + 295 * (np.arange(8) + 0.5) / 8)


def test_another_version_with_more_in_an_event(tmp_path: Path) -> None:
    """Events that are not numbers of one kind alone, and a header of which only the geometry is known."""
    path = tmp_path / "new.petsird"
    write_petsird(path, [petsird_block(0, 5, [[100, n] for n in range(20)])])
    content = path.read_bytes()
    known = scanners.petsird_events(path, verbose=False)
    schema = json.loads(SCHEMA)
    (event,) = [each for each in schema["types"] if each["name"] == "CoincidenceEvent"]
    event["fields"].append({"name": "energy", "type": "float32"})
    events = [number(100) + number(n) + number(0) for n in range(20)]
    body = content[content.index(SCHEMA.encode()) + len(SCHEMA) :]
    assert b"".join(events) in body
    more = b"".join(each + np.float32(511).tobytes() for each in events)
    path.write_bytes(head(schema) + body.replace(b"".join(events), more))
    found = scanners.petsird_events(path, verbose=False)
    np.testing.assert_array_equal(found.lines, known.lines)


EMPTY = {"name": "Empty", "fields": []}
ITSELF = {"name": "Itself", "fields": [{"name": "a", "type": {"vector": {"items": "X.Itself"}}}]}
LARGE = [{"name": f"R{n}", "fields": [{"name": name, "type": f"X.R{n + 1}"} for name in "abcdefgh"]} for n in range(40)]
LONG = {"vector": {"items": {"vector": {"items": "uint8", "length": 2**40}}, "length": 2**40}}
VECTORS = {"vector": {"items": {"vector": {"items": "uint8"}}}}
ARRAY: dict[str, Any] = {"array": {"items": {"vector": {"items": "float32"}}}}
MUCH = number(2**40)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"yardl", "4 values or bytes where 0 bytes are left"),
        (b"other" + bytes(30), "another beginning"),
        (b"yardl" + b"\2\0\0\0" + bytes(30), "version 2 of Yardl"),
        (head({})[:9] + number(20_000_000_000), "a schema of 20,000,000,000 bytes"),
        (head({})[:9] + b"\xff" * 400_000, "a number of more than 10 bytes"),
        (head({})[:9] + b"\xff" * 9 + b"\x02", "a number of 65 bits"),
        (head([]), "a schema that is none"),
        (head({"protocol": {"name": "Other", "sequence": []}, "types": []}), "the protocol 'Other'"),
        (head({"protocol": {"name": "PETSIRD", "sequence": []}, "types": None}), "a file of no steps, not of header"),
        (head(schema_of([EMPTY], "X.Empty")), "whose X.Empty holds nothing"),
        (head(schema_of([ITSELF], "X.Itself")), "a schema of too many types"),
        (head(schema_of([*LARGE, {"name": "R40", "type": "uint8"}], "X.R0")), "a schema of too many types"),
        (head(schema_of([], "X.Missing")), "a schema that is none .*Missing"),
        (head(schema_of([], LONG)), "values or bytes where 0 bytes are left"),
        (head(schema_of([], {"vector": {"items": "uint8", "length": 0}})), "items in a shape of"),
        (head(schema_of([], "string")) + MUCH, "1,099,511,627,776 values or bytes where 0 bytes are left"),
        (head(schema_of([], VECTORS)) + MUCH + bytes(1000), "where 1,000 bytes are left"),
        (head(schema_of([], {"map": {"keys": "string", "values": "string"}})) + MUCH, "where 0 bytes are left"),
        (head(schema_of([], ARRAY)) + number(2) + MUCH + MUCH, "where 0 bytes are left"),
        (head(schema_of([], ARRAY)) + number(33) + bytes(99), "an array of 33 axes"),
        (head(schema_of([], [None, "uint8"])) + b"\x02", "case 2 of 2"),
        (head(schema_of([], "uint16")) + number(2**16), "the number 65536 in 16 bits"),
        (head(schema_of([], {"vector": {"items": "uint32"}})) + number(3) + b"\xff" * 12, "more than 10 bytes"),
        (head(schema_of([], "uint8")) + b"\0" + number(0), "a schema without what lines need"),
    ],
)
def test_files_that_claim_more_than_they_hold(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "hostile.petsird"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=f"hostile.petsird: expected a PETSIRD file, found .*{told}"):
            scanners.petsird_events(path, verbose=False)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_limits_of_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    many = head(schema_of([], "uint8", VECTORS)) + b"\0" + (number(1) + number(60) + bytes(60)) * 3 + number(0)
    assert [len(each) for each in read(many)[1]] == [60, 60, 60]
    monkeypatch.setattr(pieces, "MOST_VALUES", 60)
    with pytest.raises(ValueError, match="more than 60 values in one"):
        read(many)
    monkeypatch.setattr(pieces, "MOST_VALUES", 61)
    read(many)
    monkeypatch.setattr(pieces, "MOST_BYTES", 40)
    with pytest.raises(ValueError, match="a value of more than 40 bytes"):
        read(many)
