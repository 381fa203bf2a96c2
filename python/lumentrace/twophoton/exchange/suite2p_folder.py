"""Regions and their traces as a folder that Suite2p opens.

The files are those that the documentation of Suite2p describes under "Outputs": Pachitariu et al., Suite2p: beyond
10,000 neurons with standard two-photon microscopy, bioRxiv 061507.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import __version__
from lumentrace.base.files import named
from lumentrace.base.masked import unmasked
from lumentrace.base.working import put_in_place, working_folder
from lumentrace.storage.sink import replaced_through_sink
from lumentrace.twophoton.exchange.suite2p import CELLS, SETTINGS, STATISTICS
from lumentrace.twophoton.exchange.suite2p_statistics import statistics
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.measure.trace_blocks import positive
from lumentrace.twophoton.measure.traces import BackgroundCorrectedRoiTraces
from lumentrace.twophoton.regions.rois import RoiSet

FLUORESCENCE, NEUROPIL, SPIKES = "F.npy", "Fneu.npy", "spks.npy"
LEAST_PROBABILITY = 0.5
"""From which on a region is a cell."""
DEFAULT_TAU = 1.0
"""Seconds; what Suite2p takes without a better value."""

Floats = NDArray[np.float32]


@unmasked
def save_suite2p(
    folder: str | os.PathLike[str],
    rois: RoiSet,
    traces: BackgroundCorrectedRoiTraces,
    mean_image: NDArray[Any],
    *,
    rate_hz: float,
    neuropil: BackgroundCorrectedRoiTraces | None = None,
    neuropil_coefficient: float = 0.7,
    spikes: Spikes | None = None,
    probabilities: Sequence[float] | NDArray[Any] | None = None,
) -> Path:
    """Write regions and their traces as the folder of a plane that Suite2p and programs that read its results open.

    =============  ====================================================================================================
    file           what it is
    =============  ====================================================================================================
    ``F.npy``      ``raw_values`` of `traces` (regions, frames), float32
    ``Fneu.npy``   ``raw_values`` of `neuropil`; zeros without it, and ``neuropil_extract`` is False in ``ops.npy``
    ``spks.npy``   events; zeros without `spikes`, and ``spikedetect`` is False in ``ops.npy``
    ``iscell.npy`` (regions, 2): 1 for cells, else 0; and the probability
    ``stat.npy``   a dict for each region: its pixels, their weights, and figures of its shape and its trace
    ``ops.npy``    a dict: size of the frame, rate, number of frames, mean image; under ``lumentrace``, the labels of
                   regions, and the frames of the movie that the traces begin and end at
    =============  ====================================================================================================

    In ``stat.npy``, ``lam`` are the weights of the pixels of a region, which add up to 1; ``skew`` and ``std`` are
    those of F - r Fneu; ``footprint``, which only the movie tells, is NaN.

    Parameters
    ----------
    folder : path
        As ``suite2p/plane0``; made if there is none. Files of these names in it are replaced. A process that is killed
        leaves the old ones, the new ones, or no ``stat.npy``, without which nothing is read.
    rois : RoiSet
        Regions that have traces are written, in the order of the traces.
    traces : BackgroundCorrectedRoiTraces
    mean_image : ndarray
        (rows, columns) of the frame, as ``recording.mean_image``.
    rate_hz : float
        Frames per second.
    neuropil : BackgroundCorrectedRoiTraces, optional
        Traces of the `neuropil_roi_set` of the same regions and frames.
    neuropil_coefficient : float, default 0.7
        The r that Suite2p shows F - r Fneu with.
    spikes : Spikes, optional
        Of the same regions and frames, from `deconvolve`.
    probabilities : sequence of float, optional
        That each of `rois` is a cell, from 0 to 1, such as the scores of `find_cells`; those of 0.5 and more are cells.
        1 by default.

    Returns
    -------
    path
        The folder.

    Raises
    ------
    ValueError
        If regions, frames or shapes do not fit each other, a setting is out of range, or a value is not finite, for
        which the files have no place.
    OSError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = twophoton.simulate_recording(folder, cells=3, rows=48, columns=48, repeats=2, seed=1)
    ...     recording = twophoton.load_converted_recording(twophoton.convert_recording(folder, folder).path)
    ...     rois = twophoton.grid_roi_set((48, 48), grid_size_pixels=12)
    ...     traces = twophoton.extract_background_corrected_roi_traces(recording, rois)
    ...     plane = twophoton.save_suite2p(f"{folder}/plane0", rois, traces, recording.mean_image, rate_hz=10.0)
    ...     again = twophoton.load_suite2p_rois(plane)
    >>> len(again) == len(rois)
    True
    """
    rate, image = positive("rate_hz", rate_hz), _image(mean_image, rois.shape)
    if not math.isfinite(neuropil_coefficient):
        raise ValueError(f"`neuropil_coefficient`: expected a finite number, found {neuropil_coefficient!r}")
    numbers, shape = _numbers(rois, traces), traces.raw_values.shape
    fluorescence = _rows("traces", traces.raw_values, shape, traces.labels)
    around = np.zeros_like(fluorescence)
    if neuropil is not None:
        if (neuropil.labels, neuropil.start_frame) != (traces.labels, traces.start_frame):
            raise ValueError("`neuropil`: expected the regions and frames of `traces`, found others")
        around = _rows("neuropil", neuropil.raw_values, shape, traces.labels)
    events = np.zeros_like(fluorescence)
    if spikes is not None:
        events = _rows("spikes", spikes.spikes, shape, traces.labels)
    cells = _cells(probabilities, len(rois))[numbers]
    stat = np.empty(len(numbers), object)
    stat[:] = statistics(rois, numbers, fluorescence - np.float32(neuropil_coefficient) * around)
    settings = {
        **_settings(rois.shape, image, rate, len(traces.raw_values)),
        "diameter": round(2 * float(np.median([own["radius"] for own in stat]))),
        "neuropil_extract": neuropil is not None,
        "neucoeff": float(neuropil_coefficient),
        "spikedetect": spikes is not None,
        "tau": DEFAULT_TAU if spikes is None else float(np.median(spikes.tau[:, 0])),
        "lumentrace": _about(traces),
    }
    files: dict[str, NDArray[Any]] = {FLUORESCENCE: fluorescence, NEUROPIL: around, SPIKES: events}
    files |= {CELLS: cells, STATISTICS: stat, SETTINGS: np.array(settings, object)}
    return _written(Path(folder).expanduser(), files)


def _image(image: NDArray[Any], shape: tuple[int, int]) -> Floats:
    found = np.asarray(image, np.float32)
    if found.shape != shape or not np.isfinite(found).all():
        told = "others" if found.shape == shape else f"shape {found.shape}"
        raise ValueError(f"`mean_image`: expected finite values of shape {shape}, found {told}")
    return found


def _numbers(rois: RoiSet, traces: BackgroundCorrectedRoiTraces) -> list[int]:
    """Which of the regions each trace is of."""
    known = {label: number for number, label in enumerate(rois.labels)}
    missing = [label for label in traces.labels if label not in known]
    if missing or not traces.labels:
        found = ", ".join(missing[:5]) or "none"
        raise ValueError(f"`traces`: expected traces of regions of `rois`, found {found}")
    return [known[label] for label in traces.labels]


def _rows(name: str, values: NDArray[Any], shape: tuple[int, ...], labels: Sequence[str]) -> Floats:
    """Values (regions, frames) from those of (frames, regions)."""
    if values.shape != shape:
        raise ValueError(f"`{name}`: expected {shape} frames and regions, found {values.shape}")
    found = np.ascontiguousarray(values.T, np.float32)
    known = np.isfinite(found).all(axis=1).tolist()
    unknown = [label for label, own in zip(labels, known, strict=True) if not own]
    if unknown:
        raise ValueError(f"`{name}`: expected finite values of float32, found others in {', '.join(unknown[:5])}")
    return found


def _cells(probabilities: Sequence[float] | NDArray[Any] | None, count: int) -> NDArray[np.float64]:
    """(regions, 2): 1 for cells, and the probability."""
    found = np.ones(count) if probabilities is None else np.asarray(probabilities, np.float64)
    if found.shape != (count,) or not ((found >= 0) & (found <= 1)).all():
        raise ValueError(f"`probabilities`: expected {count} numbers from 0 to 1, found shape {found.shape} or others")
    return np.column_stack([found >= LEAST_PROBABILITY, found])


def _settings(shape: tuple[int, int], image: Floats, rate: float, frames: int) -> dict[str, Any]:
    return {
        "Ly": shape[0],
        "Lx": shape[1],
        "yrange": [0, shape[0]],
        "xrange": [0, shape[1]],
        "nframes": frames,
        "fs": rate,
        "nplanes": 1,
        "nchannels": 1,
        "functional_chan": 1,
        "meanImg": image,
    }


def _about(traces: BackgroundCorrectedRoiTraces) -> dict[str, Any]:
    return {
        "version": __version__,
        "labels": list(traces.labels),
        "start_frame": int(traces.start_frame),
        "stop_frame": int(traces.stop_frame),
        "statistic": traces.statistic,
    }


def _written(place: Path, files: dict[str, NDArray[Any]]) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    with working_folder(place, "saving") as work, named(place):
        for name, values in files.items():
            with replaced_through_sink(work / name) as file:
                np.lib.format.write_array(file, values, allow_pickle=values.dtype.hasobject)
        put_in_place(work, place, seal=STATISTICS)
    return place
