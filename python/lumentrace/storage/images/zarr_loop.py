"""Arrays of Zarr read and written by a loop of their own, which leaves nothing behind.

That of the library goes on with other chunks after an error: what it writes then comes back after it was removed, and
what is not done when the process ends is told then, chunk by chunk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

Place = tuple[int | slice, ...]


def read(array: Any, place: Place) -> NDArray[Any]:
    """Pixels of a `zarr.AsyncArray`."""
    return np.asarray(_done(array.getitem(place)))


def write(array: Any, place: Place, pixels: NDArray[Any]) -> None:
    """Put pixels into a `zarr.AsyncArray`."""
    _done(array.setitem(place, pixels))


def _done(work: Coroutine[Any, Any, Any]) -> Any:
    """What work comes to; after an error or Ctrl-C the other chunks have ended too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run(work)
    with ThreadPoolExecutor(1) as aside:  # as in Jupyter, whose loop waits for this
        return aside.submit(_run, work).result()


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    # With a factory the loop that the thread may have is left alone.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)
