"""Choices and options of several commands of `lumentrace twophoton`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumentrace.base.digits import number_of

if TYPE_CHECKING:
    from lumentrace.twophoton.convert.filmed import Asked

ALL = "all"


class Side(StrEnum):
    """Hemispheres."""

    left = "left"
    right = "right"


Epochs = Annotated[
    Path | None,
    typer.Option(
        help="CSV table of the epochs of films and of recordings of microscopes: **start_s** and **stop_s** (s), or "
        "**start_frame** and **stop_frame** (from 0 on, the second after the epoch); **epoch_number** (from 1 on), "
        "**epoch_name**."
    ),
]
FrameRate = Annotated[
    float | None, typer.Option(help="Frames per second of films; by default as the microscope says it.")
]
Channel = Annotated[
    str | None,
    typer.Option(help="Channel of films with several: its name, or its place from 0 on.", show_default=False),
]
Plane = Annotated[
    str | None,
    typer.Option(
        help="Plane of films with several: its place from 0 on, or **all**: each in turn, as a recording of its own.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Job:
    """A recording to work on, and where results go; `film` is None for those that are no films."""

    source: Path
    place: Path | None
    film: Asked | None
    name: str


def jobs(recordings: list[Path], places: list[Path | None], asked: Asked, plane: str | None) -> list[Job]:
    """Recordings in order, those of several planes plane by plane if all are asked for.

    Raises
    ------
    ValueError
        If `plane` is no number.
    """
    from lumentrace.twophoton.convert.filmed import film_folder

    number = None if plane in (None, ALL) else _number(plane)
    found = []
    for source, place in zip(recordings, places, strict=True):
        planes = _planes(source, asked, plane == ALL)
        if planes is None:
            found.append(Job(source, place, None, source.name))
        elif plane != ALL:
            found.append(Job(source, place, replace(asked, plane=number), source.name))
        else:
            folder = film_folder(source) if place is None else place
            names = [f"plane_{each}" for each in range(planes)]
            chosen = [replace(asked, plane=each) for each in range(planes)]
            pairs = zip(names, chosen, strict=True)
            found.extend(Job(source, folder / name, one, f"{source.name} {name}") for name, one in pairs)
    return found


def _number(plane: str | None) -> int:
    number = None if plane is None else number_of(plane)
    if number is None:
        raise ValueError(f"`plane`: expected a number from 0 on, or {ALL}, found {plane!r}")
    return number


def _planes(source: Path, asked: Asked, count: bool) -> int | None:
    """Planes of a film if they are counted; None if it is none, 1 if it cannot be read, which is told later."""
    from lumentrace.twophoton.convert.filmed import is_film, is_stack, planes_of

    try:
        if not is_film(source):
            return None if asked.epochs is None else 1
        return planes_of(source) if count and not is_stack(source) else 1
    except (OSError, ValueError, ImportError):
        return 1
