"""What a run ends with, saved and reported in the same way for every technique."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lumentrace.base import html
from lumentrace.base.frames import pandas_frame
from lumentrace.base.provenance import Provenance
from lumentrace.engine.record import RECORD, RunRecord
from lumentrace.engine.settings import Settings
from lumentrace.engine.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

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

    @property
    @abstractmethod
    def units(self) -> Mapping[str, str]:
        """Units of the columns of `tables`, as far as they have one."""

    @abstractmethod
    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables of the results by name, the main one first."""

    def to_polars(self, table: str | None = None) -> pl.DataFrame:
        """One of the `tables`.

        Parameters
        ----------
        table : str, optional
            Its name; the main one by default.

        Raises
        ------
        ValueError
            If there is none of this name.
        """
        known = self.tables()
        name = next(iter(known)) if table is None else table
        if name not in known:
            raise ValueError(f"`table`: expected one of {', '.join(known)}, found {name!r}")
        return known[name]

    def to_pandas(self, table: str | None = None) -> pd.DataFrame:
        """One of the `tables` for pandas, with the units of its columns in ``attrs["units"]``.

        Parameters
        ----------
        table : str, optional
            Its name; the main one by default.

        Raises
        ------
        ImportError
            If pandas is not installed; it comes with ``pip install "lumentrace[pandas]"``.
        ValueError
            If there is none of this name.
        """
        return pandas_frame(self.to_polars(table), self.units)

    def first_rows(self) -> tuple[pl.DataFrame, int]:
        """The first rows of the main table, and how many it has."""
        whole = self.to_polars()
        return whole.head(html.ROWS), len(whole)

    def _repr_html_(self) -> str:
        judged = "<div>not judged</div>" if self.verdict is None else self.verdict._repr_html_()
        first, count = self.first_rows()
        rows = html.table(first.columns, first.rows(), count, self.units)
        notices = html.listed([("Notice", each) for each in self.notices]) if self.notices else ""
        plain = {name: value for name, value in self.figures().items() if not isinstance(value, (list, dict))}
        return html.face(self.title, (), judged, notices, html.pairs(plain), rows)

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
