"""Arrays that a child process reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace import FormatError
from lumentrace.storage import guard
from lumentrace.storage.guard_messages import END, VALUES, Limits, question


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


KEPT: list[Any] = []


def keeping(path: str, count: int) -> Iterator[Any]:
    KEPT.append(bytearray(count))
    yield from refusing(path, "format")


def pausing(path: str, seconds: float) -> Iterator[Any]:
    yield "begun"
    time.sleep(seconds)


def making(path: str, count: int) -> Iterator[Any]:
    yield np.ones((count, 1))


def circling(path: str, count: int) -> Iterator[Any]:
    circle: list[Any] = [bytearray(count)]
    circle.append(circle)
    yield from refusing(path, "format")


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
        ("missing", FileNotFoundError, r"a\.dat\.missing", True),
        ("crash", FormatError, r"a\.dat: .* the process that read it ended with status 5 \(damaged\?\)", False),
        ("memory", FormatError, r"a\.dat: needs more memory than the limit of \d+ bytes", True),
        ("hang", FormatError, r"a\.dat: .* was ended after 1 s of work or 6 s by the clock", False),
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


@pytest.mark.skipif(os.name != "posix", reason="limits of memory are those of POSIX")
def test_limits_are_those_of_a_job(path: Path) -> None:
    tight = Limits(10.0, 60.0, 1 << 29)
    with pytest.raises(FormatError, match=f"more memory than the limit of {1 << 29} bytes"):
        list(guard.read(at("refusing"), path, "memory", limits=tight))
    with pytest.raises(FormatError, match=r"a\.dat: expected something else"):
        list(guard.read(at("refusing"), path, "format"))
    assert len(guard._children) == 1


@pytest.mark.skipif(os.name != "posix", reason="limits of memory are those of POSIX")
def test_what_one_kind_of_job_keeps_is_not_counted_against_another(path: Path) -> None:
    with pytest.raises(FormatError, match="expected something else"):
        list(guard.read(at("keeping"), path, 2 << 30))
    (found,) = guard.read(at("making"), path, 10**7, limits=Limits(10.0, 60.0, 2 << 30))
    assert len(found) == 10**7


def test_circles_that_a_job_leaves_are_gone_before_the_next(path: Path) -> None:
    limits = Limits(10.0, 60.0, 3 << 30)
    for _ in range(4):
        with pytest.raises(FormatError, match="expected something else"):
            list(guard.read(at("circling"), path, 3 << 29, limits=limits))


def test_the_time_of_a_job_is_not_that_of_the_next(path: Path) -> None:
    for _ in range(2):
        assert len(list(guard.read(at("counted"), path, 1, limits=Limits(0.4, 0.4, guard.MEMORY)))) == 3
        (child,) = guard._children
        time.sleep(0.6)
        assert child.process.poll() is None


def test_who_reads_may_take_longer_than_the_child(path: Path) -> None:
    """Arrays that nobody takes fill the pipe, where the child waits."""
    found = guard.read(at("counted"), path, 10**4, limits=Limits(10.0, 0.4, guard.MEMORY))
    next(found)
    time.sleep(1.0)
    assert len(list(found)) == 10**4 + 1


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_a_forked_process_does_not_keep_the_child(path: Path) -> None:
    code = f"""
import os, time
from lumentrace.storage import guard
list(guard.read({at("counted")!r}, {str(path)!r}, 1))
if os.fork() == 0:
    time.sleep(60)
    os._exit(0)
print(guard._children[0].process.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until(lambda: not alive(child))
    os.killpg(parent.pid, signal.SIGKILL)
    parent.stdout.close()


def test_a_job_has_no_more_time_than_it_is_given(path: Path) -> None:
    began = time.perf_counter()
    with pytest.raises(FormatError, match=r"a\.dat: .* was ended after 100 s of work or 0\.5 s by the clock"):
        list(guard.read(at("refusing"), path, "hang", limits=Limits(100.0, 0.5, guard.MEMORY)))
    assert time.perf_counter() - began < 20


@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory are those of POSIX")
def test_a_lower_limit_of_the_machine_is_kept(path: Path) -> None:
    """As clusters set one (``ulimit -v``)."""
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from lumentrace.storage import guard
print(len(list(guard.read({at("counted")!r}, {str(path)!r}, 4))))
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stdout == "6\n", done.stderr


def process_of(parent: int) -> int:
    """The child that a process has; 0 for none."""
    try:
        return int((Path(f"/proc/{parent}/task/{parent}/children").read_text().split() or ["0"])[0])
    except OSError:
        return 0


def alive(process: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def until(true: Callable[[], Any]) -> Any:
    began = time.monotonic()
    while not (found := true()):
        assert time.monotonic() - began < 60
        time.sleep(0.02)
    return found


def test_a_question_may_come_while_a_child_is_at_work(path: Path) -> None:
    """The system may tell of one late, when the child is at work on it already."""
    child, limits = guard._Child(at("pausing")), Limits(10.0, 60.0, guard.MEMORY)
    child.ask(str(path), (0.5,), limits)
    assert child.answer(60.0) == (VALUES, "begun")
    child.ask(str(path), (0.0,), limits)
    found = [child.answer(60.0) for _ in range(3)]
    assert found == [(END, None), (VALUES, "begun"), (END, None)]
    child.end()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not end a process with its parent")
def test_a_child_at_work_ends_with_its_parent(path: Path) -> None:
    limits = "limits=guard.Limits(1000.0, 1000.0, guard.MEMORY)"
    code = f"""
from lumentrace.storage import guard
found = guard.read({at("refusing")!r}, {str(path)!r}, "hang", {limits})
next(found)
print("begun", flush=True)
next(found)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"begun\n"
    child = until(lambda: process_of(parent.pid))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not alive(child))


def alone(path: Path, *given: int) -> subprocess.Popen[bytes]:
    """A child with a job without end, which nobody ends."""
    command = [sys.executable, "-P", "-m", "lumentrace.storage.guard_child", *map(str, given)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=given)
    assert child.stdin is not None
    child.stdin.write(question(at("refusing"), str(path), ("hang",), Limits(1.0, 6.0, guard.MEMORY)))
    child.stdin.flush()
    return child


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a process's time there")
def test_a_child_ends_by_itself(path: Path) -> None:
    """Even if the other process is stopped, and ends nothing."""
    with alone(path) as child:
        assert child.wait(60) in (-signal.SIGPROF, -signal.SIGALRM)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not end a process with its parent")
def test_a_child_whose_parent_is_gone_begins_nothing(path: Path) -> None:
    gone, end = os.pipe()
    os.close(end)
    with alone(path, gone) as child:
        assert child.wait(60) == 0
    os.close(gone)
