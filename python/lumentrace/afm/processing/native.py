"""Filters of single frames that run in Rust, several frames at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.errors import did_you_mean
from lumentrace.engine import progress

Kernel = tuple[str, list[float]]
"""Name of a kernel and its settings."""


class FrameFilter:
    """A filter of single frames.

    Made by decorating a function that turns settings into a kernel; `name`, the docstring and the signature are those
    of the function.

    Parameters
    ----------
    function : callable
        Settings by name -> (kernel, numbers).
    version : str
    masked : bool
        Whether a mask changes what it does.
    """

    def __init__(self, function: Callable[..., Kernel], version: str, masked: bool):
        self.kernel, self.version, self.masked = function, version, masked
        self.name = function.__name__
        self.__name__, self.__doc__, self.__module__ = function.__name__, function.__doc__, function.__module__
        signature = inspect.signature(function)
        self.settings = list(signature.parameters)
        data = inspect.Parameter("data", inspect.Parameter.POSITIONAL_ONLY)
        mask = inspect.Parameter("mask", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
        own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in signature.parameters.values()]
        self.__signature__ = inspect.Signature([data, mask, *own])

    def __call__(self, data: Any, mask: Any = None, **settings: Any) -> NDArray[np.float64]:
        """Filter a frame (height, width) or a stack (frames, height, width)."""
        frames = np.array(data, dtype=np.float64, order="C")
        if frames.ndim not in (2, 3):
            raise ValueError(f"`data`: expected a frame or a stack of frames, found shape {frames.shape}")
        covered = None if mask is None else np.ascontiguousarray(mask, dtype=bool)
        if covered is not None and covered.shape != frames.shape:
            raise ValueError(f"`mask`: expected shape {frames.shape}, found {covered.shape}")
        failures = run(frames.reshape(-1, *frames.shape[-2:]), covered, [self.step(**settings)])
        if failures:
            frame, _, reason = failures[0]
            raise ValueError(f"{self.name}, frame {frame}: {reason}")
        return frames

    def step(self, **settings: Any) -> Kernel:
        """The kernel with its settings.

        Raises
        ------
        TypeError
            For a setting that the filter does not have; the message names the nearest.
        ValueError
            For one out of range.
        """
        check_settings(self.name, self.settings, settings)
        return self.kernel(**settings)


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


def frame_filter(version: str, *, masked: bool) -> Callable[[Callable[..., Kernel]], FrameFilter]:
    """Make a `FrameFilter` of a function."""
    return lambda function: FrameFilter(function, version, masked)
