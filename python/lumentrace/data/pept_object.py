"""What every object of the library can do: be copied, kept in a file and shown."""

from __future__ import annotations

import copy as copying
from typing import Any

from lumentrace.base import doors, html

LONGEST = 80
"""Characters of a value that `PEPTObject` shows."""


class PEPTObject:
    """Base class: copies, files and a readable `repr`.

    Attributes
    ----------
    provenance : lumentrace.base.provenance.Provenance or None
        How it came about, as far as that is known.

    Examples
    --------
    >>> from lumentrace.pept.base import PEPTObject
    >>> class Run(PEPTObject):
    ...     def __init__(self, rpm):
    ...         self.rpm = rpm
    >>> Run(42).copy()
    Run
    ---
    rpm = 42
    """

    provenance: Any = None

    def copy(self, deep: bool = True) -> Any:
        """A copy; with ``deep=False`` the attributes are shared."""
        return copying.deepcopy(self) if deep else copying.copy(self)

    def save(self, filepath: Any) -> None:
        """Write the whole state to a file; see `lumentrace.save`."""
        doors.through("save")(filepath, self)

    @staticmethod
    def load(filepath: Any) -> Any:
        """Read an object from a file written by `save`; see `lumentrace.load`."""
        return doors.through("load")(filepath)

    def _shown(self) -> dict[str, Any]:
        """The public attributes."""
        known = {key: value for key, value in vars(self).items() if key != "provenance"}
        return {key: value for key, value in known.items() if not key.startswith("_") and not callable(value)}

    def __repr__(self) -> str:
        name = type(self).__name__
        return "\n".join([name, "-" * len(name), *(f"{key} = {_short(value)}" for key, value in self._shown().items())])

    def _repr_html_(self) -> str:
        return html.face(type(self).__name__, (), html.pairs(self._shown()))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
