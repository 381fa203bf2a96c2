"""What arrays are refused: masked ones, where their masks would be passed over, and those without real numbers."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

_REAL = "biuf"
"""Kinds of numpy types: truths, whole numbers, floating-point numbers."""


def unmasked(function: Callable[P, R]) -> Callable[P, R]:
    """A function that refuses masked arrays and arrays without real numbers among its arguments.

    Those within lists and mappings, too. A masked array in which nothing is masked is taken as it is. Numbers that are
    too large to compute with become infinite or NaN in the result, without warnings.

    Raises
    ------
    ValueError
        When it is called with values that are masked; the message names the argument.
    TypeError
        When it is called with complex numbers, objects, words or times; the message names the argument.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.base.masked import unmasked
    >>> total = unmasked(lambda values: float(np.sum(values)))
    >>> total(np.ma.masked_less([1.0, 2.0], 0.0))
    3.0
    """

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if any(map(_is_refused, args)) or any(map(_is_refused, kwargs.values())):
            _refuse(function, args, kwargs)
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    return checked


def _is_refused(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind not in _REAL or _hides(value)
    held: Iterable[Any] = value.values() if isinstance(value, Mapping) else value
    return isinstance(value, (list, tuple, Mapping)) and any(
        isinstance(item, np.ndarray) and _is_refused(item) for item in held
    )


def _hides(array: Any) -> bool:
    return isinstance(array, np.ma.MaskedArray) and bool(np.ma.getmaskarray(array).any())


def _refuse(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    given = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    name, value = next((pair for pair in given.items() if _is_refused(pair[1])), ("arguments", ()))
    held = [value] if isinstance(value, np.ndarray) else list(value.values() if isinstance(value, Mapping) else value)
    for array in held:
        if isinstance(array, np.ndarray) and array.dtype.kind not in _REAL:
            raise TypeError(f"`{name}`: expected real numbers, found an array of {array.dtype}")
    raise ValueError(
        f"`{name}`: expected an array, found one with masked values; give numbers in their place "
        f"(`{name}.filled(...)`), or leave pixels out by a mask or labels where the function takes those"
    )
