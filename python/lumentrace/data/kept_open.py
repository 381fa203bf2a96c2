"""Images whose files are closed when they are forgotten."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace

from lumentrace.data.lazy_image import LazyImage


class _Closing:
    """Closes a file, at the latest when it is forgotten."""

    def __init__(self, finish: Callable[[], None]) -> None:
        self._finish = weakref.finalize(self, finish)

    def __call__(self) -> None:
        self._finish()


def kept_open(image: LazyImage) -> LazyImage:
    """An image whose file is closed when nobody holds a part of it any more, if not before."""
    return replace(image, finish=_Closing(image.finish))
