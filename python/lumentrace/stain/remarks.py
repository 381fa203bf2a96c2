"""What is odd about a registration or a scale, by kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    """Kinds of remarks."""

    COPY = "copy"
    NO_MAP = "no map"
    NO_OVERLAP = "no overlap"
    NO_TEXTURE = "no texture"
    DISAGREEING = "disagreeing"
    APART = "apart"
    LITTLE_OVERLAP = "little overlap"
    UNLIKE = "unlike"
    SATURATED = "saturated"
    BELOW_ONE = "scale below 1"
    POOR_FIT = "poor fit"
    BIASED = "biased"
    MIRRORED = "mirrored"
    DEFORMED = "deformed"


FATAL = frozenset({Kind.COPY, Kind.NO_MAP, Kind.NO_OVERLAP, Kind.NO_TEXTURE, Kind.DISAGREEING, Kind.APART})
"""What makes a registration useless."""
HARMLESS = frozenset({Kind.MIRRORED, Kind.DEFORMED})
"""What is good to know; the map allows for it."""


@dataclass(frozen=True)
class Remark:
    """Something odd.

    Attributes
    ----------
    kind : Kind
    text : str
    value : float
        The figure that was measured; NaN where it is none.
    """

    kind: Kind
    text: str
    value: float = math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back."""
        return {"kind": str(self.kind), "text": self.text, "value": self.value if math.isfinite(self.value) else None}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """The remark that plain values were made from."""
        return cls(Kind(found["kind"]), str(found["text"]), math.nan if found["value"] is None else found["value"])
