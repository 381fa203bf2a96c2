"""`lumentrace info`: what any file of any technique is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumentrace.cli.batch import each
from lumentrace.cli.console import facts, warnings_told


def info(
    files: Annotated[list[Path], typer.Argument(help="Files or folders of any technique.", show_default=False)],
) -> None:
    """Say what a file or folder is, what is in it, and which commands read it.

    It is known by its content, and by its name only where the content does not tell.

    **Example**: `lumentrace info run.da01 cells.ome.tif results`

    Exit codes: 0 all known, 2 wrong usage, 3 some files are not known or could not be read.
    """
    each(files, _tell)


@warnings_told()
def _tell(path: Path) -> None:
    from lumentrace.cli.info_kinds import find

    found = find(path)
    read_by = ", ".join(found.commands) or "no command of lumentrace"
    facts(str(path), {"kind": found.kind, **found.facts, "read by": read_by})
