"""How much work each measure is, so that a run can tell how far it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

from lumentrace.engine.progress import part

from .measure.measures import passes

EFFORTS = {"overlap": 1, "tau": 24, "rwc": 6, "area": 3, "corrected": 24}
"""How often measures look at each pixel, about, compared with one of the documented ones."""


@dataclass(frozen=True)
class Effort:
    """How often the measures of a pair of channels look at each pixel.

    Attributes
    ----------
    kernel : int
        Those of the kernel.
    others : dict
        Each of the others, in the order in which they are made.
    """

    kernel: int
    others: dict[str, int]

    @cached_property
    def rest(self) -> int:
        """All but those of the kernel."""
        return sum(self.others.values())

    @classmethod
    def of(cls, kernel: set[str], method: str, metrics: tuple[str, ...], randomizations: int) -> Effort:
        """The effort of metrics, some of them measured by the kernel."""
        known = {**EFFORTS, "randomization": randomizations}
        return cls(passes(kernel, method), {name: known[name] for name in metrics if name in known})

    def whole(self, pixels: int) -> int:
        """All that is to be done with so many pixels."""
        return pixels * (self.kernel + self.rest)

    def region(self, whole: int, start: int, end: int) -> Region:
        """The part of the pixels `start` to `end` of all."""
        return Region(self, end - start, whole * self.kernel + start * self.rest)


class Region:
    """The measures of a region that are not those of the kernel, one after another."""

    def __init__(self, effort: Effort, pixels: int, done: int) -> None:
        self._effort, self._pixels, self._done = effort, pixels, done

    def measuring(self, metric: str, pieces: int = 1) -> AbstractContextManager[None]:
        """To measure in; the measure itself may count up to `pieces`."""
        size, start = self._pixels * self._effort.others[metric], self._done
        self._done += size
        return part(start, size, pieces)
