"""Whether the results of a run can be relied on, and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from lumentrace.base import html
from lumentrace.base.palette import PALETTE

GOOD, DOUBTFUL, NOT_RELIABLE = "good", "doubtful", "not reliable"
LEVELS = (GOOD, DOUBTFUL, NOT_RELIABLE)
SIGNS = {GOOD: "✓", DOUBTFUL: "?", NOT_RELIABLE: "✗"}
COLOURS = {GOOD: PALETTE[2], DOUBTFUL: PALETTE[4], NOT_RELIABLE: PALETTE[1]}


@dataclass(frozen=True)
class Evidence:
    """A number that was measured, and the bound that it is held against."""

    name: str
    value: float
    unit: str
    bound: str

    def __str__(self) -> str:
        value = "n/a" if math.isnan(self.value) else f"{self.value:.3g}"
        return f"{self.name} {value}{f' {self.unit}' if self.unit else ''} (fine: {self.bound})"


@dataclass(frozen=True)
class Reason:
    """What speaks against a result.

    Attributes
    ----------
    level : str
        'doubtful' or 'not reliable'.
    text : str
    advice : str
        What to do next.
    evidence : tuple of Evidence
    """

    level: str
    text: str
    advice: str
    evidence: tuple[Evidence, ...] = ()

    @property
    def why(self) -> str:
        """The text with the evidence."""
        return "; ".join([self.text, *map(str, self.evidence)])

    def __post_init__(self) -> None:
        if self.level not in LEVELS[1:]:
            raise ValueError(f"`level`: expected one of {', '.join(LEVELS[1:])}, found {self.level!r}")


@dataclass(frozen=True)
class Verdict:
    r"""The judgement on a run: as bad as the worst of its reasons, good if there is none.

    Examples
    --------
    >>> from lumentrace.engine.verdict import Evidence, Reason, Verdict
    >>> few = Evidence("pixels", 6, "", "at least 10")
    >>> verdict = Verdict((Reason("doubtful", "a region is tiny", "join regions", (few,)),))
    >>> verdict.level, Verdict().level
    ('doubtful', 'good')
    >>> print("\n".join(verdict.lines()))
    ? doubtful: a region is tiny; pixels 6 (fine: at least 10). Next: join regions
    """

    reasons: tuple[Reason, ...] = ()

    @property
    def level(self) -> str:
        """'good', 'doubtful' or 'not reliable'."""
        return worst(reason.level for reason in self.reasons)

    def lines(self) -> list[str]:
        """A line for each reason, or one that says good."""
        return [_line(reason) for reason in self.reasons] or [f"{SIGNS[GOOD]} {GOOD}"]

    def _repr_html_(self) -> str:
        style = f"border-left:8px solid {COLOURS[self.level]};padding-left:8px;margin:4px 0"
        items = [(each.level, f"{each.why}. Next: {each.advice}") for each in self.reasons]
        reasons = html.listed(items) if items else ""
        return f'<div style="{style}"><strong>{SIGNS[self.level]} {self.level}</strong>{reasons}</div>'

    def to_dict(self) -> dict[str, Any]:
        """As ``run.json`` keeps it."""
        return {"level": self.level, "reasons": [asdict(reason) for reason in self.reasons]}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """A verdict as `to_dict` gives it; a number that JSON could not hold is NaN."""
        return cls(tuple(_reason(each) for each in found["reasons"]))


def worst(levels: Iterable[str]) -> str:
    """The worst level; good if there is none."""
    return max(levels, key=LEVELS.index, default=GOOD)


def _line(reason: Reason) -> str:
    return f"{SIGNS[reason.level]} {reason.level}: {reason.why}. Next: {reason.advice}"


def _reason(found: Mapping[str, Any]) -> Reason:
    evidence = tuple(
        Evidence(
            str(each["name"]),
            math.nan if each["value"] is None else float(each["value"]),
            str(each["unit"]),
            str(each["bound"]),
        )
        for each in found["evidence"]
    )
    return Reason(str(found["level"]), str(found["text"]), str(found["advice"]), evidence)
