"""No import circle joins files of different folders, whether files import at their top or inside functions."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import lumentrace

ROOT = Path(lumentrace.__file__).parent.parent


def files_by_module(package: Path) -> dict[str, Path]:
    """Dotted names and files of all modules of a package."""
    return {
        ".".join(file.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): file
        for file in sorted(package.rglob("*.py"))
    }


@functools.cache
def in_file(file: Path) -> list[ast.Import | ast.ImportFrom]:
    """The imports of a file."""
    return list(statements(ast.parse(file.read_text("utf-8"))))


def statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """All imports, those inside functions too, but not what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield from statements(other)
        elif isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child
        else:
            yield from statements(child)


def imported(module: str, file: Path, modules: dict[str, Path]) -> set[str]:
    """The modules that a file names in its imports."""
    found: set[str] = set()
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for statement in in_file(file):
        if isinstance(statement, ast.Import):
            found.update(alias.name for alias in statement.names)
            continue
        home = statement.module or ""
        if statement.level:
            parts = package.split(".")
            home = ".".join([*parts[: len(parts) - statement.level + 1], *filter(None, [home])])
        for alias in statement.names:
            part = f"{home}.{alias.name}"
            found.add(part if part in modules else home)
    return found & set(modules)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Sets of modules each of which reaches all others."""
    reach = {module: reached(graph, module) for module in graph}
    joined = {frozenset(other for other in reach[module] if module in reach[other]) for module in graph}
    return sorted(sorted(circle) for circle in joined if len(circle) > 1)


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for each in graph[waiting.pop()] - found:
            found.add(each)
            waiting.append(each)
    return found


def circles_between_folders(package: Path) -> list[list[str]]:
    modules = files_by_module(package)
    graph = {module: imported(module, file, modules) for module, file in modules.items()}
    return [circle for circle in circles(graph) if len({modules[module].parent for module in circle}) > 1]


def test_no_circle_joins_files_of_different_folders() -> None:
    assert circles_between_folders(ROOT / "lumentrace") == []


def test_circles_are_found(tmp_path: Path) -> None:
    for name, text in {
        "__init__": "",
        "low/__init__": "",
        "low/a": "def late():\n    from ..high import b\n",
        "low/typed": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..high.c import C\n",
        "high/__init__": "",
        "high/b": "import room.low.a\n",
        "high/c": "from . import d\nfrom room.low import typed\n",
        "high/d": "from .c import C\n",
    }.items():
        file = tmp_path / "room" / f"{name}.py"
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)
    assert circles_between_folders(tmp_path / "room") == [["room.high.b", "room.low.a"]]


def test_polars_is_imported_through_its_door() -> None:
    beside = {
        module
        for module, file in files_by_module(ROOT / "lumentrace").items()
        for statement in in_file(file)
        for name in (
            [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else [statement.module or ""]
        )
        if name.partition(".")[0] == "polars"
    }
    assert beside == set(), "import `pl` from lumentrace.base.polars, which refuses it where it would hang"
