"""From a raw movie to dF/F, events and tuning: each step against planted truth; time and memory of a whole run.

python benches/raw_run.py --seeds 3 --first 7200
python benches/raw_run.py --large raw.tif --epochs epochs.csv
"""

from __future__ import annotations

import argparse
import itertools
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import twophoton
from lumentrace.twophoton import ConvertedRecording, RawMovie, RecordingResponses
from lumentrace.twophoton.run import Settings, run
from lumentrace.twophoton.simulate.raw_scene import directions_scene

Floats = NDArray[np.float64]

STATISTICS = ("mean", "demixed")
BACKGROUNDS = ("none", "movie_global_percentile", "movie_y_stripe_percentile")
NEUROPIL = (None, 0.7, "fit")
RATE = 10.0


def nearest(responses: RecordingResponses, raw: RawMovie) -> NDArray[np.int64]:
    """Which planted cell each region is."""
    rois = responses.roi_set
    pairs = zip(rois.regions(), rois.footprints(), strict=True)
    centres = np.array([np.average(np.divmod(own, rois.shape[1]), axis=1, weights=weights) for own, weights in pairs])
    return np.hypot(*(centres[:, None] - raw.truth.centres[None]).transpose(2, 0, 1)).argmin(axis=1)


def against(truth: Floats, found: Floats) -> Floats:
    """Correlation, and slope of the line through both, of each column (regions, 2); NaN without values."""
    return np.array([_against(own, other) for own, other in zip(truth.T, found.T, strict=True)])


def _against(truth: Floats, found: Floats) -> tuple[float, float]:
    known = np.isfinite(found)
    if not (known.any() and np.ptp(truth[known]) > 0):
        return np.nan, np.nan
    x, y = truth[known] - truth[known].mean(), found[known] - found[known].mean()
    return float(x @ y / np.sqrt((x @ x) * (y @ y))), float(x @ y / (x @ x))


def options(raw: RawMovie, recording: ConvertedRecording, rois: Any) -> None:
    """dF/F by each way to take away background and neuropil."""
    for statistic, background, neuropil in itertools.product(STATISTICS, BACKGROUNDS, NEUROPIL):
        found = twophoton.compute_recording_responses(
            recording,
            rois,
            statistic=statistic,  # type: ignore[arg-type]  # one of its names
            background_method=background,  # type: ignore[arg-type]  # one of its names
            neuropil=neuropil,  # type: ignore[arg-type]  # one of its values
        )
        truth = raw.truth.activity.dff[found.dff.start_frame : found.dff.stop_frame][:, nearest(found, raw)]
        r, slope = against(truth, found.dff.values).T
        told = f"r {np.nanmean(r):.3f} (least {np.nanmin(r):.3f}), slope {np.nanmedian(slope):.2f}"
        print(
            f"  {statistic:8} {background:26} {neuropil!s:5} {told} ({np.nanmin(slope):.2f} to {np.nanmax(slope):.2f})"
        )


def planted(seed: int, photons: float) -> None:
    """A whole run on a movie of eight directions."""
    raw = twophoton.simulate_raw(directions_scene(6, rows=128, columns=128, cells=20, photons=photons), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        movie = twophoton.save_raw_movie(folder, raw)
        epochs, place = Path(folder) / "epochs.csv", Path(folder) / "out"
        paths = twophoton.convert_tiff_recording(movie, epochs, place, frame_rate_hz=RATE)
        asked = Settings(motion="nonrigid", rois="cells:9", neuropil="fit", spikes="ar1", tuning="direction")
        outcome = run(paths.path, asked)
        found = outcome.responses
        own, frames = nearest(found, raw), slice(found.dff.start_frame, found.dff.stop_frame)
        assert outcome.spikes is not None
        assert outcome.tuning is not None
        truth = raw.truth.activity
        events = against(truth.spikes[frames][1:, own], outcome.spikes.spikes[1:])[:, 0]
        tuned = np.ptp(truth.tuning[own], axis=1) > 0
        curves = against(truth.tuning[own].T, outcome.tuning.curves.mean)[:, 0]
        known = outcome.tuning.tuned.q <= 0.05
        print(
            f"seed {seed}, {photons:g} photons: {len(own)} regions of 20 cells ({len(set(own.tolist()))} different); "
            f"events r {np.nanmean(events):.2f}; tuned {int((known & tuned).sum())} of {int(tuned.sum())}, "
            f"falsely {int((known & ~tuned).sum())}; curves r {np.nanmedian(curves[tuned]):.2f}; "
            f"{outcome.verdict.level}"
        )
        options(raw, found.recording, found.roi_set)


def large(movie: Path, epochs: Path) -> None:
    """Seconds of each step of a run, and the most memory."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=movie.parent) as folder:
        paths = twophoton.convert_tiff_recording(movie, epochs, folder, frame_rate_hz=RATE)
        print(f"convert {time.perf_counter() - began:.1f} s, {most()}")
        asked = Settings(motion="nonrigid", rois="cells:9", neuropil="fit", spikes="ar1", tuning="direction")
        outcome = run(paths.path, asked)
        for step in outcome.provenance.steps:
            print(f"{step.name} {step.duration:.1f} s")
        middle = time.perf_counter()
        outcome.save(folder)
        ended = time.perf_counter()
        print(
            f"verdict, tables, report {ended - middle:.1f} s; all {ended - began:.1f} s, {most()}; {outcome.figures()}"
        )


def most() -> str:
    """The largest resident memory so far."""
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--photons", type=float, default=5.0)
    parser.add_argument("--large", type=Path)
    parser.add_argument("--epochs", type=Path)
    own = parser.parse_args()
    if own.large is not None:
        large(own.large, own.epochs or own.large.with_name("epochs.csv"))
        return
    for seed in range(own.first, own.first + own.seeds):
        planted(seed, own.photons)


if __name__ == "__main__":
    main()
