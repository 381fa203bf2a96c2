"""Showing how much of a file has been read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def reading(verbose: bool, size: int) -> Iterator[Callable[[int], object]]:
    """Give a function to call with the number of bytes just read, of `size` in all; it moves a bar if `verbose`."""
    if not verbose:
        yield lambda count: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=size, desc="Reading", unit="B", unit_scale=True) as bar:
        yield bar.update
