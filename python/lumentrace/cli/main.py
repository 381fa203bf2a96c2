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

app = typer.Typer(
    name="lumentrace",
    help="From raw detector events and image stacks to trajectories, traces and tables.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(pept.app, name="pept")
app.command("coloc")(coloc.coloc)
app.add_typer(afm.app, name="afm")
app.add_typer(stain.app, name="stain")
app.add_typer(twophoton.app, name="twophoton")


def _version(asked: bool) -> None:
    if asked:
        print(f"lumentrace {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("lumentrace-demo"),
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 42,
) -> None:
    """Simulate a PEPT experiment with two tracers, track it, and show how close it came.

    Writes a real ADAC Forte file, tracks it as `lumentrace pept track` would, and prints the error against the
    simulated truth. Open `report.html` in the folder afterwards.
    """
    from lumentrace.cli.demo import run

    run(out, seed)


@app.command("import-pickle")
def import_pickle(
    source: Annotated[Path, typer.Argument(help="File that an old `pept.save` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, e.g. data.h5.")],
) -> None:
    """Convert a pickle of the `pept` package to a lumentrace file.

    The pickle is read in a child process that can make nothing but tables and their attributes: code in it is
    refused, not run.
    """
    from lumentrace import storage

    storage.save(out, storage.import_pickle(source))
    console.print(f"wrote {out}")


def main() -> None:
    """Run the command; warnings and errors are shown in a line, with exit code 2 for bad input."""
    warnings.showwarning = showwarning
    try:
        app()
    except (ValueError, TypeError, OSError, ImportError) as error:
        failure(error)
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("stopped")
        sys.exit(130)
