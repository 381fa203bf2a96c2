"""The command line, run in the process of the tests, which saves the imports of a new one, or in its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import traceback
import warnings
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

TERMINAL = {"COLUMNS": "200", "NO_COLOR": "1"}
QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings that Python does not show users."""


def lumentrace(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line here: what it says, and the exit code that the process would have."""
    command = ["lumentrace", *map(str, arguments)]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with (
        pytest.MonkeyPatch.context() as patch,
        chdir(cwd or Path.cwd()),
        redirect_stdout(out),
        redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        for name, value in TERMINAL.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", command)
        warnings.simplefilter("default")
        for category in QUIET:
            warnings.simplefilter("ignore", category)
        code = _exit_code(patch)
    said, told = (stream.buffer.getvalue().decode() for stream in (out, err))
    return subprocess.CompletedProcess(command, code, said, told)


def _exit_code(patch: pytest.MonkeyPatch) -> int:
    from lumentrace.cli import console, main

    for each in (console.console, console.answers):
        patch.setattr(each, "_width", int(TERMINAL["COLUMNS"]))
    try:
        main.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def lumentrace_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user does."""
    command = [sys.executable, "-m", "lumentrace", *map(str, arguments)]
    environment = os.environ | TERMINAL
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, env=environment)
