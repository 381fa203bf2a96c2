"""``run.json``: the record that every run leaves beside its results."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Self

from lumentrace.base.documents import document
from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.json_text import finite, json_text
from lumentrace.base.provenance import Provenance, plain
from lumentrace.engine.verdict import Verdict

RECORD = "run.json"
SCHEMA = "lumentrace-run-1"


@dataclass(frozen=True)
class RunRecord:
    """What ran, on what, with which settings, and what came of it.

    Attributes
    ----------
    technique : str
    settings : dict
        All settings of the run.
    provenance : Provenance
        Input, steps with their own times and parameters, environment, seed.
    figures : dict
        Key figures; None where one could not be measured.
    notices : tuple of str
    files : tuple of str
        Files of the run beside the record.
    verdict : Verdict or None
        None where the results were not judged.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.base.provenance import Provenance
    >>> from lumentrace.engine.record import RunRecord
    >>> record = RunRecord("coloc", {"threshold": "otsu"}, Provenance({"path": "a.tif"}), {"rows": 3})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = RunRecord.read(record.write(Path(folder) / "run.json"))
    >>> again == record
    True
    """

    technique: str
    settings: dict[str, Any]
    provenance: Provenance
    figures: dict[str, Any]
    notices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    verdict: Verdict | None = None

    def to_dict(self) -> dict[str, Any]:
        """As `write` writes it."""
        return {
            "schema": SCHEMA,
            "technique": self.technique,
            "verdict": None if self.verdict is None else finite(plain(self.verdict.to_dict())),
            "settings": finite(plain(self.settings)),
            **self.provenance.to_dict(),
            "figures": finite(plain(self.figures)),
            "notices": list(self.notices),
            "files": list(self.files),
        }

    def write(self, path: str | PathLike[str]) -> Path:
        """Write the record as JSON; the file appears whole or not at all."""
        place = Path(path)
        with replacing(place) as file:
            file.write(json_text(self.to_dict(), indent=1).encode())
        return place

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """Read a record.

        Raises
        ------
        FormatError
            If the file is none, or of a newer schema.
        """
        place = Path(path)
        try:
            found = document(place, "JSON")
            if found["schema"] != SCHEMA:
                raise FormatError(f"{place}: expected schema {SCHEMA}, found {found['schema']!r}")
            provenance = Provenance.from_dict(found)
            return cls(
                str(found["technique"]),
                dict(found["settings"]),
                provenance,
                dict(found["figures"]),
                tuple(found["notices"]),
                tuple(found["files"]),
                None if found.get("verdict") is None else Verdict.from_dict(found["verdict"]),
            )
        except FormatError:
            raise
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            raise FormatError(f"{place}: expected the record of a run, found something else ({error!r})") from error
