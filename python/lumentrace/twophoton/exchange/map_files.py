"""Response maps on disk."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.storage.hdf5 import opened, written
from lumentrace.twophoton.history import read_history, write_history
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.recording import ORIENTATION
from lumentrace.twophoton.respond.maps import EpochResponseMap, RecordingResponseMaps, ResponseMapOptions

FORMAT = "twopy-response-heatmaps"


def save_response_map_data(path: str | os.PathLike[str], maps: RecordingResponseMaps) -> Path:
    """Write response maps as HDF5; the file appears whole or not at all."""
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        write_maps(file, maps)
    return place


def write_maps(file: BinaryIO, maps: RecordingResponseMaps) -> None:
    """Write response maps into an open file."""
    with written(file) as h5:
        write_history(h5, maps.provenance)
        h5.attrs["twopy_format"], h5.attrs["spatial_orientation"] = FORMAT, ORIENTATION
        h5.attrs["response_scale"] = maps.response_scale
        for name, values in (("options", asdict(maps.options)), ("spatial_crop", asdict(maps.spatial_crop))):
            group = h5.create_group(name)
            for key, value in values.items():
                group.attrs[key] = value
        h5.create_dataset("mean_image", data=maps.mean_image, compression="gzip")
        for number, epoch in enumerate(maps.epochs):
            group = h5.create_group(f"epochs/{number:04d}")
            group.attrs["epoch_name"], group.attrs["epoch_number"] = epoch.epoch_name, epoch.epoch_number
            group.attrs["trial_count"] = epoch.trial_count
            group.create_dataset("response_values", data=epoch.response_values, compression="gzip")


def load_response_map_data(path: str | os.PathLike[str]) -> RecordingResponseMaps:
    """Read response maps that `save_response_map_data` wrote.

    Raises
    ------
    FormatError
        If the file is something else or damaged.
    """
    place = Path(path).expanduser()
    with opened(place, "response maps") as h5:
        return read_maps(place, h5)


def read_maps(place: Path, h5: Any) -> RecordingResponseMaps:
    """Response maps in an open file."""
    kind, orientation = h5.attrs.get("twopy_format"), h5.attrs.get("spatial_orientation")
    if kind != FORMAT or orientation != ORIENTATION:
        raise FormatError(f"{place}: expected format {FORMAT!r} in {ORIENTATION!r}, found {kind!r} in {orientation!r}")
    given = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in h5["options"].attrs.items()
    }
    edges = h5["spatial_crop"].attrs
    shape = edges["original_shape"]
    crop = SpatialCrop(
        int(edges["axis0_start"]),
        int(edges["axis0_stop"]),
        int(edges["axis1_start"]),
        int(edges["axis1_stop"]),
        (int(shape[0]), int(shape[1])),
    )
    mean = h5["mean_image"][()]
    epochs = [h5["epochs"][name] for name in sorted(h5.get("epochs", {}), key=int)]
    found = tuple(
        EpochResponseMap(
            str(each.attrs["epoch_name"]),
            int(each.attrs["epoch_number"]),
            each["response_values"][()],
            int(each.attrs["trial_count"]),
        )
        for each in epochs
    )
    if mean.shape != crop.shape or any(each.response_values.shape != mean.shape for each in found):
        raise FormatError(f"{place}: expected maps of {crop.shape}, found others")
    options, scale = ResponseMapOptions(**given), float(h5.attrs["response_scale"])
    return RecordingResponseMaps(mean, found, options, crop, scale, provenance=read_history(h5, {}))
