"""`lumentrace pept live`: tracers while they are measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from lumentrace.cli.console import answers, console, plural, warning
from lumentrace.cli.grammar import STOPPED
from lumentrace.cli.pept_options import Scanner, ScannerOption, Separation

if TYPE_CHECKING:
    from lumentrace.pept.live import Record
    from lumentrace.pept.live.events import Event
    from lumentrace.pept.live.server import Page
    from lumentrace.pept.live.watching import View, Watched
    from lumentrace.pept.sources import Block

RECORD_WAIT = 10.0
"""Seconds that a line may wait for the disk."""


def live(
    source: Annotated[
        str,
        typer.Argument(
            help="tcp://HOST:PORT, unix:///PATH, - for standard input, or a file that grows.", show_default=False
        ),
    ],
    tracers: Annotated[
        int | None, typer.Option(min=1, help="Most tracers at a time; fewer are an alarm. Any number by default.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for what is tracked.", show_default="live-DATE-TIME, a new one"),
    ] = None,
    serve: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Show it on a page for browsers: 127.0.0.1:8321; port 0 is any.",
            show_default=False,
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(help="What the address of the page has to say; made up for hosts other than this machine."),
    ] = None,
    lag: Annotated[
        float | None,
        typer.Option(min=0, help="ms after which locations are final; by default as long as later lines matter."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(min=0, help="Time between locations, in ms; by default as often as there are lines for them."),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Keep the lines, too: 56 bytes each, 17 MB/s for 300,000 a second.")
    ] = False,
    follow: Annotated[bool, typer.Option(help="Wait for more at the end of a file.")] = True,
    scanner: ScannerOption = Scanner.auto,
    separation: Separation = None,
    stuck_below: Annotated[
        float | None, typer.Option(help="Alarm where a tracer is slower, in m/s.", show_default=False)
    ] = None,
    stuck_for: Annotated[float, typer.Option(help="For how many seconds it has to be.")] = 2.0,
    rate_below: Annotated[
        float | None, typer.Option(help="Alarm where there are fewer lines per ms.", show_default=False)
    ] = None,
    webhook: Annotated[
        list[str] | None, typer.Option(help="Post alarms to this address; may be given again.", show_default=False)
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let alarms be posted to other machines.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="A line a second instead of a table.")] = False,
    duration: Annotated[float | None, typer.Option(min=0, help="Stop after so many seconds.")] = None,
) -> None:
    """Track tracers while lines come in, and show where they are.

    Ctrl-C ends it. What was tracked is in the folder by then, and if the program is killed, up to the last second;
    `lumentrace pept track FOLDER` makes tables, the report and the verdict of it.

    **Examples**

    `lumentrace pept replay run.da01 --to tcp://127.0.0.1:9321` in one terminal, and in another
    `lumentrace pept live tcp://127.0.0.1:9321 --tracers 2 --serve 127.0.0.1:8321`

    `lumentrace pept live run.da01 --tracers 1 --stuck-below 0.01 --webhook http://127.0.0.1:8000/alarm`

    Exit codes: 0 the source ended or the time was up, 2 wrong usage or a full disk, 130 after Ctrl-C.
    """
    from lumentrace.pept.live import Alarms, Bounds, Record, recorded, watch
    from lumentrace.pept.live.recording import waits
    from lumentrace.pept.live.stopping import Stop
    from lumentrace.pept.live.webhooks import Webhooks
    from lumentrace.pept.sources import open_source
    from lumentrace.pept.sources.waiting import LONGEST_WAIT
    from lumentrace.pept.tracking import LineTracker

    bounds = Bounds(tracers, stuck_below, stuck_for, rate_below)
    hooks = Webhooks(webhook or [], warning, allow_remote)
    folder = out or Path(f"live-{datetime.now():%Y%m%d-%H%M%S}")
    with Stop() as stop, ExitStack() as stack:
        views: list[View] = [hooks]
        if serve is not None:
            views.append(stack.enter_context(closing(_page(serve, token, source))))
        wait = RECORD_WAIT if record else LONGEST_WAIT
        blocks: Iterable[Block] = stack.enter_context(
            open_source(source, follow=follow, scanner=scanner.value, separation=separation, wait=wait)
        )
        tracker = LineTracker(tracers, every, lag)
        kept = Record(folder, source, {"tracers": tracers, "every": every, "lag": lag}, lines=record)
        _say(folder, source, record)
        if record:
            blocks = stack.enter_context(recorded(blocks, kept, source, drop=not waits(source)))
        views.append(_screen(source, plain))
        seconds = math.inf if duration is None else duration
        updates = tracker.stream(stop.until(blocks, seconds))
        with _full(kept):
            found = watch(updates, record=kept, alarms=Alarms(bounds), views=views, stop=stop)
    _sum_up(found, folder, hooks.failed)
    if found.stopped:
        raise typer.Exit(STOPPED)


@contextmanager
def _full(record: Record) -> Iterator[None]:
    """Say what is kept and what is not when the disk is full."""
    try:
        yield
    except OSError:
        lost = plural(record.waiting, "location")
        console.print(f"{plural(record.locations, 'location')} kept in {record.folder}; {lost} lost", soft_wrap=True)
        console.print(f"next: lumentrace pept track {record.folder} --out ELSEWHERE", soft_wrap=True)
        raise


def _page(serve: str, token: str | None, source: str) -> Page:
    from lumentrace.pept.live.addresses import address
    from lumentrace.pept.live.server import Page

    page = Page(*address(serve), title=source, token=token)
    console.print(f"open {page.url}", soft_wrap=True)
    return page


def _screen(source: str, plain: bool) -> View:
    from lumentrace.pept.live.screen import Lines, Screen

    if plain or not answers.is_terminal:
        return Lines(partial(answers.print, soft_wrap=True, markup=False), warning, _alarm)
    return Screen(answers, source)


def _alarm(event: Event) -> None:
    """Show an alarm that was raised, or is over."""
    word = "[bold red]alarm[/]" if event.state == "raised" else "[green]over[/]"
    console.print(f"{word} {event.kind}: {escape(event.message)}", soft_wrap=True)


def _say(folder: Path, source: str, record: bool) -> None:
    """What is kept, and what is not."""
    if record:
        console.print(f"keeping locations and lines (56 bytes each) in {folder}", soft_wrap=True)
        return
    lost = "" if "://" not in source and source != "-" else "; the lines are not kept without --record"
    console.print(f"keeping locations in {folder}{lost}", soft_wrap=True)


def _sum_up(found: Watched, folder: Path, failed: int) -> None:
    lines = 0 if found.latest is None else found.latest.lines
    dropped = 0 if found.latest is None else found.latest.dropped
    counts = [plural(lines, "line"), f"{dropped:,} dropped", plural(found.smoothed, "location")]
    console.print(f"{', '.join(counts)}, {plural(found.raised, 'alarm')} in {found.seconds:.1f} s")
    console.print(f"next: lumentrace pept track {folder} --out {folder}", soft_wrap=True)
    if failed:
        warning(f"{plural(failed, 'alarm')} could not be posted")
