"""Work in a forked process, so that libraries whose threads it starts are not touched here."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any


def apart(work: Callable[[], Any]) -> str:
    """What work in a forked process gives, as text.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    answer, question = os.pipe()
    child = os.fork()
    if child == 0:
        code, said = 0, ""
        try:
            said = str(work())
        except BaseException:
            code, said = 1, traceback.format_exc()
        with os.fdopen(question, "w") as file:
            file.write(said)
        os._exit(code)
    os.close(question)
    with os.fdopen(answer) as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(said)
    return said


def import_all(names: list[str]) -> None:
    """Import modules, so that forked processes have them."""
    for name in names:
        with suppress(ImportError):  # made up by others on the way
            import_module(name)
