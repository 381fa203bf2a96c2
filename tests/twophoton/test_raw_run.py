"""A run from a raw movie with known truth to cells, events and tuning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tifffile

from found_cells import found_cells
from hdf5_contents import contents
from lumentrace import twophoton
from lumentrace.base.errors import FormatError
from lumentrace.twophoton import Movie, RawMovie
from lumentrace.twophoton.align.recording import AlignedMovie, aligned_recording
from lumentrace.twophoton.measure.film import film_parts
from lumentrace.twophoton.respond.region_table import region_table
from lumentrace.twophoton.run import Outcome, Settings, report_again, run
from lumentrace.twophoton.simulate.raw_scene import directions_scene

ASKED = {"motion": "rigid", "rois": "cells:8", "neuropil": "fit", "spikes": "ar1", "tuning": "direction"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[RawMovie, Path]:
    """A movie, and where it was converted to."""
    folder = tmp_path_factory.mktemp("raw")
    raw = twophoton.simulate_raw(directions_scene(3, rows=64, columns=64, cells=6, photons=8.0), seed=11)
    movie = twophoton.save_raw_movie(folder, raw)
    rate = raw.scene.frame_rate_hz
    return raw, twophoton.convert_tiff_recording(movie, folder / "epochs.csv", folder / "out", frame_rate_hz=rate).path


@pytest.fixture(scope="module")
def outcome(made: tuple[RawMovie, Path], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The whole run, kept."""
    return run(made[1], Settings(**ASKED), run_dir=tmp_path_factory.mktemp("kept") / "run")


def nearest(outcome: Outcome, raw: RawMovie) -> np.ndarray:
    """Which planted cell each region is; each at most once, and none farther than two pixels."""
    regions, columns = outcome.responses.roi_set, raw.scene.columns
    pairs = zip(regions.regions(), regions.footprints(), strict=True)
    centres = np.array([np.average(np.divmod(own, columns), axis=1, weights=weights) for own, weights in pairs])
    away = np.hypot(*(centres[:, None] - raw.truth.centres[None]).transpose(2, 0, 1))
    assert (away.min(axis=1) < 2).all()
    found = away.argmin(axis=1)
    assert len(set(found.tolist())) == len(found)
    return found


def test_cells_events_and_tuning_are_those_that_were_planted(made: tuple[RawMovie, Path], outcome: Outcome) -> None:
    raw, _ = made
    own = nearest(outcome, raw)
    assert len(own) >= 5
    dff = outcome.responses.dff
    frames = slice(dff.start_frame, dff.stop_frame)
    spikes, tuning = outcome.spikes, outcome.tuning
    assert spikes is not None
    assert tuning is not None
    assert outcome.responses.traces.statistic == "demixed"
    for place, cell in enumerate(own):
        truth = raw.truth.activity.dff[frames, cell]
        slope = np.polyfit(truth, dff.values[:, place], 1)[0]
        # A second of grey does not always let calcium decay, so that baselines are up to a fifth too high.
        assert 0.75 < slope < 1.2
        assert np.corrcoef(truth, dff.values[:, place])[0, 1] > 0.6
        assert np.corrcoef(raw.truth.activity.spikes[frames, cell][1:], spikes.spikes[1:, place])[0, 1] > 0.7
    planted = raw.truth.activity.tuning[own]
    tuned = np.ptp(planted, axis=1) > 0
    assert tuned.sum() >= 3
    assert (tuning.tuned.q[tuned] < 0.05).all()
    assert (tuning.tuned.p[~tuned] > 0.01).all()
    for place in np.flatnonzero(tuned):
        assert np.corrcoef(tuning.curves.mean[:, place], planted[place])[0, 1] > 0.7


def test_names_of_steps_and_tables(outcome: Outcome) -> None:
    assert [step.name for step in outcome.provenance.steps] == ["motion", "cells", "responses", "spikes", "tuning"]
    names = ["regions", "trials", "cells", "neuropil", "spikes", "tuning", "tuning_curves"]
    assert list(outcome.tables()) == names
    regions = len(outcome.responses.dff.labels)
    assert len(outcome.to_polars("tuning_curves")) == 8 * regions
    assert outcome.figures()["tuned"] == outcome.to_polars("tuning").filter(pl.col("tuned_q") <= 0.05).height


