"""A converted recording: the movie on disk, everything else at hand."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError, shown
from lumentrace.base.provenance import Provenance
from lumentrace.storage.hdf5 import opened
from lumentrace.twophoton.config import optional_config
from lumentrace.twophoton.history import read_history
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.movie import Movie as Movie
from lumentrace.twophoton.read.sides import known_side, side_in_database

Floats = NDArray[np.float64]

FORMAT, MOVIE_FORMAT = "converted-recording", "aligned-movie"
ORIENTATION = "matlab_display"
NUMBERS = ("stimulus_data", "imaging_res_pd", "high_res_pd", "mean_image", "alignment_shift_pixels")
MOVIE_DATASET = "movie/aligned"


@dataclass(frozen=True)
class Photodiode:
    """Both photodiode signals.

    Attributes
    ----------
    imaging_res_pd, high_res_pd : ndarray
        A sample per frame, and a whole number of samples per frame.
    """

    imaging_res_pd: Floats
    high_res_pd: Floats


@dataclass(frozen=True)
class ConvertedRecording:
    """A converted recording. `stimulus_table` and `photodiode` are other names of what it holds.

    Attributes
    ----------
    path : path
    movie : Movie
        On disk.
    source_session_dir : str
    acquisition_metadata : dict
        ``acq.frameRate`` (Hz), ``acq.zoomFactor`` and so on, as the microscope names them.
    run_metadata : dict
        ``fly_id``, ``genotype``, ``rig_name``, ``rig_temperature``, ``run_number``, ``hemisphere``, as far as known.
    synchronization_metadata : dict
    stimulus_data : ndarray
        (rows, columns): a row per frame of the projector.
    stimulus_data_column_names : tuple of str
    stimulus_parameters : tuple of dict
        One per epoch, from number 1 on.
    stimulus_function_lookup, stimulus_specific_columns : dict
        Names of stimulus functions, and what they write into the table.
    imaging_res_pd : ndarray
        (frames,): the photodiode, a sample per frame.
    high_res_pd : ndarray
        (samples,): the same, a whole number of samples per frame.
    mean_image : ndarray
        (rows, columns)
    alignment_valid_crop : SpatialCrop
        What every frame shows.
    alignment_offset_pixels : ndarray or None
        (frames, 2): x and y; None in older files.
    alignment_shift_pixels : ndarray
        (frames,)
    motion_artifact_mask : ndarray of bool
        (frames,): frames that moved too far.
    frame_counts : dict
    frame_times_s : ndarray or None
        (frames,): seconds from the first frame on, where the microscope says when each was taken.
    provenance : Provenance
        The recording folder and how it was converted; without steps if the file does not say.
    """

    path: Path
    movie: Movie
    source_session_dir: str
    acquisition_metadata: dict[str, Any]
    run_metadata: dict[str, Any]
    synchronization_metadata: dict[str, Any]
    stimulus_data: Floats = field(repr=False)
    stimulus_data_column_names: tuple[str, ...] = field(repr=False)
    stimulus_parameters: tuple[dict[str, Any], ...] = field(repr=False)
    stimulus_function_lookup: dict[str, str]
    stimulus_specific_columns: dict[str, Any] = field(repr=False)
    imaging_res_pd: Floats = field(repr=False)
    high_res_pd: Floats = field(repr=False)
    mean_image: Floats = field(repr=False)
    alignment_valid_crop: SpatialCrop
    alignment_offset_pixels: Floats | None = field(repr=False)
    alignment_shift_pixels: Floats = field(repr=False)
    motion_artifact_mask: NDArray[np.bool_] = field(repr=False)
    frame_counts: dict[str, int]
    frame_times_s: Floats | None = field(default=None, repr=False)
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    @property
    def stimulus_table(self) -> Floats:
        """The stimulus, a row per frame of the projector."""
        return self.stimulus_data

    @property
    def photodiode(self) -> Photodiode:
        """Both photodiode signals."""
        return Photodiode(self.imaging_res_pd, self.high_res_pd)

    @property
    def epoch_names(self) -> dict[int, str]:
        """Names of epochs by number, from 1 on."""
        return {
            number: str(each.get("epochName", f"epoch_{number}"))
            for number, each in enumerate(self.stimulus_parameters, 1)
        }

    def stimulus_column(self, name: str) -> Floats | None:
        """A column of the stimulus table; None if it has none of that name."""
        names = self.stimulus_data_column_names
        return self.stimulus_data[:, names.index(name)] if name in names else None


def load_converted_recording(
    path: str | os.PathLike[str], *, movie_path: str | os.PathLike[str] | None = None
) -> ConvertedRecording:
    """Open a converted recording; its movie stays on disk.

    Parameters
    ----------
    path : path
        ``recording_data.h5``, or the folder that holds it.
    movie_path : path, optional
        Where the movie is, if it is not beside it.

    Raises
    ------
    FormatError
        If a file is something else, damaged or does not fit the other.
    FileNotFoundError
        If one is missing.
    """
    place = Path(path).expanduser()
    place = place / "recording_data.h5" if place.is_dir() else place
    if not place.exists():
        raise FileNotFoundError(f"{place}: expected a converted recording, found none; convert_recording makes it")
    with opened(place, "a converted recording") as file:
        found = _read(place, file, movie_path)
    _check(found)
    return found


def _read(place: Path, file: Any, movie_path: str | os.PathLike[str] | None) -> ConvertedRecording:
    if file.attrs.get("twopy_format") != FORMAT:
        raise FormatError(f"{place}: expected format {FORMAT!r}, found {file.attrs.get('twopy_format')!r}")
    about = file["movie"]
    if about.attrs.get("spatial_orientation") != ORIENTATION:
        found = about.attrs.get("spatial_orientation")
        raise FormatError(f"{place}: expected orientation {ORIENTATION!r}, found {found!r}")
    beside = place.parent / str(about.attrs["aligned_movie_file"])
    movie = (beside if movie_path is None else Path(movie_path).expanduser()).absolute()
    crop = about["alignment_valid_crop"]
    stimulus = file["stimulus"]
    offsets = crop["alignment_offset_pixels"][()] if "alignment_offset_pixels" in crop else None
    shape = tuple(int(length) for length in crop.attrs["original_shape"])
    edges = [int(crop.attrs[f"axis{axis}_{end}"]) for axis in (0, 1) for end in ("start", "stop")]
    return ConvertedRecording(
        path=place,
        movie=_movie(movie, str(about.attrs["aligned_movie_dataset"]), about.attrs["aligned_movie_shape"]),
        source_session_dir=str(file.attrs["source_session_dir"]),
        acquisition_metadata=_attributes(file["metadata"]),
        run_metadata=_attributes(file["run"]),
        synchronization_metadata=_attributes(file["photodiode"]),
        stimulus_data=stimulus["data"][()],
        stimulus_data_column_names=tuple(name.decode("utf-8") for name in stimulus["data_column_names"][()]),
        stimulus_parameters=tuple(_json(stimulus["parameters_json"])),
        stimulus_function_lookup=_json(stimulus["function_lookup_json"]),
        stimulus_specific_columns=_json(stimulus["stimulus_specific_columns_json"]),
        imaging_res_pd=file["photodiode/imaging_res_pd"][()],
        high_res_pd=file["photodiode/high_res_pd"][()],
        mean_image=about["mean_image"][()],
        alignment_valid_crop=SpatialCrop(edges[0], edges[1], edges[2], edges[3], (shape[0], shape[1])),
        alignment_offset_pixels=offsets,
        alignment_shift_pixels=crop["alignment_shift_pixels"][()],
        motion_artifact_mask=crop["motion_artifact_mask"][()].astype(bool),
        frame_counts={name: int(value) for name, value in file["frame_counts"].attrs.items()},
        frame_times_s=about["frame_times_s"][()] if "frame_times_s" in about else None,
        provenance=read_history(file, {"path": str(file.attrs["source_session_dir"])}),
    )


def _movie(path: Path, dataset: str, shape: Any) -> Movie:
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected the movie of the recording, found none")
    with opened(path, "the movie of a recording") as file:
        if file.attrs.get("twopy_format") != MOVIE_FORMAT:
            raise FormatError(f"{path}: expected format {MOVIE_FORMAT!r}, found {file.attrs.get('twopy_format')!r}")
        data = file[dataset]
        if data.attrs.get("spatial_orientation") != ORIENTATION:
            found = data.attrs.get("spatial_orientation")
            raise FormatError(f"{path}: expected orientation {ORIENTATION!r}, found {found!r}")
        expected = tuple(int(length) for length in shape)
        if data.shape != expected or data.dtype.kind not in "uif":
            raise FormatError(f"{path}: expected a movie of {expected}, found {data.dtype} of {data.shape}")
        return Movie(path, dataset, (expected[0], expected[1], expected[2]), data.dtype)


def _check(found: ConvertedRecording) -> None:
    frames, rows, columns = found.movie.shape
    _check_types(found)
    crop = found.alignment_valid_crop
    per_frame = {
        "imaging_res_pd": found.imaging_res_pd,
        "alignment_shift_pixels": found.alignment_shift_pixels,
        "motion_artifact_mask": found.motion_artifact_mask,
        **({} if found.frame_times_s is None else {"frame_times_s": found.frame_times_s}),
    }
    for name, values in per_frame.items():
        if values.shape != (frames,):
            raise FormatError(f"{found.path}: {name}: expected {frames} values, found shape {values.shape}")
    names = found.stimulus_data_column_names
    if found.stimulus_data.ndim != 2 or found.stimulus_data.shape[1] != len(names):
        raise FormatError(f"{found.path}: expected {len(names)} stimulus columns, found {found.stimulus_data.shape}")
    inside = 0 <= crop.axis0_start < crop.axis0_stop <= rows and 0 <= crop.axis1_start < crop.axis1_stop <= columns
    if found.mean_image.shape != (rows, columns) or crop.original_shape != (rows, columns) or not inside:
        raise FormatError(f"{found.path}: expected a mean image and crop of {rows} x {columns}, found others")


def _check_types(found: ConvertedRecording) -> None:
    """Numbers where numbers belong, and names with values where those do."""
    for name in (*NUMBERS, "alignment_offset_pixels", "frame_times_s"):
        values = getattr(found, name)
        if values is not None and (not isinstance(values, np.ndarray) or values.dtype.kind not in "buif"):
            raise FormatError(f"{found.path}: {name}: expected real numbers, found {getattr(values, 'dtype', values)}")
    mappings = {
        "stimulus_parameters": found.stimulus_parameters,
        "stimulus_function_lookup": [found.stimulus_function_lookup],
        "stimulus_specific_columns": [found.stimulus_specific_columns],
    }
    for name, listed in mappings.items():
        for each in listed:
            if not isinstance(each, dict):
                raise FormatError(f"{found.path}: {name}: expected names and values, found {shown(each)}")


def _attributes(group: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in group.attrs.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return value.tolist() if isinstance(value, np.ndarray) else value


def _json(dataset: Any) -> Any:
    return json.loads(dataset[()])


def recording_frame_rate_hz(recording: ConvertedRecording) -> float:
    """Frames per second; ValueError if the recording does not say."""
    rate = recording.acquisition_metadata.get("acq.frameRate")
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < math.inf:
        raise ValueError(f"{recording.path}: expected a positive frame rate, found {shown(rate)}")
    return float(rate)


def recording_hemisphere(recording: ConvertedRecording) -> str:
    """'left' or 'right': as the recording says, or else the database of the settings that `config.load_config` finds.

    Raises
    ------
    FormatError
        If the settings or the database are damaged.
    ValueError
        If neither says so, or what is said is something else.
    """
    for name in ("hemisphere", "eye"):
        if name in recording.run_metadata:
            return known_side(str(recording.path), recording.run_metadata[name])
    config = optional_config()
    side = None if config is None else side_in_database(Path(recording.source_session_dir), config)
    if side is None:
        asked = "no settings name a database" if config is None else f"the database of {config.path} does not either"
        raise ValueError(f"{recording.path}: the recording does not say which hemisphere it shows, and {asked}")
    return side
