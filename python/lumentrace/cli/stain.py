"""`lumentrace stain`, and its commands `run` and `batch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from lumentrace.cli import stain_backsub, stain_commands, stain_survey
from lumentrace.cli.batch import PARTIAL, UNRELIABLE, leave, tell
from lumentrace.cli.console import Bar, cell, console, show
from lumentrace.cli.grammar import Technique
from lumentrace.cli.options import Accept, Config, Geojson
from lumentrace.cli.stain_settings import Canvas, Formats, Out, Params, Raw, settings_of

if TYPE_CHECKING:
    from lumentrace.stain.run import Outcome
    from lumentrace.stain.settings import Settings

LAST = 4
"""The last stage."""

app = Technique("Tissue before and after staining: what the stain found.")


@app.command()
def run(
    sample: Annotated[str, typer.Argument(help="Name of the sample's folder.", show_default=False)],
    dye: Annotated[str, typer.Argument(help="The dye, as file names have it after the last underscore.")],
    raw: Raw = Path("raw"),
    out: Out = Path("processed"),
    param: Params = [],  # noqa: B006  # typer copies it
    config: Config = None,
    from_stage: Annotated[int | None, typer.Option(min=1, max=4, help="First stage, 1 to 4 as above.")] = None,
    to_stage: Annotated[int | None, typer.Option(min=1, max=4, help="Last stage, 1 to 4.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run stages again that are done.")] = False,
    force_run: Annotated[bool, typer.Option("--force-run", help="Go on though memory or disk seem small.")] = False,
    image_format: Formats = None,
    canvas: Canvas = False,
    geojson: Geojson = False,
    accept: Accept = False,
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
    with _Stages(f"{sample}/{dye}") as progress:
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
    if geojson:
        outcome.to_geojson(outcome.place(outcome.folder, "spots", ".geojson"))
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
    with _Stages(f"{sample}/{dye}") as progress:
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
    workers: Annotated[
        int, typer.Option(min=0, help="How many processes work at a time; 0 for a new one per task, one at a time.")
    ] = 1,
    timeout: Annotated[float | None, typer.Option(help="Longest time of a task, in seconds, with --workers 0.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run stages again that are done.")] = False,
    force_run: Annotated[bool, typer.Option("--force-run", help="Go on though memory or disk seem small.")] = False,
    image_format: Formats = None,
    canvas: Canvas = False,
    accept: Accept = False,
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


class _Stages(Bar):
    """A progress bar over stages of a hundred steps each."""

    def __init__(self, title: str) -> None:
        super().__init__(title, None, "")

    def _note(self, done: int, total: int) -> str:
        return f"stage {min(done // 100 + 1, total // 100)}"


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


for command in (
    stain_survey.info,
    stain_survey.plan,
    stain_commands.apply,
    stain_commands.field,
    stain_backsub.backsub,
    stain_commands.simulate,
    stain_commands.config,
    stain_commands.report,
):
    app.command()(command)
app.command("survey", hidden=True)(stain_survey.info)
