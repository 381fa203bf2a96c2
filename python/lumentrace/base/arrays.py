"""Types of arrays."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

AnyArray: TypeAlias = NDArray[Any]
"""An array whose numbers may be of any type, as pixels are."""
