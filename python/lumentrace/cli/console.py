"""What the commands print with."""

from __future__ import annotations

import re
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

console = Console(stderr=True, highlight=False)
"""For messages and progress."""
answers = Console(highlight=False)
"""For what was asked for, on standard output."""
NARROW = 100
"""Columns of a terminal below which tables are printed as names and values."""


_options: ContextVar[Mapping[str, str]] = ContextVar("options", default=MappingProxyType({}))


@contextmanager
def naming(options: Mapping[str, str]) -> Iterator[None]:
    """Errors inside the block name these options, where they would name arguments of functions."""
    token = _options.set(options)
    try:
        yield
    finally:
        _options.reset(token)


def reason(error: BaseException) -> str:
    """What went wrong, in a line."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    text = str(error)
    for name, option in _options.get().items():
        text = re.sub(rf"`{name}`|(?<=expected ){name}(?= to be )|\b{name} \({option}\)", option, text)
    return text


def failure(error: BaseException) -> None:
    """Show what went wrong."""
    console.print(f"[bold red]error[/] {escape(reason(error))}", soft_wrap=True)


def warning(text: str) -> None:
    """Show what the user should know, in one line."""
    console.print(f"[yellow]warning[/] {escape(' '.join(text.split()))}", soft_wrap=True)


def showwarning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning of Python's without the place it comes from; instead of `warnings.showwarning`."""
    warning(str(message))


def show(table: Table) -> None:
    """Print a table with nothing cut: as names and values where it is too wide, the terminal is narrow or is none."""
    free = answers.options.update(max_width=sys.maxsize)
    fits = Measurement.get(answers, free, table).maximum <= answers.width
    if answers.is_terminal and answers.width >= NARROW and fits:
        answers.print(table)
        return
    for line in _lines(table):
        answers.print(line, soft_wrap=True)


def _lines(table: Table) -> Iterator[str]:
    """A line for each cell that holds something, and an empty one between rows with a header."""
    if table.title:
        yield str(table.title)
    names = [str(column.header) for column in table.columns]
    rows = list(zip(*(map(str, column.cells) for column in table.columns), strict=True))
    if table.show_header:
        pairs = [list(zip(names, row, strict=True)) for row in rows]
    else:
        pairs = [[(name, "  ".join(values))] for name, *values in rows]
    width = max((len(name) for row in pairs for name, _ in row), default=0)
    for number, row in enumerate(pairs):
        if number and table.show_header:
            yield ""
        yield from (f"{name:{width}}  {value}" for name, value in row if value)


class Bar:
    """A live progress bar over the passes of a run, with rate and time left; nothing where there is no terminal.

    Parameters
    ----------
    title : str
        Text before the bar.
    items : int or None
        Things that the first pass works through (lines, frames, ...), for the rate; None if progress counts them.
    unit : str
        What they are called.
    """

    def __init__(self, title: str, items: int | None, unit: str) -> None:
        self._items, self._unit, self._title = items, unit, escape(title)
        self._pass, self._done, self._began = 0, 0, 0.0
        self._task: TaskID | None = None
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
        note = TextColumn("{task.fields[note]}")
        self._progress = Progress(
            *columns, note, TimeRemainingColumn(), console=console, disable=not console.is_terminal
        )

    def __call__(self, done: int, total: int) -> None:
        """To be given to runs as `verbose`."""
        if self._task is None or done < self._done:
            self._pass += 1
            again = f", pass {self._pass}" if self._pass > 1 else ""
            self._task = self._progress.add_task(f"{self._title}{again}", total=total, note="")
        self._done = done
        self._progress.update(self._task, completed=done, total=total, note=self._note(done, total))

    def _note(self, done: int, total: int) -> str:
        elapsed = time.perf_counter() - self._began
        items = total if self._items is None else self._items
        if self._pass > 1 or items < 2:
            return ""
        return f"{items * done / total / elapsed:,.0f} {self._unit}/s"

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


@contextmanager
def warnings_told() -> Iterator[None]:
    """Show warnings as lines of the program's own, each once; can decorate a function."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for text in dict.fromkeys(str(each.message) for each in said):
                warning(text)


def plural(count: int, word: str) -> str:
    """``1 line``, ``2 lines``."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def cell(value: object) -> str:
    """A value as a table shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "n/a" if value != value else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def facts(title: str, found: Mapping[str, object]) -> None:
    """Print what is known about a file."""
    table = Table(title=escape(title), show_header=False, title_justify="left")
    for name, value in found.items():
        table.add_row(escape(name), cell(value))
    show(table)
