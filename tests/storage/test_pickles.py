"""Old pickles of the PEPT library come in; nothing they ask for is ever run."""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from lumentrace import AdaptiveWindow, FormatError, LineData, PointData, TimeWindow, load
from lumentrace.storage import guard, import_pickle

FIXTURES = Path(__file__).parents[1] / "fixtures"
"""The pickles in it were written by `save` of pept 0.5.1 with numpy 1.26."""


# ---------------------------------------------------------------------- real files
def test_lines_with_time_windows():
    lines = import_pickle(FIXTURES / "pept_0_5_1_lines.pickle")
    assert type(lines) is LineData
    assert np.array_equal(lines.lines, np.arange(70.0).reshape(10, 7))
    assert (lines.sample_size, lines.overlap) == (TimeWindow(14.0), TimeWindow(7.0))
    assert lines.columns == ["t", "x1", "y1", "z1", "x2", "y2", "z2"]
    lines.lines[0, 0] = 1


def test_points_with_attributes():
    points = import_pickle(FIXTURES / "pept_0_5_1_points.pickle")
    assert type(points) is PointData
    assert np.array_equal(points.points, np.arange(40.0).reshape(10, 4) / 3)
    assert (points.sample_size, points.overlap) == (3, 1)
    assert points.samples_indices.tolist() == [[0, 3], [2, 5], [4, 7], [6, 9]]
    hidden = points.attrs.pop("_lines")
    assert type(hidden) is LineData
    assert (hidden.lines == np.ones((2, 7))).all()
    assert points.attrs.pop("cutoffs").tolist() == [0, 1, 2, 3, 4, 5]
    assert points.attrs == {"tracer": "bead", "error": 0.25, "none": None, "nested": {"a": [1, 2.5], "b": (True, "x")}}
    assert type(points.attrs["error"]) is np.float64


def test_a_list_of_everything():
    sample, empty, array, listed, adaptive = import_pickle(FIXTURES / "pept_0_5_1_list.pickle")
    assert (type(sample), len(sample), sample.attrs["tracer"]) == (PointData, 1, "bead")
    assert empty.lines.shape == (0, 7)
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert listed.sample_size.tolist() == [2, 3, 0]
    assert listed.samples_indices.tolist() == [[0, 2], [2, 5], [5, 5]]
    assert (adaptive.sample_size, adaptive.overlap) == (AdaptiveWindow(2.0), AdaptiveWindow(0.0))


def test_load_points_the_way():
    with pytest.raises(FormatError, match="lumentrace import-pickle"):
        load(FIXTURES / "pept_0_5_1_points.pickle")


