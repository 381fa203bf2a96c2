"""Footnotes of docstrings as Markdown knows them: an extension of griffe, named in mkdocs.yml."""

from __future__ import annotations

import re
from typing import Any

import griffe

NOTE = re.compile(r"^( *)\.\. \[(\d+)\] ", re.MULTILINE)
CALL = re.compile(r"\[(\d+)\]_")


class Footnotes(griffe.Extension):
    """Writes ``.. [1] Author`` and ``[1]_`` as plain [1]."""

    def on_instance(self, *, obj: griffe.Object, **others: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = CALL.sub(r"[\1]", NOTE.sub(r"\1[\2] ", obj.docstring.value))
