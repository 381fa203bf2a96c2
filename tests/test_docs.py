"""Every Python block of the documentation runs, in order, page by page."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import readme_commands

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|pycon)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str, int]]:
    text = page.read_text("utf-8")
    return [(found[1], found[2], text[: found.start()].count("\n") + 1) for found in BLOCK.finditer(text)]


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("Agg")
    monkeypatch.setattr("plotly.graph_objects.Figure.show", lambda *args, **kwargs: None)
    names: dict[str, object] = {"__name__": "__main__"}
    for language, code, line in blocks(page):
        if language == "python":
            # The pages are our own; line numbers in a traceback are those of the page.
            exec(compile("\n" * line + code, str(page), "exec"), names)
        else:
            run_session(code, names, page, line)
    plt.close("all")


def run_session(code: str, names: dict[str, object], page: Path, line: int) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    example = doctest.DocTestParser().get_doctest(code, names, page.name, str(page), line)
    runner = doctest.DocTestRunner(optionflags=flags)
    report: list[str] = []
    runner.run(example, out=report.append, clear_globs=False)
    assert not runner.failures, "".join(report)
    names.update(example.globs)


def test_readme_has_runnable_code() -> None:
    assert blocks(ROOT / "README.md"), "the README shows no Python"


def test_readme_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [command for command, _ in readme_commands.run_all(ROOT / "README.md")]
    assert {command.split()[0] for command in commands} == {"pept", "coloc", "afm", "stain", "twophoton"}
