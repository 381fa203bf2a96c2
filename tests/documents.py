"""The code that the public documents of other programs print: cut out when a test runs, never copied."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STATEMENT = re.compile(r"^(from|import) \w|^[\w.\[\]:, ()]+ = |^\w[\w.]*\(|^(with|for|if|class|def) .*:$")


def sessions(text: str) -> Iterator[list[doctest.Example]]:
    """Interactive sessions, each with what it prints: lines that follow one another."""
    for block in re.split(r"\n\s*\n(?!\s*>>>)", text):
        if ">>>" in block:
            yield doctest.DocTestParser().get_examples(block)


def run_session(examples: list[doctest.Example], names: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Source, what it printed and what the document prints, of each example that prints something there."""
    told = []
    for each in examples:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(each.source, "<document>", "single"), names)  # the documents' own code, imports changed
        if each.want:
            told.append((each.source.strip(), said.getvalue().strip(), each.want.strip()))
    return told


def scripts(text: str, starts: re.Pattern[str]) -> Iterator[str]:
    """Blocks of code between prose: lines from one that `starts` a block to the last before a line that is no code."""
    lines, block = text.splitlines(), list[str]()
    for line in [*lines, "."]:
        inside = bool(block)
        if (inside and is_code(block, line)) or (not inside and starts.match(line)):
            block.append(line)
        elif inside:
            yield "\n".join(block).rstrip() + "\n"
            block = []


def is_code(block: list[str], line: str) -> bool:
    """Whether a line goes on with a block: it closes what is open, or is a statement or a comment."""
    text = "\n".join(block)
    opened = sum(text.count(one) for one in "([{") > sum(text.count(one) for one in ")]}")
    return opened or not line.strip() or line.startswith((" ", "#")) or bool(STATEMENT.match(line))


def read(shared: Path, name: str) -> str:
    """A document."""
    return (shared / "documents" / name).read_text("utf-8")
