"""The documented face of a pair: settings by name, stages one by one, a plain dict of what came of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lumentrace.engine.progress import Verbose
from lumentrace.stain.compat import ABBREVIATIONS, StainParameters
from lumentrace.stain.files.suffixes import differing
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.settings import FORMATS
from lumentrace.stain.stages.results import Registered
from lumentrace.stain.stages.summary import attempt
from lumentrace.stain.stages.task import NAMES, Task


class SampleDye:
    """One sample and dye: the pair of images, its settings and its results on disk.

    `lumentrace.stain.run.run` does the same, and returns what was found with all its arrays.

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
        if checkpoint_format not in FORMATS:
            raise ValueError(f"`checkpoint_format`: expected one of {', '.join(FORMATS)}, found {checkpoint_format!r}")
        self.sample, self.dye = sample, dye
        self.output_dir, self.raw_dir = output_dir, raw_dir
        self.checkpoint_format = checkpoint_format
        self._defaults = self._parameters = StainParameters(checkpoint_format=checkpoint_format)
        self._task = Task.of(sample, dye, output_dir, raw_dir, self._defaults)
        self.folder = self._task.folder
        self._task.make_folders()

    @property
    def params(self) -> dict[str, Any]:
        """A copy of all parameters."""
        own = self._parameters.to_dict()
        return {name: own[name] for name in ABBREVIATIONS}

    def set_params(self, **changes: Any) -> None:
        """Change parameters.

        Raises
        ------
        ValueError
            If a name is unknown or a value out of range.
        """
        self._use(self._parameters.with_changes(changes))

    def reset_params(self) -> None:
        """Set all parameters to their defaults."""
        self._use(self._defaults)

    def _use(self, parameters: StainParameters) -> None:
        self._parameters = self._task.settings = parameters

    def non_default_params(self, stage: int | None = None) -> dict[str, Any]:
        """Parameters that differ from the default and count for a stage, or for any."""
        return differing(self.params, stage)

    @property
    def registration(self) -> Registration | None:
        """The registration of stage 3, or of stage 2 if that is all there is; None before."""
        for stage in (3, 2):
            found, _ = self._task.finished(stage)
            if isinstance(found, Registered):
                return replace(found.registration, provenance=self._task.history(stage))
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
        before = self._parameters
        try:
            rows = []
            for value in values:
                self.set_params(**{name: value})
                rows.append({name: value, **self.run()})
            return rows
        finally:
            self._use(before)

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
            ``manual_scale``, ``spots`` and ``report``; from stage 2 on ``registration_ok``, ``registration_error_px``;
            from stage 3 on ``verdict`` and the ``reasons`` for it.

        Raises
        ------
        ValueError
            If a stage is none of 1 to 4.
        """
        found = attempt(self._task, from_stage, to_stage, force, force_run, verbose)
        return {"sample": self.sample, "dye": self.dye, **found}
