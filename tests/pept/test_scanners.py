"""Scanner files against golden data, a twin that reads word by word, and every kind of damage."""

from __future__ import annotations

import gc
import io
import os
import pickle
import tempfile
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from golden import golden
from lumentrace import FormatError, LineData, PointData, save, storage
from lumentrace.base import provenance
from lumentrace.base.errors import CutOffWarning, DamagedLinesWarning
from lumentrace.pept import scanners
from lumentrace.pept.scanners.files import natural
from lumentrace.pept.utilities import row_table
from twins import adac as twin

MARKER = 0xFACEFACE
HEADER = 1008
COLUMNS = ["t", "x1", "y1", "z1", "x2", "y2", "z2"]


@pytest.fixture(scope="session")
def da01(tmp_path_factory):
    path = tmp_path_factory.mktemp("golden") / "adac_0.da01"
    path.write_bytes(golden("pept/adac_0.da01"))
    return path


def adac(path, **settings):
    return scanners.adac_forte(path, verbose=False, **settings)


def screens(source, *args, **settings):
    return scanners.parallel_screens(source, *args, verbose=False, **settings)


def written(folder, words, separation=500, name="file.da01"):
    path = folder / name
    head = np.array([separation, 0], dtype="<i4").tobytes() + b"any text".ljust(1000, b"\0")
    path.write_bytes(head + np.asarray(words, dtype="<u4").tobytes())
    return path


def messy_words(rng, buffers, events, most_ticks=4):
    """Buffers of random events, up to `most_ticks` from one to the next, with some jitter."""
    words = []
    ticks = clock = 0
    for _ in range(buffers):
        words += [MARKER, 1000 + clock]
        for _ in range(events):
            ticks += int(rng.integers(0, most_ticks)) - int(rng.random() < 0.05) * 3
            words.append(int(rng.integers(2**24)) | ticks % 256 << 24)
        clock += events
    return words


# ---------------------------------------------------------------- ADAC Forte
def test_golden_file(da01):
    expected = golden("pept/adac_0.npz")["out"]
    lines = adac(da01, sample_size=200, overlap=150)
    np.testing.assert_allclose(lines.lines, expected, rtol=0, atol=1e-9)
    assert (lines.columns, len(lines), lines.attrs) == (COLUMNS, 57, {})


@pytest.mark.parametrize("seed", range(8))
def test_any_words_are_read_as_the_format_says(tmp_path, seed):
    rng = np.random.default_rng(seed)
    words = messy_words(rng, 6, 300, most_ticks=4 if seed % 2 else 256)
    path = written(tmp_path, words, separation=int(rng.integers(100, 900)))
    expected = twin.lines(path.read_bytes())
    found = adac(path).lines
    assert len(found) > 5
    np.testing.assert_array_equal(found[:, 1:], expected[:, 1:])
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=1e-12)


def test_every_position_bit_is_where_the_format_has_it(tmp_path):
    pairs = [(twin.VALUE_BIT_FROM_WORD_BIT[bit], 1 << (bit - 4)) for bit in range(4, 14)]
    all_set = sum(1 << word_bit for word_bit, _ in pairs)
    words = [MARKER, 0]
    for word_bit, _ in pairs:
        x = all_set & ~(1 << word_bit)
        words += [x | 0x200 | 1 << 23, all_set | 0x80 | 1 << 23, all_set | 0x200 | 1 << 22, all_set | 0x80]
    with pytest.warns(UserWarning, match="no tick length"):
        x1 = adac(written(tmp_path, words))["x1"]
    np.testing.assert_allclose(x1, [0.59 * value for _, value in pairs], rtol=1e-15)


@pytest.mark.parametrize(("buffers", "rate", "source"), [(1, 2.3837, "nominal"), (2, 2.5, "mean")])
def test_too_few_clock_readings_warn(tmp_path, buffers, rate, source):
    events = [0x0080_0200, 0x0080_0080, 0x0040_0200, 0x0040_0080]
    words = [MARKER, 0, *events, *(word | 100 << 24 for word in events)]
    words += [MARKER, 40, *(word | 150 << 24 for word in events)] * (buffers - 1)
    path = written(tmp_path, words)
    with pytest.warns(UserWarning, match=f"{buffers} clock readings; times use the {source} rate"):
        times = adac(path)["t"]
    np.testing.assert_allclose(times, twin.lines(path.read_bytes(), rate)[:, 0], rtol=1e-12)
    assert times[-1] > 0


