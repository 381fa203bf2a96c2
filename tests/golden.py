"""Golden numbers: what other programs, or the known truth, say about an input.

A small part of each technique is in the repository, in `fixtures/golden/<technique>.zip`. The full set is in the shared
folder, under the same names. What is in neither place skips the test that asks for it.
"""

from __future__ import annotations

import functools
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "fixtures" / "golden"
SHARED = Path(os.environ.get("LUMENTRACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def golden(name: str) -> Any:
    """What a golden file holds, "pept/cutpoints_0.npz": a dict of arrays, what the JSON says, or else its bytes."""
    held = kept(name)
    return whole(name) if held is None else parsed(name, held)


@functools.cache
def kept(name: str) -> bytes | None:
    """A file of the repository, unless only the full set has it."""
    technique, _, inner = name.partition("/")
    with zipfile.ZipFile(FOLDER / f"{technique}.zip") as archive:
        return archive.read(inner) if inner in archive.namelist() else None


def whole(name: str) -> Any:
    """The same from the full set, for what the repository has only a part of."""
    return parsed(name, (shared() / "golden" / name).read_bytes())


def shared() -> Path:
    """The folder with `golden`, `data`, `documents` and `tools`; a test that needs it is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}: put it beside the repository or set LUMENTRACE_SHARED to its folder")
    return SHARED


def parsed(name: str, held: bytes) -> Any:
    if name.endswith(".npz"):
        with np.load(io.BytesIO(held)) as arrays:
            return dict(arrays)
    return json.loads(held) if name.endswith(".json") else held
