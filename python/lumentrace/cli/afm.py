"""`lumentrace afm`: films of high-speed atomic force microscopes."""

from __future__ import annotations

import time
from enum import StrEnum
from functools import partial
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from lumentrace.cli.batch import PARTIAL, attempt, folders, leave, table, tell
from lumentrace.cli.console import Bar, answers, cell, console, plural, show, warnings_told

if TYPE_CHECKING:
    from lumentrace.afm.run import Settings

app = typer.Typer(help="High-speed AFM: level films, find objects, track them.", no_args_is_help=True)


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
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Films: .asd, .h5-jpk, .aris, TIFF, .h5; images .jpk, .jpk-qi-image, .spm, .000, or folders of them; "
            "folders of films: all that are below.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  # typer copies it
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results; a folder per film.")] = Path("out"),
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
    config: Annotated[
        Path | None, typer.Option(help="Recipe in TOML, YAML or JSON; the options above override it.")
    ] = None,
    create_config: Annotated[
        Path | None, typer.Option("--create-config", help="Write a commented recipe there, and stop.")
    ] = None,
    pixel_size: Annotated[
        float | None, typer.Option("--pixel-size", help="Size of a pixel in nm, for files that do not say.")
    ] = None,
    frame_time: Annotated[
        float | None, typer.Option("--frame-time", help="Time from frame to frame in s, for files that do not say.")
    ] = None,
    on_error: Annotated[
        OnError, typer.Option(help="A frame that cannot be filtered: stop, or keep it as it is and say so.")
    ] = OnError.raising,
    complete_frames: Annotated[
        bool, typer.Option("--complete-frames", help="Take what is whole of an .asd film that is cut off.")
    ] = False,
    film: Annotated[Film | None, typer.Option(help="Write the processed film with scale bar and time stamp.")] = None,
    images: Annotated[bool, typer.Option("--images", help="Write the processed film as OME-TIFF.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Keep finished steps, and go on after them.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Exit with 0 though results are not reliable.")] = False,
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

    `lumentrace afm run --create-config recipe.toml`

    Exit codes: 0 all done, 2 wrong usage, 3 some films could not be worked on, 4 some results are not reliable
    (0 with --accept).
    """
    if create_config is not None:
        _create(create_config)
        return
    if not files:
        raise typer.BadParameter("expected at least one film", param_hint="FILES")
    from lumentrace.afm.loaders.search import films
    from lumentrace.afm.run import Settings

    given = {
        "channel": channel,
        "process": process,
        "analyse": analyse,
        "pixel_size_nm": pixel_size,
        "frame_time_s": frame_time,
    }
    steps = (Settings() if config is None else Settings.read(config)).changed(given)
    settings = steps.changed(
        {"on_error": on_error.value, "complete_frames": complete_frames, "film": film and film.value, "images": images}
    )
    work = partial(_run, settings, resume)
    found = [film for path in files for film in films(path)]
    results = [attempt(path, folder, work) for path, folder in zip(found, folders(found, out), strict=True)]
    show(table(results))
    leave(results, accept)


@warnings_told()
def _run(settings: Settings, resume: bool, path: Path, folder: Path) -> dict[str, object]:
    from lumentrace.afm.run import run

    began = time.perf_counter()
    with Bar(path.name, 1, "films") as bar:
        outcome = run(path, settings, verbose=bar, run_dir=folder / "run" if resume else None)
    outcome.save(folder)
    seconds = time.perf_counter() - began
    told = [f"{path.name}: {plural(outcome.stack.n_frames, 'frame')} in {seconds:.2f} s, see {folder}"]
    tell(path.name, outcome.verdict)
    console.print(
        "\n".join([*told, *(f"{path.name}: {each}" for each in outcome.notices)]), soft_wrap=True, markup=False
    )
    return {"file": path.name, **outcome.figures(), "seconds": round(seconds, 3), "verdict": outcome.verdict.level}


def _create(path: Path) -> None:
    from lumentrace.afm.recipe import TEMPLATE
    from lumentrace.base.files import replacing

    if path.suffix.lower() != ".toml":
        raise typer.BadParameter(f"expected a name ending in .toml, found {path}", param_hint="--create-config")
    if path.exists():
        raise typer.BadParameter(f"{path} exists already", param_hint="--create-config")
    with replacing(path) as file:
        file.write(TEMPLATE.encode())
    console.print(f"Wrote {path}; run it with: lumentrace afm run FILM --config {path}")


@app.command()
def info(
    files: Annotated[list[Path], typer.Argument(help="Films, as for `lumentrace afm run`.", show_default=False)],
    channel: Annotated[str, typer.Option(help="Channel to describe.")] = "height",
) -> None:
    """Show what films hold, without reading their frames."""
    from lumentrace.afm import info as look

    @warnings_told()
    def show(path: Path, _: Path) -> dict[str, object]:
        found = look(path, channel)
        frames, height, width = found.shape
        x, y = found.pixel_size_nm
        answers.print(f"[bold]{escape(str(path))}[/] ({found.format})")
        rows = {
            "frames": f"{frames:,} of {height} x {width} pixels",
            "pixel": f"{x:.6g} nm" if abs(x - y) < 1e-3 * x else f"{x:.6g} x {y:.6g} nm",
            "duration": "n/a" if isnan(found.duration_s) else f"{cell(found.duration_s)} s",
            "channel": f"{found.channel}, {found.unit or 'no unit'}",
            "channels": ", ".join(found.channels),
            **{name: cell(value) for name, value in found.acquisition.items() if value not in (None, "")},
        }
        for name, value in rows.items():
            answers.print(f"  {escape(name)}: {escape(value)}", soft_wrap=True)
        return {}

    results = [attempt(path, path, show) for path in files]
    if any("reason" in result for result in results):
        raise typer.Exit(PARTIAL)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, ending in .asd.")] = Path("film.asd"),
    frames: Annotated[int, typer.Option(min=1, help="Number of frames.")] = 60,
    particles: Annotated[int, typer.Option(min=0, help="Number of particles.")] = 12,
    size: Annotated[int, typer.Option(min=8, help="Rows and columns of a frame.")] = 128,
    diffusion: Annotated[float, typer.Option(min=0.0, help="Diffusion coefficient in nm²/s.")] = 10.0,
    noise: Annotated[float, typer.Option(min=0.0, help="Noise of pixels in nm.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 1,
) -> None:
    """Write a film of particles that diffuse on a tilted surface, and a table of where they are.

    **Example**: `lumentrace afm simulate --out film.asd; lumentrace afm run film.asd`
    """
    import numpy as np
    import polars as pl

    from lumentrace.afm.simulation import simulate_film, write_asd
    from lumentrace.base.files import replacing

    if out.suffix.lower() != ".asd":
        raise typer.BadParameter(f"expected a name ending in .asd, found {out}", param_hint="--out")
    stack, truth = simulate_film(frames, particles, size, diffusion_nm2_s=diffusion, noise_nm=noise, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_asd(out, stack)
    number, particle = (index.ravel() for index in np.indices(truth.shape[:2]))
    places = truth.reshape(-1, 2)
    table = pl.DataFrame({"frame": number, "particle": particle, "x_nm": places[:, 0], "y_nm": places[:, 1]})
    with replacing(out.with_suffix(".truth.csv")) as file:
        table.write_csv(file)
    console.print(f"Wrote {out} and {out.with_suffix('.truth.csv')}; try: lumentrace afm run {out}")


@app.command()
def steps() -> None:
    """List all filters, masks, edits and analyses with their settings."""
    from rich.table import Table

    from lumentrace.afm.steps import built_in

    shown = Table("step", "kind", "settings", "what it does")
    for step in built_in():
        shown.add_row(step.name, step.kind, ", ".join(step.settings), step.text)
    show(shown)
