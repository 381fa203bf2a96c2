"""What the commands print with: tables that are never cut, and warnings without the places they come from."""

from __future__ import annotations

import io
import warnings

import pytest
from rich.console import Console
from rich.table import Table

from lumentrace.cli import console, main

NAMES = [f"figure {number}" for number in range(10)]
VALUES = [f"{10**number}.25" for number in range(10)]


def table() -> Table:
    made = Table(*NAMES)
    made.add_row(*VALUES)
    made.add_row(*reversed(VALUES))
    return made


@pytest.mark.parametrize(
    ("terminal", "width", "whole"), [(True, 190, True), (True, 104, False), (True, 60, False), (False, 190, False)]
)
def test_no_table_is_cut(monkeypatch: pytest.MonkeyPatch, terminal: bool, width: int, whole: bool) -> None:
    shown = io.StringIO()
    made = Console(file=shown, force_terminal=terminal, width=width, highlight=False, no_color=True)
    monkeypatch.setattr(console, "answers", made)
    console.show(table())
    text = shown.getvalue()
    assert all(text.count(value) == 2 for value in VALUES)
    assert "…" not in text
    assert any(all(value in line for value in VALUES) for line in text.splitlines()) == whole
    if not whole:
        assert text.splitlines()[:2] == ["figure 0  1.25", "figure 1  10.25"]


def test_names_and_values_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    made = Table("", "", show_header=False, title="a file")
    made.add_row("scale", "[green]1.3[/]")
    made.add_row("where", "x" * 300)
    console.show(made)
    assert capsys.readouterr().out.splitlines() == ["a file", "scale  1.3", f"where  {'x' * 300}"]


def test_a_warning_is_a_line_without_a_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(main, "app", lambda: warnings.warn("the axis was\n  guessed", UserWarning, stacklevel=1))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main.main()
    assert capsys.readouterr().err == "warning the axis was guessed\n"
