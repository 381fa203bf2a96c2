"""The record of a finished stage: what it was made from, its files, what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import __version__
from lumentrace.base.files import replacing
from lumentrace.base.provenance import content
from lumentrace.stain.parameters import ABBREVIATIONS, WITHOUT_EFFECT

FORMAT = "lumentrace-stain-stage-1"
FIRST, LAST = 1, 4
NAMES = {1: "01_padded", 2: "02_icp_aligned", 3: "03_interior_aligned", 4: "04_difference"}


@dataclass(frozen=True)
class Stage:
    """A finished stage.

    Attributes
    ----------
    files : dict
        Size and content hash of each file, by its path below the task's folder.
    result : dict
        Plain values.
    """

    files: dict[str, list[Any]]
    result: dict[str, Any]


def identity(inputs: Mapping[str, str], parameters: Mapping[str, Any], stage: int) -> dict[str, Any]:
    """What the outcome of a stage depends on."""
    used = {
        name: parameters[name]
        for name, (_, first) in ABBREVIATIONS.items()
        if first <= stage and name not in WITHOUT_EFFECT
    }
    return {"inputs": dict(inputs), "parameters": used, "stage": stage, "version": __version__}


def file_hash(path: Path) -> str:
    """Hash of a file's content, without holding it in memory."""
    return content(np.memmap(path, np.uint8, "r")) if path.stat().st_size else "empty"


def write_stage(
    path: Path, made_from: dict[str, Any], folder: Path, files: list[Path], result: dict[str, Any]
) -> Stage:
    """Record that a stage is finished; written after its files."""
    held = {str(file.relative_to(folder)): [file.stat().st_size, file_hash(file)] for file in files}
    record = {"format": FORMAT, "identity": made_from, "files": held, "result": result}
    with replacing(path) as file:
        file.write(json.dumps(record, indent=1, allow_nan=False).encode())
    return Stage(held, result)


def read_stage(path: Path, made_from: dict[str, Any], folder: Path) -> tuple[Stage | None, str]:
    """A stage that is finished and intact, made from the same; else None and why.

    Nothing is wrong if it simply was not run: the reason is then empty.
    """
    try:
        record = json.loads(path.read_bytes())
        found, files, result = record["identity"], dict(record["files"]), dict(record["result"])
    except FileNotFoundError:
        return None, ""
    except (ValueError, KeyError, TypeError) as error:
        return None, f"{path.name} is damaged ({error!r})"
    if json.dumps(found, sort_keys=True) != json.dumps(made_from, sort_keys=True):
        return None, f"{path.name} was made from {_difference(found, made_from)}"
    for name, (size, digest) in files.items():
        file = folder / name
        if not file.exists():
            return None, f"{name} is missing"
        if file.stat().st_size != size or file_hash(file) != digest:
            return None, f"{name} is damaged or was changed"
    return Stage(files, result), ""


def _difference(found: Any, expected: dict[str, Any]) -> str:
    if not isinstance(found, dict):
        return "something else"
    changed = [name for name in expected if found.get(name) != expected[name]]
    words = {"inputs": "other raw files", "parameters": "other parameters", "version": "another version of lumentrace"}
    return " and ".join(words.get(name, name) for name in changed) or "something else"
