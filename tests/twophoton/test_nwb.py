"""Two-photon: NWB files, as pynwb reads them and nwbinspector judges them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from lumentrace import FormatError, twophoton
from twophoton_recording import PER_FRAME, RATE, Made, make_recording

pynwb = pytest.importorskip("pynwb", reason='needs pynwb: pip install "lumentrace[nwb]"')

BEGAN = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
FLY = {"species": "Drosophila melanogaster", "age": "P3D", "sex": "F"}
OPTICS = twophoton.NwbOptics("GCaMP6f", "mushroom body", 920, 520.0, 0.25)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_recording(tmp_path_factory.mktemp("recording") / "source")


@pytest.fixture(scope="module")
def run(made: Made) -> Any:
    recording = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(made.folder).path)
    recording.motion_artifact_mask[40] = True
    return twophoton.compute_recording_responses(recording, twophoton.make_roi_set_from_label_image(made.labels))


def complaints(path: Path) -> list[str]:
    """What nwbinspector finds worse than a suggestion; and what does not follow the schema."""
    inspector = pytest.importorskip("nwbinspector", reason="needs nwbinspector: pip install nwbinspector")
    assert pynwb.validate(path=str(path)) == []
    found = list(inspector.inspect_nwbfile(nwbfile_path=path))
    bad = [each for each in found if each.importance.name != "BEST_PRACTICE_SUGGESTION"]
    return [f"{each.importance.name} {each.check_function_name}: {each.message}" for each in bad]


def test_the_inspector_has_no_complaint(run: Any, tmp_path: Path) -> None:
    path = twophoton.export_nwb(tmp_path / "fly.nwb", run, session_start_time=BEGAN, subject=FLY, optics=OPTICS)
    assert complaints(path) == []
    assert [each.name for each in tmp_path.iterdir()] == ["fly.nwb"]


def test_neuropil_and_events_are_in_the_file(made: Made, run: Any, tmp_path: Path) -> None:
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    own = twophoton.compute_recording_responses(run.recording, rois, neuropil=0.1)
    events = twophoton.recording_spikes(own, tau=0.5)
    about: dict[str, Any] = {"session_start_time": BEGAN, "subject": FLY, "optics": OPTICS}
    path = twophoton.export_nwb(tmp_path / "fly.nwb", own, spikes=events, **about)
    assert complaints(path) == []
    with pynwb.NWBHDF5IO(path, "r") as file:
        ophys = file.read().processing["ophys"]
        neuropil = ophys["Fluorescence"]["neuropil"]
        np.testing.assert_array_equal(neuropil.data[()], own.neuropil.neuropil_values)  # type: ignore[union-attr]
        assert "0.1" in neuropil.description
        found = ophys["Deconvolved"]["deconvolved"]
        np.testing.assert_array_equal(found.data[()], events.spikes)
        assert json.loads(found.comments)["decay_s"] == [0.5] * len(own.dff.labels)
    with pytest.raises(ValueError, match="`spikes`: expected shape"):
        twophoton.export_nwb(tmp_path / "b.nwb", own, spikes=replace(events, spikes=events.spikes[1:]), **about)


def test_the_inspector_can_complain(run: Any, tmp_path: Path) -> None:
    path = twophoton.export_nwb(tmp_path / "fly.nwb", run, session_start_time=BEGAN, subject=FLY | {"age": "young"})
    assert any("check_subject_age" in each for each in complaints(path))


def test_everything_comes_back(made: Made, run: Any, tmp_path: Path) -> None:
    session = {"lab": "a lab", "experimenter": ["Doe, Jane"]}
    path = twophoton.export_nwb(
        tmp_path / "new" / "fly.nwb", run, session_start_time=BEGAN, subject=FLY, optics=OPTICS, session=session
    )
    with pynwb.NWBHDF5IO(str(path), "r") as reader:
        found = reader.read()
        assert (found.session_start_time, found.lab) == (BEGAN, "a lab")
        assert (found.subject.subject_id, found.subject.genotype, found.subject.sex) == ("5", "w;+", "F")
        ophys = found.processing["ophys"]

        regions = ophys["ImageSegmentation"]["PlaneSegmentation"]
        assert regions["roi_label"][:].tolist() == list(run.roi_set.labels)
        for number, mask in enumerate(run.roi_set.masks):
            image = np.zeros(mask.shape)
            for x, y, weight in regions["pixel_mask"][number]:
                image[y, x] = weight
            np.testing.assert_array_equal(image, mask)

        fluorescence = ophys["Fluorescence"].roi_response_series
        for series, values in (
            (fluorescence["raw"], run.traces.raw_values),
            (fluorescence["background_corrected"], run.traces.corrected_values),
            (ophys["DfOverF"]["dff"], run.dff.values),
        ):
            np.testing.assert_array_equal(series.data[:], values)
            assert series.rois.data[:].tolist() == [0, 1]
            assert series.rate == RATE
            assert series.starting_time == run.traces.start_frame / RATE
        assert np.isnan(run.dff.values).any()
        assert json.loads(ophys["DfOverF"]["dff"].comments)["tau"] == run.dff.tau

        mean = ophys["SummaryImages"]["mean"]
        np.testing.assert_array_equal(mean.data[:].T, run.recording.mean_image)
        assert mean.resolution == pytest.approx(40_000)
        plane = found.imaging_planes["ImagingPlane"]
        assert (plane.indicator, plane.location, plane.excitation_lambda) == ("GCaMP6f", "mushroom body", 920.0)
        assert plane.optical_channel[0].emission_lambda == 520.0
        assert plane.imaging_rate == RATE
        np.testing.assert_allclose(plane.grid_spacing[:], 0.25)
        assert "acq.zoomFactor = 9.0" in plane.description
        assert "configName = test" in plane.device.description

        trials = found.trials.to_dataframe()
        np.testing.assert_array_equal(trials["start_time"], np.array(made.onsets[:-1]) / RATE)
        np.testing.assert_array_equal(trials["stop_time"], np.array(made.onsets[1:]) / RATE)
        np.testing.assert_allclose(trials["onset_time"], np.array(made.onsets[:-1]) / RATE, atol=0.01)
        assert trials["epoch_name"].tolist() == [each.epoch_name for each in run.epoch_windows]
        assert trials["epoch_number"].tolist() == [1, 2, 1, 2, 1, 2, 1, 2, 1]
        assert trials["trial_index"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5]
        assert trials["window_index"].tolist() == list(range(9))

        for name, signal, rate in (
            ("photodiode", run.recording.imaging_res_pd, RATE),
            ("photodiode_fast", run.recording.high_res_pd, RATE * PER_FRAME),
        ):
            np.testing.assert_array_equal(found.acquisition[name].data[:], signal)
            assert found.acquisition[name].rate == rate


def test_a_stack_of_images_without_photodiode(made: Made, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "movie.tif", made.movie.astype(np.uint16), photometric="minisblack")
    epochs = {"start_frame": [10, 30], "stop_frame": [30, 50], "epoch_number": [1, 2], "epoch_name": ["grey", "odour"]}
    paths = twophoton.convert_tiff_recording(tmp_path / "movie.tif", epochs, tmp_path / "out", frame_rate_hz=RATE)
    run = twophoton.compute_recording_responses(paths.path, twophoton.make_roi_set_from_label_image(made.labels))
    subject = FLY | {"subject_id": "fly-1"}
    path = twophoton.export_nwb(tmp_path / "stack.nwb", run, session_start_time=BEGAN, subject=subject)
    assert complaints(path) == []
    with pynwb.NWBHDF5IO(str(path), "r") as reader:
        found = reader.read()
        assert not found.acquisition
        assert "onset_time" not in found.trials.colnames
        assert np.isnan(found.imaging_planes["ImagingPlane"].excitation_lambda)


def test_regions_without_traces_are_kept_apart(run: Any, tmp_path: Path) -> None:
    traces = replace(
        run.traces,
        labels=run.traces.labels[1:],
        raw_values=run.traces.raw_values[:, 1:],
        corrected_values=run.traces.corrected_values[:, 1:],
    )
    dff = replace(run.dff, labels=run.dff.labels[1:], values=run.dff.values[:, 1:])
    path = twophoton.export_nwb(tmp_path / "one.nwb", replace(run, traces=traces, dff=dff), session_start_time=BEGAN)
    with pynwb.NWBHDF5IO(str(path), "r") as reader:
        series = reader.read().processing["ophys"]["DfOverF"]["dff"]
        assert series.rois.data[:].tolist() == [1]
        assert series.data.shape == dff.values.shape


def test_a_failed_export_leaves_the_old_file(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = twophoton.export_nwb(tmp_path / "fly.nwb", run, session_start_time=BEGAN)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pynwb.NWBHDF5IO.write", full)
    with pytest.raises(OSError, match="No space left"):
        twophoton.export_nwb(path, run, session_start_time=BEGAN)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["fly.nwb"]


def test_the_same_recording_has_the_same_identifier(run: Any, tmp_path: Path) -> None:
    found = []
    for name in ("one.nwb", "other.nwb"):
        path = twophoton.export_nwb(tmp_path / name, run, session_start_time=BEGAN)
        with pynwb.NWBHDF5IO(str(path), "r") as reader:
            found.append(reader.read().identifier)
    assert found[0] == found[1]


def test_what_does_not_fit(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"`session_start_time`: expected a time zone, found 2026-03-01T14:30:00"):
        twophoton.export_nwb(tmp_path / "a.nwb", run, session_start_time=BEGAN.replace(tzinfo=None))
    with pytest.raises(ValueError, match=r"a\.h5: expected a name that ends in \.nwb"):
        twophoton.export_nwb(tmp_path / "a.h5", run, session_start_time=BEGAN)
    with pytest.raises(ValueError, match=r"`pixel_size_um`: expected a positive number, found 0"):
        twophoton.export_nwb(tmp_path / "a.nwb", run, session_start_time=BEGAN, optics=replace(OPTICS, pixel_size_um=0))
    monkeypatch.setitem(sys.modules, "pynwb", None)
    with pytest.raises(ImportError, match=r"lumentrace\[nwb\]"):
        twophoton.export_nwb(tmp_path / "a.nwb", run, session_start_time=BEGAN)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def moved(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run on a recording of a microscope that moved, with times of frames that are not even."""
    folder = tmp_path_factory.mktemp("moved")
    count = len(made.movie)
    times = np.arange(count) / RATE + np.random.default_rng(1).uniform(0, 0.002, count)
    tifffile.imwrite(folder / "a.ome.tif", made.movie.astype(np.uint16), metadata=ome_times(times))
    paths = twophoton.convert_acquisition(
        folder / "a.ome.tif",
        folder / "out",
        stimulus_table=EPOCHS,
        alignment=np.random.default_rng(2).normal(size=(count, 2)),
    )
    return twophoton.compute_recording_responses(paths.path, twophoton.make_roi_set_from_label_image(made.labels))