# ---------------------------------------------------------------------- plain values
def through_pickle(tmp_path, value, protocol=4):
    (tmp_path / "a.pickle").write_bytes(pickle.dumps(value, protocol))
    return import_pickle(tmp_path / "a.pickle")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_values_and_arrays_of_this_numpy(tmp_path, protocol):
    arrays = {
        "f": np.random.default_rng(1).normal(size=(3, 4)),
        "big": np.arange(5, dtype=">i4"),
        "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        "text": np.array(["ab", "é"]),
        "zero": np.empty((0, 3), dtype="c8"),
        "flags": np.array([True, False]),
    }
    if protocol == 2:  # bytes take a detour through a codec there, which is refused
        with pytest.raises(FormatError, match=r"_codecs\.encode"):
            through_pickle(tmp_path, arrays, protocol)
        return
    again = through_pickle(tmp_path, arrays, protocol)
    assert list(again) == list(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype
        assert np.array_equal(again[name], array)
    plain = {"a": [1, 2.5, None, True, "é", b"\x00", 2**70, 1 - 2j], (1, "b"): np.float32(0.5), "i": np.int64(-1)}
    assert through_pickle(tmp_path, plain, protocol) == plain


# ---------------------------------------------------------------------- hostile files
class Calls:
    """Pickles into a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def touch(path):
    return f"import pathlib; pathlib.Path({str(path)!r}).touch()"


HOSTILE = {
    "system": lambda path: Calls(os.system, f"touch {path}"),
    "eval": lambda path: Calls(eval, f"__import__('pathlib').Path({str(path)!r}).touch()"),
    "exec": lambda path: Calls(exec, touch(path)),
    "popen": lambda path: Calls(subprocess.Popen, ["touch", str(path)]),
    "open": lambda path: Calls(open, str(path), "w"),
    "getattr": lambda path: Calls(getattr, Calls(__import__, "os"), "system"),
    "nested": lambda path: [np.arange(3), {"a": (1, {"b": Calls(list, [Calls(os.system, f"touch {path}")])})}],
    "in an array": lambda path: np.array([Calls(os.system, f"touch {path}"), 1], dtype=object),
    "in attributes": lambda path: {"attrs": {"x": Calls(Path, str(path))}},
    "numpy.load": lambda path: Calls(np.load, str(path)),
    "numpy.save": lambda path: Calls(np.save, str(path), [1]),
    "runstring": lambda path: Calls(np.fromfile, str(path)),
}


@pytest.mark.parametrize(
    ("name", "protocol"),
    [*itertools.product(HOSTILE, (0, 4)), ("nested", 2), ("nested", 5)],  # 2 names things as 0 does, 5 as 4 does
)
def test_calls_are_refused_and_not_made(tmp_path, name, protocol):
    refused = r"a\.pickle: (the pickle names [\w.]+; expected only|arrays of numpy type 'O8' cannot be read)"
    with pytest.raises(FormatError, match=refused):
        through_pickle(tmp_path, HOSTILE[name](tmp_path / "made"), protocol)
    assert [p.name for p in tmp_path.iterdir()] == ["a.pickle"]


def test_the_calls_above_would_do_harm(tmp_path):
    """Else the test before this one proves nothing."""
    for name in ("system", "eval", "exec", "nested", "in an array", "numpy.save"):
        pickle.loads(pickle.dumps(HOSTILE[name](tmp_path / "made")))
        made = [*tmp_path.glob("made*")]
        assert made, name
        for path in made:
            path.unlink()


def short(text):
    return b"\x8c" + bytes([len(text)]) + text.encode()


OPCODES = {
    "dotted name": b"\x80\x04" + short("pept.base.line_data") + short("LineData.__init__.__globals__") + b"\x93.",
    "attribute of a known module": b"\x80\x04" + short("numpy") + short("fromfile") + b"\x93.",
    "module of a known class": b"\x80\x04" + short("pept.base.line_data") + short("sys") + b"\x93.",
    "extension registry": b"\x80\x04\x82\x01.",
    "persistent id": b"\x80\x04" + short("x") + b"Q.",
    "dict of a function": b"\x80\x04"
    + short("numpy.core.multiarray")
    + short("_reconstruct")
    + b"\x93}"
    + short("__code__")
    + b"K\x01s\x86b.",
    "old instance": b"(S'touch made'\nios\nsystem\n.",
    "stack underflow": b"\x80\x04RRRR.",
    "no end": b"\x80\x04]q\x00",
    "empty": b"",
    "text": b"t x y z\n1 2 3 4\n",
    "itself": b"\x80\x04]q\x00h\x00a.",
    "not an array": b"\x80\x04" + short("numpy") + short("ndarray") + b"\x93)\x81.",
    "not a table": b"\x80\x04"
    + short("pept.base.line_data")
    + short("LineData")
    + b"\x93)\x81}"
    + short("_data")
    + b"K\x01sb.",
    "only a class": b"\x80\x04" + short("pept.base.line_data") + short("LineData") + b"\x93.",
    "deep": b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b".",
}


@pytest.mark.parametrize("name", OPCODES)
def test_crafted_streams_are_refused(tmp_path, name):
    (tmp_path / "a.pickle").write_bytes(OPCODES[name])
    with pytest.raises(FormatError, match=r"a\.pickle"):
        import_pickle(tmp_path / "a.pickle")
    assert [p.name for p in tmp_path.iterdir()] == ["a.pickle"]


def claimed_array(shape, raw):
    """Pickle of an array that claims `shape` and holds `raw`."""
    head = b"\x80\x04" + short("numpy.core.multiarray") + short("_reconstruct") + b"\x93"
    head += short("numpy") + short("ndarray") + b"\x93K\x00\x85C\x01b\x87R"
    state = b"(K\x01(" + b"".join(b"\x8a\x08" + n.to_bytes(8, "little", signed=True) for n in shape) + b"t"
    state += short("numpy") + short("dtype") + b"\x93" + short("f8") + b"\x89\x88\x87R(K\x03" + short("<")
    return head + state + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89C" + bytes([len(raw)]) + raw + b"tb."


def test_claimed_array_is_like_the_real_thing(tmp_path):
    (tmp_path / "a.pickle").write_bytes(claimed_array((1, 2), np.array([1.5, 2.5]).tobytes()))
    assert import_pickle(tmp_path / "a.pickle").tolist() == [[1.5, 2.5]]


@pytest.mark.parametrize("shape", [(10**15,), (3,), (-2,), (2**62, 4), (-1, -2)])
def test_claimed_shapes_are_not_believed(tmp_path, shape):
    (tmp_path / "a.pickle").write_bytes(claimed_array(shape, bytes(16)))
    with pytest.raises(FormatError, match=r"a\.pickle: damaged array.*found 16 bytes"):
        import_pickle(tmp_path / "a.pickle")


HUGE = {
    "bytes": b"\x80\x04\x8e" + (2**45).to_bytes(8, "little") + b"x.",
    "text": b"\x80\x04\x8d" + (2**45).to_bytes(8, "little") + b"x.",
    "bytearray": b"\x80\x05\x96" + (2**45).to_bytes(8, "little") + b"x.",
    "memo": b"\x80\x04]r\xff\xff\xff\x7f.",
    "frame": b"\x80\x04\x95" + (2**45).to_bytes(8, "little") + b"x.",
    "doubling lists": b"\x80\x04]q\x00"
    + b"".join(b"]q" + bytes([i]) + b"(" + (b"h" + bytes([i - 1])) * 10 + b"e" for i in range(1, 30))
    + b".",
}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold processes to a limit of memory")
@pytest.mark.parametrize("name", HUGE)
def test_huge_demands_are_refused(tmp_path, name):
    (tmp_path / "a.pickle").write_bytes(HUGE[name])
    started = time.monotonic()
    with pytest.raises(FormatError, match=r"a\.pickle"):
        import_pickle(tmp_path / "a.pickle", timeout=3)
    assert time.monotonic() - started < 8


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold processes to a limit of memory")
def test_the_child_is_held_to_a_limit_of_memory(tmp_path):
    """8 GB, which most machines would hand out to a process without a limit."""
    (tmp_path / "a.pickle").write_bytes(b"\x80\x04\x8e" + (2**33).to_bytes(8, "little") + b"x.")
    with pytest.raises(FormatError, match=r"a\.pickle: needs more memory than the limit of \d+ bytes"):
        import_pickle(tmp_path / "a.pickle")


def test_time_limit(tmp_path):
    (tmp_path / "a.pickle").write_bytes(b"\x80\x04]q\x00" + b"h\x000" * 3_000_000 + b".")
    with pytest.raises(FormatError, match=r"a\.pickle: .* was ended after 0\.01 s of work"):
        import_pickle(tmp_path / "a.pickle", timeout=0.01)


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), None, "9"])
def test_a_time_that_is_none(tmp_path, timeout):
    (tmp_path / "a.pickle").write_bytes(pickle.dumps([1]))
    with pytest.raises(ValueError, match="`timeout`: expected seconds above 0, found"):
        import_pickle(tmp_path / "a.pickle", timeout=timeout)


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, np.float32(100), np.int64(100)])
def test_any_time(tmp_path, timeout):
    (tmp_path / "a.pickle").write_bytes(pickle.dumps([1]))
    assert import_pickle(tmp_path / "a.pickle", timeout=timeout) == [1]


def test_arrays_of_objects_become_lists(tmp_path):
    rows = [{"one": np.arange(3), "two": "text"}, {"one": np.float32(2), "two": None}]
    np.save(tmp_path / "rows.npy", np.array(rows, dtype=object))
    found = import_pickle(tmp_path / "rows.npy")
    assert [row["two"] for row in found] == ["text", None]
    assert found[0]["one"].tolist() == [0, 1, 2]
    assert type(found[1]["one"]) is np.float32
    np.save(tmp_path / "single.npy", np.array({"one": [1, (2, 3)]}))
    assert import_pickle(tmp_path / "single.npy") == {"one": [1, (2, 3)]}
    np.save(tmp_path / "none.npy", np.array([], dtype=object))
    assert import_pickle(tmp_path / "none.npy") == []


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[None, 1], [2, 3]], dtype=object), r"expected a row of 4, found shape \(2, 2\)"),
        (np.arange(3), "which numpy.load reads"),
    ],
)
def test_arrays_that_are_refused(tmp_path, array, message):
    np.save(tmp_path / "rows.npy", array)
    with pytest.raises(FormatError, match=message):
        import_pickle(tmp_path / "rows.npy")


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        import_pickle(tmp_path / "none.pickle")


def test_values_that_cannot_be_kept_are_named(tmp_path):
    (tmp_path / "a.pickle").write_bytes(pickle.dumps({"a": frozenset({1, 2})}))
    with pytest.raises(FormatError, match=r"`value/a`: a value of type frozenset"):
        import_pickle(tmp_path / "a.pickle")


def test_damaged_pickles_are_refused_or_read(tmp_path):
    whole = (FIXTURES / "pept_0_5_1_points.pickle").read_bytes()
    source = tmp_path / "a.pickle"
    rng = np.random.default_rng(2)
    read = 0
    for i in range(500):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        source.write_bytes(damaged[: rng.integers(len(whole))] if i % 5 == 0 else damaged)
        try:
            import_pickle(source)
            read += 1
        except FormatError as error:
            assert str(source) in str(error)  # noqa: PT017 - some damage is none
    assert 100 < read < 400


def test_one_child_reads_all_of_them(tmp_path):
    through_pickle(tmp_path, {"a": 1})
    children = [child.process.pid for child in guard._children]
    for value in ([1], "text", np.arange(3)):
        through_pickle(tmp_path, value)
    assert [child.process.pid for child in guard._children] == children


def test_a_result_that_cannot_be_kept_is_no_damage(tmp_path, monkeypatch):
    """The error of the child names the result, and not the pickle."""
    monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda: nullcontext(str(tmp_path / "none")))
    with pytest.raises(FileNotFoundError, match=r"none.result\.h5"):
        through_pickle(tmp_path, [1])
