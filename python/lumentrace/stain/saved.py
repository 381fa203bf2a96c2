"""Runs on a pair of images as they were saved."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.saved import record_of
from lumentrace.stain.compat import StainParameters
from lumentrace.stain.files.pair import RawPair
from lumentrace.stain.stages.outcome import Outcome
from lumentrace.stain.stages.pipeline import Finished
from lumentrace.stain.stages.task import KINDS, OUTPUT, Task


def load_outcomes(folder: str | PathLike[str]) -> list[Outcome]:
    """The outcomes of all runs in the folder of a sample and dye, one for each choice of settings; nothing is run.

    Parameters
    ----------
    folder : path
        The folder that a run kept its stages in, ``<out>/<sample>/<dye>``.

    Raises
    ------
    FileNotFoundError
        If there is no run.
    FormatError
        If a file is missing, damaged or was changed.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import stain
    >>> from lumentrace.stain.run import Settings, run
    >>> from lumentrace.stain.saved import load_outcomes
    >>> pair = stain.simulate(size=256, seed=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     outcome = run((pair.post, pair.pre), Settings(), run_dir=folder)
    ...     load_outcomes(folder)[0].figures() == outcome.figures()
    True
    """
    place = Path(folder)
    names = [path.name for path in sorted((place / OUTPUT).glob("run*.json"))] or ["run.json"]
    return [_loaded(place, name) for name in names]


def _loaded(place: Path, name: str) -> Outcome:
    record = record_of(place / OUTPUT, Outcome.technique, name)
    settings = StainParameters.from_mapping(record.settings, str(place)).plain()
    paths, content = _input(record.provenance.input, place / OUTPUT / name)
    pair = RawPair(Path(), Path()) if None in paths else RawPair.of(*paths)
    task = Task(lambda: pair, place, settings, content)
    directory = RunDirectory(place)
    stages: list[Any] = [_stage(task, directory, number) for number in KINDS]
    return Outcome.of(task, Finished(record.provenance, *stages))


def _input(found: Mapping[str, Any], place: Path) -> tuple[list[Any], Any]:
    """The paths of the pair, None for arrays, and the hash of its content."""
    paths, content = found.get("path"), found.get("xxh3")
    if not (isinstance(paths, list) and len(paths) == 2 and all(isinstance(each, str | None) for each in paths)):
        raise FormatError(f"{place}: input.path: expected two paths, found {paths!r}")
    if not content:
        raise FormatError(f"{place}: input.xxh3: expected a hash of the content, found {content!r}")
    return paths, content


def _stage(task: Task, directory: RunDirectory, number: int) -> object:
    content, why = directory.find(task.record(number), task.identity(number))
    if content is None:
        missing = why or f"no stage {number} is kept here"
        raise FormatError(f"{task.folder}: expected what a run has kept, found that {missing}; run it again")
    return KINDS[number].decode(content, task.folder)
