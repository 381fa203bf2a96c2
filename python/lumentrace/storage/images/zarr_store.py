"""Files of a Zarr folder, of which none is a pipe or device, or a link to a file elsewhere."""

from __future__ import annotations

from typing import Any

from zarr.storage import LocalStore

from lumentrace.base.errors import FormatError


class OwnFiles(LocalStore):
    """A folder that is read."""

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        """What a file holds; None if there is none."""
        self._check(key)
        return await super().get(key, prototype, byte_range)

    def _check(self, key: str) -> None:
        place = self.root / key
        if not place.exists():
            return
        if not place.is_file():
            raise OSError(f"{place}: expected a file, found a folder, pipe or device")
        if not place.resolve().is_relative_to(self.root.resolve()):
            raise FormatError(f"{place}: expected a file inside of the folder, found a link to {place.resolve()}")
