"""Commands over many files: a folder for each, and a table of what came of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.table import Table

from lumentrace.cli.console import cell, failure, reason

PARTIAL = 3
"""Exit code when some files could not be worked on."""


def folders(files: list[Path], out: Path) -> list[Path]:
    """A folder per file: `out` itself for a single one, else its name below `out`, that of its folder too if need be.

    Raises
    ------
    ValueError
        If two files have the same name in folders of the same name.
    """
    if len(files) == 1:
        return [out]
    names = [path.name for path in files]
    if len(set(names)) < len(names):
        names = [f"{path.parent.name}-{path.name}" for path in files]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"expected files with different names, found {', '.join(sorted(twice))} twice")
    return [out / name for name in names]


def attempt(path: Path, folder: Path, work: Callable[[Path, Path], dict[str, object]]) -> dict[str, object]:
    """A row of figures, or of the reason why there are none."""
    try:
        return work(path, folder)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        failure(error)
        return {"file": path.name, "reason": reason(error)}


def table(results: list[dict[str, object]]) -> Table:
    """The rows of all files."""
    names = list(dict.fromkeys(name for result in results for name in result if name != "reason"))
    shown = Table(*names, "")
    for result in results:
        figures = [cell(result[name]) if name in result else "" for name in names]
        shown.add_row(*figures, "[red]failed, see above[/]" if "reason" in result else "ok")
    return shown
