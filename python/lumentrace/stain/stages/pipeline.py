"""The stages of a pair, one after another, each kept and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from lumentrace.base.provenance import Provenance
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.progress import Verbose
from lumentrace.engine.run import Run
from lumentrace.stain.compat import ignored
from lumentrace.stain.stages import work
from lumentrace.stain.stages.estimates import preflight_check
from lumentrace.stain.stages.memory import MemoryWatchdog
from lumentrace.stain.stages.results import Measured, Padded, Registered, Result
from lumentrace.stain.stages.task import LAST, NAMES, Task

R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Finished:
    """What the stages have left, as far as they were asked for."""

    provenance: Provenance
    padded: Padded
    rough: Registered | None
    fine: Registered | None
    measured: Measured | None


def run_stages(
    task: Task, last: int = LAST, verbose: Verbose = False, force: int | None = None, force_run: bool = False
) -> Finished:
    """Run the stages that are not done yet.

    Parameters
    ----------
    task : Task
    last : int, default 4
        The last stage that is asked for.
    verbose : bool or callable, default False
        True for a progress bar.
    force : int, optional
        Run this stage and later ones again though they are done.
    force_run : bool, default False
        Go on though memory or disk seem too small.

    Raises
    ------
    OSError
        If a file is missing, damaged or cannot be written, or the disk is too small.
    ValueError
        If the images cannot be registered or scaled.
    MemoryError
        If there is too little memory.
    """
    task.make_folders()
    pair = task.look()
    _preflight(task, force_run)
    without = ignored(task.settings)
    if without:
        print(f"{pair.name}: no effect on this registration: {', '.join(without)}")
    directory = RunDirectory(task.folder)
    try:
        with (
            MemoryWatchdog() as watchdog,
            Run(task.begun(), 100, last, verbose, pair.name, "%", directory, partial(_tell, pair.name)) as run,
        ):

            def step(stage: int, kind: type[R], make: Callable[[], R]) -> R:
                def watched() -> R:
                    watchdog.check_or_raise(f"{pair.name}, stage {stage}")
                    return make()

                again = force is not None and stage >= force
                return run.step(NAMES[stage], task.own(stage), watched, task.keep(stage, kind), again)

            padded = step(1, Padded, lambda: work.pad(task))
            rough = step(2, Registered, lambda: work.align_roughly(task)) if last >= 2 else None
            fine = step(3, Registered, partial(work.align_finely, task, rough)) if rough and last >= 3 else None
            measured = step(4, Measured, partial(work.subtract, task, fine)) if fine and last >= 4 else None
    finally:
        task.forget_images()
    return Finished(run.provenance, padded, rough, fine, measured)


def _tell(pair: str, stage: str, why: str) -> None:
    print(f"{pair}: stage {int(stage[:2])} is run again: {why}")


def _preflight(task: Task, force_run: bool) -> None:
    """Check that memory and disk suffice for files of a raw folder."""
    pair, own = task.found(), task.settings
    if pair.raw_dir is None:
        return
    preflight_check(
        [(pair.sample, pair.dye)],
        task.folder,
        pair.raw_dir,
        own.pad,
        checkpoint_format=own.checkpoint_format,
        n_scale_methods=own.scales,
        save_all_intermediates=own.save_all_intermediates,
        force_run=force_run,
    )
