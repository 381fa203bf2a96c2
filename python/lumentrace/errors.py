"""The exceptions that lumentrace raises beside the built-in ones."""

from __future__ import annotations


class FormatError(ValueError):
    """A file's content does not follow its format.

    The message names the file, the place in it, what was expected and what was found.
    """
