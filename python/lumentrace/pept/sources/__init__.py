"""Lines of response as they come: from a growing file, a socket, a pipe or an iterator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.sources.block import Block as Block
    from lumentrace.pept.sources.opening import open_source as open_source
    from lumentrace.pept.sources.replaying import Replayed as Replayed
    from lumentrace.pept.sources.replaying import replay as replay
    from lumentrace.pept.sources.serving import LineServer as LineServer

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Block": "lumentrace.pept.sources.block",
        "LineServer": "lumentrace.pept.sources.serving",
        "Replayed": "lumentrace.pept.sources.replaying",
        "open_source": "lumentrace.pept.sources.opening",
        "replay": "lumentrace.pept.sources.replaying",
        "wire": "lumentrace.pept.sources.wire",
    },
)
