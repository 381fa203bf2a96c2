"""Masked arrays are refused where their masks would be passed over."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


def unmasked(function: Callable[P, R]) -> Callable[P, R]:
    """A function that refuses masked arrays among its arguments, also within lists and mappings.

    One in which nothing is masked is taken as it is.

    Raises
    ------
    ValueError
        When it is called with values that are masked; the message names the argument.

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
        if any(map(_hides, args)) or any(map(_hides, kwargs.values())):
            _refuse(function, args, kwargs)
        return function(*args, **kwargs)

    return checked


def _hides(value: Any) -> bool:
    if isinstance(value, np.ma.MaskedArray):
        return bool(np.ma.getmaskarray(value).any())
    held: Iterable[Any] = value.values() if isinstance(value, Mapping) else value
    return isinstance(value, (list, tuple, Mapping)) and any(
        isinstance(item, np.ma.MaskedArray) and _hides(item) for item in held
    )


def _refuse(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    given = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    name = next((name for name, value in given.items() if _hides(value)), "") or "arguments"
    raise ValueError(
        f"`{name}`: expected an array, found one with masked values; give numbers in their place "
        f"(`{name}.filled(...)`), or leave pixels out by a mask or labels where the function takes those"
    )
