"""How data is kept: containers, tables, and files for other programs. Everything is imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lumentrace.storage.container import load as load
    from lumentrace.storage.container import save as save

_HOMES = {
    "load": "container",
    "save": "container",
}

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"lumentrace.storage.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'lumentrace.storage' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
