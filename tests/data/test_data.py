"""Tables of lines and points, and what is done with their samples."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import golden
from helpers import assert_identical
from lumentrace import AdaptiveWindow, LineData, PointData

POINTS = np.arange(40.0).reshape(10, 4)
LINES = np.arange(70.0).reshape(10, 7)


def spans(samples: Any) -> list[list[int]]:
    return samples.samples_indices.tolist()


# ---------------------------------------------------------------------- what goes in
@pytest.mark.parametrize(("kind", "least"), [(LineData, 7), (PointData, 4)])
def test_least_columns(kind: type, least: int) -> None:
    assert kind(np.zeros((2, least))).data.shape == (2, least)
    for wrong in (np.zeros((2, least - 1)), np.zeros(least), np.zeros((2, 2, least)), [], 5, None):
        with pytest.raises(ValueError, match=kind.__name__):
            kind(wrong)


@pytest.mark.parametrize(
    "rows",
    [
        POINTS.tolist(),
        tuple(map(tuple, POINTS)),
        POINTS.astype(int),
        POINTS.astype(np.float32),
        POINTS.astype(">f8"),
        POINTS.astype(">i4"),
        np.asfortranarray(POINTS),
        np.repeat(POINTS, 2, axis=0)[::2],
        np.repeat(POINTS, 2, axis=1)[:, ::2],
        POINTS[::-1][::-1],
        POINTS.astype(object),
        np.frombuffer(b"." + POINTS.tobytes(), offset=1).reshape(10, 4),
    ],
    ids=["lists", "tuples", "int", "f4", "big", "bigint", "fortran", "rows", "columns", "reversed", "object", "odd"],
)
def test_any_table_becomes_contiguous_float64(rows: Any) -> None:
    table = PointData(rows).points
    assert table.dtype == np.float64
    assert table.dtype.isnative
    assert table.flags.c_contiguous
    assert table.flags.aligned
    assert np.array_equal(table, POINTS)


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 2, 3, 4j]],
        [["a", "b", "c", "d"]],
        [[1, 2, 3, 4], [1, 2, 3]],
        [[1, 2, 3, {}]],
        np.zeros((2, 4), dtype="M8[ms]"),
        np.zeros((2, 4), dtype=[("x", "f8")]),
        LineData(LINES),
        [LineData(LINES), PointData(POINTS)],
        [np.zeros((1, 4)), np.zeros((1, 5))],
    ],
    ids=["complex", "text", "ragged", "dict", "dates", "records", "other class", "mixed classes", "mixed widths"],
)
def test_what_is_no_table_is_refused(rows: Any) -> None:
    with pytest.raises(ValueError, match="`PointData`: expected"):
        PointData(rows)


def test_read_only_and_masked_input() -> None:
    locked = POINTS.copy()
    locked.flags.writeable = False
    points = PointData(locked, sample_size=3)
    assert np.array_equal(points[1].points, POINTS[3:6])
    assert np.array_equal(points.copy().points, POINTS)
    masked = np.ma.masked_array(POINTS, mask=POINTS == 5)
    assert np.isnan(PointData(masked).points[1, 1])
    assert np.array_equal(np.nan_to_num(PointData(masked).points, nan=5.0), POINTS)


def test_a_single_documented_row() -> None:
    lines = LineData([[1, 2, 3, 4, 5, 6, 7]])
    assert lines.lines.tolist() == [[1, 2, 3, 4, 5, 6, 7]]
    assert len(lines) == 1
    assert spans(lines) == [[0, 1]]


def test_names_of_the_table() -> None:
    lines, points = LineData(LINES), PointData(POINTS)
    assert lines.lines is lines.data
    assert points.points is points.data
    assert lines.columns == ["t", "x1", "y1", "z1", "x2", "y2", "z2"]
    assert points.columns == ["t", "x", "y", "z"]


def test_an_object_of_the_same_class_is_copied_as_one_sample() -> None:
    first = PointData(POINTS, 3, 1, columns=["time"], run=7, _secret=8)
    second = PointData(first)
    assert np.array_equal(second.points, POINTS)
    assert not np.shares_memory(second.points, first.points)
    assert second.columns == ["time", "col1", "col2", "col3"]
    assert second.attrs == {"run": 7, "_secret": 8}
    assert (spans(second), second.sample_size, second.overlap) == ([[0, 10]], 10, 0)
    assert PointData(first, run=9, more=1).attrs == {"run": 9, "_secret": 8, "more": 1}


def test_lists_are_stacked_one_sample_each() -> None:
    one = LineData(LINES[:3], columns=["T"], run=1)
    none = LineData(LINES[:0], run=2)
    two = LineData(LINES[3:5], run=3)
    stacked = LineData([one, none, two])
    assert np.array_equal(stacked.lines, LINES[:5])
    assert spans(stacked) == [[0, 3], [3, 3], [3, 5]]
    assert stacked.attrs == {"run": 1}
    assert stacked.columns[0] == "T"
    arrays = LineData([LINES[:2], LINES[2:4].astype(int)])
    assert (spans(arrays), arrays.sample_size) == ([[0, 2], [2, 4]], 2)
    assert spans(LineData([LINES[:2], LINES[2:5]], sample_size=2)) == [[0, 2], [2, 4]]
    assert spans(PointData([[0, 1, 2, 3], [1, 1, 2, 3]])) == [[0, 2]]


def test_column_names() -> None:
    wide = np.zeros((2, 6))
    assert PointData(wide).columns == ["t", "x", "y", "z", "col4", "col5"]
    assert PointData(wide, columns=["a"]).columns == ["a", "col1", "col2", "col3", "col4", "col5"]
    assert PointData(POINTS, columns=list("abcdefgh")).columns == ["a", "b", "c", "d"]
    with pytest.raises(TypeError, match="list of names"):
        PointData(POINTS, columns="txyz")
    points = PointData(wide)
    points.columns.append("mine")
    points.columns = ["t", "x", "y", "z", "w"]
    assert points.columns == ["t", "x", "y", "z", "w", "col5"]
    assert PointData(wide).columns == ["t", "x", "y", "z", "col4", "col5"]


def test_a_column_is_a_view() -> None:
    points = PointData(POINTS.copy())
    column = points["y"]
    assert column.ndim == 1
    assert np.shares_memory(column, points.points)
    column[3] = -1
    assert points.points[3, 2] == -1
    with pytest.raises(KeyError, match=r"'q'.*'t', 'x', 'y', 'z'"):
        points["q"]


def test_units() -> None:
    points = PointData(np.zeros((1, 6)), columns=["t", "x", "y", "z", "error", "label"])
    assert points.units == {"t": "ms", "x": "mm", "y": "mm", "z": "mm", "error": "mm", "label": ""}
    points.units = {"t": "s", "label": "1"}
    assert points[0].units == points.copy().units == PointData(points).units
    assert points[0].units == {"t": "s", "x": "mm", "y": "mm", "z": "mm", "error": "mm", "label": "1"}
    with pytest.raises(ValueError, match="'speed'"):
        points.units = {"speed": "m/s"}


# ---------------------------------------------------------------------- samples
def test_one_sample() -> None:
    points = PointData(POINTS, 3, 1, columns=["T"], run=1, _secret=2)
    sample = points[1]
    assert type(sample) is PointData
    assert np.array_equal(sample.points, POINTS[2:5])
    assert (len(sample), sample.sample_size, sample.overlap) == (1, 3, 0)
    assert sample.columns == points.columns
    assert sample.attrs == {"run": 1, "_secret": 2}
    assert np.array_equal(points[-1].points, POINTS[6:9])
    assert np.array_equal(points[np.int64(1)].points, POINTS[2:5])
    for outside in (4, -5):
        with pytest.raises(IndexError, match=f"sample {outside} of 4"):
            points[outside]
    sample.attrs["run"] = 5
    sample.columns[0] = "changed"
    assert (points.attrs["run"], points.columns[0]) == (1, "T")


def test_a_sample_shares_its_rows() -> None:
    points = PointData(POINTS.copy(), 3)
    points[1].points[0, 1] = -7
    assert points.points[3, 1] == -7


def test_nested_iteration() -> None:
    points = PointData(POINTS, 3)
    pairs = [(a["t"][0], b["t"][0]) for a in points for b in points]
    starts = [0.0, 12.0, 24.0]
    assert pairs == [(a, b) for a in starts for b in starts]
    first, second = iter(points), iter(points)
    next(first)
    assert next(second)["t"][0] == 0.0


def test_slicing_as_golden() -> None:
    points = PointData(np.arange(80.0).reshape(20, 4), 4, 2)
    for case in golden("pept/slicing.json"):
        chosen = points[case["key"]]
        assert chosen.points.tolist() == case["points"]
        assert spans(chosen) == case["idx"]
        assert chosen.sample_size is None
        assert chosen.overlap is None


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted), min_size=1, max_size=8),
    st.data(),
)
def test_slices_hold_the_chosen_samples(ranges: list[list[int]], data: st.DataObject) -> None:
    points = PointData(np.arange(48.0).reshape(12, 4), run=1)
    points.samples_indices = ranges
    count = len(points)
    keys: Any = st.one_of(
        st.lists(st.integers(-count, count - 1), max_size=6),
        st.lists(st.integers(0, count - 1), max_size=6).map(np.array).map(lambda a: a.astype(np.intp)),
        st.lists(st.booleans(), min_size=count, max_size=count),
        st.slices(count),
    )
    key = data.draw(keys)
    chosen = points[key]
    numbers = np.arange(count)[np.asarray(key, dtype=np.intp) if isinstance(key, list) and not key else key]
    assert [sample.points.tolist() for sample in chosen] == [points[int(i)].points.tolist() for i in numbers]
    times = chosen["t"].tolist()
    assert times == sorted(set(times))
    wanted = {t for i in numbers for t in points[int(i)]["t"].tolist()}
    assert set(times) == wanted
    assert chosen.attrs == {"run": 1}


def test_descending_lists() -> None:
    points = PointData(POINTS, 3, 1)
    chosen = points[[3, 0]]
    assert [sample["t"].tolist() for sample in chosen] == [[24, 28, 32], [0, 4, 8]]
    assert spans(chosen) == [[3, 6], [0, 3]]
    assert spans(points[::-1]) == [[6, 9], [4, 7], [2, 5], [0, 3]]


@pytest.mark.parametrize("key", [None, 1.5, [1.0], [[0, 1]], {}, b"t"])
def test_keys_that_make_no_sense(key: Any) -> None:
    with pytest.raises((TypeError, KeyError)):
        PointData(POINTS, 3)[key]


def test_numbers_outside_in_a_list() -> None:
    with pytest.raises(IndexError):
        PointData(POINTS, 3)[[0, 3]]


def test_select_rows() -> None:
    points = PointData(POINTS, 3, 1, columns=["T"], run=1)
    late = points.select[points["T"] > 12]
    assert np.array_equal(late.points, POINTS[4:])
    assert (late.sample_size, late.overlap, len(late)) == (3, 1, 2)
    assert (late.columns, late.attrs) == (points.columns, points.attrs)
    assert spans(PointData(POINTS).select[::2]) == [[0, 5]]
    assert PointData(POINTS).select[3].points.tolist() == [POINTS[3].tolist()]


# ---------------------------------------------------------------------- attributes and copies
def test_public_and_hidden_attributes() -> None:
    points = PointData(POINTS, 3, run=1, _secret=2)
    assert points.extra_attrs() == {"run": 1}
    assert points.hidden_attrs() == {"_secret": 2}
    assert points.attrs == {"run": 1, "_secret": 2}
    assert points[[0, 1]].attrs == points.attrs


def test_copy() -> None:
    points = PointData(POINTS.copy(), 3, 1, columns=["T"], run=1, _secret=2)
    deep = points.copy()
    assert_identical(deep, points)
    assert (deep.sample_size, deep.overlap) == (3, 1)
    assert not np.shares_memory(deep.points, points.points)
    assert points.copy(deep=False).points is points.points
    assert points.copy(extra=False).attrs == {"_secret": 2}
    assert points.copy(hidden=False).attrs == {"run": 1}
    assert points.copy(extra=False, hidden=False).attrs == {}
    assert points.copy(run=5, more=6).attrs == {"run": 5, "_secret": 2, "more": 6}
    assert points.attrs == {"run": 1, "_secret": 2}
    assert points.copy(columns=["a", "b"]).columns == ["a", "b", "col2", "col3"]


def test_copy_keeps_samples_unless_the_rows_are_new() -> None:
    points = PointData(POINTS, 3, 1)
    points.samples_indices = [[5, 9], [0, 2]]
    assert spans(points.copy()) == [[5, 9], [0, 2]]
    assert points.copy().sample_size is None
    assert spans(points.copy(data=POINTS[:4])) == [[0, 4]]
    assert spans(points.copy(data=POINTS[:4], sample_size=2)) == [[0, 2], [2, 4]]
    assert spans(points.copy(data=POINTS[:5], sample_size=2, overlap=1)) == [[0, 2], [1, 3], [2, 4], [3, 5]]
    assert spans(PointData(POINTS, 3).copy(overlap=2)) == [[i, i + 3] for i in range(8)]
    assert spans(PointData(POINTS, 3).copy(sample_size=5)) == [[0, 5], [5, 10]]
    with pytest.raises(ValueError, match="expected a 2-D table"):
        points.copy(data=POINTS[:, :3])


# ---------------------------------------------------------------------- on the way to another process
def test_pickling_keeps_everything() -> None:
    points = PointData(POINTS, 3, 1, columns=["T"], run=1, _lines=LineData(LINES, 2))
    points.units = {"T": "s"}
    points.provenance = {"from": "here"}
    back = pickle.loads(pickle.dumps(points))
    assert_identical(back, points)
    assert (back.sample_size, back.overlap, back.provenance) == (3, 1, {"from": "here"})
    points.samples_indices = [[2, 4], [0, 1]]
    back = pickle.loads(pickle.dumps(points))
    assert (spans(back), back.sample_size) == ([[2, 4], [0, 1]], None)
    timed = pickle.loads(pickle.dumps(PointData(POINTS, AdaptiveWindow(8, 3), AdaptiveWindow(2))))
    assert (timed.sample_size, timed.overlap) == (AdaptiveWindow(8, 3), AdaptiveWindow(2))


def test_mapped_rows_travel_as_their_place_on_disk(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(20_000, 7))
    np.save(tmp_path / "lines.npy", rows)
    mapped = np.load(tmp_path / "lines.npy", mmap_mode="r")
    lines = LineData(mapped, sample_size=100)
    for some, expected in ((lines, rows), (lines[7:9], rows[700:900]), (lines[150], rows[15_000:15_100])):
        sent = pickle.dumps(some)
        assert len(sent) < 10_000
        assert np.array_equal(pickle.loads(sent).lines, expected)
    assert len(pickle.dumps(lines[[0, 50]])) > 200 * 56
    assert np.array_equal(pickle.loads(pickle.dumps(lines[[50, 0]])).lines, rows[[*range(100), *range(5000, 5100)]])
    assert np.array_equal(pickle.loads(pickle.dumps(lines[[0]][:0])).lines, rows[:0])
    raw = tmp_path / "lines.raw"
    raw.write_bytes(b"x" * 24 + rows.tobytes())
    odd = LineData(np.memmap(raw, np.float64, mode="r", offset=24, shape=rows.shape), 100)
    assert np.array_equal(pickle.loads(pickle.dumps(odd[199])).lines, rows[-100:])
    waiting = pickle.dumps(odd[199])
    raw.rename(tmp_path / "old.raw")
    raw.write_bytes((tmp_path / "old.raw").read_bytes())
    with pytest.raises(ValueError, match=r"lines\.raw: changed while"):
        pickle.loads(waiting)
    raw.unlink()
    assert np.array_equal(pickle.loads(pickle.dumps(odd[199])).lines, rows[-100:])


def test_changes_to_a_copy_on_write_map_are_not_lost(tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", POINTS)
    points = PointData(np.load(tmp_path / "points.npy", mmap_mode="c"), 3)
    points.points[0, 0] = -99
    assert pickle.loads(pickle.dumps(points)).points[0, 0] == -99


def test_two_threads_read_one_object() -> None:
    lines = LineData(np.arange(70_000.0).reshape(10_000, 7), 10)
    sums: list[float] = []

    def read() -> None:
        sums.append(sum(sample.lines.sum() for sample in lines))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [lines.lines.sum()] * 2


# ---------------------------------------------------------------------- how it looks
def test_repr_as_golden() -> None:
    def stripped(text: str) -> list[str]:
        return [line.rstrip() for line in text.rstrip().split("\n")]

    expected = golden("pept/repr.json")
    lines, points = LineData(LINES, 3), PointData(POINTS, 3)
    assert stripped(repr(lines)) == stripped(expected["LineData"])
    assert stripped(repr(points)) == stripped(expected["PointData"])
    assert stripped(repr(lines[0])) == stripped(expected["LineData0"])
    assert stripped(repr(LineData(LINES, 3, 2))) == stripped(expected["LineData_overlap"])
    assert stripped(repr(PointData(POINTS, 3, foo=1, _bar="x" * 100))) == stripped(expected["attrs"])


def test_repr_of_samples_that_were_chosen() -> None:
    chosen = PointData(POINTS, 3)[[2, 0]]
    assert repr(chosen).split("\n")[2:7] == [
        "sample_size = None",
        "overlap = None",
        "samples_indices = ",
        "  [[3 6]",
        "   [0 3]]",
    ]
    assert repr(PointData(np.empty((0, 4)))).split("\n")[0] == "pept.PointData (samples: 1)"


def test_plots() -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="no matplotlib; to run this: pip install matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    def drawn(axes: Any) -> tuple[np.ndarray, np.ndarray]:
        (artist,) = axes.collections
        where = artist._offsets3d if hasattr(artist, "_offsets3d") else artist._segments3d
        return np.array([np.asarray(w) for w in where]), np.asarray(artist.get_array())

    points, lines = PointData(POINTS, 3), LineData(LINES, 3)
    figure, axes = points.plot()
    assert axes.figure is figure
    where, colours = drawn(axes)
    assert np.array_equal(where.T, POINTS[:, 1:4])
    assert np.array_equal(colours, POINTS[:, -1])
    assert [axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel()] == ["x (mm)", "y (mm)", "z (mm)"]
    _, axes = points.plot(sample_indices=1, alt_axes=True, colorbar_col="y")
    where, colours = drawn(axes)
    assert np.array_equal(where.T, POINTS[3:6][:, [3, 1, 2]])
    assert np.array_equal(colours, POINTS[3:6, 2])
    assert axes.get_xlabel() == "z (mm)"
    _, axes = lines.plot([2, 0], colorbar_col=1)
    where, colours = drawn(axes)
    assert np.array_equal(where.reshape(-1, 6), LINES[[0, 1, 2, 6, 7, 8], 1:])
    assert np.array_equal(colours, LINES[[0, 1, 2, 6, 7, 8], 1])
    figure = pyplot.figure()
    mine = figure.add_subplot(projection="3d")
    assert lines.plot(slice(1), ax=mine) == (figure, mine)
    assert np.array_equal(drawn(mine)[1], LINES[:3, 0])
    for empty in (PointData(np.empty((0, 4))), LineData(np.empty((0, 7)))):
        empty.plot()
    labelled = PointData(np.column_stack([POINTS[:, :4], np.arange(len(POINTS)) % 3 - 1]), columns=[*"txyz", "label"])
    labelled.points[:, 3] /= 1000
    _, axes = labelled.plot()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["label 0", "label 1", "noise"]
    assert len({tuple(drawn.get_facecolor()[0]) for drawn in axes.collections}) == 3
    spans = [np.ptp(limits()) for limits in (axes.get_xlim, axes.get_ylim, axes.get_zlim)]
    shares = np.array(spans) / axes.get_box_aspect()
    assert shares == pytest.approx(np.full(3, shares[0])), "a millimetre is as long along each axis"
    pyplot.close("all")
