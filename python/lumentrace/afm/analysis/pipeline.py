"""Pipelines of analysis modules, and the record of what they did."""

from __future__ import annotations

import os
import warnings
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import lumentrace
from lumentrace.base.arrays import AnyArray
from lumentrace.base.provenance import Provenance, Step
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.progress import Verbose
from lumentrace.engine.run import Keep, Run
from lumentrace.engine.samples import fingerprint
from lumentrace.storage import from_bytes, to_bytes

from ..environment import in_utc, versions
from ..stack import AFMImageStack
from .base import AnalysisModule
from .registry import load_analysis_module
from .utils.common import export_analysis_to_json, make_json_safe

LOG_STYLES = ("full", "summary")
MOST_TOLD = 10
"""Frames that a warning names."""


class AnalysisRecord(dict[str, Any]):
    """What an analysis pipeline found and did.

    Attributes
    ----------
    history : lumentrace.base.provenance.Provenance
        The input and all steps of processing and analysis, with their times.
    """

    history: Provenance

    @property
    def provenance(self) -> Provenance:
        """The same under the name that it has on every result."""
        return self.history


class AnalysisPipeline:
    """Analysis modules that run one after another on a stack.

    Attributes
    ----------
    steps : list of (str, dict)
        Names and settings, in order.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.afm import AFMImageStack, AnalysisPipeline
    >>> stack = AFMImageStack(np.eye(8)[None], 1.0, "height_trace", "eye.asd")
    >>> pipeline = AnalysisPipeline()
    >>> pipeline.add("count_nonzero")
    >>> record = pipeline.run(stack)
    >>> record["analysis"]["step_1_count_nonzero"]["counts"]
    array([8])
    """

    def __init__(self) -> None:
        self.steps: list[tuple[str, dict[str, Any]]] = []
        self._modules: dict[str, AnalysisModule] = {}

    def add(self, module_name: str, **params: Any) -> None:
        """Append a module; what is wrong is found by `validate` and `run`.

        Parameters
        ----------
        module_name : str
        **params
            Settings of the module.
        """
        self.steps.append((module_name, params))

    def clear(self) -> None:
        """Take off all modules."""
        self.steps.clear()
        self._modules.clear()

    def validate(self) -> None:
        """Find what `run` would refuse before anything is run.

        Raises
        ------
        ValueError, RuntimeError, TypeError
            For a module that is not there, comes before what it requires, or does not know a setting.
        """
        done: set[str] = set()
        for number, (name, params) in enumerate(self.steps, 1):
            module = self._module(name)
            _check_required(module, number, done)
            module.check(params)
            done.add(name)

    def run(
        self,
        stack: AFMImageStack,
        log_to: str | os.PathLike[str] | None = None,
        *,
        log_style: str = "full",
        verbose: Verbose = False,
        run_dir: str | os.PathLike[str] | None = None,
    ) -> AnalysisRecord:
        """Run all modules.

        Outputs are also kept in ``stack.analysis`` and ``stack.provenance["analysis"]``, which are made where they are
        absent or None. If a module raises, those of the modules before it stay.

        Parameters
        ----------
        stack : AFMImageStack
        log_to : path, optional
            Write the record there as JSON.
        log_style : {'full', 'summary'}, default 'full'
            'summary' writes the shape, type, least, greatest and mean value of arrays instead of all values.
        verbose : bool or callable, default False
            Show a progress bar, or call with (done, total).
        run_dir : path, optional
            Keep the outputs of finished modules there: the same call continues after the last of them, with the
            identical result.

        Returns
        -------
        AnalysisRecord
            A dict with `environment`; `analysis`: outputs by ``step_<number>_<name>``; `provenance`: `steps` (index,
            name, params, timestamp, version, analysis_key), `results_by_name` (lists of outputs), `keys_by_name`,
            `frame_times`. It is independent of later runs; its attribute `history` tells all that was done.

        Raises
        ------
        ValueError
            For a module that is not there, or if `run_dir` holds another run.
        RuntimeError
            For a module that comes before what it requires.

        Warns
        -----
        UserWarning
            For frames without a finite pixel: what modules say of those means nothing.
        """
        if log_style not in LOG_STYLES:
            raise ValueError(f"`log_style`: expected one of {', '.join(LOG_STYLES)}, found {log_style!r}")
        history: dict[str, Any] = {"steps": [], "results_by_name": {}, "keys_by_name": {}, "frame_times": None}
        stack.complete_records()
        stack.provenance["analysis"] = history
        if not stack.provenance.get("environment"):
            stack.provenance["environment"] = versions()
        outputs: dict[str, dict[str, Any]] = {}
        latest: dict[str, dict[str, Any]] = {}
        _tell_blank_frames(stack)
        directory = None if run_dir is None else RunDirectory(run_dir, self._identity(stack))
        before = stack.history if stack.history.steps else replace(stack.history, input=stack.identity())
        with Run(before, stack.n_frames, len(self.steps), verbose, "Analysis", "frame", directory) as steps:
            for number, (name, params) in enumerate(self.steps, 1):
                module = self._module(name)
                _check_required(module, number, set(latest))
                key = f"step_{number}_{name.replace(' ', '_')}"
                work = partial(module.run, stack, previous_results=dict(latest), **params)
                found = steps.step(name, params, work, Keep(f"{key}.h5", to_bytes, from_bytes))
                latest[name] = outputs[key] = stack.analysis[key] = found
                _remember(history, number, name, params, steps.provenance.steps[-1], module, key, found)
                stack.history = steps.provenance
        history["frame_times"] = stack.get_frame_times()
        record = AnalysisRecord(
            {
                "environment": dict(stack.provenance["environment"]),
                "analysis": outputs,
                "provenance": {name: _copied(value) for name, value in history.items()},
            }
        )
        record.history = stack.history
        if log_to is not None:
            export_analysis_to_json(log_to, record if log_style == "full" else make_json_safe(record))
        return record

    def _identity(self, stack: AFMImageStack) -> dict[str, Any]:
        """What tells this run from any other."""
        times = [entry["timestamp"] for entry in stack.frame_metadata]
        return {
            "version": lumentrace.__version__,
            "input": fingerprint.of_values(stack.data, times, stack.pixel_size_nm, stack.pixel_size_y_nm, stack.masks),
            "steps": [[name, fingerprint.of_values(params)] for name, params in self.steps],
        }

    def _module(self, name: str) -> AnalysisModule:
        if name not in self._modules:
            self._modules[name] = load_analysis_module(name)
        return self._modules[name]


