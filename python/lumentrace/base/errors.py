"""The exceptions that lumentrace raises beside the built-in ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FormatError(OSError, ValueError):
    """A file's content does not follow its format.

    The message names the file, the place in it, what was expected and what was found.
    """


class CutOffWarning(UserWarning):
    """The last line of a file is cut off and was left out; the message names the file, the line and what it holds."""


class DamagedLinesWarning(UserWarning):
    """Lines of a file that do not follow its format were left out; the message names the file and the first lines."""


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest one that is known, or nothing.

    Examples
    --------
    >>> from lumentrace.base.errors import did_you_mean
    >>> did_you_mean("treshold", ["threshold", "sigma"])
    "; did you mean 'threshold'?"
    """
    near = difflib.get_close_matches(found, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
