"""Names that other programs, their documents and earlier versions use for what has another name here."""

from __future__ import annotations

PROGRAMS = {"peer": "playnano"}
"""Earlier spellings of values that name a program."""
SETTINGS = {"filters": "process", "analysis": "analyse"}
"""What settings files of other programs call the settings of a run."""


def program(value: str) -> str:
    """The present spelling of a value that may name a program."""
    return PROGRAMS.get(value, value)


def mask(name: str) -> str:
    """'mask_threshold' for 'threshold_mask', as documents have it."""
    return f"mask_{name.removesuffix('_mask')}" if name.endswith("_mask") else name
