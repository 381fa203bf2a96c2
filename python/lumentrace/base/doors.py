"""Functions that documented methods hand over to although they live in a higher room.

The top of the package says where they are; each is imported when it is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_homes: dict[str, str] = {}


def lead(name: str, home: str) -> None:
    """Let `through` find the function `name` in the module `home`."""
    _homes[name] = home


def through(name: str) -> Callable[..., Any]:
    """Import the function `name` from its home."""
    function: Callable[..., Any] = getattr(import_module(_homes[name]), name)
    return function
