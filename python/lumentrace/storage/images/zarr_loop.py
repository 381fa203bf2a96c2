"""Arrays of Zarr read and written by a loop of their own, which leaves nothing behind.

That of the library goes on with other chunks after an error: what it writes then comes back after it was removed, and
what is not done when the process ends is told then, chunk by chunk.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Place = tuple[int | slice, ...]
MOST = 2048
"""Chunks (shards, if there are some) that are read at once: Ctrl-C ends each of them, and those of 30 000 took 7 s."""


def read(array: Any, place: Place) -> NDArray[Any]:
    """Pixels of a `zarr.AsyncArray`, at most `MOST` chunks at once; slices go in steps of one."""
    whole = tuple(
        slice(*part.indices(length)) if isinstance(part, slice) else part
        for part, length in zip(place, array.shape, strict=True)
    )
    first, *others = _parts(whole, array.shards or array.chunks)
    if not others:
        return np.asarray(_done(array.getitem(first)))
    found = np.empty([part.stop - part.start for part in whole if isinstance(part, slice)], array.dtype)
    for part in (first, *others):
        found[_within(whole, part)] = _done(array.getitem(part))
    return found


def _parts(place: Place, chunks: tuple[int, ...]) -> Iterator[Place]:
    """Halves of a place, and of these, with few chunks each."""
    counts = [
        -(-part.stop // chunk) - part.start // chunk if isinstance(part, slice) else 1
        for part, chunk in zip(place, chunks, strict=True)
    ]
    axis = counts.index(max(counts))
    longest = place[axis]
    if math.prod(counts) <= MOST or not isinstance(longest, slice):
        yield place
        return
    middle = (longest.start // chunks[axis] + counts[axis] // 2) * chunks[axis]
    for half in (slice(longest.start, middle), slice(middle, longest.stop)):
        yield from _parts((*place[:axis], half, *place[axis + 1 :]), chunks)


def _within(whole: Place, part: Place) -> Place:
    """Where a part of a place lies in what is read there."""
    return tuple(
        slice(own.start - all_.start, own.stop - all_.start)
        for own, all_ in zip(part, whole, strict=True)
        if isinstance(own, slice) and isinstance(all_, slice)
    )


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
