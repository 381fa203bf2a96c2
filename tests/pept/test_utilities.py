"""Text tables against numpy, pandas and golden data."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden import golden
from lumentrace import FormatError, PointData
from lumentrace.base.errors import CutOffWarning
from lumentrace.pept import read_csv, utilities
from lumentrace.pept.utilities import ChunkReader


@pytest.fixture(scope="session")
def table_csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("golden") / "table.csv"
    path.write_bytes(golden("pept/table.csv"))
    return path


@pytest.fixture(scope="session")
def numbered(tmp_path_factory):
    """Lines 0 to 1 234, number i and its square."""
    path = tmp_path_factory.mktemp("text") / "numbered.csv"
    path.write_text("".join(f"{i} {i * i}\n" for i in range(1235)))
    return path


def test_golden_table(table_csv):
    case = golden("pept/csv.json")
    table = read_csv(table_csv)
    assert table.shape == tuple(case["shape"])
    assert table.sum() == pytest.approx(case["sum"], rel=1e-12)
    np.testing.assert_array_equal(read_csv(table_csv, skiprows=5, nrows=7), case["skip5_n7"])
    chunks = ChunkReader(table_csv, 10, skiprows=5)
    assert len(chunks) == chunks.number_of_chunks == case["n_chunks"]
    np.testing.assert_array_equal([chunk[0] for chunk in chunks], case["first_of_chunks"])
    np.testing.assert_array_equal(chunks[-1], case["last"])
    assert [len(chunk) for chunk in utilities.read_csv_chunks(table_csv, 10)] == [10, 10, 10, 10, 10, 3]
    assert utilities.number_of_lines(table_csv) == case["lines"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(allow_nan=True)] * 3), min_size=1, max_size=30),
    st.sampled_from(["r", ".17e", "+.3g"]),
)
def test_numbers_are_read_to_the_last_bit(tmp_path_factory, rows, form):
    lines = [" ".join(repr(v) if form == "r" else format(v, form) for v in row) for row in rows]
    path = tmp_path_factory.mktemp("numbers") / "numbers.csv"
    path.write_text("\n".join(lines))
    expected = np.array([[float(field) for field in line.split()] for line in lines])
    np.testing.assert_array_equal(read_csv(path), expected)


def test_large_table_equals_numpy(tmp_path):
    path = tmp_path / "large.csv"
    expected = np.random.default_rng(0).normal(size=(120_000, 5)).round(4)
    np.savetxt(path, expected, fmt="%.4f")
    assert path.stat().st_size > 4 * 2**20
    np.testing.assert_array_equal(read_csv(path), expected)
    np.testing.assert_array_equal(read_csv(path, skiprows=70_000, nrows=45_000), expected[70_000:115_000])


def test_written_tables_are_read_back(tmp_path):
    points = PointData(np.random.default_rng(0).normal(size=(10, 4)))
    points.to_csv(tmp_path / "points.csv")
    np.testing.assert_array_equal(read_csv(tmp_path / "points.csv"), points.points)


def test_other_types(tmp_path):
    (tmp_path / "whole.csv").write_text("1 2\n3 4\n")
    assert read_csv(tmp_path / "whole.csv", dtype=int).dtype == np.int64
    assert read_csv(tmp_path / "whole.csv", dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize("text", ["", "\n \n", "# only\n", "a b\n"])
def test_files_without_numbers(tmp_path, text):
    path = tmp_path / "none.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"none\.csv.*expected .*numbers.*found"):
        read_csv(path)


def test_missing_file(tmp_path):
    for read in (read_csv, utilities.number_of_lines, lambda path: ChunkReader(path, 3)):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none.csv")


def test_settings_of_pandas_go_to_pandas(tmp_path):
    pd = pytest.importorskip("pandas")
    path = tmp_path / "names.csv"
    path.write_text("a,b,c\n1,,3\n4,5,6\n")
    found = read_csv(path, sep=",", header=0, usecols=["a", "b"], na_filter=True)
    np.testing.assert_array_equal(found, pd.read_csv(path, usecols=["a", "b"]).to_numpy())


def test_settings_of_pandas_without_pandas(numbered, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="read_csv with usecols needs pandas"):
        read_csv(numbered, usecols=[0])


# ---------------------------------------------------------------- sources and lines
def test_what_can_be_read_from(numbered):
    expected = np.loadtxt(numbered)
    with open(numbered) as text, open(numbered, "rb") as raw:
        sources = [io.StringIO(numbered.read_text()), text, raw, numbered.as_uri(), f"file://localhost{numbered}"]
        for source in sources:
            np.testing.assert_array_equal(read_csv(source), expected)
    for read in (lambda source: list(utilities.read_csv_chunks(source, 300)), lambda source: [*ChunkReader(source, 5)]):
        found = np.concatenate(read(io.StringIO(numbered.read_text())))
        np.testing.assert_array_equal(found, expected)
    assert utilities.number_of_lines(io.StringIO("1\n2")) == 2
    with pytest.raises(TypeError, match="expected a path or something to read from, found int"):
        read_csv(7)
    with pytest.raises(FormatError, match="<StringIO>, line 2: expected 2 numbers"):
        read_csv(io.StringIO("1 2\nx 2\n3 4\n"))


@pytest.mark.parametrize("skip", [[0, 3, 4, 1234], range(900), lambda line: line % 3 > 0, [], [5000]])
@pytest.mark.parametrize("rows", [None, 11])
def test_lines_to_skip_are_those_of_pandas(numbered, skip, rows):
    pd = pytest.importorskip("pandas")
    listed = skip if callable(skip) else list(skip)
    expected = pd.read_csv(numbered, skiprows=listed, nrows=rows, sep=" ", header=None, dtype=float).to_numpy()
    np.testing.assert_array_equal(read_csv(numbered, skiprows=skip, nrows=rows), expected)
    pieces = list(utilities.read_csv_chunks(numbered, 100, skiprows=skip, nrows=rows))
    np.testing.assert_array_equal(np.concatenate(pieces), expected)
    reader = ChunkReader(numbered, 10, skiprows=skip, nrows=rows)
    assert len(reader) == len(expected) // 10
    np.testing.assert_array_equal(np.concatenate(list(reader)), expected[: len(reader) * 10])


def test_nothing_is_read_after_the_last_row(tmp_path):
    path = tmp_path / "damaged.csv"
    path.write_text("1 2\n\n3 4\n# note\n5 6\nno numbers\n7 8\n")
    np.testing.assert_array_equal(read_csv(path, nrows=3), [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(read_csv(path, skiprows=[0, 5]), [[3, 4], [5, 6], [7, 8]])
    assert [len(chunk) for chunk in utilities.read_csv_chunks(path, 2, nrows=3)] == [2, 1]
    with pytest.raises(FormatError, match="line 6"):
        read_csv(path, nrows=4)


@pytest.mark.parametrize("ending", ["7", "7\n", "0.5 1.25 -\n\n  \n", "0.5 1", "0.5 1.25 3e-"])
def test_a_last_line_that_is_cut_off_is_left_out(tmp_path, ending):
    path = tmp_path / "cut.csv"
    whole = "".join(f"{i} {i / 4} 3.0\n" for i in range(29))
    path.write_text(whole + ending)
    expected = np.loadtxt(io.StringIO(whole))
    shown = re.escape(repr(ending.strip()))
    message = rf"cut\.csv, line 30: left out the last line, which is cut off: {shown}"
    reads = [
        read_csv,
        lambda path: read_csv(path, nrows=30),
        lambda path: np.concatenate(list(utilities.read_csv_chunks(path, 7))),
        lambda path: np.concatenate(list(ChunkReader(path, 10, nrows=30))),
    ]
    for read in reads:
        with pytest.warns(CutOffWarning, match=message):
            np.testing.assert_array_equal(read(path), expected)
    np.testing.assert_array_equal(read_csv(path, nrows=29), expected)


@pytest.mark.parametrize("ending", ["1 2 3 4", "1 x 3", "end", "1 2 x"])
def test_a_last_line_that_is_wrong_is_no_cut_line(tmp_path, ending):
    path = tmp_path / "wrong.csv"
    path.write_text("1 2 3\n4 5 6\n" + ending)
    with pytest.raises(FormatError, match=r"wrong\.csv, line 3"):
        read_csv(path)


# ---------------------------------------------------------------- chunks
@pytest.mark.parametrize("settings", [{"header": 0}, {"header": 1, "usecols": ["b"]}, {"na_filter": True}])
def test_chunks_of_settings_for_pandas(tmp_path, settings):
    pd = pytest.importorskip("pandas")
    path = tmp_path / "names.csv"
    title = {0: "a,b\n", 1: "any,title\na,b\n"}.get(settings.get("header"), "")
    path.write_text(title + "".join(f"{i},{i * i}\n" for i in range(12)))
    expected = pd.read_csv(path, **{"header": None, **settings}).to_numpy(dtype=float)
    reader = ChunkReader(path, 4, sep=",", **settings)
    assert len(reader) == 3
    np.testing.assert_array_equal(np.concatenate(list(reader)), expected)
    pieces = list(utilities.read_csv_chunks(path, 5, sep=",", **settings))
    assert [len(piece) for piece in pieces] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate(pieces), expected)


@pytest.mark.parametrize(("size", "skip", "rows"), [(100, None, None), (7, 3, None), (1, 1200, 30), (2000, None, None)])
def test_chunks_are_slices_of_the_table(numbered, size, skip, rows):
    table = np.loadtxt(numbered)[skip or 0 :][:rows]
    whole = len(table) // size
    reader = ChunkReader(numbered, size, skiprows=skip, nrows=rows)
    expected = [table[i * size : (i + 1) * size] for i in range(whole)]
    assert len(reader) == whole
    for found in (list(reader), [reader[i - whole] for i in range(whole)]):
        assert all(map(np.array_equal, found, expected))
    pieces = list(utilities.read_csv_chunks(numbered, size, skiprows=skip, nrows=rows))
    np.testing.assert_array_equal(np.concatenate(pieces), table)
    assert {len(piece) for piece in pieces[:-1]} <= {size}
    assert 1 <= len(pieces[-1]) <= size


def test_documented_count_of_chunks(tmp_path):
    path = tmp_path / "million.csv"
    path.write_text("1 2\n" * 1_000_000)
    reader = ChunkReader(path, 10_000, skiprows=100_000)
    assert (len(reader), reader.file_lines, reader[-1].shape) == (90, 1_000_000, (10_000, 2))


def test_changed_settings_count_again(numbered):
    reader = ChunkReader(numbered, 100)
    reader.chunksize = 50
    assert (reader.chunksize, len(reader)) == (50, 24)
    reader.skiprows = 1000
    assert (reader.skiprows, len(reader), reader[0][0, 0]) == (1000, 4, 1000)
    reader.nrows = 120
    assert (reader.nrows, len(reader)) == (120, 2)


def test_iterators_of_one_reader_are_independent(numbered):
    reader = ChunkReader(numbered, 500)
    assert [(a[0, 0], b[0, 0]) for a in reader for b in reader] == [(0, 0), (0, 500), (500, 0), (500, 500)]


def test_chunks_that_are_not_there(numbered):
    reader = ChunkReader(numbered, 100)
    for index in (12, -13):
        with pytest.raises(IndexError, match="of 12 chunks"):
            reader[index]
    with pytest.raises(EOFError, match="more than 1235 lines to skip, found 1235"):
        ChunkReader(numbered, 100, skiprows=1235)
    for wrong in ({"chunksize": 0}, {"chunksize": 5, "skiprows": -1}, {"chunksize": 5, "nrows": -1}):
        with pytest.raises(ValueError, match="expected"):
            ChunkReader(numbered, **wrong)
    with pytest.raises(ValueError, match="`chunksize`"):
        next(utilities.read_csv_chunks(numbered, 0))


def test_damage_in_a_chunk_is_named(tmp_path):
    path = tmp_path / "damaged.csv"
    path.write_text("1 2\n" * 25 + "1 x\n" + "1 2\n" * 4)
    reader = ChunkReader(path, 10)
    assert reader[1].shape == (10, 2)
    with pytest.raises(FormatError, match=r"damaged\.csv, line 26: expected 2 numbers"):
        reader[2]


@pytest.mark.parametrize(
    ("text", "lines"), [("", 0), ("\n", 1), ("a", 1), ("a\n", 1), ("a\nb", 2), ("a\r\n\r\nb\r\n", 3)]
)
def test_number_of_lines(tmp_path, text, lines):
    path = tmp_path / "lines.txt"
    path.write_bytes(text.encode())
    assert utilities.number_of_lines(path) == lines


# ---------------------------------------------------------------- groups
def test_groups_of_a_column():
    table = np.array([[1, 2.0], [2, np.nan], [3, -1], [4, 2], [5, np.nan]])
    groups = utilities.group_by_column(table, 1)
    assert [group[:, 0].tolist() for group in groups] == [[3], [1, 4], [2, 5]]
    assert utilities.group_by_column(np.empty((0, 3)), -1) == []
    with pytest.raises(ValueError, match="2-D"):
        utilities.group_by_column([1, 2], 0)
    with pytest.raises(IndexError):
        utilities.group_by_column(table, 2)
