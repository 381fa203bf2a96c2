"""The command `lumentrace`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from lumentrace import __version__
from lumentrace.cli import afm, coloc, pept, stain, twophoton
from lumentrace.cli.console import console, failure, showwarning
from lumentrace.cli.convert import convert
from lumentrace.cli.grammar import ERRORS, EXIT_CODES, STOPPED, Command, TechniquesFirst
from lumentrace.cli.info import info
from lumentrace.cli.options import Seed

TECHNIQUES, OTHERS = "Techniques", "Other commands"

app = typer.Typer(
    name="lumentrace",
    cls=TechniquesFirst,
    help="From raw detector events and image stacks to trajectories, traces and tables.\n\n"
    "Every technique has `run`, `info`, `simulate`, `config` and `report`: `lumentrace pept run --help`.",
    epilog=f"{EXIT_CODES} This is lumentrace {__version__}.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, technique in {
    "pept": pept.app,
    "coloc": coloc.app,
    "twophoton": twophoton.app,
    "stain": stain.app,
    "afm": afm.app,
}.items():
    app.add_typer(technique, name=name, rich_help_panel=TECHNIQUES)


def _version(asked: bool) -> None:
    if asked:
        from lumentrace.base.provenance import environment

        found = environment()
        print(f"lumentrace {__version__}")
        print(", ".join(f"{name} {found[name]}" for name in ("python", "numpy", "platform")))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print versions and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


for command in (info, convert):
    app.command(cls=Command, rich_help_panel=OTHERS)(command)


@app.command(cls=Command, rich_help_panel=OTHERS)
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results.")] = Path("lumentrace-demo"),
    seed: Seed = 42,
) -> None:
    """Simulate a PEPT experiment with two tracers, track it, and show how close it came.

    Writes a real ADAC Forte file, tracks it as `lumentrace pept run` would, and prints the error against the
    simulated truth. Open `report.html` in the folder afterwards.

    **Example**: `lumentrace demo --out demo`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.cli.demo import run

    run(out, seed)


@app.command("import-pickle", cls=Command, rich_help_panel=OTHERS)
def import_pickle(
    source: Annotated[Path, typer.Argument(help="File that an old `pept.save` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, e.g. data.h5.")],
) -> None:
    """Convert a pickle of the `pept` package to a lumentrace file.

    The pickle is read in a child process that can make nothing but tables and their attributes: code in it is
    refused, not run.

    **Example**: `lumentrace import-pickle old.pickle --out new.h5`

    Exit codes: 0 done, 2 wrong usage, or not a pickle of `pept`.
    """
    from lumentrace import storage

    storage.save(out, storage.import_pickle(source))
    console.print(f"wrote {out}")


def main() -> None:
    """Run the command; warnings and errors are shown in a line, with exit code 2 for bad input."""
    warnings.showwarning = showwarning
    try:
        app()
    except ERRORS as error:
        failure(error)
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("stopped")
        sys.exit(STOPPED)
