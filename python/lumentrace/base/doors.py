"""Functions that documented methods hand over to although they live in a higher room.

The top of the package, or of a technique, says where they are; each is imported when it is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_homes: dict[str, tuple[str, str]] = {}


def lead(name: str, home: str, function: str = "") -> None:
    """Let `through` find a function in the module `home`; there it is called `name`, or else `function`."""
    _homes[name] = home, function or name


def through(name: str) -> Callable[..., Any]:
    """Import the function `name` from its home."""
    home, called = _homes[name]
    function: Callable[..., Any] = getattr(import_module(home), called)
    return function
