"""`lumentrace stain`: tissue before and after staining."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lumentrace.cli.batch import PARTIAL, UNRELIABLE, leave, tell
from lumentrace.cli.console import answers, cell, console, plural, show
from lumentrace.cli.stain_settings import Canvas, Config, Formats, Params, settings_of

if TYPE_CHECKING:
    from lumentrace.stain.run import Outcome, Settings

LAST = 4
"""The last stage."""

app = typer.Typer(help="Pre- and post-stain images: register, scale, subtract, say how sure.", no_args_is_help=True)

Raw = Annotated[Path, typer.Option("--raw", help="Folder that holds a folder per sample.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for results: <out>/<sample>/<dye>/.")]


@app.command()
def survey(
    raw: Annotated[Path, typer.Argument(help="Folder that holds a folder per sample.")] = Path("raw"),
    crop: Annotated[int, typer.Option(min=2, help="Side of the part in the middle that is read, in pixels.")] = 1000,
) -> None:
    """Show what every image below a folder holds, channel by channel.

    Only the middle of each image is read, so that this is quick for large ones too.
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


@app.command()
def plan(
    raw: Raw = Path("raw"),
    out: Out = Path("processed"),
    param: Params = [],  # noqa: B006  # typer copies it
    config: Config = None,
    image_format: Formats = None,
    canvas: Canvas = False,
    workers: Annotated[int, typer.Option(min=1, help="Tasks at a time.")] = 1,
) -> None:
    """Show which pairs there are, which are not complete and why, and what they need of memory and disk.

    Nothing is read but the names and headers of files, and nothing is written.
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


@app.command()
def run(
    sample: Annotated[str, typer.Argument(help="Name of the sample's folder.", show_default=False)],
    dye: Annotated[str, typer.Argument(help="The dye, as file names have it after the last underscore.")],
    raw: Raw = Path("raw"),
    out: Out = Path("processed"),
    param: Params = [],  # noqa: B006  # typer copies it
    config: Config = None,
    from_stage: Annotated[int | None, typer.Option(min=1, max=4, help="First stage, see below.")] = None,
    to_stage: Annotated[int | None, typer.Option(min=1, max=4, help="Last stage.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run stages again that are done.")] = False,
    force_run: Annotated[bool, typer.Option("--force-run", help="Go on though memory or disk seem small.")] = False,
    image_format: Formats = None,
    canvas: Canvas = False,
    accept: Annotated[bool, typer.Option("--accept", help="Exit with 0 though the result is not reliable.")] = False,
) -> None:
    """Register, scale and subtract one pair of images.

    Stages: 1 read and pad, 2 register roughly, 3 register finely and judge, 4 scale and subtract. Finished ones are
    kept: the same command goes on where it stopped. Open `pipeline_output/report.html` in the folder it prints.

    **Examples**

    `lumentrace stain run S001 SybrGld`

    `lumentrace stain run S001 SybrGld --raw photos --out results -p offset=true`

    Images have the frame of the post-stain image, tables count in its pixels; `--canvas` adds the border of exo2micro.

    Exit codes: 0 done, 2 wrong usage or an error, 4 done, but the result is not reliable (0 with --accept).
    """
    from lumentrace.stain.run import RawPair
    from lumentrace.stain.run import run as run_pair

    settings = settings_of(param, config, image_format, canvas)
    last = to_stage or LAST
    if (from_stage or 1) > last:
        raise typer.BadParameter(f"expected at most stage {last}, found {from_stage}", param_hint="--from-stage")
    again = (from_stage or 1) if force else None
    if last < LAST:
        _run_partly(sample, dye, raw, out, settings, last, again, force_run, accept)
        return
    with _Stages(f"{sample}/{dye}", last) as progress:
        try:
            outcome = run_pair(
                RawPair.find(sample, dye, raw),
                settings,
                verbose=progress,
                run_dir=out / sample / dye,
                force=again,
                force_run=force_run,
            )
        except (MemoryError, RuntimeError) as error:
            raise ValueError(str(error)) from error
    tell(f"{sample}/{dye}", outcome.verdict)
    _show(outcome)
    leave([{"verdict": outcome.verdict.level}], accept)


def _run_partly(
    sample: str,
    dye: str,
    raw: Path,
    out: Path,
    settings: Settings,
    last: int,
    again: int | None,
    force_run: bool,
    accept: bool,
) -> None:
    """Run the first stages."""
    from lumentrace.stain.stages.summary import attempt
    from lumentrace.stain.stages.task import Task

    task = Task.of(sample, dye, out, raw, settings)
    with _Stages(f"{sample}/{dye}", last) as progress:
        result = attempt(task, again, last, again is not None, force_run, progress)
    if result["status"].startswith("error: "):
        raise ValueError(result["status"].removeprefix("error: "))
    if "registration_ok" in result:
        shown = Table("", "", show_header=False)
        shown.add_row("registration", _verdict(result["registration_ok"], result["registration_error_px"]))
        show(shown)
    if result["status"] != "complete":
        console.print(f"[bold red]{escape(result['status'])}[/]", soft_wrap=True)
        raise typer.Exit(0 if accept else UNRELIABLE)


@app.command()
def batch(
    samples: Annotated[list[str], typer.Argument(help="Samples; all in the raw folder if none is given.")] = [],  # noqa: B006  # typer copies it
    dye: Annotated[list[str], typer.Option("--dye", "-d", help="A dye; all that are found if none is given.")] = [],  # noqa: B006  # typer copies it
    raw: Raw = Path("raw"),
    out: Out = Path("processed"),
    param: Params = [],  # noqa: B006  # typer copies it
    config: Config = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 for a new one per task, one at a time.")] = 1,
    timeout: Annotated[float | None, typer.Option(help="Seconds per task, with --workers 0.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run stages again that are done.")] = False,
    force_run: Annotated[bool, typer.Option("--force-run", help="Go on though memory or disk seem small.")] = False,
    image_format: Formats = None,
    canvas: Canvas = False,
    accept: Annotated[bool, typer.Option("--accept", help="Exit with 0 though results are not reliable.")] = False,
) -> None:
    """Run all pairs of samples and dyes; one that fails does not stop the others.

    Pairs that are not complete are left out and named. The same command goes on where it stopped. Everything is logged
    in the folder of results, and a table with the verdict on each pair ends it.

    **Examples**

    `lumentrace stain batch`

    `lumentrace stain batch S001 S002 --dye SybrGld --workers 2`

    Exit codes: 0 all done, 2 wrong usage, 3 some pairs failed, 4 some results are not reliable (0 with --accept).
    """
    from lumentrace.stain import classify_raw_files, diagnose_raw_layout, run_batch

    settings = settings_of(param, config, image_format, canvas)
    layout = diagnose_raw_layout(raw)
    chosen = samples or layout["subdirs"]
    dyes = dye or list(dict.fromkeys(name for sample in chosen for name in classify_raw_files(raw / sample)[0]))
    results = run_batch(
        chosen,
        dyes,
        "subprocess" if workers == 0 else workers > 1,
        max(workers, 1),
        settings,
        out,
        raw,
        force=force,
        strict_dyes=False,
        timeout_per_task=timeout,
        force_run=force_run,
    )
    failed = [{"reason": each["status"]} for each in results if each["status"].startswith("error: ")]
    if not results:
        raise typer.Exit(PARTIAL)
    leave([*failed, *results], accept)


@app.command()
def apply(
    image: Annotated[Path, typer.Argument(help="Another channel of the pre-stain photograph.", show_default=False)],
    registration: Annotated[Path, typer.Argument(help="A task's `pipeline_output/registration.json`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, ending in .tif or .tiff.")],
) -> None:
    """Put a saved registration to another image of the same pair."""
    from lumentrace.stain import apply_transform

    if out.suffix.lower() not in (".tif", ".tiff"):
        raise typer.BadParameter(f"expected a name ending in .tif or .tiff, found {out}", param_hint="--out")
    apply_transform(image, registration, out)
    console.print(f"wrote {out}")


@app.command()
def simulate(
    raw: Raw = Path("raw"),
    samples: Annotated[int, typer.Option(min=1, help="Number of samples.")] = 1,
    dye: Annotated[str, typer.Option(help="Name of the dye.")] = "SybrGld",
    size: Annotated[int, typer.Option(min=64, help="Side of the images in pixels.")] = 1000,
    angle: Annotated[float, typer.Option(help="Rotation in degrees.")] = 2.0,
    scale: Annotated[float, typer.Option(help="How many times brighter tissue is after staining.")] = 1.3,
    spots: Annotated[int, typer.Option(min=0, help="Stained spots per sample.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the first sample.")] = 0,
) -> None:
    """Write simulated pairs into a raw folder, to try things out."""
    from lumentrace.stain import simulate as make

    for number in range(samples):
        pair = make(size, angle, scale=scale, spots=spots, seed=seed + number)
        pair.save(raw, f"S{number + 1:03d}", dye)
    console.print(f"wrote {plural(samples, 'pair')} below {raw}")


class _Stages:
    """A progress bar over stages of a hundred steps each."""

    def __init__(self, title: str, stages: int):
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[stage]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console)
        self._task = self._progress.add_task(escape(title), total=100 * stages, stage="stage 1")

    def __call__(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, stage=f"stage {min(done // 100 + 1, total // 100)}")

    def __enter__(self) -> _Stages:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()


def _verdict(ok: bool, error: float) -> str:
    return f"{'[green]ok[/]' if ok else '[red]not reliable[/]'}, error {cell(error)} px"


def _show(outcome: Outcome) -> None:
    fitted = outcome.scales[0]
    table = Table("", "", show_header=False)
    table.add_row("registration", _verdict(outcome.registration.ok, outcome.registration.error_px))
    about = f" ± {fitted.error:.2g}" if fitted.error == fitted.error else ""
    table.add_row("scale", f"{fitted.value:.4f}{about}")
    table.add_row("spots", cell(len(outcome.spots)))
    table.add_row("frame", outcome.figures()["frame"])
    table.add_row("report", escape(str(outcome.place(outcome.folder, "report", ".html"))))
    show(table)
    if outcome.status != "complete":
        console.print(f"[bold red]{escape(outcome.status)}[/]", soft_wrap=True)
    told = {reason.text for reason in outcome.verdict.reasons}
    for warning in (each for each in outcome.warnings if each not in told):
        console.print(f"[yellow]warning[/] {escape(warning)}", soft_wrap=True)
