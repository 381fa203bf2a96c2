"""Commands over many files: a folder for each, and a table of what came of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from lumentrace.cli.console import cell, console, failure, reason
from lumentrace.engine.verdict import DOUBTFUL, GOOD, NOT_RELIABLE, SIGNS, Verdict

PARTIAL = 3
"""Exit code when some files could not be worked on."""
UNRELIABLE = 4
"""Exit code when all were worked on, and results of some are not reliable."""
STYLES = {GOOD: "green", DOUBTFUL: "yellow", NOT_RELIABLE: "red"}


def folders(files: list[Path], out: Path) -> list[Path]:
    """A folder per file: `out` itself for a single one, else its name below `out`, those of its folders too if need be.

    Raises
    ------
    ValueError
        If a file is there twice.
    """
    if len(files) == 1:
        return [out]
    names = [path.name for path in files]
    if len(set(names)) < len(names):
        whole = [path.resolve() for path in files]
        top = Path(os.path.commonpath([path.parent for path in whole]))
        names = ["-".join(path.relative_to(top).parts) for path in whole]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"expected files with different names, found {', '.join(sorted(twice))} twice")
    return [out / name for name in names]


def each(files: list[Path], tell: Callable[[Path], None]) -> None:
    """Tell about each file; one that cannot be read does not stop the others."""
    failed = False
    for path in files:
        try:
            tell(path)
        except (ValueError, OSError, ImportError) as error:
            failure(error)
            failed = True
    if failed:
        raise typer.Exit(PARTIAL)


def attempt(path: Path, folder: Path, work: Callable[[Path, Path], dict[str, object]]) -> dict[str, object]:
    """A row of figures, or of the reason why there are none."""
    try:
        return work(path, folder)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        failure(error)
        return {"file": path.name, "reason": reason(error)}


def table(results: list[dict[str, object]]) -> Table:
    """The rows of all files."""
    names = list(dict.fromkeys(name for result in results for name in result if name not in {"reason", "verdict"}))
    shown = Table(*names, "result")
    for result in results:
        figures = [cell(result[name]) if name in result else "" for name in names]
        shown.add_row(*figures, _word(result))
    return shown


def tell(name: str, verdict: Verdict) -> None:
    """Show the verdict on a file."""
    for line in verdict.lines():
        console.print(f"[{STYLES[verdict.level]}]{escape(name)}: {escape(line)}[/]", soft_wrap=True)


def leave(results: list[dict[str, object]], accept: bool) -> None:
    """End with the exit code of the worst of all files."""
    if any("reason" in result for result in results):
        raise typer.Exit(PARTIAL)
    if not accept and any(result.get("verdict") == NOT_RELIABLE for result in results):
        raise typer.Exit(UNRELIABLE)


def _word(result: dict[str, object]) -> str:
    if "reason" in result:
        return "[red]failed, see above[/]"
    level = str(result.get("verdict", "ok"))
    return f"[{STYLES[level]}]{SIGNS[level]} {level}[/]" if level in STYLES else level
