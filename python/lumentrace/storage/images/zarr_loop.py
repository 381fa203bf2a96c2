"""Arrays of Zarr read and written by a loop of their own, which leaves nothing behind.

That of the library goes on with other chunks after an error: what it writes then comes back after it was removed, and
what is not done when the process ends is told then, chunk by chunk.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
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
    """What work comes to; after an error or Ctrl-C the other chunks have ended too.

    In a thread of its own, as this one may run a loop already: that of Jupyter.
    """
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    loop = runner.get_loop()
    thread = threading.Thread(target=_serve, args=(runner,))
    thread.start()
    try:
        return asyncio.run_coroutine_threadsafe(work, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _serve(runner: asyncio.Runner) -> None:
    """Run its loop until it is stopped; what has not ended then is cancelled."""
    with runner:
        runner.get_loop().run_forever()