EPOCHS = {"start_s": [1.0, 3.0], "stop_s": [3.0, 5.0], "epoch_number": [1, 2], "epoch_name": ["grey", "odour"]}


def ome_times(times: Any) -> Any:
    return {"axes": "TYX", "Plane": {"DeltaT": times.tolist(), "DeltaTUnit": ["s"] * len(times)}}


def test_out_and_in_again(made: Made, moved: Any, tmp_path: Path) -> None:
    path = twophoton.export_nwb(
        tmp_path / "fly.nwb",
        moved,
        session_start_time=BEGAN,
        subject=FLY | {"subject_id": "5"},
        optics=OPTICS,
        movie=True,
    )
    assert complaints(path) == []
    with twophoton.open_acquisition(path) as found:
        np.testing.assert_array_equal(found.movie().read(0, found.frames), made.movie)
        np.testing.assert_array_equal(found.times[:, 0], moved.recording.frame_times_s)
        assert found.image.spacing == pytest.approx({"X": 0.25, "Y": 0.25})
        assert found.about["indicator"] == "GCaMP6f"
    rois = twophoton.load_nwb_rois(path)
    assert rois.labels == moved.roi_set.labels
    np.testing.assert_array_equal(rois.masks, moved.roi_set.masks)
    again = twophoton.load_converted_recording(twophoton.convert_acquisition(path, tmp_path / "again").path)
    np.testing.assert_array_equal(again.movie.read_frames(), moved.recording.movie.read_frames())
    np.testing.assert_array_equal(again.mean_image, moved.recording.mean_image)
    windows = [twophoton.resolve_recording_timing(each).epoch_windows for each in (again, moved.recording)]
    assert [each.window for each in windows[0]] == [each.window for each in windows[1]]
    with pynwb.NWBHDF5IO(str(path), "r") as reader:
        shifts = reader.read().processing["ophys"]["frame_shifts"]
        np.testing.assert_array_equal(shifts.data[:], moved.recording.alignment_offset_pixels)