def test_damaged_clock_warns(tmp_path, da01):
    data = bytearray(da01.read_bytes())
    words = np.frombuffer(bytes(data[HEADER:]), dtype="<u4")
    clock = HEADER + 4 * (int(np.flatnonzero(words == MARKER)[6]) + 1)
    data[clock + 2] ^= 1
    path = tmp_path / "damaged.da01"
    path.write_bytes(data)
    with pytest.warns(UserWarning, match="do not follow the ticks"):
        found = adac(path).lines
    np.testing.assert_array_equal(found[:, 1:], adac(da01).lines[:, 1:])


@pytest.mark.parametrize("separation", [2**31 - 1, -5])
def test_implausible_separation_warns(tmp_path, separation):
    path = written(tmp_path, messy_words(np.random.default_rng(0), 5, 200), separation)
    with pytest.warns(UserWarning, match="not plausible"):
        lines = adac(path)
    assert set(lines["z2"]) == {separation + 10.0}


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * HEADER, bytes(HEADER) + b"\xce\xfa\xce", bytes(HEADER + 400), b"t x y z\n1 2 3 4\n" * 100],
    ids=["empty", "header only", "cut in the first word", "zeros", "text"],
)
def test_not_an_adac_file(tmp_path, content):
    path = tmp_path / "file.da01"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"file\.da01: .*expected .*found"):
        adac(path)


def test_no_line_of_response(tmp_path):
    path = written(tmp_path, [MARKER, 5, 0x0080_0200, 0x0080_0080])
    with pytest.raises(FormatError, match=r"file\.da01: expected at least one line"):
        adac(path)


