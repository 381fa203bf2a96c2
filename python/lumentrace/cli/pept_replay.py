"""`lumentrace pept replay`: a file as a live source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from lumentrace.cli.console import Bar, console, plural, warning, warnings_told
from lumentrace.cli.grammar import STOPPED
from lumentrace.cli.pept_options import Lenient, Reader, Scanner, ScannerOption, Separation

Tell = Callable[[int, int], None]

LATE = 1.0
"""Seconds behind time that are told."""


@warnings_told()
def replay(
    file: Annotated[Path, typer.Argument(help="Recorded or simulated lines, in any format that `run` reads.")],
    to: Annotated[
        str,
        typer.Option(help="Where to listen: tcp://HOST:PORT or unix:///PATH; - writes to standard output."),
    ] = "tcp://127.0.0.1:9321",
    speed: Annotated[float, typer.Option(help="How many times faster than it was measured.")] = 1.0,
    rate: Annotated[
        float | None, typer.Option(help="Lines per second instead, evenly, whatever their times.", show_default=False)
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop", help="Begin again at the end, until Ctrl-C; the times go on.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the first client before the first line.")] = True,
    scanner: ScannerOption = Scanner.auto,
    separation: Separation = None,
    reader: Reader = None,
    lenient: Lenient = False,
) -> None:
    """Play a file as if the scanner were running, for tests, teaching and demonstrations.

    Whoever connects gets the lines from then on, in the format that `lumentrace pept live` and any other program can
    read (see the page "Lines as they come"). One who reads too slowly loses lines, is told how many, and does not slow
    the others.

    **Examples**

    `lumentrace pept simulate --out run.da01 --tracers 2`

    `lumentrace pept replay run.da01 --to tcp://127.0.0.1:9321`, and beside it `lumentrace pept live
    tcp://127.0.0.1:9321 --tracers 2`

    `lumentrace pept replay run.da01 --rate 300000 --loop --no-wait`

    Exit codes: 0 done, 2 wrong usage or the port is in use, 130 stopped by Ctrl-C.
    """
    from lumentrace.pept.scanners.any_file import read
    from lumentrace.pept.sources import LineServer
    from lumentrace.pept.sources import replay as play

    lines = read(file, scanner.value, separation, lenient, reader or ())
    total = len(lines.lines)
    with LineServer(to) as server:
        told = "until Ctrl-C" if loop else "once"
        console.print(f"{file.name}: {plural(total, 'line')} at {server.address}, {told}", soft_wrap=True)
        try:
            if wait:
                server.wait_for_client()
            with _rounds(file.name) if loop else Bar(file.name, total, "lines") as verbose:
                done = play(lines, server, speed=speed, rate=rate, loop=loop, wait=False, verbose=verbose)
        except KeyboardInterrupt:
            console.print("stopped")
            raise typer.Exit(STOPPED) from None
    console.print(
        f"sent {plural(done.lines, 'line')} in {done.seconds:.2f} s ({done.lines / done.seconds:,.0f} lines/s)"
    )
    if done.dropped:
        warning(f"clients were too slow for {plural(done.dropped, 'line')}, which they lost and were told")
    if done.late > LATE:
        warning(f"the last line was {done.late:.1f} s late: this machine cannot send so fast")
    if done.cut_off:
        warning(f"{plural(done.cut_off, 'client')} did not take the last lines")


@contextmanager
def _rounds(name: str) -> Iterator[Tell]:
    """A line that says how often a file was sent; nothing where there is no terminal."""
    number, before = 1, 0

    def tell(done: int, total: int) -> None:
        nonlocal number, before
        number += done < before
        before = done
        status.update(f"{escape(name)}: round {number}, {100 * done // total} %")

    with console.status(f"{escape(name)}: round 1") as status:
        yield tell
