"""MATLAB files: our reader beside scipy's, which is the judge, and files that are damaged or hostile."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import loadmat, savemat

from lumentrace import FormatError
from lumentrace.storage.matlab import Unread, read_matlab

NUMBERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]


def judged(value: Any) -> Any:
    """What scipy found, as we say it."""
    if isinstance(value, np.ndarray) and value.dtype.names is not None:
        if value.ndim == 0:
            return {name: judged(value[name].item()) for name in value.dtype.names}
        made = np.empty(value.shape, object)
        for place in np.ndindex(value.shape):
            made[place] = judged(np.asarray(value[place]))
        return made.reshape(-1) if not value.size else made
    if isinstance(value, np.void):
        return judged(np.asarray(value))
    if isinstance(value, np.ndarray) and value.dtype == object:
        if value.ndim == 0:
            return judged(value.item())
        made = np.empty(value.shape, object)
        for place in np.ndindex(value.shape):
            made[place] = judged(value[place])
        return made
    return "" if isinstance(value, np.ndarray) and value.dtype.kind == "U" and not value.size else value


def same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, value in expected.items():
            same(found[name], value)
    elif isinstance(expected, np.ndarray) and expected.dtype == object:
        assert found.shape == expected.shape
        for one, other in zip(found.ravel(), expected.ravel(), strict=True):
            same(one, other)
    else:
        np.testing.assert_array_equal(found, expected, strict=True)
        assert type(found) is type(expected)


def compare(path: Path, values: dict[str, Any], compressed: bool) -> None:
    savemat(path, values, do_compression=compressed)
    expected = {name: value for name, value in loadmat(path, squeeze_me=True).items() if name[0] != "_"}
    same(read_matlab(path), {name: judged(value) for name, value in expected.items()})


def cells(*items: Any) -> np.ndarray[Any, Any]:
    made = np.empty(len(items), object)
    made[:] = items
    return made


RECORDS = np.zeros((2, 3), [("name", "O"), ("size", "O")])
RECORDS["name"], RECORDS["size"] = "grey", np.arange(6).reshape(2, 3)
VALUES: dict[str, Any] = {
    **{kind: np.arange(24).astype(kind).reshape(2, 3, 4) for kind in NUMBERS},
    "one": 2.5,
    "complex": np.array([[1 + 2j, 3], [4, 5j]]),
    "small_complex": np.array([1 + 2j, 3], np.complex64),
    "logical": np.array([True, False]),
    "text": "w;+ (grey)",
    "unicode": "µm, Ω, 脳, 𝄞",
    "rows": np.array(["abc", "de"]),
    "empty_text": "",
    "empty": np.zeros((0, 3)),
    "cell": cells(1, "two", np.arange(3.0), cells("deep", cells())),
    "struct": {"a": 1, "b": {"c": "d", "e": np.eye(2), "f": cells(1, {"g": 2})}},
    "records": RECORDS,
    "no_records": RECORDS[:0],
}


@pytest.mark.parametrize("compressed", [False, True])
def test_everything_scipy_writes_is_read_as_scipy_reads_it(tmp_path: Path, compressed: bool) -> None:
    compare(tmp_path / "all.mat", VALUES, compressed)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"\A[a-z][a-z0-9]{0,20}\Z"),
        st.recursive(
            hnp.arrays(st.sampled_from(NUMBERS), hnp.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=4))
            | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3).map(lambda items: cells(*items))
                | st.dictionaries(st.from_regex(r"\A[a-z]{1,9}\Z"), inner, min_size=1, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=3,
    ),
    st.booleans(),
)
def test_any_values(tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], compressed: bool) -> None:
    compare(tmp_path_factory.mktemp("any") / "any.mat", values, compressed)


def element(kind: int, data: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(flags: int, shape: tuple[int, ...], name: str, rest: bytes, order: str = "<") -> bytes:
    head = element(6, struct.pack(f"{order}II", flags, 0), order)
    head += element(5, struct.pack(f"{order}{len(shape)}i", *shape), order) + element(1, name.encode(), order)
    return element(14, head + rest, order)


def header(order: str = "<") -> bytes:
    return b"MATLAB 5.0".ljust(124) + struct.pack(f"{order}HH", 0x0100, 0x4D49)


@pytest.mark.parametrize("order", "<>")
def test_both_orders_of_bytes(tmp_path: Path, order: str) -> None:
    path = tmp_path / "order.mat"
    parts = [
        matrix(6, (2, 2), "a", element(9, struct.pack(f"{order}4d", 1.5, 2, 3, 4), order), order),
        matrix(10, (1, 2), "b", element(3, struct.pack(f"{order}2h", -5, 300), order), order),
        matrix(4, (1, 2), "c", element(17, "µm".encode("utf-16-le" if order == "<" else "utf-16-be"), order), order),
    ]
    path.write_bytes(header(order) + b"".join(parts))
    expected = {name: value for name, value in loadmat(path, squeeze_me=True).items() if name[0] != "_"}
    found = read_matlab(path)
    assert list(found) == list(expected) == ["a", "b", "c"]
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_what_is_not_read_says_so_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "kinds.mat"
    opaque = element(14, element(6, struct.pack("<II", 17, 0)) + element(1, b"object") + element(1, b"MCOS"))
    handle = matrix(16, (1, 1), "handle", matrix(6, (0, 0), "", element(9, b"")))
    path.write_bytes(header() + opaque + handle + matrix(6, (1, 1), "a", element(2, b"\x07")))
    assert read_matlab(path) == {"object": Unread("object of a class"), "handle": Unread("function handle"), "a": 7}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "a header of 128 bytes"),
        (b"nothing" * 99, "IM or MI"),
        (header()[:124] + b"\0\x02IM", "version 7.3"),
        (header() + element(14, b"")[:5], "bytes, found 1"),
        (header() + matrix(6, (1 << 30, 1 << 30), "a", element(9, b"")), "numbers"),
        (header() + matrix(1, (1 << 30, 1), "a", b""), "values for an array"),
        (header() + matrix(4, (1, 9), "a", element(16, b"abc")), "9 characters"),
        (header() + 2 * matrix(6, (1, 1), "a", element(2, b"1")), "a again"),
    ],
)
def test_bytes_that_are_no_such_file(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.mat"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=reason) as found:
        read_matlab(path)
    assert str(path) in str(found.value)


def test_a_bomb_is_refused_by_a_limit_that_can_be_raised(tmp_path: Path) -> None:
    path = tmp_path / "bomb.mat"
    savemat(path, {"zeros": np.zeros(1 << 20)}, do_compression=True)
    assert path.stat().st_size < 20_000
    with pytest.raises(FormatError, match="at most 1000000 bytes when inflated"):
        read_matlab(path, most_bytes=1_000_000)
    assert not read_matlab(path, most_bytes=1 << 24)["zeros"].any()
    assert read_matlab(path, "other", most_bytes=1_000_000) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes of POSIX")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mat")
    with pytest.raises(FormatError, match=r"pipe\.mat: expected a MATLAB file, found no ordinary file"):
        read_matlab(tmp_path / "pipe.mat")


@pytest.mark.parametrize("compressed", [False, True])
def test_every_bit_may_flip(tmp_path: Path, compressed: bool) -> None:
    """No crash, no hang, no other error; the numbers of compressed variables are right or refused."""
    path = tmp_path / "flips.mat"
    kinds = np.zeros(2, dtype=[("epochName", "O"), ("stimtype", "O")])
    kinds["epochName"], kinds["stimtype"] = ["Grey", "Odour"], [7, 7]
    state = {"software": {"version": 3.8}, "acq": {"frameRate": 10.0, "zoomFactor": 9.0}}
    savemat(path, {"stimParams": kinds, "state": state, "flyId": 5}, do_compression=compressed)
    content, right = bytearray(path.read_bytes()), read_matlab(path)
    slowest = 0.0
    for place in range(116, len(content)):
        for bit in (0, 3, 7):
            content[place] ^= 1 << bit
            path.write_bytes(content)
            start = time.perf_counter()
            try:
                found = read_matlab(path)
            except FormatError as error:
                assert str(path) in str(error)  # noqa: PT017 - most flips are harmless
            else:
                if compressed and list(found) == list(right):
                    same(found, right)
            slowest = max(slowest, time.perf_counter() - start)
            content[place] ^= 1 << bit
    assert slowest < 1


def test_a_child_that_reads_a_hostile_file_takes_little_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "hostile.mat"
    fields = element(5, struct.pack("<i", 8)) + element(1, b"")
    path.write_bytes(header() + matrix(2, (2**31 - 1, 1), "a", fields))
    code = (
        "import resource, sys; from lumentrace.storage.matlab import read_matlab\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "try: read_matlab(sys.argv[1])\n"
        "except Exception as error: print(type(error).__name__)"
    )
    command = [sys.executable, "-c", code, str(path)]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout == "FormatError\n"
