"""What is known about where data came from, as rows of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

HEADINGS = {"index": "step", "duration": "duration (s)"}


def is_records(value: object) -> TypeGuard[Sequence[Mapping[str, object]]]:
    """Whether a value is a list of mappings, which is a table."""
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, Mapping) for item in value)


def flat(name: str, value: object) -> list[tuple[str, object]]:
    """Names and values of mappings within mappings."""
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in flat(f"{name}: {key}", inner)]
    return [(name, value)]


def plain(value: object) -> object:
    """A value as text, if it holds others."""
    if isinstance(value, Mapping):
        return "\n".join(f"{key} = {plain(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(plain(item)) for item in value)
    return value