def _tell_blank_frames(stack: AFMImageStack) -> None:
    blank = [number for number, frame in enumerate(stack.data) if _is_blank(frame)]
    if blank:
        shown = ", ".join(map(str, blank[:MOST_TOLD])) + (" ..." if len(blank) > MOST_TOLD else "")
        told = f"{stack.file_path}: {len(blank)} of {stack.n_frames} frames have no finite pixel ({shown})"
        warnings.warn(f"{told}; counts and objects of those mean nothing", stacklevel=3)


def _is_blank(frame: AnyArray) -> bool:
    return bool(frame.size) and not np.isfinite(frame.flat[0]) and not np.isfinite(frame).any()


def _check_required(module: AnalysisModule, number: int, done: set[str]) -> None:
    if module.requires and not done.intersection(module.requires):
        wanted = " or ".join(module.requires)
        raise RuntimeError(
            f"step {number}, {module.name}: expected {wanted} before it, found {sorted(done) or 'nothing'}"
        )


def _remember(
    history: dict[str, Any],
    number: int,
    name: str,
    params: dict[str, Any],
    step: Step,
    module: AnalysisModule,
    key: str,
    found: dict[str, Any],
) -> None:
    history["steps"].append(
        {
            "index": number,
            "name": name,
            "params": dict(params),
            "timestamp": in_utc(step.started),
            "version": module.version,
            "analysis_key": key,
        }
    )
    history["results_by_name"].setdefault(name, []).append(found)
    history["keys_by_name"].setdefault(name, []).append(key)


def _copied(value: Any) -> Any:
    """Containers of the record anew; outputs themselves are shared."""
    if isinstance(value, dict):
        return {key: list(items) for key, items in value.items()}
    return deepcopy(value) if isinstance(value, list) else value