def foreign(path: Path, **series: Any) -> Any:
    """A file as another program writes it: image masks, a stimulus column of its own, a movie that began later."""
    from pynwb.ophys import ImageSegmentation, OpticalChannel, TwoPhotonSeries

    content = pynwb.NWBFile("a session", "an identifier", BEGAN)
    plane = content.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel(name="green", description="green", emission_lambda=520.0),
        description="a plane",
        device=content.create_device(name="scope"),
        excitation_lambda=920.0,
        indicator="GCaMP8",
        location="V1",
        grid_spacing=[2e-6, 1e-6],
        grid_spacing_unit="meters",
    )
    movie = np.random.default_rng(3).integers(0, 1000, (40, 9, 7)).astype(np.uint16)
    for name, factor in (("green", 1), ("red", 2)):
        known = {"starting_time": 12.0, "rate": 8.0} | series
        content.add_acquisition(
            TwoPhotonSeries(name=name, data=movie * factor, imaging_plane=plane, unit="a.u.", **known)
        )
    segmentation = ImageSegmentation(name="cells")
    content.create_processing_module(name="ophys", description="cells").add(segmentation)
    table = segmentation.create_plane_segmentation(name="found", description="cells", imaging_plane=plane)
    masks = np.zeros((2, 9, 7))
    masks[0, 1:3, 2], masks[1, 5, 4:6] = 0.5, 1
    for mask in masks:
        table.add_roi(image_mask=mask)
    content.add_trial_column(name="stimulus", description="what was shown")
    for start, name in ((13.0, "left"), (14.0, "right"), (15.0, "left")):
        content.add_trial(start_time=start, stop_time=start + 1, stimulus=name)
    with pynwb.NWBHDF5IO(str(path), "w") as writer:
        writer.write(content)
    return movie, masks


