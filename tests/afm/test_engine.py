"""AFM pipelines on the shared engine: progress, cancelling, resuming, histories; and odd films."""

from __future__ import annotations

import _thread
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from afm_cases import DETECT, movie, run, stacked
from command_line import lumentrace
from killed import killed_after_the_first_step
from lumentrace.afm import AFMImageStack, AnalysisModule, AnalysisPipeline, ProcessingPipeline
from lumentrace.afm.analysis import pipeline as pipelines
from lumentrace.afm.simulation import simulate_film, write_asd
from lumentrace.engine.record import RunRecord

TRACK = ("particle_tracking", {"max_distance": 6.0})
BLOBS = ("log_blob_detection", {"min_sigma": 2, "max_sigma": 4, "num_sigma": 4, "threshold": 1.0})
STEPS = (DETECT, BLOBS, TRACK, ("k_means_clustering", {"k": 8, "use_time": False}), ("track_statistics", {}))


def built(*steps: tuple[str, dict[str, Any]]) -> AnalysisPipeline:
    pipeline = AnalysisPipeline()
    for name, params in steps:
        pipeline.add(name, **params)
    return pipeline


class Broken(AnalysisModule):
    """Fails as long as it is told to."""

    fails: ClassVar[bool] = True
    ran: ClassVar[int] = 0
    name = "broken"

    def run(self, stack: Any, previous_results: Any = None, **params: Any) -> dict[str, Any]:
        type(self).ran += 1
        if self.fails:
            raise RuntimeError("the plugin's own trouble")
        return {"frames": stack.n_frames}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> type[Broken]:
    load = pipelines.load_analysis_module
    monkeypatch.setattr(pipelines, "load_analysis_module", lambda name: Broken() if name == "broken" else load(name))
    monkeypatch.setattr(Broken, "fails", True)
    monkeypatch.setattr(Broken, "ran", 0)
    return Broken