def test_missing_file_and_wildcard_without_match(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.da01"):
        adac(tmp_path / "none.da01")
    with pytest.raises(FileNotFoundError, match=r"none\*\.da01"):
        adac(tmp_path / "none*.da01")
    with pytest.raises(IsADirectoryError):
        adac(tmp_path)


def test_truncation_anywhere_keeps_whole_lines(tmp_path, da01):
    data = da01.read_bytes()
    whole = adac(da01).lines
    path = tmp_path / "cut.da01"
    rng = np.random.default_rng(0)
    for length in [*range(0, HEADER + 4, 37), *range(HEADER, HEADER + 30), *rng.integers(HEADER, len(data), 170)]:
        path.write_bytes(data[:length])
        if length < HEADER + 7 * 4:
            with pytest.raises(FormatError, match=r"cut\.da01"):
                adac(path)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found = adac(path).lines
        # 6 words per line, of which the first 5 complete it, and 2 words at the start of each of 8 buffers.
        words = (length - HEADER) // 4
        assert (words - 2 * 8 - 5) / 6 <= len(found) <= (words - 2 + 1) / 6
        np.testing.assert_array_equal(found[:, 1:], whole[: len(found), 1:])


def test_flipped_bits_are_read_as_the_format_says(tmp_path, da01):
    data = da01.read_bytes()[: HEADER + 24 * 300]
    path = tmp_path / "flipped.da01"
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(data)
        for bit in rng.integers(8 * len(data), size=20):
            damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                found = adac(path).lines
            except FormatError:
                assert damaged[HEADER : HEADER + 4] != data[HEADER : HEADER + 4]
                continue
        assert np.isfinite(found).all()
        assert (np.diff(found[:, 0]) >= 0).all()
        np.testing.assert_array_equal(found[:, 1:], twin.lines(bytes(damaged), rate=1.0)[:, 1:])


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes(tmp_path, seed):
    path = tmp_path / "random.da01"
    path.write_bytes(np.random.default_rng(seed).bytes(20_000))
    with pytest.raises(FormatError, match=r"random\.da01"):
        adac(path)


def test_wildcard_joins_files_in_natural_order(tmp_path, da01):
    folder = tmp_path / "runs [1]"
    folder.mkdir()
    data = da01.read_bytes()
    one = adac(da01).lines
    for name, lines in (("run.da10", 900), ("run.da2", 1500), ("run.da2_02", 3000)):
        (folder / name).write_bytes(data[: HEADER + 24 * lines])
    (folder / "run.da").mkdir()
    found = adac(str(folder / "run.da*"))
    parts = [adac(folder / name).lines.copy() for name in ("run.da2", "run.da2_02", "run.da10")]
    for before, part in pairwise(parts):
        part[:, 0] += before[-1, 0]
    np.testing.assert_array_equal(found.lines, np.concatenate(parts))
    assert len(parts[1]) > len(parts[0]) > len(parts[2])
    np.testing.assert_array_equal(parts[0][:, 1:], one[: len(parts[0]), 1:])
    (folder / "run.da3").write_bytes(b"no")
    with pytest.raises(FormatError, match=r"run\.da3: "):
        adac(folder / "run.da*")


def test_natural_order_of_the_camera():
    names = ["run.da10", "run.da02_02", "run.da01", "run.da02", "b2", "b10"]
    expected = ["b2", "b10", "run.da01", "run.da02", "run.da02_02", "run.da10"]
    assert [str(path) for path in sorted(map(Path, names), key=natural)] == expected


def test_rows_in_a_temporary_file_are_the_same(tmp_path, da01, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    in_memory = adac(da01, memory_map=False)
    on_disk = adac(da01, sample_size=100, memory_map=True)
    assert not isinstance(in_memory.lines, np.memmap)
    assert isinstance(on_disk.lines, np.memmap)
    np.testing.assert_array_equal(on_disk.lines, in_memory.lines)
    np.testing.assert_array_equal(on_disk[7].lines, in_memory.lines[700:800])
    assert not os.listdir(tmp_path)
    assert pickle.loads(pickle.dumps(on_disk)).lines.tobytes() == in_memory.lines.tobytes()
    sample = on_disk[7]
    del on_disk
    gc.collect()
    np.testing.assert_array_equal(sample.lines, in_memory.lines[700:800])


@pytest.mark.parametrize("limit", [0, 56 * 7, 56 * 2999, 56 * 3001])
def test_large_tables_leave_memory(da01, monkeypatch, limit):
    monkeypatch.setattr(row_table, "LIMIT", limit)
    monkeypatch.setattr(row_table, "_BLOCK", 500)
    found = adac(da01).lines
    assert isinstance(found, np.memmap) == (limit < found.nbytes)
    np.testing.assert_array_equal(found, adac(da01, memory_map=False).lines)


def test_provenance_identifies_the_file(da01, tmp_path):
    lines = adac(da01)
    record = lines.provenance.to_dict()
    content = provenance.content(np.fromfile(da01, dtype=np.uint8))
    expected = {"path": str(da01), "bytes": da01.stat().st_size, "xxh3": content, "separation": 500, "clock": "fit"}
    assert expected.items() <= record["input"].items()
    assert [step["name"] for step in record["steps"]] == ["adac_forte"]
    save(tmp_path / "lines.h5", lines)


def test_progress_bar_goes_to_stderr(da01, capsys):
    scanners.adac_forte(da01)
    shown = capsys.readouterr()
    assert "Reading: 100%" in shown.err
    adac(da01)
    assert capsys.readouterr() == ("", "")
    assert not shown.out


# ---------------------------------------------------------------- parallel screens
def test_documented_array():
    case = golden("pept/parallel_screens.npz")
    lines = screens(case["inp"], float(case["separation"]))
    np.testing.assert_array_equal(lines.lines, case["out"])
    assert lines.columns == COLUMNS
    assert screens(case["inp"].tolist(), 500, sample_size=1).sample_size == 1


@pytest.mark.parametrize(("name", "separation"), [("sample_2p_42rpm", 712), ("sample_1p_fluidised_bed", 600)])
def test_real_files(shared, name, separation):
    path = shared / "data" / "pept" / f"{name}.csv"
    found = screens(path).lines
    expected = np.loadtxt(path, skiprows=15)
    assert found.shape == (80_000, 7)
    np.testing.assert_array_equal(found[:, [0, 1, 2, 4, 5]], expected)
    assert (found[:, 3] == 0).all()
    assert (found[:, 6] == separation).all()
    # The documented example skips 16 lines, one more than the header has.
    np.testing.assert_array_equal(screens(path, separation, skiprows=16).lines, found[1:])


def test_given_separation_wins_over_the_header(tmp_path):
    path = text_file(tmp_path, f"A camera\n\nSeparation=   712\n \n{ROWS}")
    with pytest.warns(UserWarning, match=r"712 mm apart, using the 700 mm given"):
        assert screens(path, 700)["z2"][0] == 700


ROWS = "0.0 209.4 279.7 273.8 95.0\n0.1 432.5 439.5 200.6 192.9\n0.1 251.3 110.9 217.7 346.9\n"
TABLE = np.array([[float(number) for number in line.split()] for line in ROWS.splitlines()])


def text_file(folder, text):
    path = folder / "lines.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_no_separation_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"lines\.csv: no header line 'Separation.*give `screen_separation`"):
        screens(text_file(tmp_path, ROWS))
    with pytest.raises(ValueError, match="give `screen_separation`"):
        screens(TABLE)


@pytest.mark.parametrize("separation", [0, -3, float("nan"), float("inf"), "wide", [1, 2]])
def test_impossible_separation(separation):
    with pytest.raises(ValueError, match="`screen_separation`: expected a positive distance"):
        screens(TABLE, separation)


@pytest.mark.parametrize(
    "text",
    [
        ROWS.replace("\n", "\r\n"),
        ROWS.replace(" ", "\t"),
        ROWS.replace("\n", "   \n\n  \n\t"),
        "  " + ROWS.replace(" ", "   ").strip(),
        "# t x1 y1 x2 y2\n" + ROWS + "  # end",
        b"\xef\xbb\xbf" + ROWS.encode(),
        "Notes\n12 mm\nSeparation = 500.0 \n\n" + ROWS,
        "\n\n" + ROWS.replace("0.1 ", "+1.e-1 "),
    ],
    ids=["CRLF", "tabs", "blank lines", "no last break", "comments", "byte order mark", "header", "number forms"],
)
def test_harmless_variations(tmp_path, text):
    found = screens(text_file(tmp_path, text), 500).lines
    np.testing.assert_array_equal(found[:, [0, 1, 2, 4, 5]], TABLE)


DAMAGED = {
    "text": ("0.1 oops 1 2 3", "expected 5 numbers separated by white space, found 'oops'"),
    "four numbers": ("0.1 1 2 3", "expected 5 numbers separated by white space, found 4"),
    "six numbers": ("0.1 1 2 3 4 5", "expected 5 numbers separated by white space, found 6"),
    "decimal commas": ("0,1 209,4 1,5 2,5 3,5", r"found '0,1' \(a decimal comma\?\)"),
    "underscores": ("0.1 1_0 1 2 3", "found '1_0'"),
    "null bytes": ("0.1 1 2 \0 3", "found '.x00'"),
    "missing": ("0.1 1 2 NA 3", "found 'NA'"),
}


@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_damaged_line_is_named(tmp_path, case, ending):
    line, message = DAMAGED[case]
    path = text_file(tmp_path, (f"# comment\n\n{ROWS}{line}\n{ROWS.replace('0.0 ', '0.1 ')}").replace("\n", ending))
    with pytest.raises(FormatError, match=rf"lines\.csv, line 6: .*{message}"):
        screens(path, 500)
    with pytest.warns(UserWarning, match=r"lines\.csv: left out 1 damaged lines: 6$"):
        found = screens(path, 500, strict=False).lines
    np.testing.assert_array_equal(found[:, 1], np.tile(TABLE[:, 1], 2))


def test_damage_far_into_a_large_file(tmp_path):
    lines = [f"{i} 1 2 3 4" for i in range(700_000)]
    lines[650_000] = "650000 1 2 3"
    lines[655_000] = ""
    lines[660_000] = "nothing"
    path = text_file(tmp_path, "\n".join(lines))
    assert path.stat().st_size > 2 * 4 * 2**20
    with pytest.raises(FormatError, match="line 650001: expected 5 numbers separated by white space, found 4"):
        screens(path, 500)
    with pytest.warns(UserWarning, match=r"left out 2 damaged lines: 650001, 660001$"):
        found = screens(path, 500, strict=False)
    np.testing.assert_array_equal(found["t"], np.delete(np.arange(700_000), [650_000, 655_000, 660_000]))


def test_cut_last_line(tmp_path):
    with pytest.warns(
        CutOffWarning, match=r"lines\.csv, line 3: left out the last line, .*: '0\.1 251\.3 110\.9 217\.7'"
    ):
        found = screens(text_file(tmp_path, ROWS[:-7]), 500)
    np.testing.assert_array_equal(found["x1"], TABLE[:2, 1])


def test_open_files_are_read(tmp_path):
    path = text_file(tmp_path, "Notes\nSeparation= 500\n" + ROWS)
    expected = screens(path)
    with open(path) as text, open(path, "rb") as raw:
        for source in (io.StringIO(path.read_text()), text, raw):
            found = screens(source)
            np.testing.assert_array_equal(found.lines, expected.lines)
            assert found.provenance.input["xxh3"] == expected.provenance.input["xxh3"]


@pytest.mark.parametrize("text", ["0.1 1 2 3\n" * 5, "t,x\n" * 3, "", "\n\n#\n"], ids=["4", "text", "empty", "blank"])
def test_files_without_rows(tmp_path, text):
    with pytest.raises(FormatError, match=r"lines\.csv.*expected .*found"):
        screens(text_file(tmp_path, text), 500)


def test_four_column_file_names_the_columns(tmp_path):
    with pytest.raises(FormatError, match=r"expected at least 5 columns \(t, x1, y1, x2, y2\), found 4"):
        screens(text_file(tmp_path, "0.1 1 2 3\n"), 500)
    with pytest.raises(ValueError, match="at least 5 columns t, x1, y1, x2, y2, found shape"):
        screens(TABLE[:, :4], 500)


def test_missing_text_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        screens(tmp_path / "none.csv", 500)


def test_rows_that_are_not_finite_are_kept(tmp_path):
    found = screens(text_file(tmp_path, ROWS + "nan 1 2 3 4\n0.2 inf -Infinity NaN 4\n"), 500).lines
    assert len(found) == 5
    np.testing.assert_array_equal(found[4, [0, 1, 2, 4, 5]], [0.2, np.inf, -np.inf, np.nan, 4])
    assert np.isnan(found[3, 0])


def test_unsorted_times_keep_their_order_and_warn(tmp_path):
    path = text_file(tmp_path, ROWS + "0.05 1 2 3 4\n")
    with pytest.warns(UserWarning, match=r"times decrease, first from 0\.1 to 0\.05 ms at row 3"):
        assert screens(path, 500)["t"].tolist() == [0.0, 0.1, 0.1, 0.05]


def test_extra_columns_stay_at_the_end(tmp_path):
    lines = screens(np.column_stack([TABLE, [7, 8, 9]]), 500)
    assert lines.columns == [*COLUMNS, "col7"]
    assert lines["col7"].tolist() == [7, 8, 9]


def test_other_separators_and_limits(tmp_path):
    path = text_file(tmp_path, "time;a;b;c;d\n" + ROWS.replace(" ", " ; "))
    np.testing.assert_array_equal(screens(path, 500, sep=";", skiprows=1)["x1"], TABLE[:, 1])
    np.testing.assert_array_equal(screens(path, 500, sep=";", skiprows=2, nrows=1)["x1"], TABLE[1:2, 1])
    with pytest.raises(FormatError, match="line 1: expected 5 numbers separated by ';', found 'time'"):
        screens(path, 500, sep=";")
    with pytest.raises(FormatError, match="line 2: expected 5 numbers separated by ',', found ''"):
        screens(text_file(tmp_path, "1,2,3,4,5\n1,2,,4,5\n"), 500, sep=",")


def test_large_text_leaves_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(row_table, "LIMIT", 100)
    found = screens(text_file(tmp_path, ROWS), 500).lines
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found[:, [0, 1, 2, 4, 5]], TABLE)


# ---------------------------------------------------------------- general tables
SEVEN = np.arange(21.0).reshape(3, 7)


@pytest.mark.parametrize(
    ("names", "sep"),
    [("", ","), ("time,a,b,c,d,e,f", ","), ("t;x1;y1;z1;x2;y2;z2", ";"), ("t x1 y1 z1 x2 y2 z2", " ")],
)
def test_tables_with_commas_and_names(tmp_path, names, sep):
    body = "\n".join(sep.join(map(str, row)) for row in SEVEN)
    path = text_file(tmp_path, f"{names}\n{body}\n")
    np.testing.assert_array_equal(scanners.lines(path, verbose=False).lines, SEVEN)


def test_names_say_where_the_columns_are(tmp_path):
    path = text_file(tmp_path, '"X1 (mm)",y1,z1,x2,y2,z2,energy,t [ms]\n1,2,3,4,5,6,7,0\n2,3,4,5,6,7,8,1\n')
    expected = [[0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8]]
    np.testing.assert_array_equal(scanners.lines(path, verbose=False).lines, expected)


def test_a_damaged_first_row_is_no_line_of_names(tmp_path):
    path = text_file(tmp_path, "0.1 oops 1 2 3 4 5\n0.2 1 1 2 3 4 5\n")
    with pytest.raises(FormatError, match="line 1: expected 7 numbers separated by white space, found 'oops'"):
        scanners.lines(path, verbose=False)


def test_damaged_lines_of_a_table_are_counted(tmp_path):
    path = text_file(tmp_path, "0,1,2,3,4,5,6\n1,x,2,3,4,5,6\n2,1\n3,1,2,3,4,5,6\n")
    with pytest.raises(FormatError, match="line 2"):
        scanners.lines(path, verbose=False)
    with pytest.warns(DamagedLinesWarning, match="left out 2 damaged lines: 2, 3"):
        found = scanners.lines(path, verbose=False, strict=False)
    assert found["t"].tolist() == [0, 3]
    assert found.provenance.steps[0].parameters["damaged_lines_left_out"] == 2


@pytest.fixture
def seven():
    return LineData(np.random.default_rng(0).normal(size=(20, 8)), sample_size=5, columns=[*COLUMNS, "energy"])


@pytest.mark.parametrize("suffix", [".npy", ".h5", ".parquet", ".csv"])
def test_lines_from_any_table(tmp_path, seven, suffix):
    path = tmp_path / f"lines{suffix}"
    if suffix == ".npy":
        np.save(path, seven.lines)
    else:
        {".h5": save, ".parquet": storage.to_parquet, ".csv": storage.to_csv}[suffix](path, seven)
    found = scanners.lines(path, sample_size=4, overlap=2, verbose=False)
    np.testing.assert_array_equal(found.lines, seven.lines)
    assert (len(found), found.sample_size) == (9, 4)
    if suffix == ".h5":
        assert scanners.lines(path).sample_size == 5


def test_lines_from_what_is_no_table_of_lines(tmp_path, seven):
    np.save(tmp_path / "narrow.npy", np.zeros((3, 4)))
    np.save(tmp_path / "objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("1 2 3 4 5 6 7\n")
    (tmp_path / "narrow.csv").write_text("1 2 3 4 5\n")
    (tmp_path / "empty.csv").write_text("")
    save(tmp_path / "points.h5", PointData(np.zeros((3, 4))))
    for path in tmp_path.iterdir():
        with pytest.raises(FormatError, match=rf"{path.name}: .*expected .*found"):
            scanners.lines(path, verbose=False)
    with pytest.raises(FileNotFoundError):
        scanners.lines(tmp_path / "none.npy")
