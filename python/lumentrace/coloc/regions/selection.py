"""Pixels of two channels, brought into the few types that the kernels take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.data.lazy_image import LazyImage

POLICIES = ("propagate", "omit", "raise")
LEVELS = 1 << 16

Array = NDArray[Any]
Limits = tuple[tuple[int, int] | None, tuple[int, int] | None]
"""Least and greatest value of both channels among all pixels of a selection; None if they are all at hand."""


@dataclass(frozen=True)
class Selection:
    """The selected pixels of two channels: flat, contiguous and of one type.

    Whole numbers are kept as levels above `base`, so that sums of them are exact.
    """

    a: Array
    b: Array
    base: tuple[float, float]

    def take(self, order: Array) -> Selection:
        """The pixels with these numbers."""
        return Selection(self.a[order], self.b[order], self.base)

    def part(self, start: int, end: int) -> Selection:
        """The pixels `start` to `end`."""
        return Selection(self.a[start:end], self.b[start:end], self.base)

    def values(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both channels as float64."""
        return self.a.astype(np.float64) + self.base[0], self.b.astype(np.float64) + self.base[1]


def channel(name: str, values: ArrayLike) -> Array:
    """An array of real numbers.

    Raises
    ------
    TypeError
        If there are no real numbers in it.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "buif":
        raise TypeError(f"`{name}`: expected real numbers, found {array.dtype}")
    return array


def select(a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None, nan_policy: str = "propagate") -> Selection:
    """The pixels in a mask.

    Parameters
    ----------
    a, b : array_like
        Real numbers, in any number of dimensions.
    mask : array_like, optional
        Of the same shape; pixels other than 0 count.
    nan_policy : {'propagate', 'omit', 'raise'}, default 'propagate'
        What NaN and infinite pixels in the mask do.

    Raises
    ------
    ValueError
        If shapes differ, or for pixels that are not finite under the policy 'raise'.
    TypeError
        If a channel holds no real numbers.
    """
    if nan_policy not in POLICIES:
        raise ValueError(f"`nan_policy`: expected one of {', '.join(POLICIES)}, found {nan_policy!r}")
    first, second = channel("a", a), channel("b", b)
    check_shape("b", second, first.shape)
    kept = inside(mask, first.shape)
    if nan_policy != "propagate":
        finite = finite_in_both(first, second)
        if finite is not None:
            sound = finite if kept is None else finite & kept
            if nan_policy == "raise" and np.count_nonzero(sound) < (finite.size if kept is None else kept.sum()):
                raise ValueError("`a`, `b`: expected finite pixels, found NaN or infinity (see `nan_policy`)")
            kept = sound
    if kept is not None:
        return paired(first[kept], second[kept])
    return paired(first, second)


def inside(mask: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """A mask as booleans.

    Raises
    ------
    ValueError
        If it has another shape.
    """
    if mask is None:
        return None
    array = np.asarray(mask)
    check_shape("mask", array, shape)
    return array.astype(bool, copy=False)


def check_shape(name: str, array: Array | LazyImage, shape: tuple[int, ...]) -> None:
    """Refuse another shape.

    Raises
    ------
    ValueError
        If there is one.
    """
    if array.shape != tuple(shape):
        raise ValueError(f"`{name}`: expected shape {tuple(shape)}, as of `a`, found {array.shape}")


def finite_in_both(a: Array, b: Array) -> NDArray[np.bool_] | None:
    """Where both channels are finite; None if they cannot be anything else."""
    finite = [np.isfinite(values) for values in (a, b) if values.dtype.kind == "f"]
    if not finite:
        return None
    return finite[0] if len(finite) == 1 else finite[0] & finite[1]


def paired(a: Array, b: Array, limits: Limits = (None, None)) -> Selection:
    """Two arrays of equal shape as a selection of all their pixels; as a part of more pixels, between `limits`."""
    first, second = _prepared(a, limits[0]), _prepared(b, limits[1])
    if _is_level(first[0]) and _is_level(second[0]):
        # Sums of levels are exact, whatever the order.
        order: Literal["F", "C"] = "F" if a.flags.f_contiguous and b.flags.f_contiguous else "C"
        common: Any = np.promote_types(first[0].dtype, second[0].dtype)
    else:
        order, common = "C", _common_float(first[0], second[0])
        first, second = _with_base(*first, common), _with_base(*second, common)
    flat = [array.ravel(order=order).astype(common, copy=False) for array, _ in (first, second)]
    return Selection(flat[0], flat[1], (first[1], second[1]))


def is_shifted(dtype: np.dtype[Any]) -> bool:
    """Whether whole numbers of a type are taken as levels above the least of them."""
    return dtype.kind == "i" or (dtype.kind == "u" and dtype.itemsize > 2)


def _prepared(array: Array, limits: tuple[int, int] | None) -> tuple[Array, float]:
    """Levels and the value of level 0, or native floating-point numbers and 0."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return array.view(np.uint8), 0.0
    if kind == "u" and size <= 2:
        return array.astype(array.dtype.newbyteorder("="), copy=False), 0.0
    if is_shifted(array.dtype):
        return _shifted(array, limits)
    if size <= 4:
        return array.astype(np.float32, copy=False), 0.0
    return array.astype(np.float64, copy=False), 0.0


def _shifted(array: Array, limits: tuple[int, int] | None) -> tuple[Array, float]:
    if limits is None and not array.size:
        return array.astype(np.uint16), 0.0
    low, high = (int(array.min()), int(array.max())) if limits is None else limits
    if high - low >= LEVELS:
        return array.astype(np.float64), 0.0
    wide = array.astype(np.int32) if array.dtype.itemsize <= 2 else array.astype(array.dtype.newbyteorder("="))
    return (wide - wide.dtype.type(low)).astype(np.uint16), float(low)


def _is_level(array: Array) -> bool:
    return array.dtype.kind == "u"


def _common_float(a: Array, b: Array) -> Any:
    """float32 where it holds both channels exactly."""
    small = all(array.dtype == np.float32 or _is_level(array) for array in (a, b))
    return np.float32 if small else np.float64


def _with_base(array: Array, base: float, dtype: Any) -> tuple[Array, float]:
    return (array.astype(np.float64) + base).astype(dtype) if base else array.astype(dtype, copy=False), 0.0
