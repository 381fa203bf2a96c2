"""Ctrl-C at any moment ends a command in order: exit code 130, no traceback, nothing half-written, and it can go again.

Here it is pressed once in two commands; ``make faults`` presses it many times in every command and
measures how long they take to end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

import commands
from commands import COMMANDS, Ended
from lumentrace.cli.main import app

TIMES = int(os.environ.get("LUMENTRACE_FAULT_PRESSES", "0"))
"""How often it is pressed in each command."""
FEW = ("pept run", "coloc run")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")


def named(group: object, before: str = "") -> set[str]:
    """Names of all commands of a group."""
    assert isinstance(group, TyperGroup)
    found = set[str]()
    for name, command in group.commands.items():
        own = f"{before}{name}"
        if isinstance(command, TyperGroup):
            found |= named(command, f"{own} ")
        elif not command.hidden:  # else it is another name of one of them
            found.add(own)
    return found


def test_no_command_is_forgotten() -> None:
    assert named(typer.main.get_command(app)) == COMMANDS.keys()


def test_a_command_ends_in_order(tmp_path: Path) -> None:
    answer = tmp_path / "found.jsonl"
    names = () if TIMES else FEW
    command = [sys.executable, commands.__file__, str(TIMES or 1), "3", str(answer), *names]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(commands.__file__).parent)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in answer.read_text().splitlines()]
    for each in found:
        print({name: value for name, value in each.items() if name != "told"})
    assert [each["command"] for each in found] == list(names or COMMANDS)
    assert [f"{each['command']}: {text}" for each in found for text in each["told"]] == []


WHOLE = Ended(0, "done", 1.0)


@pytest.mark.parametrize(
    ("ended", "left", "told"),
    [
        (Ended(130, "stopped", 0.1), {}, ""),
        (Ended(0, "done", 1.0), {"a.csv": "1\n", "b.json": "{}"}, ""),
        (Ended(0, "done", 1.0), {"a.csv": "1\n"}, "exit code 0, but there is no b.json"),
        (Ended(1, "", 0.1), {}, "exit code 1"),
        (Ended(130, 'Traceback\n  File "lumentrace/cli/main.py", line 9', 0.1), {}, "a traceback"),
        (Ended(-2, "Traceback\n  File runpy.py", 0.1), {}, ""),
        (Ended(130, "stopped", 0.1), {"a.csv": "1,"}, "a.csv is not whole"),
        (Ended(130, "stopped", 0.1), {"a.csv.0.partial": "1,"}, "a.csv.0.partial is left"),
    ],
)
def test_what_is_wrong_is_seen(tmp_path: Path, ended: Ended, left: dict[str, str], told: str) -> None:
    for name, content in left.items():
        (tmp_path / name).write_text(content)
    found = list(commands.wrong(ended, WHOLE, tmp_path, {"a.csv", "b.json"}))
    assert [each.startswith(told) for each in found] == [True] * bool(told)
