"""Results of a working folder are put in their place one by one, and none is ever missing."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lumentrace.base.working import put_in_place, working_folder

FILES = ("a.h5", "b.h5", "in/c.txt")


def written(folder: Path, content: str) -> None:
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(content)


def contents(folder: Path) -> list[str]:
    return [(folder / name).read_text() for name in FILES]


def failing(number: int, before: Callable[[], object]) -> Callable[..., None]:
    """`os.replace` that fails the so-manieth time."""
    replace, calls = os.replace, iter(range(100))

    def called(*places: Any) -> None:
        before()
        if next(calls) == number:
            raise OSError(errno.EIO, "Input/output error", str(places[1]))
        replace(*places)

    return called


@pytest.mark.parametrize("number", range(3))
def test_old_ones_come_back_and_none_is_ever_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    written(tmp_path, "old")
    with working_folder(tmp_path, "testing") as work:
        written(work, "new")
        monkeypatch.setattr(os, "replace", failing(number, lambda: contents(tmp_path)))
        with pytest.raises(OSError, match="Input/output error"):
            put_in_place(work, tmp_path)
    assert contents(tmp_path) == ["old"] * 3
    assert sorted(os.listdir(tmp_path)) == ["a.h5", "b.h5", "in"]


@pytest.mark.parametrize("number", range(4))
def test_the_seal_is_missing_between_old_and_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """And comes back with the old ones."""
    written(tmp_path, "old")

    def unmixed() -> None:
        found = {path.read_text() for path in map(tmp_path.joinpath, FILES) if path.exists()}
        assert len(found) == 1 or not (tmp_path / "a.h5").exists()

    with working_folder(tmp_path, "testing") as work:
        written(work, "new")
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", failing(number, unmixed))
            with pytest.raises(OSError, match="Input/output error"):
                put_in_place(work, tmp_path, seal="a.h5")
        assert contents(tmp_path) == ["old"] * 3
    with working_folder(tmp_path, "testing") as work:
        written(work, "new")
        monkeypatch.setattr(os, "replace", failing(100, unmixed))
        put_in_place(work, tmp_path, seal="a.h5")
    assert contents(tmp_path) == ["new"] * 3


def test_new_ones_go_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with working_folder(tmp_path, "testing") as work:
        written(work, "new")
        monkeypatch.setattr(os, "replace", failing(2, lambda: None))
        with pytest.raises(OSError, match="Input/output error"):
            put_in_place(work, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_where_files_have_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hard links are not possible on every disk."""

    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    written(tmp_path, "old")
    with working_folder(tmp_path, "testing") as work:
        written(work, "new")
        put_in_place(work, tmp_path)
    assert contents(tmp_path) == ["new"] * 3


def test_a_folder_that_cannot_be_flushed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush = os.fsync

    def refused(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", refused)
    with working_folder(tmp_path, "testing") as work:
        written(work, "new")
        with pytest.raises(OSError, match=re.escape(str(tmp_path))):
            put_in_place(work, tmp_path)
