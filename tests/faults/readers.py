"""Every way in which the package reads a file that somebody may have damaged."""

from __future__ import annotations

from faults import readers_common, readers_images, readers_pept, readers_twophoton
from faults.reader import Reader

READERS: dict[str, Reader] = (
    readers_common.READERS | readers_pept.READERS | readers_images.READERS | readers_twophoton.READERS
)