def test_kept_steps_are_found_again(made: tuple[RawMovie, Path], outcome: Outcome, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = run(made[1], Settings(**ASKED), run_dir=folder)
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    assert sorted(kept) == ["analysis_outputs.h5", "cells.h5", "motion.h5", "spikes.h5"]
    (folder / "spikes.h5").unlink()
    again = run(made[1], Settings(**ASKED), run_dir=folder)
    changed = {name for name, time in kept.items() if (folder / name).stat().st_mtime_ns != time}
    assert changed == {"spikes.h5"}
    for other in (first, again):
        np.testing.assert_array_equal(other.spikes.spikes, outcome.spikes.spikes)  # type: ignore[union-attr]
        assert other.to_polars("tuning").equals(outcome.to_polars("tuning"), null_equal=True)


def test_the_report_is_made_again_from_what_was_saved(outcome: Outcome, tmp_path: Path) -> None:
    outcome.save(tmp_path)
    tables = sorted(path.stem for path in (tmp_path / "exports" / "csvs").iterdir())
    assert {"cells", "neuropil", "spikes", "tuning", "tuning_curves"} < set(tables)
    first, again = (tmp_path / "report.html").read_text(), report_again(tmp_path, out=tmp_path / "b.html").read_text()
    for name in ("Motion", "Cells", "Neuropil", "Events", "Tuning"):
        assert f"<h2>{name}</h2>" in first
        assert f"<h2>{name}</h2>" in again
    assert "regions are tuned to direction" in again


def test_neuropil_is_that_of_the_single_steps(made: tuple[RawMovie, Path]) -> None:
    recording = twophoton.load_converted_recording(made[1])
    labels = np.zeros(recording.movie.shape[1:], int)
    labels[10:20, 10:20], labels[30:44, 30:40] = 1, 2
    rois = twophoton.make_roi_set_from_label_image(labels)
    found = twophoton.compute_recording_responses(recording, rois, neuropil=0.3)
    span: dict[str, Any] = {name: getattr(found.traces, name) for name in ("method", "start_frame", "stop_frame")}
    around = twophoton.extract_background_corrected_roi_traces(recording, twophoton.neuropil_roi_set(rois), **span)
    expected = found.traces.corrected_values - 0.3 * around.corrected_values
    np.testing.assert_allclose(found.dff.fluorescence, expected, rtol=1e-12)
    assert found.neuropil is not None
    unknown = replace(found.neuropil, reasons=("it does not change", ""))
    told = region_table(replace(found, neuropil=unknown), found.epoch_means())
    assert [row.reasons for row in told] == [("no coefficient of the neuropil: it does not change",), ()]
    with pytest.raises(ValueError, match="`neuropil`: expected 'fit', a number or None, found 'some'"):
        twophoton.compute_recording_responses(recording, rois, neuropil="some")  # type: ignore[arg-type]


def test_frames_that_moved_too_far_have_no_events(outcome: Outcome) -> None:
    responses, moved = outcome.responses, outcome.responses.recording.motion_artifact_mask.copy()
    moved[100:110] = True
    some = twophoton.recording_spikes(replaced(responses, moved), tau=0.5)
    start = responses.dff.start_frame
    assert np.isnan(some.spikes[100 - start : 110 - start]).all()
    assert np.isfinite(some.spikes[110 - start : 300]).all()
    assert all("bridged" in note for note in some.notes)
    moved[: len(moved) // 2] = True
    none = twophoton.recording_spikes(replaced(responses, moved), tau=0.5)
    assert np.isnan(none.spikes).all()
    assert all("too many frames moved too far" in reason for reason in none.reasons)


def replaced(responses: Any, moved: np.ndarray) -> Any:
    """Responses of a recording with other frames that moved."""
    return replace(responses, recording=replace(responses.recording, motion_artifact_mask=moved))


def test_parameters_that_are_no_angles_have_no_selectivity(outcome: Outcome) -> None:
    recording = outcome.responses.recording
    names = tuple(name.replace("direction", "contrast") for name in recording.stimulus_data_column_names)
    responses = replace(outcome.responses, recording=replace(recording, stimulus_data_column_names=names))
    found = twophoton.recording_tuning(responses, "contrast")
    assert found.selectivity is None
    assert "dsi_vector" not in found.table().columns
    with pytest.raises(ValueError, match="did you mean 'contrast'"):
        twophoton.recording_tuning(responses, "contrats")


def test_an_unknown_parameter_is_told_before_anything_is_done(made: tuple[RawMovie, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="did you mean 'direction'"):
        run(made[1], Settings(**{**ASKED, "tuning": "directoin"}), run_dir=tmp_path / "run")
    assert not list(tmp_path.rglob("*.h5"))


def test_other_programs_get_the_run(outcome: Outcome, tmp_path: Path) -> None:
    moved = outcome.responses.recording.motion_artifact_mask.copy()
    moved[200:203] = True
    run = replace(outcome, responses=replaced(outcome.responses, moved))
    folder = run.save_suite2p(tmp_path / "suite2p" / "plane0")
    held = {name: np.load(folder / f"{name}.npy") for name in ("F", "Fneu", "spks", "iscell")}
    start, neuropil = outcome.responses.dff.start_frame, outcome.responses.neuropil
    assert neuropil is not None
    kept = ~moved[start : outcome.responses.dff.stop_frame]
    expected = outcome.responses.traces.corrected_values.T
    np.testing.assert_array_equal(held["F"][:, kept], expected[:, kept].astype(np.float32))
    np.testing.assert_array_equal(held["Fneu"][:, kept], neuropil.neuropil_values.T[:, kept].astype(np.float32))
    before, after = expected[:, 199 - start], expected[:, 203 - start]
    np.testing.assert_allclose(held["F"][:, 201 - start], (before + after) / 2, rtol=1e-6)
    assert outcome.cells is not None
    assert held["iscell"][:, 1].tolist() == [own.score for own in outcome.cells.figures[: len(expected)]]
    again = twophoton.load_suite2p_rois(folder)
    assert [own.tolist() for own in again.regions()] == [own.tolist() for own in outcome.responses.roi_set.regions()]
    pynwb = pytest.importorskip("pynwb", reason='needs pynwb: pip install "lumentrace[nwb]"')
    path = outcome.export_nwb(tmp_path / "a.nwb", session_start_time=datetime(2026, 3, 1, tzinfo=UTC))
    with pynwb.NWBHDF5IO(path, "r") as file:
        assert {"Fluorescence", "DfOverF", "Deconvolved"} < set(file.read().processing["ophys"].data_interfaces)


@pytest.mark.parametrize("clipped", [True, False])
def test_saturation_is_told_of_the_frames_as_they_were_taken(
    made: tuple[RawMovie, Path], outcome: Outcome, clipped: bool
) -> None:
    recording = outcome.responses.recording
    assert isinstance(recording.movie, AlignedMovie)
    taken = recording.movie.source.read_frames()
    light = int(np.percentile(taken, 98)) if clipped else int(taken.max())
    source = Held(np.minimum(taken, light), recording.movie.source)
    cut = replace(recording, movie=replace(recording.movie, source=source))
    inside = np.zeros(taken.shape[1:], bool)
    inside[8:-8, 8:-8] = True  # between pixels nothing is clipped, and beyond the rim nothing is known
    for region in (inside, ~inside):
        share = film_parts(cut, [np.flatnonzero(region)], 0, len(taken)).clipped
        assert share == pytest.approx((taken[:, region] >= light).mean(), rel=0.3) if clipped else share == 0


class Held(Movie):
    """A movie in memory, with the name of one in a file."""

    def __init__(self, frames: np.ndarray, other: Movie) -> None:
        super().__init__(other.path, other.dataset_name, other.shape, other.dtype)
        object.__setattr__(self, "frames", frames)

    def read_frames(self, start: int | None = None, stop: int | None = None, **_: Any) -> np.ndarray:
        """Frames from `start` up to `stop`."""
        return np.ascontiguousarray(self.frames[start:stop])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"neuropil": "many"}, "`neuropil`: expected none, fit or a number from 0 on, found 'many'"),
        ({"neuropil": "-1"}, "`neuropil`"),
        ({"spikes": "ar3"}, "`spikes`: expected none, ar1 or ar2, found 'ar3'"),
        ({"decay": 0.5}, "`decay`: expected with spikes ar1, found spikes 'none'"),
        ({"spikes": "ar1", "decay": 0.0}, "`decay`: expected seconds above 0, found 0.0"),
    ],
)
def test_settings_without_sense(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Settings(**wrong)


@pytest.mark.parametrize(("candidates", "accepted"), [(3, 2), (4, 0), (0, 0)])
def test_found_cells_come_back(tmp_path: Path, candidates: int, accepted: int) -> None:
    cells = found_cells(candidates=candidates, accepted=accepted)
    again = twophoton.load_found_cells(twophoton.save_found_cells(tmp_path / "cells.h5", cells))
    assert again.table().equals(cells.table(), null_equal=True)
    for name in ("roi_set", "candidates"):
        one, other = getattr(again, name), getattr(cells, name)
        assert one.labels == other.labels
        assert [own.tolist() for own in one.regions()] == [own.tolist() for own in other.regions()]
        assert [own.tolist() for own in one.footprints()] == [own.tolist() for own in other.footprints()]
    for name in ("correlation_image", "peak_image", "mean_image", "noise_image", "traces"):
        np.testing.assert_array_equal(getattr(again, name), getattr(cells, name))
    assert (again.diameter, again.diameter_estimated, again.frames_per_bin) == (6.5, True, 3)
    twophoton.save_found_cells(tmp_path / "again.h5", again)
    assert contents(tmp_path / "again.h5").keys() == contents(tmp_path / "cells.h5").keys()


def test_files_of_cells_that_do_not_fit(tmp_path: Path) -> None:
    import h5py

    path = twophoton.save_found_cells(tmp_path / "cells.h5", found_cells())
    with h5py.File(path, "r+") as h5:
        del h5["traces"]
        h5["traces"] = np.zeros((50, 2))
    with pytest.raises(FormatError, match="a trace for each of 3"):
        twophoton.load_found_cells(path)
    with h5py.File(path, "r+") as h5:
        h5.attrs["lumentrace_format"] = "lumentrace-spikes"
    with pytest.raises(FormatError, match="expected format 'lumentrace-cells'"):
        twophoton.load_found_cells(path)


def test_counts_below_zero_are_counts(made: tuple[RawMovie, Path], outcome: Outcome, tmp_path: Path) -> None:
    """The zero of a digitizer is anywhere: dF/F is counted from the background."""
    raw, _ = made
    movie = twophoton.save_raw_movie(tmp_path, raw)
    frames = tifffile.imread(movie).astype(np.int32) - 30_000
    tifffile.imwrite(tmp_path / "below.tif", frames.astype(np.int16), photometric="minisblack")
    below = twophoton.convert_tiff_recording(
        tmp_path / "below.tif", tmp_path / "epochs.csv", tmp_path / "out", frame_rate_hz=raw.scene.frame_rate_hz
    )
    found = run(below.path, Settings(**ASKED))
    told, expected = found.figures(), outcome.figures()
    assert told.pop("tau") == pytest.approx(expected.pop("tau"), rel=0.01)
    assert told == expected
    # Frames between pixels are of single precision, which is coarser around -30 000: cells differ by some 0.1 %.
    assert np.allclose(found.responses.dff.values, outcome.responses.dff.values, atol=0.01)


def test_a_movie_of_which_no_frame_can_be_registered_says_why(made: tuple[RawMovie, Path]) -> None:
    recording = twophoton.load_converted_recording(made[1])
    motion = twophoton.estimate_motion(recording.movie)
    lost = replace(motion, codes=np.full(motion.frames, 6, np.uint8))
    with pytest.raises(ValueError, match=r"found none of \d+: shifts that are far apart agree equally well"):
        aligned_recording(recording, lost)


def test_regions_with_the_same_trace_have_the_same_events() -> None:
    random = np.random.default_rng(4)
    decay = np.exp(-np.arange(40) / 5.0)
    trace = np.convolve(3.0 * (random.random(300) < 0.05), decay)[:300] + random.normal(0, 0.3, 300)
    found = twophoton.deconvolve(np.stack([trace, trace], axis=1), rate_hz=10.0, tau=0.5)
    assert np.isfinite(found.spikes).all()
    assert np.array_equal(found.spikes[:, 0], found.spikes[:, 1])
    assert found.spikes[:, 0].max() > 1
