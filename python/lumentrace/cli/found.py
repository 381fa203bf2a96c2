"""What `lumentrace info` finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CONVERTED = "lumentrace convert"


@dataclass(frozen=True)
class Found:
    """What a file is, what is in it, and the commands that read it."""

    kind: str
    facts: Mapping[str, object]
    commands: tuple[str, ...]
