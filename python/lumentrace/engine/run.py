"""A run: named steps, each timed, recorded and, if wanted, kept; it tells how far it is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from lumentrace.base.provenance import Provenance, Step, Watch
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.progress import Progress, Verbose, telling

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept(Generic[T]):
    """What an earlier run kept of a step: its result, and the step with the times of that run."""

    result: T
    step: Step


@dataclass(frozen=True)
class Keep(Generic[T]):
    """How the result of a step is kept in a run directory.

    Attributes
    ----------
    file : str
        Its name there.
    encode, decode : callable
        To bytes and back.
    identity : mapping, optional
        What the result is made from, if that is not the same for all steps of the run.
    left : callable, optional
        Files in the directory that the work has left and that belong to the result.
    lacks : callable, optional
        What a kept result lacks to be of use; empty if nothing.
    """

    file: str
    encode: Callable[[T], bytes | memoryview]
    decode: Callable[[bytes], T]
    identity: Mapping[str, Any] | None = None
    left: Callable[[T], Iterable[Path]] | None = None
    lacks: Callable[[T], str] | None = None

    def find(self, directory: RunDirectory) -> tuple[Kept[T] | None, str]:
        """What is kept, intact and made from the same; else None, and why if something is wrong."""
        content, why = directory.find(self.file, self.identity)
        about = directory.about(self.file)
        if content is None or about is None:
            return None, why
        result = self.decode(content)
        lacking = self.lacks(result) if self.lacks is not None else ""
        return (None, lacking) if lacking else (Kept(result, Step(**about)), "")

    def put(self, directory: RunDirectory, result: T, step: Step) -> None:
        """Keep a result."""
        left = self.left(result) if self.left is not None else ()
        directory.write(self.file, self.encode(result), asdict(step), self.identity, left)


class Run:
    """Named steps on one input.

    Parameters
    ----------
    provenance : Provenance
        Identity of the input, and the history so far.
    samples : int
        Samples (frames, tiles, ...) that each step works through.
    steps : int
        How many steps there are.
    verbose : bool or callable
        See `lumentrace.engine.progress.Verbose`.
    title, unit : str
        Of the progress bar.
    directory : RunDirectory, optional
        Where finished steps are kept, to be found by the next run.
    again : callable, optional
        Told the name of a step that is run again although it was kept, and why; by default that is logged.

    Attributes
    ----------
    provenance : Provenance
        The history with all finished steps; those that an earlier run finished have the times of that run.

    Examples
    --------
    >>> from lumentrace.base.provenance import Provenance
    >>> from lumentrace.engine.run import Run
    >>> with Run(Provenance(), samples=3, steps=1) as run:
    ...     total = run.step("sum", {"of": [1, 2, 3]}, lambda: sum([1, 2, 3]))
    >>> total, [(step.name, step.parameters) for step in run.provenance.steps]
    (6, [('sum', {'of': [1, 2, 3]})])
    """

    def __init__(
        self,
        provenance: Provenance,
        samples: int,
        steps: int,
        verbose: Verbose = False,
        title: str = "",
        unit: str = "sample",
        directory: RunDirectory | None = None,
        again: Callable[[str, str], None] | None = None,
    ) -> None:
        self.provenance = provenance
        self._again = again or _log
        self._samples, self._done, self._directory = samples, 0, directory
        self._progress = Progress(verbose, samples * steps, title, unit)

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._progress.__exit__(*exception)

    def step(
        self,
        name: str,
        parameters: Mapping[str, Any],
        work: Callable[[], T],
        keep: Keep[T] | None = None,
        force: bool = False,
    ) -> T:
        """Run a step, or take what an earlier run kept of it.

        Parameters
        ----------
        name : str
        parameters : mapping
        work : callable
            May tell of finished samples through `lumentrace.engine.progress.reporter`.
        keep : Keep, optional
            How its result is kept.
        force : bool, default False
            Run it although it is kept.

        Returns
        -------
        object
            What `work` returned.
        """
        if keep is not None and self._directory is not None and not force:
            kept, why = keep.find(self._directory)
            if kept is not None:
                self.finished(kept.step)
                return kept.result
            if why:
                self._again(name, why)
        watch = Watch()
        with telling(self._progress.after(self._done)):
            result = work()
        step = watch.after(self.provenance, name, parameters).steps[-1]
        if keep is not None and self._directory is not None:
            keep.put(self._directory, result, step)
        self.finished(step)
        return result

    def together(self, named: Sequence[tuple[str, Mapping[str, Any]]], work: Callable[[], tuple[T, float | None]]) -> T:
        """Run steps that are one piece of work, such as the filters of a plan: each has the time of all.

        Parameters
        ----------
        named : sequence of (str, mapping)
            Names and parameters of the steps.
        work : callable
            Returns a result and the seconds spent on it, None for those of this run.

        Returns
        -------
        object
            The result.
        """
        watch = Watch()
        with telling(self._progress.after(self._done)):
            result, spent = work()
        seconds = watch.seconds if spent is None else spent
        for name, parameters in named:
            self.finished(self.provenance.then(name, parameters, watch.started, seconds).steps[-1])
        return result

    def finished(self, step: Step) -> None:
        """Count a step as done: one that was run, or one that an earlier run kept."""
        self._done += self._samples
        self._progress.reach(self._done)
        self.provenance = self.provenance.with_step(step)


def _log(name: str, why: str) -> None:
    logger.warning("%s is run again: %s", name, why)
