"""A recording folder as two HDF5 files: the movie, and everything else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine.progress import Progress, Verbose
from lumentrace.errors import FormatError
from lumentrace.twophoton.cache import publish
from lumentrace.twophoton.crop import AlignmentCrop, alignment_crop
from lumentrace.twophoton.photodiode import stimulus_bounds
from lumentrace.twophoton.places import output_place
from lumentrace.twophoton.ranges import frame_range
from lumentrace.twophoton.recording import FORMAT, MOVIE_DATASET, MOVIE_FORMAT, ORIENTATION
from lumentrace.twophoton.sides import side_in_database
from lumentrace.twophoton.source import MOVIE, Source, read_source
from lumentrace.twophoton.source import MOVIE_DATASET as SOURCE_DATASET

SOURCE_ORIENTATION = "alignedMovie_imgFrames_ch1_source_axes"
DATA_FILE, MOVIE_FILE = "recording_data.h5", "aligned_movie.h5"
BLOCK = 64
"""Frames that are read at a time."""
CHUNK_FRAMES = 8
CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class ConvertedPaths:
    """Where a converted recording is.

    Attributes
    ----------
    path, movie_path : path
    source_session_dir : path
    movie_shape : tuple of int
        (frames, rows, columns)
    mean_image_start_frame, mean_image_stop_frame : int
    """

    path: Path
    movie_path: Path
    source_session_dir: Path
    movie_shape: tuple[int, int, int]
    mean_image_start_frame: int
    mean_image_stop_frame: int


def convert_recording(
    session_dir: str | os.PathLike[str],
    output_dir: str | os.PathLike[str] | None = None,
    *,
    mean_start_frame: int | None = None,
    mean_stop_frame: int | None = None,
    config_path: str | os.PathLike[str] | None = None,
    verbose: Verbose = False,
) -> ConvertedPaths:
    """Convert a recording folder; the movie is copied block by block and never held whole.

    Both files are written beside their place and put there at the end: an interruption leaves the old ones. The
    hemisphere is noted if the lab's database knows it. ``convert_recording_to_twopy`` is another name of this function.

    Parameters
    ----------
    session_dir : path
    output_dir : path, optional
        By default as the settings say: in the cache, in ``lumentrace`` in the recording folder, or below a root.
    mean_start_frame, mean_stop_frame : int, optional
        Frames of the mean image; all by default.
    config_path : path, optional
        The settings; looked for as `config.load_config` does by default. Without `output_dir` there must be some.
    verbose : bool or callable, default False
        True for a progress bar.

    Raises
    ------
    FileNotFoundError
        If a file or the settings are missing.
    FormatError
        If a file is damaged, or the parts do not fit each other.
    ValueError
        If the range lies outside the movie, the recording in none of the data folders that results are arranged by, or
        the database says something else than left or right.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from lumentrace import twophoton
    >>> with TemporaryDirectory() as folder:
    ...     try:
    ...         twophoton.convert_recording(Path(folder) / "no such recording", folder)
    ...     except FileNotFoundError as error:
    ...         print(str(error).partition(": ")[2])
    expected a recording folder, found none
    """
    source = read_source(Path(session_dir))
    target = output_place(source.folder, output_dir, config_path)
    side = None if target.config is None else side_in_database(source.folder, target.config)
    if side is not None:
        source.run.update(hemisphere=side, eye=side)
    place = target.folder
    place.mkdir(parents=True, exist_ok=True)
    work = Path(mkdtemp(prefix=".converting-", dir=place))
    try:
        with _Movie(source.folder / MOVIE) as movie:
            first, stop = frame_range(mean_start_frame, mean_stop_frame, movie.shape[0])
            counts = _frame_counts(source, movie.shape[0])
            crop, reason = _crop(source, movie.shape)
            with Progress(verbose, movie.shape[0], "Converting", "frame") as progress:
                mean, dtype = _copy(movie, work / MOVIE_FILE, source.folder, (first, stop), progress.reach)
        _write_data(work / DATA_FILE, source, movie.shape, dtype, mean, (first, stop), crop, reason, counts)
        _publish(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if target.cached and target.config is not None:
        config = target.config
        publish(place, (DATA_FILE, MOVIE_FILE), config.analysis_cache_dir, config.analysis_cache_max_bytes)
    return ConvertedPaths(place / DATA_FILE, place / MOVIE_FILE, source.folder, movie.shape, first, stop)


convert_recording_to_twopy = convert_recording


class _Movie:
    """The movie of the source as (frames, rows, columns), block by block."""

    def __init__(self, path: Path):
        self.path = path
        self._file: Any = None
        self._data: Any = None

    def __enter__(self) -> _Movie:
        import h5py

        if h5py.is_hdf5(self.path):
            try:
                self._file = h5py.File(self.path, "r")
            except OSError as error:
                raise FormatError(f"{self.path}: expected a MATLAB file, found a damaged one ({error})") from error
            if SOURCE_DATASET not in self._file:
                raise FormatError(f"{self.path}: expected the variable {SOURCE_DATASET}, found {', '.join(self._file)}")
            self._data = self._file[SOURCE_DATASET]
        else:
            self._data = _old_movie(self.path)
        if self._data.ndim != 3 or self._data.dtype.kind not in "uif":
            raise FormatError(
                f"{self.path}: expected frames of numbers, found {self._data.dtype} of {self._data.shape}"
            )
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        frames, columns, rows = self._data.shape
        return int(frames), int(rows), int(columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the source."""
        found: np.dtype[Any] = self._data.dtype
        return found

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Frames; raises `FormatError` if they are damaged."""
        try:
            return np.ascontiguousarray(np.swapaxes(self._data[start:stop], 1, 2))
        except OSError as error:
            raise FormatError(f"{self.path}: frames {start} to {stop} are damaged ({error})") from error


def _old_movie(path: Path) -> NDArray[Any]:
    """A movie in an older MATLAB file, where axes come the other way round."""
    from scipy.io import loadmat

    try:
        found = loadmat(path, variable_names=[SOURCE_DATASET])
    except Exception as error:
        # The reader raises what it likes on damaged data; the cause is kept.
        raise FormatError(f"{path}: expected a MATLAB file, found a damaged or different one ({error})") from error
    if SOURCE_DATASET not in found:
        raise FormatError(f"{path}: expected the variable {SOURCE_DATASET}, found none")
    return np.asarray(found[SOURCE_DATASET]).T


def _copy(
    movie: _Movie, path: Path, folder: Path, mean_range: tuple[int, int], tell: Callable[[int], None]
) -> tuple[NDArray[np.float64], np.dtype[Any]]:
    """Copy the movie in the narrowest type that loses nothing; its mean image."""
    import h5py

    frames, rows, columns = movie.shape
    dtype = _narrow(movie)
    total = np.zeros((rows, columns))
    depth = max(1, min(CHUNK_FRAMES, frames, CHUNK_BYTES // max(rows * columns * dtype.itemsize // 4, 1)))
    with h5py.File(path, "w") as file:
        file.attrs["twopy_format"] = MOVIE_FORMAT
        file.attrs["source_session_dir"] = str(folder)
        chunks = (depth, min(rows, 64), min(columns, 64))
        data = file.create_dataset(
            MOVIE_DATASET, movie.shape, dtype, chunks=chunks, compression="gzip", compression_opts=1, shuffle=True
        )
        data.attrs["source_path"], data.attrs["source_dataset"] = str(movie.path), SOURCE_DATASET
        data.attrs["spatial_orientation"] = ORIENTATION
        data.attrs["source_spatial_orientation"] = SOURCE_ORIENTATION
        for start in range(0, frames, BLOCK):
            stop = min(start + BLOCK, frames)
            block = movie.read(start, stop)
            data[start:stop] = block.astype(dtype)
            first, last = max(start, mean_range[0]), min(stop, mean_range[1])
            if first < last:
                total += block[first - start : last - start].sum(axis=0, dtype=np.float64)
            tell(stop)
    return total / (mean_range[1] - mean_range[0]), dtype


def _narrow(movie: _Movie) -> np.dtype[Any]:
    """The narrowest whole numbers that hold all values; the type of the source if there is none."""
    if movie.dtype.kind != "f":
        return movie.dtype
    low, high = np.inf, -np.inf
    for start in range(0, movie.shape[0], BLOCK):
        block = movie.read(start, min(start + BLOCK, movie.shape[0]))
        if not np.isfinite(block).all() or (block != np.rint(block)).any():
            return movie.dtype
        low, high = min(low, float(block.min())), max(high, float(block.max()))
    for kind in ("uint8", "uint16", "int16", "int32"):
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return np.dtype(kind)
    return movie.dtype


def _frame_counts(source: Source, frames: int) -> dict[str, int]:
    """Numbers of frames; ValueError unless they fit."""
    recorded, samples = int(source.acquisition["acq.numberOfFrames"]), len(source.imaging_res_pd)
    if samples != frames or recorded - frames not in (-1, 0):
        raise FormatError(
            f"{source.folder}: expected as many photodiode samples as frames of the movie, and as many or one fewer "
            f"recorded, found {frames} frames, {samples} samples, {recorded} recorded"
        )
    return {
        "aligned_movie_frames": frames,
        "imaging_res_pd_samples": samples,
        "acquisition_number_of_frames": recorded,
        "imaging_res_pd_minus_movie": samples - frames,
        "acquisition_minus_movie": recorded - frames,
    }


def _crop(source: Source, shape: tuple[int, int, int]) -> tuple[AlignmentCrop, str]:
    """The valid crop; and why all frames were looked at, if the photodiode does not say when the stimulus ran."""
    rate, reason = float(source.acquisition["acq.frameRate"]), ""
    try:
        bounds = stimulus_bounds(source.high_res_pd, shape[0], rate)
    except ValueError as error:
        bounds, reason = (0, shape[0]), str(error)
    return alignment_crop(source.alignment, shape, source.acquisition, bounds), reason


def _write_data(
    path: Path,
    source: Source,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    mean: NDArray[np.float64],
    mean_range: tuple[int, int],
    crop: AlignmentCrop,
    reason: str,
    counts: dict[str, int],
) -> None:
    import h5py

    packed = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    with h5py.File(path, "w") as file:
        file.attrs["twopy_format"], file.attrs["source_session_dir"] = FORMAT, str(source.folder)
        movie = file.create_group("movie")
        movie.attrs["aligned_movie_file"], movie.attrs["aligned_movie_dataset"] = MOVIE_FILE, MOVIE_DATASET
        movie.attrs["aligned_movie_shape"], movie.attrs["aligned_movie_dtype"] = shape, str(dtype)
        movie.attrs["spatial_orientation"] = ORIENTATION
        movie.attrs["source_spatial_orientation"] = SOURCE_ORIENTATION
        image = movie.create_dataset("mean_image", data=mean)
        image.attrs["spatial_orientation"] = ORIENTATION
        image.attrs["start_frame"], image.attrs["stop_frame"] = mean_range
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
                own_group.attrs[name] = value if isinstance(value, (str, bool, int, float)) else json.dumps(value)
        _write_stimulus(file, source, packed)
        diode = file.create_group("photodiode")
        diode.attrs["clock_model"] = "a sample per frame of the movie, and a whole number of samples per frame"
        for name, signal, domain in (
            ("imaging_res_pd", source.imaging_res_pd, "imaging_frame"),
            ("high_res_pd", source.high_res_pd, "high_resolution_sample"),
        ):
            diode.create_dataset(name, data=signal, **packed).attrs["sample_domain"] = domain


def _write_stimulus(file: Any, source: Source, packed: dict[str, Any]) -> None:
    import h5py

    group = file.create_group("stimulus")
    group.attrs["clock_source"] = "stimulus_computer"
    group.create_dataset("data", data=source.stimulus, **packed)
    group.create_dataset("data_column_names", data=list(source.stimulus_columns), dtype=h5py.string_dtype("utf-8"))
    for name, value in (
        ("parameters_json", source.parameters),
        ("function_lookup_json", source.function_lookup),
        ("stimulus_specific_columns_json", source.specific_columns),
    ):
        group.create_dataset(name, data=json.dumps(value))


def _publish(work: Path, place: Path) -> None:
    """Put both files in their place; if the second cannot be, the old first one comes back."""
    names = (MOVIE_FILE, DATA_FILE)
    kept = [name for name in names if (place / name).exists()]
    for name in kept:
        os.replace(place / name, work / f"old-{name}")
    try:
        for name in names:
            os.replace(work / name, place / name)
    except BaseException:
        for name in names:
            with suppress(OSError):
                if name in kept:
                    os.replace(work / f"old-{name}", place / name)
                else:
                    (place / name).unlink(missing_ok=True)
        raise
