"""Recordings of a lab: `lumentrace twophoton find` and `convert`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from lumentrace.cli.batch import attempt, folders, leave, table
from lumentrace.cli.console import Bar, answers, console, plural, show
from lumentrace.cli.twophoton_options import Channel, Epochs, FrameRate, Job, Plane, Side, jobs

if TYPE_CHECKING:
    from lumentrace.twophoton import ConvertedPaths, ConvertedRecording, RecordingRecord

MINUTES = len("2026-01-01 00:00")


def find(
    year: Annotated[int | None, typer.Option(help="1 to 9999.")] = None,
    month: Annotated[int | None, typer.Option(help="1 to 12.")] = None,
    day: Annotated[int | None, typer.Option(help="1 to 31.")] = None,
    genotype: Annotated[str | None, typer.Option(help="Text that occurs in the genotype.")] = None,
    stimulus: Annotated[str | None, typer.Option(help="Text that occurs in the name of the stimulus.")] = None,
    sensor: Annotated[str | None, typer.Option(help="Text that occurs in the fluorescent protein.")] = None,
    cell_type: Annotated[str | None, typer.Option(help="Text that occurs in the cell type.")] = None,
    hemisphere: Annotated[Side | None, typer.Option(help="Hemisphere.")] = None,
    person: Annotated[str | None, typer.Option(help="Text that occurs in the name of the person.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most recordings that are shown.")] = 100,
    config: Annotated[
        Path | None, typer.Option("--config", help="Settings of the lab; ./config.yml or the user's by default.")
    ] = None,
    paths: Annotated[bool, typer.Option("--paths", help="Print only folders, a line for each.")] = False,
) -> None:
    """Find recordings in the lab's database; all that is asked for must fit.

    **Examples**

    `lumentrace twophoton find --config config.yml --cell-type ALPN --year 2026`

    `lumentrace twophoton convert $(lumentrace twophoton find --stimulus odour --paths)`

    Exit codes: 0 done (even if none was found), 2 wrong usage or no database.
    """
    from lumentrace.twophoton import find_recordings

    found = find_recordings(
        year=year,
        month=month,
        day=day,
        genotype=genotype,
        stimulus=stimulus,
        sensor=sensor,
        cell_type=cell_type,
        hemisphere=None if hemisphere is None else hemisphere.value,
        person=person,
        limit=limit,
        config_path=config,
    )
    if paths:
        for record in found:
            folder = _folder(record)
            if folder is None:
                console.print(f"[yellow]no sensible path[/] {escape(record.relative_data_path)}", soft_wrap=True)
            else:
                print(folder)
        return
    names = ("genotype", "cell type", "sensor", "side", "stimulus", "person")
    shown = Table("id", Column("date", no_wrap=True), *(Column(name, overflow="fold") for name in names))
    for record in found:
        texts = (
            (record.date or "")[:MINUTES],
            record.genotype,
            record.cell_type,
            record.fluorescent_protein,
            record.hemisphere,
            record.stimulus_function,
            record.person,
        )
        cells = [escape(text or "") for text in texts]
        shown.add_row(str(record.stimulus_presentation_id), *cells)
    show(shown)
    for record in found:
        folder = _folder(record)
        there = "" if folder is not None and folder.is_dir() else " [red](missing)[/]"
        place = record.relative_data_path.replace("\\", "/")
        answers.print(f"{record.stimulus_presentation_id:>4}  {escape(place)}{there}", soft_wrap=True)
    more = f"; there may be more, see --limit {limit}" if len(found) == limit else ""
    console.print(f"{plural(len(found), 'recording')}{more}")


def _folder(record: RecordingRecord) -> Path | None:
    """Where a recording is, or would be; None if the database has no sensible path."""
    try:
        return record.session_dir
    except ValueError:
        return None


def convert(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            help="Recording folders; recordings of ScanImage, Bruker, Scanbox and Thor; NWB; films in TIFF, OME-Zarr, "
            "CZI, ...",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for results.",
            show_default="lumentrace in each recording folder, or beside the film",
        ),
    ] = None,
    mean_start: Annotated[int | None, typer.Option(help="First frame of the mean image.")] = None,
    mean_stop: Annotated[int | None, typer.Option(help="End of the frames of the mean image.")] = None,
    epochs: Epochs = None,
    frame_rate: FrameRate = None,
    channel: Channel = None,
    plane: Plane = None,
    force: Annotated[bool, typer.Option("--force", help="Convert again what is converted.")] = False,
) -> None:
    """Convert recordings to `recording_data.h5` and `aligned_movie.h5`.

    Recording folders that are converted, whole and not older than the recording are left alone: the same command goes
    on where it stopped. A recording that cannot be converted does not stop the others.

    **Examples**

    `lumentrace twophoton convert fly1/10_15_49`

    `lumentrace twophoton convert data/*/* --out converted`

    `lumentrace twophoton convert TSeries-001 --epochs epochs.csv --channel Ch2 --plane all`

    Exit codes: 0 all done, 2 wrong usage, 3 some recordings could not be converted.
    """
    from lumentrace.twophoton.convert.filmed import Asked

    places: list[Path | None] = [None] * len(recordings) if out is None else [*folders(recordings, out)]
    asked = Asked(epochs, frame_rate, channel)
    results = [
        attempt(job.source, job.source, lambda _, __, job=job: _convert(job, force, (mean_start, mean_stop)))  # type: ignore[misc]  # mypy cannot infer it
        for job in jobs(recordings, places, asked, plane)
    ]
    show(table(results))
    leave(results, accept=True)


def _convert(job: Job, force: bool, mean_range: tuple[int | None, int | None]) -> dict[str, object]:
    """Convert a recording into a folder, if need be."""
    began = time.perf_counter()
    recording = None if force or job.film is not None else _converted(job)
    if recording is None:
        with Bar(f"{job.name}: converting", None, "frames") as bar:
            paths = _conversion(job, mean_range, bar)
        shape, seconds = paths.movie_shape, time.perf_counter() - began
        console.print(f"{escape(job.name)}: converted, see {paths.path}", soft_wrap=True)
    else:
        shape, seconds = recording.movie.shape, 0.0
        console.print(f"{escape(job.name)}: converted before, see {recording.path}", soft_wrap=True)
    size = f"{shape[1]} x {shape[2]}"
    return {"file": job.name, "frames": shape[0], "pixels": size, "seconds": round(seconds, 3)}


def _converted(job: Job) -> ConvertedRecording | None:
    from lumentrace.twophoton.convert.opened import converted, converted_folder

    return converted(job.source, job.place or converted_folder(job.source))


def _conversion(job: Job, mean_range: tuple[int | None, int | None], bar: Bar) -> ConvertedPaths:
    from lumentrace.twophoton.convert.filmed import convert_film, film_folder
    from lumentrace.twophoton.convert.opened import convert

    if job.film is None:
        return convert(job.source, job.place, mean_range=mean_range, verbose=bar)
    place = film_folder(job.source) if job.place is None else job.place
    return convert_film(job.source, job.film, place, mean_range, bar)
