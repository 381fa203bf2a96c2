"""What is known about the images of `lumentrace stain` before anything is run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from lumentrace.cli.console import answers, cell, console, plural, show
from lumentrace.cli.options import Config
from lumentrace.cli.stain_settings import Canvas, Formats, Out, Params, Raw, settings_of


def info(
    raw: Annotated[Path, typer.Argument(help="Folder with a folder per sample.")] = Path("raw"),
    crop: Annotated[int, typer.Option(min=2, help="Side of the part in the middle that is read, in pixels.")] = 1000,
) -> None:
    """Say what is in every image below a folder, channel by channel; also called `survey`.

    Only the middle of each image is read, so that this is quick for large ones too.

    **Example**: `lumentrace stain info raw`

    Exit codes: 0 done, 2 wrong usage.
    """
    import contextlib
    import io

    from lumentrace.stain import diagnose_raw_layout, survey_raw_channels

    layout = diagnose_raw_layout(raw)
    if not layout["ok"]:
        raise FileNotFoundError(layout["message"])
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        found = survey_raw_channels(raw, crop)
    for line in printed.getvalue().splitlines():
        if "cannot be read" in line:
            console.print(f"[yellow]{escape(line)}[/]", soft_wrap=True)
    table = Table("file", "mode", "size", "channel", "max", "mean", "share not zero")
    for entry in found:
        width, height = entry["size"]
        pixels = min(crop // 2 * 2, width) * min(crop // 2 * 2, height)
        for number, (name, item) in enumerate(entry["channels"].items()):
            own = (escape(entry["path"]), entry["mode"], f"{width} x {height}") if not number else ("", "", "")
            share = f"{item['nonzero'] / max(pixels, 1):.0%}"
            table.add_row(*own, name, cell(item["max"]), cell(float(item["mean"])), share)
    show(table)


def plan(
    raw: Raw = Path("raw"),
    out: Out = Path("processed"),
    param: Params = [],  # noqa: B006  # typer copies it
    config: Config = None,
    image_format: Formats = None,
    canvas: Canvas = False,
    workers: Annotated[int, typer.Option(min=1, help="How many processes work at a time.")] = 1,
) -> None:
    """Show which pairs there are, which are not complete and why, and what they need of memory and disk.

    Nothing is read but the names and headers of files, and nothing is written.

    **Example**: `lumentrace stain plan --raw photos --workers 2`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.stain import (
        classify_raw_files,
        diagnose_raw_layout,
        discover_tasks,
        estimate_pipeline_memory,
        estimate_pipeline_output_size,
        format_bytes,
        get_available_memory,
        get_free_disk_space,
    )

    settings = settings_of(param, config, image_format, canvas)
    layout = diagnose_raw_layout(raw)
    if not layout["ok"]:
        raise FileNotFoundError(layout["message"])
    shown = Table("sample", "dye", "memory", "disk", "state")
    pairs: list[tuple[str, str]] = []
    for sample in layout["subdirs"]:
        dyes, warnings = classify_raw_files(raw / sample)
        for warning in warnings:
            console.print(f"[yellow]{escape(sample)}: {escape(warning)}[/]", soft_wrap=True)
        tasks = discover_tasks([sample], list(dyes), raw)
        skipped = {dye: reason for _, dye, reason in tasks["skipped"]}
        for dye in dyes:
            if dye in skipped:
                shown.add_row(escape(sample), escape(dye), "", "", f"[red]{escape(skipped[dye])}[/]")
                continue
            own = [(sample, dye)]
            memory = estimate_pipeline_memory(own, raw, settings.pad)
            disk = estimate_pipeline_output_size(own, raw, settings.pad, checkpoint_format=settings.checkpoint_format)
            problem = "; ".join(memory["warnings"])
            text = f"[red]{escape(problem)}[/]" if problem else "ready"
            needs = (format_bytes(memory["peak_bytes"]), format_bytes(disk["total_bytes"]))
            shown.add_row(escape(sample), escape(dye), *needs, text)
            pairs.append((sample, dye))
    show(shown)
    memory = estimate_pipeline_memory(pairs, raw, settings.pad, workers)
    disk = estimate_pipeline_output_size(pairs, raw, settings.pad, checkpoint_format=settings.checkpoint_format)
    answers.print(
        f"{plural(len(pairs), 'task')}, {workers} at a time: {format_bytes(memory['concurrent_peak_bytes'])} of memory "
        f"({format_bytes(get_available_memory())} free), at most {format_bytes(disk['total_bytes'])} on disk "
        f"({format_bytes(get_free_disk_space(out))} free; compression makes it less)"
    )
