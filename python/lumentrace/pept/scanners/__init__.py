"""Readers of scanner files. Everything is imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lumentrace.pept.scanners.forte import adac_forte as adac_forte
    from lumentrace.pept.scanners.screens import parallel_screens as parallel_screens
    from lumentrace.pept.scanners.tables import lines as lines

_HOMES = {
    "adac_forte": "forte",
    "lines": "tables",
    "parallel_screens": "screens",
}

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"lumentrace.pept.scanners.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'lumentrace.pept.scanners' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
