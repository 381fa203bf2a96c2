"""A recording from whatever a user names: a converted file or folder, or a recording folder, converted if need be."""

from __future__ import annotations

from pathlib import Path

from lumentrace.base.errors import FormatError
from lumentrace.engine.progress import Verbose
from lumentrace.twophoton.config import optional_config
from lumentrace.twophoton.convert.converted_files import DATA_FILE
from lumentrace.twophoton.convert.recording_folder import ConvertedPaths, convert_recording
from lumentrace.twophoton.read.places import FOLDER, output_place
from lumentrace.twophoton.read.recording import ConvertedRecording, load_converted_recording


def converted_folder(source: Path) -> Path:
    """Where a recording is converted to: as the settings say, or beside it if there are none."""
    return source / FOLDER if optional_config() is None else output_place(source).folder


def converted(source: Path, folder: Path) -> ConvertedRecording | None:
    """The converted recording in a folder; None if there is none, it is damaged or older than its source."""
    try:
        recording = load_converted_recording(folder)
    except (FileNotFoundError, FormatError):
        return None
    files = [path for part in (source, source / "stimulusData") for path in part.glob("*") if path.is_file()]
    newest = max((path.stat().st_mtime for path in files), default=0.0)
    return recording if recording.path.stat().st_mtime >= newest else None


def convert(
    source: Path,
    place: Path | None = None,
    *,
    mean_range: tuple[int | None, int | None] = (None, None),
    verbose: Verbose = False,
) -> ConvertedPaths:
    """Convert a recording into a folder, or to where the settings say, or beside it if there are none.

    Raises
    ------
    FormatError
        If its parts do not fit each other.
    """
    folder = converted_folder(source) if place is None and optional_config() is None else place
    start, stop = mean_range
    try:
        return convert_recording(source, folder, mean_start_frame=start, mean_stop_frame=stop, verbose=verbose)
    except KeyError as error:
        raise FormatError(str(error.args[0])) from error


def opened(path: Path, verbose: Verbose = False) -> ConvertedRecording:
    """A recording from a converted file or folder, or from a recording folder that is converted first if need be."""
    if path.suffix == ".h5" or (path / DATA_FILE).exists():
        return load_converted_recording(path)
    folder = converted_folder(path)
    found = converted(path, folder)
    if found is None:
        convert(path, verbose=verbose)
        found = load_converted_recording(folder)
    return found
