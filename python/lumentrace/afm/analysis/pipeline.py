"""Pipelines of analysis modules, and the record of what they did."""

from __future__ import annotations

import inspect
import os
from copy import deepcopy
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import lumentrace
from lumentrace.provenance import environment, now

from ..stack import AFMImageStack
from .base import AnalysisModule
from .encoding import export_analysis_to_json
from .registry import load_analysis_module

DEPENDENCIES = ("scipy", "scikit-image", "scikit-learn", "h5py")


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

    def add(self, name: str, **params: Any) -> None:
        """Append a module; what is wrong is found by `validate` and `run`.

        Parameters
        ----------
        name : str
        **params
            Settings of the module.
        """
        self.steps.append((name, params))

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
            signature = inspect.signature(module.run)
            if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
                signature.bind(None, None, **params)
            done.add(name)

    def run(self, stack: AFMImageStack, log_to: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """Run all modules.

        Outputs are also kept in ``stack.analysis`` and ``stack.provenance["analysis"]``. If a module raises, those of
        the modules before it stay.

        Parameters
        ----------
        stack : AFMImageStack
        log_to : path, optional
            Write the record there as JSON.

        Returns
        -------
        dict
            `environment`; `analysis`: outputs by ``step_<number>_<name>``; `provenance`: `steps` (index, name, params,
            timestamp, version, analysis_key), `results_by_name` (lists of outputs), `keys_by_name`, `frame_times`. It
            is independent of later runs.

        Raises
        ------
        ValueError
            For a module that is not there.
        RuntimeError
            For a module that comes before what it requires.
        """
        history: dict[str, Any] = {"steps": [], "results_by_name": {}, "keys_by_name": {}, "frame_times": None}
        stack.provenance["analysis"] = history
        if not stack.provenance.get("environment"):
            stack.provenance["environment"] = versions()
        outputs: dict[str, dict[str, Any]] = {}
        latest: dict[str, dict[str, Any]] = {}
        for number, (name, params) in enumerate(self.steps, 1):
            module = self._module(name)
            _check_required(module, number, set(latest))
            started = stamp()
            found = module.run(stack, previous_results=dict(latest), **params)
            key = f"step_{number}_{name.replace(' ', '_')}"
            latest[name] = outputs[key] = stack.analysis[key] = found
            _remember(history, number, name, params, started, module, key, found)
        history["frame_times"] = stack.get_frame_times()
        record = {
            "environment": dict(stack.provenance["environment"]),
            "analysis": outputs,
            "provenance": {name: _copied(value) for name, value in history.items()},
        }
        if log_to is not None:
            export_analysis_to_json(log_to, record)
        return record

    def _module(self, name: str) -> AnalysisModule:
        if name not in self._modules:
            self._modules[name] = load_analysis_module(name)
        return self._modules[name]


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
    started: str,
    module: AnalysisModule,
    key: str,
    found: dict[str, Any],
) -> None:
    history["steps"].append(
        {
            "index": number,
            "name": name,
            "params": dict(params),
            "timestamp": started,
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


def stamp() -> str:
    """The present moment, ISO 8601 in UTC."""
    return now().isoformat(timespec="microseconds").replace("+00:00", "Z")


def versions() -> dict[str, str]:
    """What a result may depend on."""
    found = environment()
    record = {
        "timestamp": stamp(),
        "python_version": found["python"],
        "platform": found["platform"],
        "lumentrace_version": lumentrace.__version__,
        "numpy_version": found["numpy"],
    }
    for name in DEPENDENCIES:
        try:
            record[f"{name}_version"] = version(name)
        except PackageNotFoundError:
            continue
    return record
