"""Chunks of samples that workers elsewhere take: what travels is small where rows and results are on disk."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumentrace.base.files import replacing
from lumentrace.base.provenance import environment
from lumentrace.engine.directory import Written, digest
from lumentrace.engine.executors import Stop
from lumentrace.engine.samples import chunks, kept
from lumentrace.engine.samples.transformer import Filter


class Sent:
    """Samples on their way to a worker, which opens the file of their rows when it begins."""

    def __init__(self, samples: Any) -> None:
        self._packed = pickle.dumps(samples)

    def samples(self) -> Any:
        """The samples, where they have arrived.

        Raises
        ------
        FileNotFoundError
            If their file is not to be seen from there.
        """
        try:
            return pickle.loads(self._packed)  # our own, and pickled within a task as trusted as it is
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error.filename}: expected the lines where all workers see them, found no such file on "
                f"{socket.gethostname()}; put it on a file system that they share, under the same path"
            ) from None


@dataclass(frozen=True)
class Task:
    """Work on a chunk of samples.

    Attributes
    ----------
    filters : sequence of Filter
    samples : object
        Themselves, or `Sent`.
    place : path or None
        The file that the results go to, if they shall not travel.
    version : str
        Of the lumentrace that asks for it.
    """

    filters: Sequence[Filter]
    samples: Any
    place: Path | None
    version: str

    @classmethod
    def of(cls, filters: Sequence[Filter], samples: Any, place: Path | None) -> Task:
        """The work of `filters` on `samples`."""
        sent = Sent(samples) if chunks.is_mapped(samples) else samples
        return cls(filters, sent, place, environment()["lumentrace"])


def work(task: Task, stop: Stop) -> Any:
    """The results of a task, or a receipt for what was written.

    Raises
    ------
    RuntimeError
        If this is another version of lumentrace than the one that asks.
    FileNotFoundError
        If the worker does not see the file of the rows, or the folder for the results.
    """
    own = environment()["lumentrace"]
    if task.version != own:
        raise RuntimeError(f"expected a worker with lumentrace {task.version}, found {own} on {socket.gethostname()}")
    samples = task.samples.samples() if isinstance(task.samples, Sent) else task.samples
    results = chunks.run(task.filters, samples, stop)
    return results if task.place is None else _written(task.place, results)


def _written(place: Path, results: Any) -> Written:
    content = kept.content(kept.keepable(results))
    try:
        with replacing(place) as file:
            file.write(content)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{place.parent}: expected the run directory where all workers see it, found no such folder on "
            f"{socket.gethostname()}; choose one on a file system that they share"
        ) from None
    return Written(digest(content), socket.gethostname())
