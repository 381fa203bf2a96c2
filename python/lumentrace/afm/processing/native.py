"""Filters of single frames that run in Rust, several frames at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.base.errors import did_you_mean
from lumentrace.base.masked import unmasked
from lumentrace.engine import progress

from .kernels import Kernel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FrameFilter:
    """A filter of single frames, as pipelines know it.

    Attributes
    ----------
    function : callable
        A frame or a stack, a mask, settings by name -> what becomes of it; its signature has the defaults.
    kernel : callable
        All settings by name -> what runs in Rust.
    version : str
    masked : bool
        Whether a mask changes what it does.
    """

    function: Callable[..., Floats]
    kernel: Callable[..., Kernel]
    version: str
    masked: bool

    @property
    def name(self) -> str:
        """Name in pipelines and records."""
        return self.function.__name__

    @property
    def settings(self) -> list[str]:
        """Names of the settings."""
        parameters = inspect.signature(self.function).parameters.values()
        return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]

    def step(self, **settings: Any) -> Kernel:
        """The kernel with its settings.

        Raises
        ------
        TypeError
            For a setting that the filter does not have; the message names the nearest.
        ValueError
            For one out of range.
        """
        names = self.settings
        check_settings(self.name, names, settings)
        bound = inspect.signature(self.function).bind(None, **settings)
        bound.apply_defaults()
        return self.kernel(**{name: bound.arguments[name] for name in names})


@unmasked
def filtered(name: str, data: ArrayLike, mask: ArrayLike | None, kernel: Kernel) -> Floats:
    """What a kernel makes of a frame (height, width) or a stack (frames, height, width).

    Parameters
    ----------
    name : str
        Of the filter, for messages.
    data : array_like
    mask : array_like or None
        Of the same shape.
    kernel : Kernel

    Raises
    ------
    ValueError
        For other shapes, or a frame that cannot be filtered; the message has its number.
    """
    frames = np.array(data, dtype=np.float64, order="C")
    if frames.ndim not in (2, 3) or 0 in frames.shape[-2:]:
        raise ValueError(f"`data`: expected a frame or a stack of frames, found shape {frames.shape}")
    covered = None if mask is None else np.ascontiguousarray(mask, dtype=bool)
    if covered is not None and covered.shape != frames.shape:
        raise ValueError(f"`mask`: expected shape {frames.shape}, found {covered.shape}")
    failures = run(frames.reshape(-1, *frames.shape[-2:]), covered, [kernel])
    if failures:
        frame, _, reason = failures[0]
        raise ValueError(f"`data`, {name}, frame {frame}: {reason}")
    return frames


def check_settings(name: str, known: Sequence[str], settings: Any) -> None:
    """Refuse settings that a step does not have.

    Raises
    ------
    TypeError
        If there are any; the message names the nearest one that it has.
    """
    for setting in settings:
        if setting not in known:
            hint = did_you_mean(setting, known) or f"; it has {', '.join(known) or 'none'}"
            raise TypeError(f"{name}: found an unknown setting {setting!r}{hint}")


def run(
    frames: NDArray[np.float64], mask: NDArray[np.bool_] | None, kernels: Sequence[Kernel], keep: bool = False
) -> list[tuple[int, int, str]]:
    """Run kernels on frames in place; lists (frame, kernel, reason) of what could not be done."""
    return _run(frames, None, mask, kernels, keep)


def run_on_copy(
    data: NDArray[Any], mask: NDArray[np.bool_] | None, kernels: Sequence[Kernel], keep: bool = False
) -> tuple[NDArray[np.float64], list[tuple[int, int, str]]]:
    """The frames that kernels make of others, and what could not be done; see `run`."""
    source = np.ascontiguousarray(data, dtype=np.float64)
    frames = np.empty(source.shape)
    return frames, _run(frames, source, mask, kernels, keep)


def _run(
    frames: NDArray[np.float64],
    source: NDArray[np.float64] | None,
    mask: NDArray[np.bool_] | None,
    kernels: Sequence[Kernel],
    keep: bool,
) -> list[tuple[int, int, str]]:
    if not frames.size:
        return []
    covered = None if mask is None else np.ascontiguousarray(mask.reshape(frames.shape))
    return _core.filter_frames(frames, source, covered, kernels, keep, progress.reporter())
