"""What a run ends with, saved and reported in the same way for every technique."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from lumentrace.base.provenance import Provenance
from lumentrace.engine.record import RECORD, RunRecord
from lumentrace.engine.settings import Settings
from lumentrace.engine.verdict import Verdict

REPORT = "report.html"


@dataclass(frozen=True, eq=False)
class Outcome(ABC):
    """The results of a run and how they came about.

    Attributes
    ----------
    title : str
        Of the report; usually the technique and the name of the input.
    settings : Settings
    provenance : Provenance
    notices : tuple of str
        What whoever reads the results has to know.
    """

    technique: ClassVar[str]

    title: str
    settings: Settings
    provenance: Provenance
    notices: tuple[str, ...]

    @property
    def verdict(self) -> Verdict | None:
        """Whether the results can be relied on; None where the technique does not judge them."""
        return None

    @abstractmethod
    def figures(self) -> dict[str, Any]:
        """The figures that fit into a row of a table of runs."""

    @abstractmethod
    def write(self, folder: Path) -> list[Path]:
        """Write tables and images into an existing folder.

        Returns
        -------
        list of path
            The files.
        """

    @abstractmethod
    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report, one HTML file."""

    def save(self, folder: str | PathLike[str]) -> Path:
        """Write everything into a folder: results, ``report.html``, and ``run.json`` at the end.

        Parameters
        ----------
        folder : path
            Made if it is missing; files of the same names are replaced.

        Returns
        -------
        path
            The folder.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        files = [*self.write(place), self.report(place / REPORT)]
        self.record(tuple(str(file.relative_to(place)) for file in files)).write(place / RECORD)
        return place

    def record(self, files: tuple[str, ...] = ()) -> RunRecord:
        """The record of the run, as ``run.json`` keeps it."""
        return RunRecord(
            self.technique,
            self.settings.to_dict(),
            self.provenance,
            self.figures(),
            self.notices,
            tuple(files),
            self.verdict,
        )
