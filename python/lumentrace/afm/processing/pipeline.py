"""Pipelines of filters, masks and edits, and the record of what they did."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine import progress
from lumentrace.engine.progress import Verbose
from lumentrace.engine.run import Run

from ..environment import stamp, versions
from ..stack import AFMImageStack
from .kernels import Kernel
from .native import check_settings, run, run_on_copy
from .registry import Step, find_step

KEEPS = ("all", "last", "none")
ON_ERROR = ("raise", "keep")
Frames = NDArray[Any]


@dataclass(frozen=True)
class Planned:
    """A step with its settings."""

    step: Step
    settings: dict[str, Any]


class ProcessingPipeline:
    """Filters, masks and edits that run one after another on a stack.

    Parameters
    ----------
    stack : AFMImageStack

    Attributes
    ----------
    steps : list of (str, dict)
        Names and settings, in order.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.afm import AFMImageStack, ProcessingPipeline
    >>> y, x = np.indices((32, 32))
    >>> stack = AFMImageStack(np.stack([0.1 * x + y, y - x]), 1.0, "height_trace", "tilted.asd")
    >>> pipeline = ProcessingPipeline(stack).add_filter("remove_plane").add_filter("gaussian_filter", sigma=1.5)
    >>> bool(np.abs(pipeline.run().data).max() < 1e-12)
    True
    >>> list(stack.processed)
    ['raw', 'step_1_remove_plane', 'step_2_gaussian_filter']
    """

    def __init__(self, stack: AFMImageStack):
        self.stack = stack
        self._planned: list[Planned] = []

    @property
    def steps(self) -> list[tuple[str, dict[str, Any]]]:
        """Names and settings of the steps, in order."""
        return [(planned.step.name, dict(planned.settings)) for planned in self._planned]

    def add(self, name: str, **settings: Any) -> Self:
        """Append a step of any kind: a mask, a filter, an edit, or 'clear'.

        Parameters
        ----------
        name : str
            As of `lumentrace.afm.masks`, `lumentrace.afm.processing.filters`, `video`, `alignment` and `edits`, or of a
            plugin.
        **settings

        Raises
        ------
        ValueError
            If there is no such step; the message names the nearest.
        TypeError
            For a setting that it does not have.
        """
        step = find_step(name)
        if step.settings is not None:
            check_settings(step.name, step.settings, settings)
        if step.native is not None:
            step.native.step(**settings)
        elif step.kind == "stack_edit":
            inspect.signature(step.function).bind(0, **settings)
        self._planned.append(Planned(step, settings))
        return self

    def add_mask(self, name: str, **settings: Any) -> Self:
        """Append a mask; together with one that is there already it covers what either does. See `add`."""
        if find_step(name).kind != "mask":
            raise ValueError(f"`name`: expected a mask, found {name!r}")
        return self.add(name, **settings)

    def add_filter(self, name: str, **settings: Any) -> Self:
        """Append a filter or an edit; see `add`."""
        if find_step(name).kind in ("mask", "clear"):
            raise ValueError(f"`name`: expected a filter, found {name!r}")
        return self.add(name, **settings)

    def clear_mask(self) -> Self:
        """Append a step that takes off the mask."""
        return self.add("clear")

    def run(self, *, keep: str = "all", on_error: str = "raise", verbose: Verbose = False) -> AFMImageStack:
        """Run all steps and replace ``stack.data`` by the result.

        Parameters
        ----------
        keep : {'all', 'last', 'none'}, default 'all'
            Which frames stay in ``stack.processed``: those of before ('raw') and after each step, those of before and
            the last, or none. The last two need one copy of the stack, whatever the number of steps; 'none' needs none
            for a film that is still in its file.
        on_error : {'raise', 'keep'}, default 'raise'
            'keep' leaves a frame that a filter or mask cannot be applied to as it was, and records it.
        verbose : bool or callable, default False
            Show a progress bar, or call with (done, total).

        Returns
        -------
        AFMImageStack
            The stack itself. ``provenance["processing"]`` has `steps` and `keys_by_name`.

        Raises
        ------
        ValueError
            If a frame cannot be filtered: the message names step and frame. The stack is then as it was.
        """
        for name, value, allowed in (("keep", keep, KEEPS), ("on_error", on_error, ON_ERROR)):
            if value not in allowed:
                raise ValueError(f"`{name}`: expected one of {', '.join(allowed)}, found {value!r}")
        stack = self.stack
        stack.complete_records()
        first = len(stack.provenance["processing"]["steps"]) + 1
        work = _Work(stack, keep, on_error == "keep", first)
        history = stack.history
        if not history.steps:
            history = replace(history, input=stack.identity(work.data))
        with Run(history, stack.n_frames, len(self._planned), verbose, "Processing", "frame") as steps:
            for group in _grouped(self._planned, together=keep != "all"):
                work.run(group, steps)
        work.finish(steps)
        return stack


def _grouped(planned: list[Planned], together: bool) -> list[list[Planned]]:
    """Filters in Rust that follow each other, if they may go together; all other steps alone."""
    groups: list[list[Planned]] = []
    for each in planned:
        if together and each.step.native and groups and groups[-1][-1].step.native:
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


@dataclass
class _Work:
    """The state of a run; the stack changes only at its end."""

    stack: AFMImageStack
    keep: str
    keep_failed: bool
    number: int
    mask: NDArray[np.bool_] | None = None
    mask_name: str = ""
    owned: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=dict)
    processed: dict[str, Frames] = field(default_factory=dict)
    masks: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Frames that nobody else holds are changed in place.
        self.owned = self.stack.in_file and self.keep == "none"
        self.data: Frames = self.stack.read() if self.owned else self.stack.data
        self.metadata = self.stack.frame_metadata

    def run(self, group: list[Planned], steps: Run) -> None:
        """Run a step, or some filters together; these share the time they take."""
        started = stamp()
        kernels = [planned.step.native.step(**planned.settings) for planned in group if planned.step.native]
        if kernels:
            names = " + ".join(planned.step.name for planned in group)
            failures = steps.step(names, _parameters(group), lambda: self._filter(group, kernels))
            for number, planned in enumerate(group):
                last = number == len(group) - 1
                self._record(planned, started, self.data if last else None, failures[number])
            return
        (planned,) = group
        work = {
            "clear": self._clear,
            "mask": self._mask,
            "stack_edit": self._edit,
            "plugin": self._plugin,
            "video_filter": self._video,
            "video_plugin": self._video,
        }[planned.step.kind]
        steps.step(planned.step.name, planned.settings, partial(work, planned, started))

    def _filter(self, group: list[Planned], kernels: list[Kernel]) -> list[dict[int, str]]:
        """Failed frames of each filter, with the reason."""
        ready = self.data.dtype == np.float64 and self.data.flags.c_contiguous and self.data.flags.writeable
        if self.owned and ready and self.keep != "all":
            frames = self.data
            failures = run(frames, self.mask, kernels, self.keep_failed)
        else:
            frames, failures = run_on_copy(self.data, self.mask, kernels, self.keep_failed)
        found: list[dict[int, str]] = [{} for _ in group]
        for frame, number, reason in failures:
            if not self.keep_failed:
                step = self.number + number
                raise ValueError(f"step {step}, {group[number].step.name}, frame {frame}: {reason}")
            found[number][frame] = reason
        self.data, self.owned = frames, True
        return found

    def _clear(self, planned: Planned, started: str) -> None:
        self.mask, self.mask_name = None, ""
        self._record(planned, started, None, {}, mask_cleared=True)

    def _mask(self, planned: Planned, started: str) -> None:
        mask = np.zeros(self.data.shape, dtype=bool)
        failed = self._each_frame(planned, mask, np.bool_)
        name = planned.step.name
        if self.mask is not None:
            mask |= self.mask
            name = f"{self.mask_name}_{name}"
        key = f"step_{self.number}_{name}"
        self.mask, self.mask_name, self.masks[key] = mask, planned.step.name, mask
        self.keys.setdefault(planned.step.name, []).append(key)
        self._record(planned, started, None, failed, mask_key=key, mask_summary=_summary(mask))

    def _plugin(self, planned: Planned, started: str) -> None:
        frames = np.array(self.data, dtype=np.float64, order="C")
        failed = self._each_frame(planned, frames, None)
        self.data, self.owned = frames, True
        self._record(planned, started, frames, failed)

    def _each_frame(self, planned: Planned, out: Frames, kind: type[np.bool_] | None) -> dict[int, str]:
        """Fill `out` with what a function makes of each frame; failed ones are left as they are."""
        failed: dict[int, str] = {}
        tell = progress.reporter()
        for number, frame in enumerate(self.data):
            try:
                # A plugin may change what it is given.
                given = frame.copy() if planned.step.kind == "plugin" else frame
                found = np.asarray(planned.step.function(given, **planned.settings))
                if found.shape != frame.shape or (kind is not None and found.dtype != kind):
                    raise ValueError(f"expected {frame.shape}, found {found.dtype} of shape {found.shape}")
                out[number] = found
            except Exception as error:
                # Plugins raise what they like; the reason is recorded, or raised with the place.
                if not self.keep_failed:
                    error.add_note(f"in step {self.number}, {planned.step.name}, frame {number}")
                    raise
                failed[number] = f"{type(error).__name__}: {error}"
            if tell is not None:
                tell(number + 1)
        return failed

    def _video(self, planned: Planned, started: str) -> None:
        given = self.data.copy() if planned.step.kind == "video_plugin" else self.data
        frames, found = planned.step.function(given, **planned.settings)
        if not isinstance(frames, np.ndarray) or frames.ndim != 3 or len(frames) != len(self.data):
            raise ValueError(f"step {self.number}, {planned.step.name}: expected {len(self.data)} frames from it")
        if frames.shape != self.data.shape:
            self.mask, self.mask_name = None, ""
        self.owned = self.owned or not np.shares_memory(frames, self.data)
        self.data = frames
        self._record(planned, started, frames, {}, metadata=found)

    def _edit(self, planned: Planned, started: str) -> None:
        kept = planned.step.function(len(self.data), **planned.settings)
        self.data, self.owned = self.data[kept], True
        self.metadata = [self.metadata[number] for number in kept]
        self.mask, self.mask_name = None, ""
        self._record(planned, started, self.data, {}, name="drop_frames", kept_frames=kept)

    def _record(
        self,
        planned: Planned,
        started: str,
        frames: Frames | None,
        failed: dict[int, str],
        name: str | None = None,
        **more: Any,
    ) -> None:
        step = planned.step
        record: dict[str, Any] = {
            "index": self.number,
            "name": step.name,
            "params": dict(planned.settings),
            "timestamp": started,
            "step_type": step.kind,
            "version": step.version,
            "function_module": step.module,
            **more,
        }
        if step.kind not in ("clear", "mask"):
            key = f"step_{self.number}_{name or step.name}"
            record |= {"processed_key": key, "output_summary": _summary(self.data)}
            self.keys.setdefault(step.name, []).append(key)
            if frames is not None and self.keep != "none":
                self.processed = {} if self.keep == "last" else self.processed
                self.processed[key] = frames
        if self.keep_failed:
            record["on_error"] = "keep"
            record["failed_frames"] = [{"frame": frame, "reason": reason} for frame, reason in failed.items()]
        self.records.append(record)
        self.number += 1

    def finish(self, steps: Run) -> None:
        """Hand everything over to the stack."""
        stack = self.stack
        if self.keep != "none":
            stack.processed.setdefault("raw", stack.data)
            stack.processed.update(self.processed)
        stack.masks.update(self.masks)
        if stack.in_file or self.data is not stack.data:
            stack.data = self.data
        if self.metadata is not stack.frame_metadata:
            stack.state_backups.setdefault("frame_metadata", stack.frame_metadata)
            stack.frame_metadata = [dict(entry) for entry in self.metadata]
        stack.history = steps.provenance
        stack.provenance["environment"] = versions()
        before = stack.provenance["processing"]
        known = before["keys_by_name"]
        stack.provenance["processing"] = {
            "steps": [*before["steps"], *self.records],
            "keys_by_name": known | {name: [*known.get(name, []), *keys] for name, keys in self.keys.items()},
        }


def _summary(array: Frames) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": str(array.dtype)}


def _parameters(group: list[Planned]) -> dict[str, Any]:
    if len(group) == 1:
        return group[0].settings
    return {planned.step.name: planned.settings for planned in group}


def apply_stateless(stack: AFMImageStack, steps: Sequence[str], settings: dict[str, Any]) -> Frames:
    """Run steps by name with the same settings, each taking those that it has; see `AFMImageStack.apply`."""
    found = [find_step(name) for name in steps]
    known = [name for step in found for name in step.settings or []]
    if all(step.settings is not None for step in found):
        check_settings("apply", known, settings)
    pipeline = ProcessingPipeline(stack)
    for step in found:
        own = step.settings
        pipeline.add(step.name, **{name: value for name, value in settings.items() if own is None or name in own})
    before = stack.provenance["processing"], stack.history, dict(stack.processed)
    pipeline.run()
    made = [key for key in stack.processed if key not in before[2] and key != "raw"]
    named = {key.split("_", 2)[2]: stack.processed[key] for key in made}
    raw = stack.processed["raw"]
    stack.provenance["processing"], stack.history, stack.processed = before
    stack.processed = {"raw": raw, **stack.processed, **named}
    return stack.data
