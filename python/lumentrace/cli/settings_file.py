"""Settings files that commands write."""

from __future__ import annotations

from pathlib import Path

import typer

from lumentrace.cli.console import console


def offer(text: str, out: Path | None, run: str, option: str = "--out") -> None:
    """Print a commented settings file, or write it where an option says, and say which command reads it."""
    if out is None:
        print(text.rstrip())
        return
    if out.suffix.lower() != ".toml":
        raise typer.BadParameter(f"expected a name ending in .toml, found {out}", param_hint=option)
    if out.exists():
        raise typer.BadParameter(f"{out} exists already", param_hint=option)
    from lumentrace.base.files import replacing

    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as file:
        file.write(f"{text.rstrip()}\n".encode())
    console.print(f"wrote {out}; run it with: lumentrace {run} --config {out}", soft_wrap=True, markup=False)
