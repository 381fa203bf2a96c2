"""Named steps on one object, run one after another: each is timed and recorded, tells how far it is, and is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lumentrace.base.provenance import Provenance, now
from lumentrace.engine.progress import Progress, Verbose, telling
from lumentrace.engine.resume import RunDirectory

T = TypeVar("T")


class StepRun:
    """A run of steps over the same samples.

    Parameters
    ----------
    provenance : Provenance
        The history so far.
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

    Attributes
    ----------
    provenance : Provenance
        The history with all finished steps.
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
    ) -> None:
        self.provenance = provenance
        self._samples, self._done, self._directory = samples, 0, directory
        self._progress = Progress(verbose, samples * steps, title, unit)

    def __enter__(self) -> StepRun:
        self._progress.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._progress.__exit__(*exception)

    def run(
        self,
        name: str,
        parameters: Mapping[str, Any],
        work: Callable[[], T],
        keep: tuple[str, Callable[[T], bytes], Callable[[bytes], T]] | None = None,
    ) -> T:
        """Run a step, or take what an earlier run kept of it.

        Parameters
        ----------
        name : str
        parameters : mapping
        work : callable
            May tell of finished samples through `lumentrace.engine.progress.reporter`.
        keep : tuple, optional
            Name of the file for its result, and functions to bytes and back.

        Returns
        -------
        object
            What `work` returned.
        """
        started, began = now(), time.perf_counter()
        result = self._kept(keep)
        if result is None:
            with telling(self._progress.after(self._done)):
                result = work()
            if keep is not None and self._directory is not None:
                self._directory.write(keep[0], keep[1](result))
        self._done += self._samples
        self._progress.reach(self._done)
        self.provenance = self.provenance.then(name, parameters, started, time.perf_counter() - began)
        return result

    def _kept(self, keep: tuple[str, Callable[[T], bytes], Callable[[bytes], T]] | None) -> T | None:
        if keep is None or self._directory is None:
            return None
        content = self._directory.read(keep[0])
        return None if content is None else keep[2](content)
