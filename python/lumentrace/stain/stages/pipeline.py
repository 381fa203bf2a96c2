"""The pipeline of a pair: four stages, each kept and taken up again."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lumentrace.base.provenance import Provenance, Step
from lumentrace.engine.progress import Verbose
from lumentrace.engine.run import Run
from lumentrace.stain.parameters import WITHOUT_EFFECT, StainParameters, differing
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.stages import work as stage_work
from lumentrace.stain.stages.estimates import preflight_check
from lumentrace.stain.stages.memory import MemoryWatchdog
from lumentrace.stain.stages.record import FIRST, LAST, NAMES, Stage, write_stage
from lumentrace.stain.stages.task import Task

logger = logging.getLogger(__name__)

WORKS = {1: stage_work.pad, 2: stage_work.align_roughly, 3: stage_work.align_finely, 4: stage_work.subtract}
EXPECTED = (OSError, ValueError, MemoryError, ImportError, RuntimeError)
"""What ends a task with a message; anything else is a defect."""


class SampleDye:
    """One sample and dye: the pair of images, its settings and its results on disk.

    Parameters
    ----------
    sample, dye : str
    output_dir : path, default 'processed'
        Results go to ``<output_dir>/<sample>/<dye>/``.
    raw_dir : path, default 'raw'
    checkpoint_format : {'tiff', 'fits', 'both'}, default 'tiff'

    Raises
    ------
    ValueError
        If the format is unknown.
    OSError
        If the folders cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import stain
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stain.simulate(size=256, seed=5).save(f"{folder}/raw", "S001", "SybrGld")
    ...     task = stain.SampleDye("S001", "SybrGld", f"{folder}/processed", f"{folder}/raw")
    ...     task.set_params(pad=10)
    ...     result = task.run()
    >>> result["status"], round(result["scale_estimate"], 1)
    ('complete', 1.3)
    """

    def __init__(
        self,
        sample: str,
        dye: str,
        output_dir: str | os.PathLike[str] = "processed",
        raw_dir: str | os.PathLike[str] = "raw",
        checkpoint_format: str = "tiff",
    ):
        self.sample, self.dye = sample, dye
        self.output_dir, self.raw_dir = output_dir, raw_dir
        self.checkpoint_format = checkpoint_format
        self.folder = Path(output_dir) / sample / dye
        self._task = Task(sample, dye, self.folder, raw_dir, checkpoint_format)
        for name in ("tiff", "fits", "pipeline_output"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def params(self) -> dict[str, Any]:
        """A copy of all parameters."""
        return self._task.parameters.to_dict()

    def set_params(self, **changes: Any) -> None:
        """Change parameters.

        Raises
        ------
        ValueError
            If a name is unknown or a value out of range.
        """
        self._task.parameters = self._task.parameters.with_changes(changes)

    def reset_params(self) -> None:
        """Set all parameters to their defaults."""
        self._task.parameters = StainParameters()

    def non_default_params(self, stage: int | None = None) -> dict[str, Any]:
        """Parameters that differ from the default and count for a stage, or for any."""
        return differing(self.params, stage)

    @property
    def registration(self) -> Registration | None:
        """The registration of stage 3, or of stage 2 if that is all there is; None before."""
        for stage in (3, 2):
            found, _ = self._task.finished(stage)
            if found is not None:
                return Registration.from_dict(found.result["registration"])
        return None

    def status(self) -> list[dict[str, Any]]:
        """For each stage its number and name, whether it is done, and why not if something is wrong."""
        rows = []
        for stage, name in NAMES.items():
            found, why = self._task.finished(stage)
            rows.append({"stage": stage, "name": name, "done": found is not None, "reason": why})
        return rows

    def compare(self, name: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Run with several values of a parameter, and return what came of each; the parameter then is as before."""
        before = self._task.parameters
        try:
            rows = []
            for value in values:
                self.set_params(**{name: value})
                rows.append({name: value, **self.run()})
            return rows
        finally:
            self._task.parameters = before

    def run(
        self,
        from_stage: int | None = None,
        to_stage: int | None = None,
        force: bool = False,
        force_run: bool = False,
        verbose: Verbose = False,
    ) -> dict[str, Any]:
        """Run the stages that are not done yet.

        Parameters
        ----------
        from_stage, to_stage : int, optional
            1 to 4. Stages before the first are run too if they are missing.
        force : bool, default False
            Run stages again that are done.
        force_run : bool, default False
            Go on though memory or disk seem too small.
        verbose : bool or callable, default False
            True for a progress bar.

        Returns
        -------
        dict
            ``sample``, ``dye`` and ``status``: 'complete', 'unreliable: ...' if the registration cannot be trusted, or
            'error: ...'. With stage 4 also ``scale_estimate``, ``scale_error``, ``scale_percentile_value``,
            ``manual_scale``, ``spots`` and ``report``; from stage 2 on ``registration_ok``, ``registration_error_px``.

        Raises
        ------
        ValueError
            If a stage is none of 1 to 4.
        """
        first, last = from_stage or FIRST, to_stage or LAST
        if not FIRST <= first <= last <= LAST:
            raise ValueError(f"expected stages from {FIRST} to {LAST}, found {from_stage} to {to_stage}")
        result: dict[str, Any] = {"sample": self.sample, "dye": self.dye}
        try:
            with MemoryWatchdog() as watchdog:
                found = self._run(first, last, force, force_run, verbose, watchdog)
        except EXPECTED as error:
            logger.info("%s/%s failed", self.sample, self.dye, exc_info=True)
            return {**result, "status": f"error: {error}"}
        finally:
            self._task.forget_images()
        return {**result, **found}

    def _run(
        self, first: int, last: int, force: bool, force_run: bool, verbose: Verbose, watchdog: MemoryWatchdog
    ) -> dict[str, Any]:
        own = self._task.parameters
        methods = 1 + (own.scale_percentile is not None) + (own.manual_scale is not None)
        preflight_check(
            [(self.sample, self.dye)],
            self.output_dir,
            self.raw_dir,
            own.pad,
            checkpoint_format=self.checkpoint_format,
            n_scale_methods=methods,
            save_all_intermediates=own.save_all_intermediates,
            force_run=force_run,
        )
        ignored = [name for name in self.non_default_params() if name in WITHOUT_EFFECT]
        if ignored:
            print(f"{self.sample}/{self.dye}: no effect on this registration: {', '.join(ignored)}")
        self._task.inputs = self._task.hashes()
        done: dict[int, Stage] = {}
        history = Provenance(input={**self._task.inputs, "raw_dir": str(self.raw_dir)})
        with Run(history, 100, last, verbose, f"{self.sample}/{self.dye}", "%") as steps:
            for stage in range(FIRST, last + 1):
                found, why = (None, "") if force and stage >= first else self._task.finished(stage)
                if why:
                    print(f"{self.sample}/{self.dye}: stage {stage} is run again: {why}")
                if found is None:
                    watchdog.check_or_raise(f"{self.sample}/{self.dye}, stage {stage}")
                    files, result = steps.step(NAMES[stage], self._task.used(stage), partial(WORKS[stage], self._task))
                    result["provenance"] = steps.provenance.to_dict()
                    found = write_stage(
                        self._task.record(stage), self._task.identity(stage), self.folder, files, result
                    )
                else:
                    steps.finished(Step(**found.result["provenance"]["steps"][-1]))
                done[stage] = found
        return self._summary(done)

    def _summary(self, done: dict[int, Stage]) -> dict[str, Any]:
        summary: dict[str, Any] = {"status": "complete"}
        registered = done.get(3) or done.get(2)
        if registered is not None:
            found = Registration.from_dict(registered.result["registration"])
            summary["registration_ok"], summary["registration_error_px"] = found.ok, found.error_px
            if not found.ok and 3 in done:
                summary["status"] = f"unreliable: {'; '.join(found.reasons)}"
        if 4 in done:
            scales = {entry["method"].split("_")[0]: entry for entry in done[4].result["scales"]}
            fitted = done[4].result["scales"][0]
            summary |= {
                "scale_estimate": fitted["value"],
                "scale_error": fitted["error"],
                "scale_percentile_value": scales["percentile"]["value"] if "percentile" in scales else None,
                "manual_scale": self._task.parameters.manual_scale,
                "spots": done[4].result["spots"],
                "warnings": done[4].result["warnings"],
                "report": str(self.folder / done[4].result["report"]),
            }
        return summary
