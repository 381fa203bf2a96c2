"""docs/troubleshooting.md tells of every reason that a verdict can have, and of no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "python" / "lumentrace"
TECHNIQUES = sorted(path.parent.name for path in PACKAGE.glob("*/judgement.py"))
HARMLESS = {"Kind.MIRRORED", "Kind.DEFORMED"}


def as_heading(node: ast.expr, names: dict[str, ast.expr]) -> str:
    """A text as the page has it: what is filled in is `…`."""
    if isinstance(node, ast.Name):
        return as_heading(names[node.id], names)
    if isinstance(node, ast.JoinedStr):
        return re.sub("…+", "…", "".join(as_heading(each, names) for each in node.values))
    if isinstance(node, ast.FormattedValue):
        return "…"
    assert isinstance(node, ast.Constant), ast.dump(node)
    return str(node.value)


def told(source: str) -> Iterator[str]:
    """Headings of the texts of all reasons and remarks in a module."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        nodes = sorted((node for node in ast.walk(function) if hasattr(node, "lineno")), key=lambda node: node.lineno)
        names: dict[str, ast.expr] = {}
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names[node.targets[0].id] = node.value
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Reason", "Remark"):
                first, text, *_ = node.args
                if ast.unparse(first) not in HARMLESS and ast.unparse(text) != "remark.text":
                    yield as_heading(text, names)


def headings(technique: str) -> list[str]:
    """The reasons that the page has for a technique."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    part = re.search(rf"^## .*{{ *#{technique} *}}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return re.findall(r"^### (.*?)(?: \{.*\})?$", part[1], re.MULTILINE) if part else []


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_the_page_tells_of_each_reason(technique: str) -> None:
    files = sorted((PACKAGE / technique).rglob("*.py"))
    reasons = [text for path in files for text in told(path.read_text("utf-8"))]
    assert reasons
    assert sorted(headings(technique)) == sorted(reasons)
