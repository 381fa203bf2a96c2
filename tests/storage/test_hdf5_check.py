"""HDF5 files that would read others, that are damaged, or that make the library hang."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lumentrace import FormatError, afm
from lumentrace.storage import guard, hdf5_check
from lumentrace.storage.hdf5 import opened, written


def external(h5: Any, secret: Path) -> None:
    h5.create_dataset("x", (6,), "u1", external=[(secret, 0, 6)])


def link(h5: Any, secret: Path) -> None:
    h5.create_group("inside")["x"] = h5py.ExternalLink(secret, "/x")


def virtual(h5: Any, secret: Path) -> None:
    layout = h5py.VirtualLayout((6,), "u1")
    layout[:] = h5py.VirtualSource(secret, "x", (6,))
    h5.create_virtual_dataset("x", layout)


@pytest.mark.parametrize("make", [external, link, virtual])
@pytest.mark.parametrize("layout", ["earliest", "latest"])
def test_no_other_file_is_read(tmp_path: Path, make: Callable[[Any, Path], None], layout: str) -> None:
    secret, path = tmp_path / "secret", tmp_path / "film.h5"
    with h5py.File(secret, "w") as h5:
        h5["x"] = np.arange(6, dtype=np.uint8)
    with h5py.File(path, "w", libver=(layout, "latest")) as h5:
        make(h5, secret)
    with (
        pytest.raises(FormatError, match=r"film\.h5: (inside/)?x: expected data in the file itself") as error,
        opened(path, "a film"),
    ):
        pass
    assert "secret" in str(error.value)


def test_a_film_of_heights_does_not_show_another_file(tmp_path: Path) -> None:
    secret, path = tmp_path / "secret", tmp_path / "film.h5-jpk"
    secret.write_bytes(b"password")
    with h5py.File(path, "w") as h5:
        group = h5.create_group("Measurement_000/Channel_0")
        group.attrs["channel.name"] = "height"
        group.create_dataset("height", (4, 2), "u1", external=[(secret, 0, 8)])
    with pytest.raises(FormatError, match=r"film\.h5-jpk: .*expected data in the file itself, found data in"):
        afm.load(path, "height_trace")


def test_claims_that_nothing_stands_behind(tmp_path: Path) -> None:
    path = tmp_path / "empty.h5"
    with h5py.File(path, "w") as h5:
        h5.create_dataset("x", (1 << 30,), "f8")
    with pytest.raises(FormatError, match=r"x: claims 8,589,934,592 bytes, but 0 bytes are stored"), opened(path, ""):
        pass


def test_chunks_that_were_never_written_are_not_made_up(tmp_path: Path) -> None:
    path = tmp_path / "sparse.h5"
    with h5py.File(path, "w") as h5:
        h5.create_dataset("x", (1 << 20, 1 << 10), "f8", chunks=(1, 1 << 10), compression="gzip")
    with (
        pytest.raises(FormatError, match=r"sparse\.h5: x: claims 8,589,934,592 bytes, but 0 bytes"),
        opened(path, ""),
    ):
        pass


def test_the_limit_can_be_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "empty.h5"
    with h5py.File(path, "w") as h5:
        h5.create_dataset("x", (1 << 26,), "f8")
    monkeypatch.setattr(hdf5_check, "MOST_EMPTY", 1 << 30)
    with opened(path, "") as h5:
        assert h5["x"].shape == (1 << 26,)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes of POSIX")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(FormatError, match=r"pipe\.h5: expected maps, found"), opened(tmp_path / "pipe.h5", "maps"):
        pass


def walk(group: Any) -> list[Any]:
    found: list[Any] = [sorted(group.attrs.items())]
    for name, item in group.items():
        found.append((name, walk(item) if isinstance(item, h5py.Group) else item[()].tolist()))
    return found


def fill(h5: Any) -> None:
    for number in range(3):
        group = h5.create_group(f"group {number}")
        for letters in range(5):
            group.attrs[f"text {letters}"] = "text" * letters
        group.create_dataset("texts", data=["a", "bb"], dtype=h5py.string_dtype())
        group.create_dataset("values", data=np.random.default_rng(number).random((9, 9)), chunks=(4, 4))


def looking() -> Any:
    """The process that looks at HDF5 files."""
    (found,) = [child.process for child in guard._children if child.function == guard.JOBS["hdf5"]]
    return found


def test_a_block_of_zeros_never_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old layout, where HDF5 itself loops for ever over some of them."""
    path, seconds = tmp_path / "old.h5", 5.0
    monkeypatch.setattr(guard, "SECONDS", seconds)
    with h5py.File(path, "w", libver=("earliest", "latest")) as h5:
        fill(h5)
    content, slowest, ended = path.read_bytes(), 0.0, 0
    for place in range(0, 6144, 512):
        path.unlink()
        path.write_bytes(content[:place] + bytes(512) + content[place + 512 :])
        start = time.perf_counter()
        try:
            with opened(path, "groups") as h5:
                walk(h5)
        except FormatError as error:
            assert str(path) in str(error)  # noqa: PT017 - some blocks are empty
            ended += "the process that looked at it was ended after" in str(error)
        slowest = max(slowest, time.perf_counter() - start)
    assert ended
    assert slowest < (guard.PATIENCE + 1) * seconds * (guard.SMALL + len(content) / 1e6)


@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_a_machine_that_is_busy_with_others_refuses_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that looks gets no time for longer than it may work."""
    with h5py.File(tmp_path / "a.h5", "w") as h5:
        fill(h5)
    shutil.copy(tmp_path / "a.h5", tmp_path / "b.h5")
    with opened(tmp_path / "a.h5", "groups"):
        child = looking()
    monkeypatch.setattr(guard, "SECONDS", 1.0 / guard.SMALL)
    os.kill(child.pid, signal.SIGSTOP)
    threading.Timer(1.0, os.kill, (child.pid, signal.SIGCONT)).start()
    start = time.perf_counter()
    with opened(tmp_path / "b.h5", "groups"):
        assert time.perf_counter() - start > 0.9
    assert looking() is child


def test_no_flipped_bit_of_what_we_write_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "ours.h5"
    with path.open("wb") as file, written(file) as h5:
        fill(h5)
    content, random = bytearray(path.read_bytes()), np.random.default_rng(0)
    with opened(path, "ours") as h5:
        right = walk(h5)
    end = len(content) - 64 - len("lumentrace sha256 ")
    for place in random.integers(0, end, 60):
        content[place] ^= (mask := 1 << random.integers(8))
        path.unlink()
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"ours\.h5: the file changed since it was written"), opened(path, ""):
            pass
        content[place] ^= mask
    path.write_bytes(content)
    with opened(path, "ours") as h5:
        assert walk(h5) == right


def test_other_programs_read_and_change_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "ours.h5"
    with path.open("wb") as file, written(file) as h5:
        fill(h5)
    with h5py.File(path, "r+") as h5:
        h5.attrs["note"] = "changed by another program"
    with opened(path, "ours") as h5:
        assert h5.attrs["note"] == "changed by another program"


def test_a_child_that_died_is_followed_by_another(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as h5:
        h5["x"] = 1
    guard.look("hdf5", path, 1 << 20)
    looking().kill()
    looking().wait()
    guard.look("hdf5", path, 1 << 20)
