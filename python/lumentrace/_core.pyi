"""Kernels of the Rust core. Private: use the functions and classes that call them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str

def adaptive_windows(
    times: NDArray[np.float64], window: float, overlap: float, max_elements: int
) -> NDArray[np.int64]: ...
def content_hash(bytes: NDArray[np.uint8]) -> str: ...
def run_plan(
    rows: NDArray[np.float64],
    ranges: NDArray[np.int64],
    owners: NDArray[np.int64] | None,
    steps: Sequence[tuple[str, dict[str, Any]]],
    threads: int = 0,
    progress: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]: ...
def time_windows(times: NDArray[np.float64], window: float, overlap: float) -> NDArray[np.int64]: ...
