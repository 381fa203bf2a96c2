"""Folders that change places in one step."""

from __future__ import annotations

import ctypes
import errno
import sys
from pathlib import Path

import pytest

from lumentrace.base.exchange import exchange


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    found = tmp_path / "öne", tmp_path / "other"
    for folder in found:
        folder.mkdir()
        (folder / "name.txt").write_text(folder.name)
    return found


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="Windows cannot do it")
def test_change_places(folders: tuple[Path, Path]) -> None:
    if not exchange(*folders):
        pytest.skip("this file system cannot do it")
    assert [(folder / "name.txt").read_text() for folder in folders] == ["other", "öne"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="Windows cannot do it")
def test_what_is_missing_is_named(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        exchange(folders[0], tmp_path / "nothing")
    assert (folders[0] / "name.txt").read_text() == "öne"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS])
def test_systems_that_cannot(monkeypatch: pytest.MonkeyPatch, folders: tuple[Path, Path], code: int) -> None:
    class Library:
        @staticmethod
        def renameat2(*_: object) -> int:
            ctypes.set_errno(code)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library)
    assert not exchange(*folders)


def test_libraries_that_know_no_such_call(monkeypatch: pytest.MonkeyPatch, folders: tuple[Path, Path]) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    assert not exchange(*folders)
