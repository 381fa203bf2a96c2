"""Command lines that are killed in the middle of a run."""

from __future__ import annotations

import subprocess
import sys

DIES = """
import os
from lumentrace.engine.directory import RunDirectory

write = RunDirectory.write

def write_and_die(self, *given):
    write(self, *given)
    os.kill(os.getpid(), 9)

RunDirectory.write = write_and_die
from lumentrace.cli.main import main
main()
"""


def killed_after_the_first_step(*arguments: object) -> None:
    """Run the command line and kill it (SIGKILL) once a piece of the run is kept."""
    command = [sys.executable, "-c", DIES, *map(str, arguments)]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert abs(ended.returncode) == 9, ended.stderr
