"""The exceptions that lumentrace raises beside the built-in ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FormatError(OSError, ValueError):
    """A file's content does not follow its format.

    The message names the file, the place in it, what was expected and what was found.
    """


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
