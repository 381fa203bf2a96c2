"""Arrays that a child process reads."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace import FormatError
from lumentrace.storage import guard


def counted(path: str, count: int) -> Iterator[Any]:
    yield {"path": path}
    for number in range(count):
        yield np.arange(6.0).reshape(2, 3) * number
    yield np.empty((0, 4))


def refusing(path: str, why: str) -> Iterator[Any]:
    yield [1]
    if why == "format":
        raise FormatError("expected something else")
    if why == "bare":
        raise KeyError("x")
    if why == "missing":
        Path(path + ".missing").read_bytes()
    if why == "memory":
        yield np.ones(guard.MEMORY // 4)
    if why == "hang":
        while True:
            pass
    os._exit(5)


def at(name: str) -> str:
    return f"{Path(__file__).stem}:{name}"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Children find this module beside the package."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    guard._end_all()
    guard._children.clear()
    (tmp_path / "a.dat").touch()
    yield tmp_path / "a.dat"
    guard._end_all()
    guard._children.clear()


def test_arrays_come_in_order_from_one_child(path: Path) -> None:
    for count in (0, 3, 2000):
        told, *arrays, last = guard.read(at("counted"), path, count)
        assert told == {"path": str(path)}
        for number, array in enumerate(arrays):
            np.testing.assert_array_equal(array, number * np.arange(6.0).reshape(2, 3))
        assert (len(arrays), last.shape) == (count, (0, 4))
    assert len(guard._children) == 1


def test_two_files_at_once(path: Path) -> None:
    first, second = (guard.read(at("counted"), path, 50) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert str(one) == str(other)
    assert len(guard._children) == 2


def test_a_reader_that_is_left_leaves_no_child(path: Path) -> None:
    found = guard.read(at("counted"), path, 10**9)
    next(found)
    (child,) = guard._children
    found.close()
    assert child.process.poll() is not None
    assert guard._children == []


@pytest.mark.parametrize(
    ("why", "kind", "told", "kept"),
    [
        ("format", FormatError, r"a\.dat: expected something else", True),
        ("bare", FormatError, r"a\.dat: 'x'", True),
        ("missing", FileNotFoundError, r"a\.dat", True),
        ("crash", FormatError, r"a\.dat: .* the process that read it ended with status 5", False),
        ("memory", FormatError, r"a\.dat: needs more memory than the limit of \d+ bytes", True),
        ("hang", FormatError, r"a\.dat: .* ended with status -\d+ after at most 1 s of work", False),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="limits of work and memory are those of POSIX")
def test_what_ends_a_child(
    path: Path, monkeypatch: pytest.MonkeyPatch, why: str, kind: type[Exception], told: str, kept: bool
) -> None:
    monkeypatch.setattr(guard, "SECONDS", 1.0)
    monkeypatch.setattr(guard, "MEMORY", 2 << 30)
    began = time.perf_counter()
    with pytest.raises(kind, match=told):
        list(guard.read(at("refusing"), path, why))
    assert time.perf_counter() - began < (guard.PATIENCE + 1) * guard.SECONDS
    assert len(guard._children) == kept
    assert len(list(guard.read(at("counted"), path, 1))) == 3
