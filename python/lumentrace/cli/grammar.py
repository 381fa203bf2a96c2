"""What the groups and commands of all techniques share: errors that name options, and files that need no `run`."""
# mypy: disable-error-code="explicit-any"
# The classes of contexts and values are not public in typer.

from __future__ import annotations

import difflib
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from lumentrace.cli.console import console, failure, naming

F = TypeVar("F", bound=Callable[..., Any])

ERRORS = (ValueError, TypeError, OSError, ImportError)
"""What input of a user brings about: told in a line, with exit code 2."""

STOPPED = 130
"""The exit code after Ctrl-C."""

EXIT_CODES = "Exit codes: 0 all done, 2 wrong usage, 3 some files failed, 4 some results are not reliable."


class Command(TyperCommand):
    """A command that tells errors in a line, by the names of its options."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with naming({name: _option(self, name) for name in _named(ctx)}):
            try:
                return super().invoke(ctx)
            except ERRORS as error:
                failure(error)
                raise typer.Exit(2) from None
            except KeyboardInterrupt:
                console.print("stopped")
                raise typer.Exit(STOPPED) from None


class FilesFirst(TyperGroup):
    """A group whose command `run` need not be named: ``lumentrace coloc cells.tif``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what is no command for the arguments of `run`."""
        if args and not self._knows(args[0], ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def _knows(self, word: str, own_options: list[str]) -> bool:
        """Whether a word is a command, a misspelt one, or an option of the group."""
        if word in self.commands or word in own_options:
            return True
        is_name = not (word.startswith("-") or "." in word or Path(word).exists())
        return is_name and bool(difflib.get_close_matches(word, self.commands))


class TechniquesFirst(TyperGroup):
    """The group of all techniques, which come before other commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of commands, those of groups first."""
        return sorted(super().list_commands(ctx), key=lambda name: not isinstance(self.commands[name], TyperGroup))


class Technique(typer.Typer):
    """The commands of a technique."""

    def __init__(self, text: str, cls: type[TyperGroup] = TyperGroup) -> None:
        super().__init__(help=text, epilog=EXIT_CODES, cls=cls, no_args_is_help=True, rich_markup_mode="markdown")

    def command(self, name: str | None = None, **options: Any) -> Callable[[F], F]:
        """Decorate a function that is a command."""
        return super().command(name, cls=Command, **options)


def given(ctx: typer.Context) -> dict[str, Any]:
    """Names and plain values of the options that stand on the command line."""
    values = {name: ctx.params[name] for name in _named(ctx)}
    return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}


def _named(ctx: Any) -> list[str]:
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    return [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]


def _option(command: TyperCommand, name: str) -> str:
    """How a parameter is written: the longest of the spellings of an option, or an argument in capitals."""
    spellings = next(each.opts for each in command.params if each.name == name)
    longest = max(spellings, key=len)
    return longest if longest.startswith("-") else longest.upper()
