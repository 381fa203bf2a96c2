"""A recording folder as two HDF5 files: the movie, and everything else."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.errors import FormatError
from lumentrace.base.files import named
from lumentrace.base.provenance import Provenance, Watch, content
from lumentrace.base.working import put_in_place, working_folder
from lumentrace.engine.progress import Verbose
from lumentrace.engine.run import Run
from lumentrace.storage.chunks import forget_open_files, frames_of
from lumentrace.storage.hdf5_check import check
from lumentrace.storage.matlab import read_matlab
from lumentrace.twophoton.convert.cache import publish as note_published
from lumentrace.twophoton.convert.converted_files import DATA_FILE, MOVIE_FILE, write_data
from lumentrace.twophoton.convert.movie_copy import copy_movie
from lumentrace.twophoton.convert.movie_source import MovieSource
from lumentrace.twophoton.convert.source import MOVIE, Source, read_source
from lumentrace.twophoton.convert.source import MOVIE_DATASET as SOURCE_DATASET
from lumentrace.twophoton.convert.source import ORIENTATION as SOURCE_ORIENTATION
from lumentrace.twophoton.measure.photodiode import find_stimulus
from lumentrace.twophoton.read.crop import AlignmentCrop, alignment_crop
from lumentrace.twophoton.read.places import output_place
from lumentrace.twophoton.read.ranges import frame_range
from lumentrace.twophoton.read.sides import side_in_database


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
    provenance : Provenance
        The recording folder, and the steps of its conversion with their times; kept in the file too.
    """

    path: Path
    movie_path: Path
    source_session_dir: Path
    movie_shape: tuple[int, int, int]
    mean_image_start_frame: int
    mean_image_stop_frame: int
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


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
    KeyError
        If the stimulus computer's lookup has no function for a type of stimulus.
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
    watch = Watch()
    source = read_source(Path(session_dir))
    target = output_place(source.folder, output_dir, config_path)
    config = target.config
    side = None if config is None else side_in_database(source.folder, config)
    if side is not None:
        source.run.update(hemisphere=side, eye=side)
    with RecordedMovie(source.folder / MOVIE) as movie:
        mean_range = frame_range(mean_start_frame, mean_stop_frame, movie.shape[0])
        counts = _frame_counts(source, movie.shape[0])
        history = watch.after(Provenance(_identity(source, movie)), "read_source", {"hemisphere": side})
        watch = Watch()
        crop, reason = _crop(source, movie.shape)
        history = watch.after(history, "alignment_valid_crop", crop.about)
        paths = write_recording(
            movie, source, target.folder, mean_range, crop, counts, history, reason=reason, verbose=verbose
        )
    if target.cached and config is not None:
        note_published(
            target.folder, (DATA_FILE, MOVIE_FILE), config.analysis_cache_dir, config.analysis_cache_max_bytes
        )
    return paths


convert_recording_to_twopy = convert_recording


def write_recording(
    movie: MovieSource,
    source: Source,
    place: Path,
    mean_range: tuple[int, int],
    crop: AlignmentCrop,
    counts: dict[str, int],
    history: Provenance,
    *,
    reason: str = "",
    verbose: Verbose = False,
) -> ConvertedPaths:
    """Write both files of a recording beside their place, and put them there at the end.

    Parameters
    ----------
    movie : MovieSource
    source : Source
        Everything else.
    place : path
        A folder, made if it is missing.
    mean_range : tuple of int
        Frames of the mean image: first and end.
    crop : AlignmentCrop
    counts : dict
        Numbers of frames that are kept with the recording.
    history : Provenance
        What was done so far.
    reason : str
        Why the crop looks at all frames, if it does so for want of a photodiode.
    verbose : bool or callable
    """
    place.mkdir(parents=True, exist_ok=True)
    start, stop = mean_range
    about = {"mean_start_frame": start, "mean_stop_frame": stop}
    with (
        working_folder(place, "converting") as work,
        Run(history, movie.shape[0], 1, verbose, "Converting", "frame") as steps,
    ):
        with named(place / MOVIE_FILE):
            mean, dtype = steps.step(
                "copy_movie", about, lambda: copy_movie(movie, work / MOVIE_FILE, source.folder, mean_range)
            )
        done = steps.provenance
        with named(place / DATA_FILE):
            write_data(work / DATA_FILE, source, movie.shape, dtype, mean, mean_range, crop, reason, counts, done)
        forget_open_files()
        put_in_place(work, place)
    return ConvertedPaths(
        place / DATA_FILE, place / MOVIE_FILE, source.folder, movie.shape, start, stop, provenance=done
    )


def _identity(source: Source, movie: MovieSource) -> dict[str, Any]:
    """What tells this recording folder from any other; the movie, which is large, by its size."""
    return {
        "path": str(source.folder.resolve()),
        "movie": list(movie.shape),
        "bytes": movie.path.stat().st_size,
        "xxh3 of the stimulus": content(source.stimulus),
        "xxh3 of the photodiode": content(source.high_res_pd),
    }


class RecordedMovie(MovieSource):
    """The movie of the recording folder, where rows and columns come the other way round."""

    dataset, orientation = SOURCE_DATASET, SOURCE_ORIENTATION

    def __init__(self, path: Path):
        self.path = path
        self._chunks: _core.MovieFrames | None = None
        self._file: Any = None
        self._data: Any = None

    def __enter__(self) -> RecordedMovie:
        import h5py

        if h5py.is_hdf5(self.path):
            check(self.path, "a movie of MATLAB")
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
        if self._file is not None:
            self._chunks = frames_of(self.path, SOURCE_DATASET)
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

    def frames(self, start: int, stop: int) -> tuple[_core.MovieFrames, tuple[int, int], bool]:
        """Some frames for kernels, which read the chunks of the file themselves where they can."""
        if self._chunks is None:
            return super().frames(start, stop)
        return self._chunks, (start, stop), True


def _old_movie(path: Path) -> NDArray[Any]:
    """A movie in an older MATLAB file, where axes come the other way round."""
    found = read_matlab(path, SOURCE_DATASET, squeeze=False)
    if SOURCE_DATASET not in found:
        raise FormatError(f"{path}: expected the variable {SOURCE_DATASET}, found none")
    return np.asarray(found[SOURCE_DATASET]).T


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
        found = find_stimulus(source.high_res_pd, shape[0], rate)
        bounds = found.start_frame, found.stop_frame
    except ValueError as error:
        bounds, reason = (0, shape[0]), str(error)
    return alignment_crop(source.alignment, shape, source.acquisition, bounds), reason
