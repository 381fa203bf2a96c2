"""Facts about a recording or film; nothing is converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lumentrace.twophoton.convert.converted_files import DATA_FILE
from lumentrace.twophoton.convert.filmed import is_film, is_stack
from lumentrace.twophoton.convert.microscopes.opening import open_acquisition
from lumentrace.twophoton.convert.opened import converted, converted_folder
from lumentrace.twophoton.convert.recording_folder import RecordedMovie
from lumentrace.twophoton.convert.source import MOVIE, read_source
from lumentrace.twophoton.convert.tiff_movie import TiffMovie
from lumentrace.twophoton.read.recording import load_converted_recording

RATE = "acq.frameRate"
MOST_SHOWN = 8
"""Numbers of a list that are printed."""
ABOUT = {"acq.zoomFactor": "zoom", "hemisphere": "hemisphere", "genotype": "genotype", "fly_id": "fly"}


def describe(path: Path) -> dict[str, Any]:
    """What a recording folder, a converted recording, a recording of a microscope or a film holds.

    Raises
    ------
    FormatError
        If a file is damaged.
    FileNotFoundError
        If something is missing.
    """
    if path.suffix == ".h5" or (path / DATA_FILE).exists():
        return _converted(path)
    if path.suffix.lower() in (".tif", ".tiff", ".btf") and is_stack(path):
        with TiffMovie(path) as movie:
            return {"kind": "TIFF film", **_movie(movie.shape, movie.dtype, {})}
    return _acquisition(path) if is_film(path) else _folder(path)


def _acquisition(path: Path) -> dict[str, Any]:
    with open_acquisition(path) as found:
        rate = found.frame_rate_hz
        facts = {"kind": found.kind, **_movie((found.frames, *found.shape), found.image.dtype, {RATE: rate})}
        facts |= {"channels": ", ".join(f"{number} {name}" for number, name in enumerate(found.channels))}
        facts |= {"planes": found.planes, "gaps between frames": found.gaps}
        sizes = ", ".join(f"{axis.lower()} {size:g}" for axis, size in found.image.spacing.items())
        names = dict.fromkeys((found.epochs or {}).get("epoch_name", ()))
        facts |= {"pixel size (µm)": sizes or "not known", "epochs": ", ".join(names) or "none"}
        return facts | {name: _short(value) for name, value in found.about.items()}


def _short(value: Any) -> Any:
    """A value in a line: of many numbers, how many there are."""
    return f"{len(value)} numbers" if isinstance(value, tuple) and len(value) > MOST_SHOWN else value


def _converted(path: Path) -> dict[str, Any]:
    found = load_converted_recording(path)
    acquisition, shape = found.acquisition_metadata, found.movie.shape
    return {
        "kind": "converted recording",
        "recorded in": found.source_session_dir,
        **_movie(shape, found.movie.dtype, acquisition),
        **_about({**acquisition, **found.run_metadata}, found.stimulus_parameters),
        "frames that moved too far": int(found.motion_artifact_mask.sum()),
    }


def _folder(path: Path) -> dict[str, Any]:
    source = read_source(path)
    with RecordedMovie(path / MOVIE) as movie:
        shape, dtype = movie.shape, movie.dtype
    made = converted(path, converted_folder(path))
    return {
        "kind": "recording folder",
        **_movie(shape, dtype, source.acquisition),
        **_about({**source.acquisition, **source.run}, source.parameters),
        "converted": "no" if made is None else str(made.path),
    }


def _movie(shape: Sequence[int], dtype: object, acquisition: Mapping[str, Any]) -> dict[str, Any]:
    frames, rows, columns = shape
    size = {"frames": frames, "pixels": f"{rows} x {columns}", "type": str(dtype)}
    rate = acquisition.get(RATE)
    if not isinstance(rate, (int, float)) or not rate > 0:
        return {**size, "frame rate (Hz)": "not known"}
    return {**size, "frame rate (Hz)": float(rate), "duration (s)": frames / rate}


def _about(known: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = [f"{number} {each.get('epochName', '')}".strip() for number, each in enumerate(parameters, 1)]
    said = {title: known[name] for name, title in ABOUT.items() if known.get(name) not in (None, "")}
    return {**said, "epochs": ", ".join(names) or "none"}