# ------------------------------------------------------------------ progress, cancelling
def test_progress_counts_frames_of_all_modules() -> None:
    seen: list[tuple[int, int]] = []
    built(*STEPS).run(stacked(movie(6)[0]), verbose=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (30, 30)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C is an exception, also where the tests were started in the background and would ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("work", ["filter", "blobs"])
def test_ctrl_c_ends_a_run_and_leaves_the_stack(work: str) -> None:
    images = np.random.default_rng(0).normal(size=(60, 256, 256))
    stack = stacked(images)

    def work_on() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if work == "filter":
                ProcessingPipeline(stack).add("gaussian_filter", sigma=20.0).run(keep="none")
            else:
                built(("log_blob_detection", {"num_sigma": 30})).run(stack)

    threading.Timer(0.15, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        work_on()
    assert stack.data.shape == images.shape
    assert np.isfinite(stack.data).all()
    built(("count_nonzero", {})).run(stack)


# ------------------------------------------------------------------ resuming
def test_a_run_goes_on_after_the_last_finished_module(tmp_path: Path, broken: type[Broken]) -> None:
    images, _ = movie(5)
    expected = built(*STEPS).run(stacked(images))
    pipeline = built(*STEPS, ("broken", {}))
    with pytest.raises(RuntimeError, match="the plugin's own trouble"):
        pipeline.run(stacked(images), run_dir=tmp_path)
    kept = sorted(path.name for path in tmp_path.glob("*.h5"))
    assert kept == [f"step_{number}_{name}.h5" for number, (name, _) in enumerate(STEPS, 1)]
    broken.fails = False
    (tmp_path / "step_2_log_blob_detection.h5").write_bytes(b"damaged")
    record = pipeline.run(stacked(images), run_dir=tmp_path)
    assert record["analysis"].pop("step_6_broken") == {"frames": 5}
    for key, outputs in expected["analysis"].items():
        same(record["analysis"][key], outputs, key)
    assert broken.ran == 2
    pipeline.run(stacked(images), run_dir=tmp_path)
    assert broken.ran == 2


def same(found: Any, expected: Any, place: str) -> None:
    if hasattr(expected, "keys"):
        assert list(found) == list(expected), place
        for key in expected:
            same(found[key], expected[key], f"{place}.{key}")
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected, place)
        assert found.dtype == expected.dtype
    elif isinstance(expected, (list, tuple)):
        assert type(found) is type(expected), place
        assert len(found) == len(expected), place
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            same(one, other, f"{place}[{number}]")
    else:
        assert found == expected or (found != found and expected != expected), place
        assert type(found) is type(expected), place


def test_another_run_does_not_take_the_place_of_the_first(tmp_path: Path) -> None:
    images, _ = movie(3)
    built(DETECT).run(stacked(images), run_dir=tmp_path)
    for stack, steps in (
        (stacked(images + 1), (DETECT,)),
        (stacked(images, pixel_size_nm=3.0), (DETECT,)),
        (stacked(images), ((DETECT[0], {**DETECT[1], "threshold": 2.0}),)),
        (stacked(images), (("feature_detection", {"mask_fn": lambda frame: frame > 1.0}),)),
    ):
        with pytest.raises(ValueError, match="holds another run"):
            built(*steps).run(stack, run_dir=tmp_path)


def test_a_killed_run_is_repeated_to_the_identical_files(tmp_path: Path) -> None:
    film, whole, broken = tmp_path / "film.asd", tmp_path / "whole", tmp_path / "broken"
    stack, _ = simulate_film(frames=6, particles=5, size=64, seed=3)
    write_asd(film, stack)
    arguments = ["afm", "run", film, "--process", "align_frames; remove_plane; zero_median", "--resume", "--out"]
    assert lumentrace(*arguments, whole).returncode == 0
    killed_after_the_first_step(*arguments, broken)
    manifest = json.loads((broken / "run" / "manifest.json").read_text())
    assert list(manifest["done"]) == ["step_1_bump_mask.h5"]
    assert not (broken / "run.json").exists()
    assert lumentrace(*arguments, broken).returncode == 0
    tables = sorted(path.name for path in whole.iterdir() if path.suffix in (".csv", ".parquet"))
    assert "tracks.csv" in tables
    for name in tables:
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
    one, other = (json.loads((folder / "record.json").read_text()) for folder in (whole, broken))
    assert one["analysis"] == other["analysis"]
    before, after = (RunRecord.read(folder / "run.json") for folder in (whole, broken))
    assert (before.settings, before.figures, before.notices) == (after.settings, after.figures, after.notices)
    found = next(step for step in after.provenance.steps if step.name == "bump_mask")
    kept = manifest["done"]["step_1_bump_mask.h5"]["about"]
    assert (found.started, found.duration) == (kept["started"], kept["duration"])


# ------------------------------------------------------------------ histories
def test_the_record_is_a_view_of_the_history() -> None:
    stack = stacked(movie(4)[0])
    ProcessingPipeline(stack).add("remove_plane").add("zero_median").run(keep="last")
    record = built(DETECT, TRACK).run(stack)
    history = record.provenance
    assert history is record.history
    names = ["remove_plane + zero_median", "feature_detection", "particle_tracking"]
    assert [step.name for step in history.steps] == names
    assert all(step.duration >= 0 for step in history.steps)
    assert history.input["frames"] == "4 x 96 x 96"
    assert history.steps[1].parameters == DETECT[1]
    told = [step["timestamp"] for step in record["provenance"]["steps"]]
    assert [datetime.fromisoformat(stamp) for stamp in told] == [
        datetime.fromisoformat(step.started) for step in history.steps[1:]
    ]
    later = built(("count_nonzero", {})).run(stack)
    assert len(record.history.steps) == 3
    assert len(later.history.steps) == 4
    assert list(later["analysis"]) == ["step_1_count_nonzero"]
    assert set(stack.analysis) == {"step_1_feature_detection", "step_2_particle_tracking", "step_1_count_nonzero"}


def test_short_logs(tmp_path: Path) -> None:
    stack = stacked(movie(4)[0])
    built(DETECT).run(stack, log_to=tmp_path / "full.json")
    built(DETECT).run(stack, log_to=tmp_path / "short.json", log_style="summary")
    assert (tmp_path / "short.json").stat().st_size < (tmp_path / "full.json").stat().st_size / 5
    stack.export_analysis_log(tmp_path / "last.json")
    assert "step_1_feature_detection" in (tmp_path / "last.json").read_text()
    with pytest.raises(ValueError, match="log_style"):
        built(DETECT).run(stack, log_style="long")


# ------------------------------------------------------------------ films out of the ordinary
def test_settings_are_checked_before_anything_runs() -> None:
    for step, error, said in (
        (("particle_tracking", {"max_distanc": 3}), TypeError, "did you mean 'max_distance'"),
        (("log_blob_detection", {"sigma": 3}), TypeError, "unknown setting 'sigma'"),
        (("k_means_clustering", {"n": 3}), TypeError, "unknown setting 'n'"),
        (("feature_detection", {"mask_fn": "mask_threshold", "treshold": 3}), TypeError, "treshold"),
        (("feature_detection", {"mask_fn": "mask_thresholds"}), ValueError, "did you mean 'mask_threshold'"),
        (("track_statistic", {}), ValueError, "did you mean 'track_statistics'"),
    ):
        with pytest.raises(error, match=said):
            built(DETECT, step).validate()


@pytest.mark.parametrize("images", ["nan", "one_nan", "flat", "one_frame", "empty_mask", "tiny"])
def test_films_with_nothing_to_find(images: str) -> None:
    film = movie(3)[0]
    if images == "nan":
        film[:] = np.nan
    elif images == "one_nan":
        film[1] = np.nan
    elif images == "flat":
        film[:] = 2.0
    elif images == "one_frame":
        film = film[:1]
    elif images == "tiny":
        film = film[:, :1, :1]
    threshold = {"threshold": 1e9 if images == "empty_mask" else 1.0}
    with pytest.warns(UserWarning, match="no finite pixel") if "nan" in images else nullcontext():
        record = run(stacked(film), (DETECT[0], {**DETECT[1], **threshold}), BLOBS, TRACK, ("track_statistics", {}))
    found = record["analysis"]["step_1_feature_detection"]
    expected = {"one_nan": [8, 0, 8], "one_frame": [8]}.get(images, [0] * len(film))
    assert [len(frame) for frame in found["features_per_frame"]] == expected
    assert record["analysis"]["step_3_particle_tracking"]["n_tracks"] == sum(expected[:1]) + sum(expected[2:])


def test_numpy_scalars_and_read_only_arrays() -> None:
    images, _ = movie(4)
    expected = run(stacked(images), DETECT, TRACK)["analysis"]
    images.setflags(write=False)
    stack = AFMImageStack(
        images, np.float32(2.0), "height_trace", "f.asd", [{"timestamp": np.float32(t / 2)} for t in range(4)]
    )
    settings = {"mask_fn": "mask_threshold", "threshold": np.float64(1.0), "min_size": np.int64(10)}
    found = run(stack, ("feature_detection", settings), ("particle_tracking", {"max_distance": np.float32(6.0)}))[
        "analysis"
    ]
    same(found["step_2_particle_tracking"], expected["step_2_particle_tracking"], "tracks")
    ProcessingPipeline(stack).add("remove_plane").run()
    assert not images.flags.writeable


def test_mixed_time_stamps_are_warned_of() -> None:
    images, _ = movie(3)
    stack = AFMImageStack(images, 1.0, "height_trace", "f.asd", [{"timestamp": 0.0}, {}, {"timestamp": "2026-01-01"}])
    with pytest.warns(UserWarning, match="1 of 3 frames have no time stamp"):
        run(stack, DETECT)


def test_more_clusters_than_objects() -> None:
    with pytest.raises(ValueError, match="`k`: expected 1 to the 24 objects, found 25"):
        run(stacked(movie(3)[0]), DETECT, ("k_means_clustering", {"k": 25}))
