"""Plugins of other packages, by their entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from typing import Any


def entries(find: Callable[..., Iterable[EntryPoint]], groups: Iterable[str]) -> list[EntryPoint]:
    """All entry points of some groups."""
    return [entry for group in groups for entry in find(group=group)]


def loaded(what: str, entry: EntryPoint, expected: str) -> Callable[..., Any]:
    """What an entry point stands for.

    Parameters
    ----------
    what : str
        E.g. 'step', for messages.
    entry : EntryPoint
    expected : str
        E.g. 'a function', for messages.

    Raises
    ------
    RuntimeError
        If it cannot be imported.
    TypeError
        If it cannot be called.
    """
    try:
        found = entry.load()
    except Exception as error:
        # Plugins raise what they like; the cause is kept.
        raise RuntimeError(f"{what} {entry.name!r}: the plugin cannot be imported ({error})") from error
    if not callable(found):
        raise TypeError(f"{what} {entry.name!r}: expected {expected}, found {type(found).__name__}")
    function: Callable[..., Any] = found
    return function
