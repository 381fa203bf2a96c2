"""Modules that moved into folders answer to their flat names, in a fresh interpreter too."""

from __future__ import annotations

import pickle
import subprocess
import sys
from importlib import import_module

import pytest

from lumentrace.twophoton.compat import MODULES
from lumentrace.twophoton.read.crop import SpatialCrop


@pytest.mark.parametrize("name", MODULES)
def test_a_flat_name_gives_the_module_in_its_folder(name: str) -> None:
    module = import_module(f"lumentrace.twophoton.{name}")
    assert module is import_module(f"lumentrace.twophoton.{MODULES[name]}")
    assert module.__name__ == f"lumentrace.twophoton.{MODULES[name]}"


@pytest.mark.parametrize(
    "statement",
    [
        "import lumentrace.twophoton.crop; crop = lumentrace.twophoton.crop",
        "from lumentrace.twophoton import crop",
        "from lumentrace.twophoton.read import crop as own; from lumentrace.twophoton import crop; assert own is crop",
    ],
)
def test_all_ways_of_importing(statement: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; print(crop.SpatialCrop.__module__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "lumentrace.twophoton.read.crop"


def test_what_was_pickled_under_a_flat_name_is_found() -> None:
    crop = SpatialCrop(1, 2, 3, 4, (5, 6))
    old = pickle.dumps(crop, protocol=0).replace(b"lumentrace.twophoton.read.crop", b"lumentrace.twophoton.crop")
    assert b"read" not in old
    assert pickle.loads(old) == crop


def test_other_names_are_still_missing() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"lumentrace\.twophoton\.nothing"):
        import_module("lumentrace.twophoton.nothing")