def test_a_file_of_another_program(tmp_path: Path) -> None:
    movie, masks = foreign(tmp_path / "a.nwb")
    with twophoton.open_acquisition(tmp_path / "a.nwb") as found:
        assert (found.channels, found.epochs, found.frame_rate_hz) == (("green", "red"), None, pytest.approx(8))
        assert (found.shape, found.image.spacing) == ((7, 9), pytest.approx({"X": 2.0, "Y": 1.0}))
        np.testing.assert_array_equal(found.movie("red").read(3, 9), 2 * movie[3:9].transpose(0, 2, 1))
    np.testing.assert_array_equal(twophoton.load_nwb_rois(tmp_path / "a.nwb").masks, masks.transpose(0, 2, 1) > 0)
    epochs = twophoton.load_nwb_epochs(tmp_path / "a.nwb", name_column="stimulus", start_s=12.0)
    assert epochs.rows() == [(1.0, 2.0, 1.0, "left"), (2.0, 3.0, 2.0, "right"), (3.0, 4.0, 1.0, "left")]
    with pytest.raises(ValueError, match=r"`name_column`: expected one of .*stimulus.* found 'epoch_name'"):
        twophoton.load_nwb_epochs(tmp_path / "a.nwb")
    paths = twophoton.convert_acquisition(tmp_path / "a.nwb", tmp_path / "out", stimulus_table=epochs, channel="green")
    windows = twophoton.resolve_recording_timing(twophoton.load_converted_recording(paths.path)).epoch_windows
    assert [(each.window.start_frame, each.epoch_name) for each in windows] == [
        (8, "left"),
        (16, "right"),
        (24, "left"),
    ]


def test_files_that_say_too_little(run: Any, tmp_path: Path) -> None:
    path = twophoton.export_nwb(tmp_path / "fly.nwb", run, session_start_time=BEGAN)
    with pytest.raises(FormatError, match=r"fly\.nwb: expected a movie as TwoPhotonSeries, found none"):
        twophoton.open_acquisition(path)
    # The mean image says how large the frame is.
    np.testing.assert_array_equal(twophoton.load_nwb_rois(path).masks, run.roi_set.masks)
    with pytest.raises(FormatError, match=r"fly\.nwb: .*expected pixels of a frame of 3 x 3"):
        twophoton.load_nwb_rois(path, shape=(3, 3))
    with pytest.raises(ValueError, match=r"`name`: expected one of processing/.*found 'cels'"):
        twophoton.load_nwb_rois(path, "cels")


def test_a_movie_is_written_block_by_block(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumentrace.twophoton.exchange.nwb_film.BLOCK_BYTES", 10_000)
    monkeypatch.setattr("lumentrace.twophoton.exchange.nwb_film.CHUNK_BYTES", 3_000)
    path = twophoton.export_nwb(tmp_path / "fly.nwb", run, session_start_time=BEGAN, movie=True)
    with twophoton.open_acquisition(path) as found:
        np.testing.assert_array_equal(found.movie().read(0, found.frames), run.recording.movie.read_frames())
