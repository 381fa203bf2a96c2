"""Lines of response as they come: from a growing file, a socket, a pipe or an iterator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.sources.block import Block as Block
    from lumentrace.pept.sources.opening import open_source as open_source

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Block": "lumentrace.pept.sources.block",
        "open_source": "lumentrace.pept.sources.opening",
        "wire": "lumentrace.pept.sources.wire",
    },
)
