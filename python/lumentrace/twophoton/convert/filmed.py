"""A recording from a film or from what a microscope left, with a table of epochs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lumentrace.base.errors import FormatError
from lumentrace.engine.progress import Verbose
from lumentrace.storage.images.zarr_image import is_zarr
from lumentrace.twophoton.convert.acquisition_recording import convert_acquisition
from lumentrace.twophoton.convert.converted_files import DATA_FILE
from lumentrace.twophoton.convert.microscopes.opening import microscope, open_acquisition
from lumentrace.twophoton.convert.recording_folder import ConvertedPaths
from lumentrace.twophoton.convert.source import MOVIE
from lumentrace.twophoton.convert.tiff_movie import SUFFIXES, TiffMovie
from lumentrace.twophoton.convert.tiff_recording import convert_tiff_recording
from lumentrace.twophoton.read.places import FOLDER


@dataclass(frozen=True)
class Asked:
    """What a user says of a film.

    Attributes
    ----------
    epochs : Path or None
        Table of epochs.
    frame_rate_hz : float or None
    channel : str or None
    plane : int or None
    """

    epochs: Path | None = None
    frame_rate_hz: float | None = None
    channel: str | None = None
    plane: int | None = None


def is_film(path: Path) -> bool:
    """Whether a path is a film or a recording of a microscope, and no recording folder or converted recording."""
    if path.suffix == ".h5" or (path / DATA_FILE).exists() or (path / MOVIE).exists() or not path.exists():
        return False
    return path.is_file() or is_zarr(path) or microscope(path) is not None


def is_stack(path: Path) -> bool:
    """Whether a film is a TIFF stack or a folder of TIFF files with nothing but frames."""
    if microscope(path) is not None:
        return False
    if path.is_dir():
        return not is_zarr(path)
    if path.suffix.lower() not in SUFFIXES:
        return False
    try:
        with TiffMovie(path):
            return True
    except FormatError:
        return False


def needs_rate(path: Path) -> bool:
    """Whether a film that is no recording of a microscope does not say when its frames were taken."""
    try:
        if microscope(path) is not None:
            return False
        if path.is_dir() and not is_zarr(path):
            return True
        with open_acquisition(path) as film:
            return not film.times.size
    except (OSError, ValueError, ImportError):
        return False  # what is wrong is told when it is read


def planes_of(path: Path) -> int:
    """Number of planes of a film; raises what `open_acquisition` does."""
    with open_acquisition(path) as film:
        return film.planes


def film_folder(film: Path) -> Path:
    """Where a film is converted to: beside it."""
    return film.with_name(f"{film.stem}-{FOLDER}")


def convert_film(
    film: Path,
    asked: Asked,
    place: Path,
    mean_range: tuple[int | None, int | None] = (None, None),
    verbose: Verbose = False,
) -> ConvertedPaths:
    """Convert a film into a folder."""
    start, stop = mean_range
    chosen = asked.channel is not None or asked.plane is not None
    if asked.frame_rate_hz is not None and asked.epochs is not None and not chosen and is_stack(film):
        return convert_tiff_recording(
            film,
            asked.epochs,
            place,
            frame_rate_hz=asked.frame_rate_hz,
            mean_start_frame=start,
            mean_stop_frame=stop,
            verbose=verbose,
        )
    return convert_acquisition(
        film,
        place,
        stimulus_table=asked.epochs,
        channel=asked.channel,
        plane=asked.plane,
        frame_rate_hz=asked.frame_rate_hz,
        mean_start_frame=start,
        mean_stop_frame=stop,
        verbose=verbose,
    )


def check_epochs(film: Path, asked: Asked) -> None:
    """Raise ValueError if neither the user nor a film says when epochs were shown."""
    if asked.epochs is None:
        with open_acquisition(film) as found:
            if found.epochs is None:
                raise ValueError(f"`epochs`: expected a table of the epochs of {film}, which holds none")
