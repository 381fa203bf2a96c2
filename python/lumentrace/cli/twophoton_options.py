"""Choices of several commands of `lumentrace twophoton`."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """Hemispheres."""

    left = "left"
    right = "right"
