"""`lumentrace afm`, and its command `run`."""

from __future__ import annotations

import time
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumentrace.cli import afm_commands
from lumentrace.cli.batch import attempt, folders, leave, table, tell
from lumentrace.cli.console import Bar, console, plural, show, warnings_told
from lumentrace.cli.grammar import Technique, given
from lumentrace.cli.options import Accept, Config, Geojson, Out, Resume
from lumentrace.cli.settings_file import offer

if TYPE_CHECKING:
    from lumentrace.afm.settings import Settings

app = Technique("High-speed AFM: films to levelled heights and tracks.")


class OnError(StrEnum):
    """What is done with frames that a filter cannot be applied to."""

    raising = "raise"
    keep = "keep"


class Film(StrEnum):
    """Formats of films."""

    gif = "gif"
    mp4 = "mp4"


@app.command()
def run(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Films: .asd, .h5-jpk, .aris, .gwy, TIFF, .h5; images .jpk, .jpk-qi-image, .spm, .000, .ibw, .stp, "
            ".top, .nhf, .topostats, or folders of them; folders of films: all that are below.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  # typer copies it
    out: Out = Path("out"),
    channel: Annotated[
        str | None, typer.Option(help="Channel; **height** finds the height in every format.", show_default="height")
    ] = None,
    process: Annotated[
        str | None,
        typer.Option(help="Filters and masks: `'remove_plane; polynomial_flatten:order=2'`. Empty for none."),
    ] = None,
    analyse: Annotated[
        str | None,
        typer.Option("--analyse", help="Analyses: `'feature_detection:mask_fn=mask_otsu'`."),
    ] = None,
    config: Config = None,
    create_config: Annotated[
        Path | None,
        typer.Option("--create-config", help="Write a commented settings file, as `lumentrace afm config`."),
    ] = None,
    pixel_size_nm: Annotated[
        float | None, typer.Option("--pixel-size", help="Size of a pixel, in nm, for files that do not say.")
    ] = None,
    frame_time_s: Annotated[
        float | None, typer.Option("--frame-time", help="Time from frame to frame, in s, for files that do not say.")
    ] = None,
    on_error: Annotated[
        OnError, typer.Option(help="A frame that cannot be filtered: stop, or keep it as it is and say so.")
    ] = OnError.raising,
    complete_frames: Annotated[
        bool, typer.Option("--complete-frames", help="Take what is whole of an .asd film that is cut off.")
    ] = False,
    film: Annotated[Film | None, typer.Option(help="Write the processed film with scale bar and time stamp.")] = None,
    images: Annotated[bool, typer.Option("--images", help="Write the processed film as OME-TIFF.")] = False,
    gwy: Annotated[bool, typer.Option("--gwy", help="Write the processed film for Gwyddion.")] = False,
    geojson: Geojson = False,
    resume: Resume = False,
    accept: Accept = False,
) -> None:
    """Level films, find and track objects, and write tables and a report.

    Writes `frames.csv`, `feature_detection.csv`, `tracks.csv`, `track_statistics.csv` (and `.parquet`), `record.h5` and
    `record.json` with everything that was found, `report.html` and `run.json` for each film. A film that cannot be
    worked on does not stop the others. Without --process, --analyse and --config the film is flattened, its lines are
    levelled, and what stands out of its noise and its ground is placed between pixels and tracked.

    **Examples**

    `lumentrace afm run film.h5-jpk --out results`

    `lumentrace afm run film.asd --process 'remove_plane; row_median_align' --analyse
    'feature_detection:mask_fn=mask_threshold,threshold=1.5; particle_tracking:max_distance=6' --film gif`

    `lumentrace afm run scan.ibw --out results --gwy`, then open `results/processed.gwy` in Gwyddion

    `lumentrace afm config --out recipe.toml`, edit it, then `lumentrace afm run film.asd --config recipe.toml`

    Exit codes: 0 all done, 2 wrong usage, 3 some films could not be worked on, 4 some results are not reliable
    (0 with --accept).
    """
    from lumentrace.afm.recipe import TEMPLATE

    if create_config is not None:
        offer(TEMPLATE, create_config, "afm run FILM", "--create-config")
        return
    if not files:
        raise typer.BadParameter("expected at least one film", param_hint="FILES")
    from lumentrace.afm.loaders.search import films
    from lumentrace.afm.settings import Settings

    written = Settings() if config is None else Settings.read(config)
    settings = written.changed({name: value for name, value in given(ctx).items() if name in written.to_dict()})
    work = partial(_run, settings, resume, geojson)
    found = [film for path in files for film in films(path)]
    results = [attempt(path, folder, work) for path, folder in zip(found, folders(found, out), strict=True)]
    show(table(results))
    leave(results, accept)


@warnings_told()
def _run(settings: Settings, resume: bool, geojson: bool, path: Path, folder: Path) -> dict[str, object]:
    from lumentrace.afm.run import run

    began = time.perf_counter()
    with Bar(path.name, 1, "films") as bar:
        outcome = run(path, settings, verbose=bar, run_dir=folder / "run" if resume else None)
    outcome.save(folder)
    if geojson:
        outcome.to_geojson(folder / "objects.geojson")
    seconds = time.perf_counter() - began
    told = [f"{path.name}: {plural(outcome.stack.n_frames, 'frame')} in {seconds:.2f} s, see {folder}"]
    tell(path.name, outcome.verdict)
    console.print(
        "\n".join([*told, *(f"{path.name}: {each}" for each in outcome.notices)]), soft_wrap=True, markup=False
    )
    return {"file": path.name, **outcome.figures(), "seconds": round(seconds, 3), "verdict": outcome.verdict.level}


for command in (afm_commands.info, afm_commands.simulate, afm_commands.steps, afm_commands.config, afm_commands.report):
    app.command()(command)
