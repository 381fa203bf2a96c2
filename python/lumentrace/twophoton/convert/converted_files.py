"""The two files of a converted recording: what is written beside the movie, and putting both in their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.json_text import json_text
from lumentrace.base.provenance import Provenance
from lumentrace.storage.hdf5 import written
from lumentrace.twophoton.convert.source import Source
from lumentrace.twophoton.history import write_history
from lumentrace.twophoton.read.crop import AlignmentCrop
from lumentrace.twophoton.read.recording import FORMAT, MOVIE_DATASET, ORIENTATION

DATA_FILE, MOVIE_FILE = "recording_data.h5", "aligned_movie.h5"


def write_data(
    path: Path,
    source: Source,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    mean: NDArray[np.float64],
    mean_range: tuple[int, int],
    crop: AlignmentCrop,
    reason: str,
    counts: dict[str, int],
    history: Provenance,
) -> None:
    """Write everything but the movie."""
    packed = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    with path.open("wb") as place, written(place) as file:
        file.attrs["twopy_format"], file.attrs["source_session_dir"] = FORMAT, str(source.folder)
        movie = file.create_group("movie")
        movie.attrs["aligned_movie_file"], movie.attrs["aligned_movie_dataset"] = MOVIE_FILE, MOVIE_DATASET
        movie.attrs["aligned_movie_shape"], movie.attrs["aligned_movie_dtype"] = shape, str(dtype)
        movie.attrs["spatial_orientation"] = ORIENTATION
        movie.attrs["source_spatial_orientation"] = source.orientation
        image = movie.create_dataset("mean_image", data=mean)
        image.attrs["spatial_orientation"] = ORIENTATION
        image.attrs["start_frame"], image.attrs["stop_frame"] = mean_range
        if source.frame_times_s is not None:
            movie.create_dataset("frame_times_s", data=source.frame_times_s, **packed)
        valid = movie.create_group("alignment_valid_crop")
        own = crop.crop
        edges = {f"axis{axis}_{end}": getattr(own, f"axis{axis}_{end}") for axis in (0, 1) for end in ("start", "stop")}
        for name, value in {
            "source": "alignment_valid_crop",
            **edges,
            "original_shape": shape[1:],
            **crop.about,
        }.items():
            valid.attrs[name] = value
        if reason:
            valid.attrs["all_frames_because"] = reason
        valid.create_dataset("alignment_offset_pixels", data=crop.offsets, **packed)
        valid.create_dataset("alignment_shift_pixels", data=crop.shifts, **packed)
        valid.create_dataset("motion_artifact_mask", data=crop.moved, **packed)
        for group, values in (("metadata", source.acquisition), ("run", source.run), ("frame_counts", counts)):
            own_group = file.create_group(group)
            for name, value in values.items():
                own_group.attrs[name] = value if isinstance(value, (str, bool, int, float)) else json_text(value)
        _write_stimulus(file, source, packed)
        write_history(file, history)
        diode = file.create_group("photodiode")
        diode.attrs.update(source.synchronization)
        for name, signal, domain in (
            ("imaging_res_pd", source.imaging_res_pd, "imaging_frame"),
            ("high_res_pd", source.high_res_pd, "high_resolution_sample"),
        ):
            diode.create_dataset(name, data=signal, **packed).attrs["sample_domain"] = domain


def _write_stimulus(file: Any, source: Source, packed: dict[str, Any]) -> None:
    import h5py

    group = file.create_group("stimulus")
    group.attrs["clock_source"] = source.clock
    group.create_dataset("data", data=source.stimulus, **packed)
    group.create_dataset("data_column_names", data=list(source.stimulus_columns), dtype=h5py.string_dtype("utf-8"))
    for name, value in (
        ("parameters_json", source.parameters),
        ("function_lookup_json", source.function_lookup),
        ("stimulus_specific_columns_json", source.specific_columns),
    ):
        group.create_dataset(name, data=json_text(value))
