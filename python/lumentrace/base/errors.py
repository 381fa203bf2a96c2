"""The exceptions that lumentrace raises beside the built-in ones."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable
from typing import Any


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


def shown(value: Any) -> str:
    """A value from a file as a message quotes it: cut short, whatever it is.

    Examples
    --------
    >>> from lumentrace.base.errors import shown
    >>> shown([1, 2, 3, 4, 5, 6, 7, 8])
    '[1, 2, 3, 4, 5, 6, ...]'
    """
    try:
        return reprlib.repr(value)
    except ValueError:  # whole numbers of thousands of digits have no text
        return f"{type(value).__name__} with a number of too many digits"
