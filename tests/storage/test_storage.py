"""Containers: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from lumentrace import AdaptiveWindow, FormatError, LineData, PointData, TimeWindow, load, save
from lumentrace.base.provenance import Provenance
from lumentrace.storage import checksum
from tables import exact, points, rich_points
from twins.container import sign, twin_checksum

FIXTURES = Path(__file__).parents[1] / "fixtures"


# ---------------------------------------------------------------------- round trips
@pytest.mark.parametrize("compress", [False, True])
def test_everything_comes_back(tmp_path, compress):
    table = rich_points()
    save(tmp_path / "a.h5", table, compress=compress)
    again = load(tmp_path / "a.h5")
    assert exact(again) == exact(table)
    assert again.provenance == table.provenance
    assert len(again) == len(table) > 3
    assert again.hidden_attrs()["_lines"].sample_size == TimeWindow(14.0)


@pytest.mark.parametrize(
    "value",
    [
        PointData(np.empty((0, 4))),
        LineData(np.empty((0, 9)), 5),
        PointData(np.ones((4, 4)), sample_size=5),
        LineData(np.ones((10, 7)), [3, 0, 4]),
        LineData(np.cumsum(np.ones((10, 7)), axis=0), AdaptiveWindow(3.0, 2), AdaptiveWindow(1.0)),
        PointData(np.ones((10, 4)), sample_size=3, overlap=-2),
        np.array(3.5),
        np.arange(24.0).reshape(2, 3, 4),
        [],
        [np.arange(3), [points(2), points(0), (points(5),)]],
        {"a": {"b": points(3)}, 3: np.float64(2)},
        {"": np.arange(1), ".": np.arange(2), "..": np.arange(3), "%": {"": np.arange(4)}, "a/b": {"./": np.arange(5)}},
        "text",
        None,
    ],
    ids=repr,
)
def test_any_shape_of_value(tmp_path, value):
    save(tmp_path / "a.h5", value)
    assert exact(load(tmp_path / "a.h5")) == exact(value)


def test_samples_set_by_hand(tmp_path):
    table = points(10)
    table.samples_indices = [[0, 3], [2, 9], [4, 4]]
    table.save(tmp_path / "a.h5")
    again = PointData.load(tmp_path / "a.h5")
    assert again.samples_indices.tolist() == [[0, 3], [2, 9], [4, 4]]
    assert again.sample_size is None
    assert again.overlap is None


def test_one_object_stays_one(tmp_path):
    lines = LineData(np.ones((3, 7)))
    save(tmp_path / "a.h5", [points(2, _lines=lines), points(3, _lines=lines), lines])
    first, second, alone = load(tmp_path / "a.h5")
    assert first.attrs["_lines"] is second.attrs["_lines"] is alone


def test_many_small_tables_share_few_data_sets(tmp_path):
    tables = [points(i % 5, number=i, _lines=LineData(np.full((i % 3, 7), i))) for i in range(2000)]
    save(tmp_path / "a.h5", tables)
    again = load(tmp_path / "a.h5")
    assert exact(again) == exact(tables)
    again[1].data[:] = 0
    assert exact(again[2]) == exact(tables[2])
    assert again[2].data.base is None or again[2].data.base.nbytes == again[2].data.nbytes
    with h5py.File(tmp_path / "a.h5") as h5:
        assert h5["value/item/data"].shape == (sum(len(t.data) for t in tables), 6)
    assert (tmp_path / "a.h5").stat().st_size < 1000 * len(tables)


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
arrays = npst.arrays(
    npst.boolean_dtypes()
    | npst.integer_dtypes(endianness="?")
    | npst.floating_dtypes(sizes=(16, 32, 64))
    | npst.complex_number_dtypes(sizes=(64, 128))
    | npst.datetime64_dtypes(endianness="<")
    | npst.byte_string_dtypes(max_len=4)
    | npst.unicode_string_dtypes(max_len=4, endianness="<"),
    npst.array_shapes(min_dims=0, min_side=0, max_side=4),
)
keys = st.text() | st.integers() | st.booleans() | st.tuples(st.text(), st.integers())
values = st.recursive(
    plain | arrays,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner),
    max_leaves=12,
)


@given(values)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_comes_back(tmp_path, value):
    save(tmp_path / "a.h5", value)
    assert exact(load(tmp_path / "a.h5")) == exact(value)


# ---------------------------------------------------------------------- what cannot be stored
class Custom:
    pass


@pytest.mark.parametrize(
    "value",
    [
        Custom(),
        frozenset({1, 2}),
        print,
        np.array([None, "a"], dtype=object),
        np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]),
        np.ma.masked_array([1, 2], [True, False]),
        np.longdouble(1) if np.longdouble(1).itemsize > 8 else Custom(),
        type("Mine", (PointData,), {})(np.ones((1, 4))),
        b"".join,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_stored_is_named_and_the_old_file_kept(tmp_path, value):
    save(tmp_path / "a.h5", points(3))
    before = (tmp_path / "a.h5").read_bytes()
    with pytest.raises(TypeError, match=r"`attrs/deep/2/bad`.*expected None, bool"):
        save(tmp_path / "a.h5", points(3, deep=[1, 2, {"bad": value}]))
    assert (tmp_path / "a.h5").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_a_value_inside_itself(tmp_path):
    loop = [1]
    loop.append({"again": loop})
    table = points(3)
    table.attrs["me"] = table
    deep = []
    for _ in range(5000):
        deep = [deep]
    for value, message in ((loop, "contains itself"), (table, "contains itself"), (deep, "nested too deeply")):
        with pytest.raises(ValueError, match=message):
            save(tmp_path / "a.h5", value)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------- the format, seen from outside
def test_other_programs_can_read_it(tmp_path):
    table = points(1000, sample_size=7, _lines=LineData(np.ones((5, 7))))
    save(tmp_path / "a.h5", table)
    with h5py.File(tmp_path / "a.h5") as h5:
        assert np.array_equal(h5["data"][()], table.data)
        assert np.array_equal(h5["samples_indices"][()], table.samples_indices)
        assert h5["attrs/_lines/data"].shape == (5, 7)
        assert [c.decode() for c in h5["data"].attrs["columns"]] == ["t", "x", "y", "z", "error", "col5"]
        assert [c.decode() for c in h5["data"].attrs["units"]] == ["ms", "mm", "mm", "mm", "mm", ""]
        assert h5.attrs["type"] == b"PointData"
        text = h5["metadata.json"][()]
        document = json.loads(text)
        head = "\n".join(["lumentrace", "1", h5.attrs["version"].decode(), "PointData", ""]).encode()
        assert h5.attrs["checksum"].decode() == hashlib.sha256(head + text).hexdigest()
        for entry in document["arrays"]:
            assert entry["checksum"] == twin_checksum(h5[entry["path"]][()])
    assert document["value"]["state"]["columns"] == table.columns


@pytest.mark.parametrize(
    "shape", [(0, 7), (1, 7), (74_898, 7), (74_899, 7), (200_001, 7), (3, 600_000), (1_048_577,), (2, 0), ()]
)
def test_checksum_is_the_documented_one(shape):
    array = np.random.default_rng(1).random(shape)
    assert checksum.of_array(array) == twin_checksum(np.asarray(array))


def test_same_object_same_bytes(tmp_path):
    table = rich_points()
    for name in ("a.h5", "b.h5"):
        save(tmp_path / name, table)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def expected_fixture():
    """What `storage_v1.h5` holds; made by `save` of lumentrace 0.1.0 and never to be made again."""
    table = PointData(
        np.arange(60.0).reshape(10, 6) / 7,
        TimeWindow(4.0),
        TimeWindow(1.0),
        columns=["t", "x", "y", "z", "error", "label"],
        tracer="bead",
        cutoffs=np.array([-1.5, np.nan, np.inf]),
        labels=np.array(["rot", "grün"]),
        when=np.array(["2026-11-20"], dtype="datetime64[s]"),
        nested={"a": (1, 2.5, None), 3: [True, b"\x00\xff", 1 - 2j]},
        scalar=np.float32(0.1),
        _lines=LineData(np.arange(21).reshape(3, 7), AdaptiveWindow(5.0, 2)),
    )
    table.units = {"error": "um"}
    environment = {"lumentrace": "0.1.0", "python": "3.11"}
    table.provenance = Provenance({"path": "run.csv", "bytes": 480}, (), environment, 7)
    ragged = [PointData(np.full((n, 4), float(n)), number=n) for n in range(4)]
    return {"points": table, "ragged": ragged, "grid": np.arange(24).reshape(2, 3, 4), "by hand": by_hand()}


def by_hand():
    lines = LineData(np.arange(70).reshape(10, 7))
    lines.samples_indices = [[0, 3], [2, 10]]
    return lines


def test_archived_file_of_version_1():
    again = load(FIXTURES / "storage_v1.h5")
    assert exact(again) == exact(expected_fixture())
    assert exact(load(FIXTURES / "storage_v1_compressed.h5")) == exact(np.arange(4000.0).reshape(1000, 4))


def test_newer_schema_is_refused(tmp_path):
    save(tmp_path / "a.h5", points(3))
    with h5py.File(tmp_path / "a.h5", "r+") as h5:
        h5.attrs["schema"] = 2
    with pytest.raises(FormatError, match=r"expected at most 1, found 2.*update.*a\.h5"):
        load(tmp_path / "a.h5")


def test_newer_class_is_refused(tmp_path):
    for node in (
        {"$object": "Hologram", "version": 1, "state": {}},
        {"$object": "PointData", "version": 2, "state": {}},
    ):
        with h5py.File(tmp_path / "a.h5", "w") as h5:
            sign(h5, json.dumps({"arrays": [], "value": node}).encode())
        with pytest.raises(FormatError, match=rf"{node['$object']}.*newer version"):
            load(tmp_path / "a.h5")


# ---------------------------------------------------------------------- memory
@pytest.mark.parametrize("compress", [False, True])
def test_large_tables_are_written_in_blocks(tmp_path, compress):
    rows = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", shape=(1_000_000, 7))
    rows[:] = np.arange(7_000_000).reshape(-1, 7)
    rows.flush()
    mapped = LineData(np.load(tmp_path / "rows.npy", mmap_mode="r"), sample_size=1000)
    tracemalloc.start()
    save(tmp_path / "a.h5", mapped, compress=compress)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6 < mapped.data.nbytes / 2
    assert np.array_equal(load(tmp_path / "a.h5").data, rows)


def test_memory_map(tmp_path):
    table = rich_points()
    save(tmp_path / "a.h5", [table, points(20_000)])
    whole, mapped = load(tmp_path / "a.h5"), load(tmp_path / "a.h5", memory_map=True)
    assert exact(mapped) == exact(whole)
    assert isinstance(mapped[1].data, np.memmap)
    assert mapped[1].data.ctypes.data % 64 == 0
    with pytest.raises(ValueError, match="read-only"):
        mapped[1].data[0, 0] = 1
    tracemalloc.start()
    again = load(tmp_path / "a.h5", memory_map=True)
    assert tracemalloc.get_traced_memory()[1] < again[1].data.nbytes / 2
    tracemalloc.stop()
    save(tmp_path / "a.h5", again)  # onto the very file it is mapped from
    assert exact(load(tmp_path / "a.h5")) == exact(whole) == exact(again)


def test_compressed_files_cannot_be_mapped(tmp_path):
    save(tmp_path / "a.h5", points(1000), compress=True)
    with pytest.raises(ValueError, match=r"`memory_map`.*`data` is compressed.*a\.h5") as caught:
        load(tmp_path / "a.h5", memory_map=True)
    assert not isinstance(caught.value, FormatError)


def test_compression_makes_files_smaller(tmp_path):
    table = LineData(np.arange(70_000).reshape(-1, 7))
    save(tmp_path / "a.h5", table)
    save(tmp_path / "b.h5", table, compress=True)
    assert (tmp_path / "b.h5").stat().st_size < 0.3 * (tmp_path / "a.h5").stat().st_size
