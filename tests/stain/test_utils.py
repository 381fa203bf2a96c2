"""The documented helpers: names, signatures, snippets, logs, memory, file names, conversions."""

from __future__ import annotations

import io
import shutil
import sys
import threading
import time
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from lumentrace import stain
from lumentrace.stain.stages import estimates, memory

# Memory


def test_tracker(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = stain.MemoryTracker()
    quiet.snapshot("a")
    quiet.summary()
    assert capsys.readouterr().out == ""
    tracker = stain.MemoryTracker(enabled=True)
    tracker.summary()
    assert capsys.readouterr().out == ""
    tracker.collect_and_snapshot("before")  # what earlier tests have left is not freed in between
    held = np.ones(30_000_000)
    tracker.collect_and_snapshot("during")
    assert held.sum() == 30_000_000
    tracker.summary()
    printed = capsys.readouterr().out
    assert [label for label, _ in tracker.history] == ["before", "during"]
    assert tracker.history[1][1] - tracker.history[0][1] > 0.2
    assert tracker.peak_gb == max(used for _, used in tracker.history)
    assert "leak" not in printed
    tracker.history.append(("after", tracker.history[0][1] + 0.6))
    tracker.summary()
    assert "parallel='subprocess'" in capsys.readouterr().out


def test_watchdog(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    free = [4 * 2**30]
    monkeypatch.setattr(memory, "get_available_memory", lambda: free[0])
    watchdog = stain.MemoryWatchdog(min_available_gb=1.0, poll_interval_sec=0.01, verbose=True)
    before = threading.active_count()
    watchdog.start()
    watchdog.start()
    assert threading.active_count() == before + 1
    watchdog.check_or_raise("nothing yet")
    free[0] = 2**29
    wait_for(watchdog.is_tripped)
    with pytest.raises(MemoryError, match=r"large image: only 0\.50 GB .*the 1 GB asked for.*fewer workers"):
        watchdog.check_or_raise("large image")
    free[0] = 4 * 2**30
    watchdog.reset()
    time.sleep(0.05)
    assert not watchdog.is_tripped()
    watchdog.stop()
    assert threading.active_count() == before
    assert "0.50 GB free" in capsys.readouterr().out


def wait_for(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it never happened")


def test_watchdog_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "get_available_memory", lambda: 0)
    with stain.MemoryWatchdog(min_available_gb=0, poll_interval_sec=0.01) as watchdog:
        time.sleep(0.05)
        assert not watchdog.is_tripped()
    with pytest.raises(ValueError, match="poll_interval_sec"):
        stain.MemoryWatchdog(poll_interval_sec=-1)


def test_without_psutil(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert stain.get_available_memory() is None
    stain.MemoryTracker(enabled=True).snapshot("a")
    stain.MemoryWatchdog().start()
    assert capsys.readouterr().out.count("psutil is not installed") == 2
    stain.preflight_check([])
    assert "free memory is unknown" in capsys.readouterr().out


def test_a_container_has_less(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "max").write_text("1000000\n")
    (tmp_path / "now").write_text("400000\n")
    monkeypatch.setattr(memory, "CGROUPS", ((str(tmp_path / "max"), str(tmp_path / "now")),))
    assert stain.get_available_memory() == 600_000
    (tmp_path / "max").write_text("max\n")
    found = stain.get_available_memory()
    assert found is not None
    assert found > 10_000_000


def test_free_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the disk of the folder that is there; a disk of the test's own, as others fill the one that is shared."""
    whole, asked = shutil.disk_usage(tmp_path), []

    def usage(place: Path) -> Any:
        asked.append(place)
        return whole

    monkeypatch.setattr(memory.shutil, "disk_usage", usage)
    assert stain.get_free_disk_space(tmp_path / "not" / "yet") == whole.free
    assert asked == [tmp_path.resolve()]


def test_first_run_in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder that does not exist yet is checked too."""
    stain.simulate(size=64).save(tmp_path / "raw", "A", "D")
    monkeypatch.chdir(tmp_path)
    assert stain.preflight_check([("A", "D")]).disk_free is not None


# Logs


def test_run_log(tmp_path: Path) -> None:
    assert stain.get_run_log_path("out").replace("\\", "/") == "out/.exo2micro_run_log.txt"
    assert stain.read_run_log_tail(tmp_path / "new") is None
    for number in range(1200):
        stain.append_to_run_log(tmp_path / "new", f"line {number} µ" + ("\n" if number % 2 else ""))
    tail = stain.read_run_log_tail(tmp_path / "new", 3)
    assert tail == "line 1197 µ\nline 1198 µ\nline 1199 µ\n"
    whole = stain.read_run_log_tail(tmp_path / "new")
    assert whole is not None
    assert whole.count("\n") == 500
    assert stain.read_run_log_tail(tmp_path / "new", 0) == ""
    assert stain.read_run_log_tail(tmp_path / "new", 9999) == "".join(f"line {n} µ\n" for n in range(1200))
    stain.clear_run_log(tmp_path / "new")
    stain.clear_run_log(tmp_path / "new")
    assert stain.read_run_log_tail(tmp_path / "new") is None


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stain.append_to_run_log(tmp_path / "file", "lost")
    Path(stain.get_run_log_path(tmp_path)).mkdir()
    found = stain.read_run_log_tail(tmp_path)
    assert found is not None
    assert found.startswith("(")
    stain.clear_run_log(tmp_path)


@contextmanager
def widget() -> Any:
    held = io.StringIO()
    with redirect_stdout(held):
        yield held


def test_tee(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "log.txt"
    with widget() as shown:
        original = sys.stdout
        with stain.TeeStdout(log) as tee:
            print("first")
            assert sys.stdout is tee
            assert tee.write("second\n") == 7
            tee.writelines(["third\n"])
            assert tee.getvalue().startswith("first")
            tee.flush()
            with stain.TeeStdout(tmp_path / "inner.txt"):
                print("inner")
        assert sys.stdout is original
    assert shown.getvalue() == log.read_text() == "first\nsecond\nthird\ninner\n"
    assert (tmp_path / "inner.txt").read_text() == "inner\n"


def test_tee_after_an_exception(tmp_path: Path) -> None:
    original = sys.stdout

    def fail() -> None:
        with stain.TeeStdout(tmp_path / "log.txt"):
            print("before")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert sys.stdout is original
    assert (tmp_path / "log.txt").read_text() == "before\n"


def test_tee_without_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    with stain.TeeStdout(tmp_path / "file" / "log.txt"):
        print("shown all the same")
    assert capsys.readouterr().out == "shown all the same\n"


def test_tee_of_errors_and_threads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with stain.TeeStdout(tmp_path / "log.txt", stderr=True):
        threads = [
            threading.Thread(target=lambda: [sys.stdout.write("x" * 50 + "\n") for _ in range(50)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("wrong", file=sys.stderr)
        assert isinstance(sys.stderr.isatty(), bool)
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert lines.count("x" * 50) == 200
    assert lines[-1] == "wrong"
    assert capsys.readouterr().err == "wrong\n"


# File names


@pytest.mark.parametrize(
    ("name", "side", "dye", "kind"),
    [
        ("S_pre_DAPI.ome.tif", "pre", "DAPI", None),
        ("my_2024_pre_run3_DAPI.tif", "pre", "DAPI", None),
        ("my_post_tile12_x_Cy5.tif", "post", "Cy5", None),
        ("S1_PreStain_SybrGld_microbe.tif", "pre", "microbe", "DYE UNDERSCORE"),
        ("._S_pre_DAPI.tif", None, None, None),
        ("Prepared_post_Cy5.tif", None, None, "AMBIGUOUS"),
    ],
)
def test_beyond_the_reference(tmp_path: Path, name: str, side: str | None, dye: str | None, kind: str | None) -> None:
    (tmp_path / name).touch()
    (tmp_path / "folder_pre_X.tif").mkdir()
    pairs, warnings = stain.classify_raw_files(tmp_path)
    assert [text.split(":")[0] for text in warnings] == ([kind] if kind else [])
    if side is None or dye is None:
        assert pairs == {}
        return
    assert [Path(path).name for path in pairs[dye][side]] == [name]


def test_the_word_that_matched_is_named(tmp_path: Path) -> None:
    (tmp_path / "Compressed_post_DAPI.tif").touch()
    assert "'Compressed', 'post'" in stain.classify_raw_files(tmp_path)[1][0]


def test_single_names_and_near_names(tmp_path: Path) -> None:
    stain.simulate(size=64).save(tmp_path, "S001", "SybrGld")
    assert stain.discover_tasks("S001", "SybrGld", tmp_path)["present"] == [("S001", "SybrGld")]
    assert stain.discover_tasks(["S001", "S001"], ["SybrGld"], tmp_path)["present"] == [("S001", "SybrGld")]
    assert "did you mean 'SybrGld'?" in stain.discover_tasks("S001", "sybrgld", tmp_path)["skipped"][0][2]
    assert "did you mean 'S001'?" in stain.discover_tasks("S0001", "SybrGld", tmp_path)["skipped"][0][2]


def test_a_dye_with_underscore_is_explained(tmp_path: Path) -> None:
    stain.simulate(size=64).save(tmp_path, "S001", "microbe")
    with pytest.raises(FileNotFoundError, match=r"Dyes found: microbe\nA dye has no underscore.*'microbe'"):
        stain.load_image_pair("S001", "Sybr_microbe", tmp_path)


def test_only_text_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    report = stain.diagnose_raw_layout(tmp_path)
    assert not report["ok"]
    assert "no TIFF images" in report["message"]


def test_layout_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "raw").touch()
    report = stain.diagnose_raw_layout(tmp_path / "raw")
    assert (report["ok"], report["exists"]) == (False, False)
    assert "not a directory" in report["message"]


def test_survey_reads_only_the_middle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "raw" / "S" / "deeper"
    folder.mkdir(parents=True)
    image = np.zeros((600, 500), np.uint16)
    image[300, 250] = 9
    tifffile.imwrite(folder / "S_pre_D.tif", image, tile=(64, 64))
    tifffile.imwrite(folder.parent / "S_post_D.tif", image, rowsperstrip=10)
    (folder / "broken.tif").write_bytes(b"II*\0broken")
    found = stain.survey_raw_channels(tmp_path / "raw", crop_size=21)
    assert [entry["size"] for entry in found] == [(500, 600), (500, 600)]
    assert [entry["mode"] for entry in found] == ["I;16", "I;16"]
    assert found[0]["channels"]["gray"] == {"max": 9, "mean": 9 / 400, "nonzero": 1}
    assert "broken.tif: cannot be read" in capsys.readouterr().out
    assert stain.survey_raw_channels(tmp_path / "nothing") == []
    assert "was not found" in capsys.readouterr().out


# Images


@given(
    arrays(np.int16, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(-2, 2)), st.integers(0, 5)
)
def test_tissue_mask_beside_scipy(image: Any, steps: int) -> None:
    grown = ndimage.binary_dilation(image > 0, iterations=steps) if steps else image > 0
    np.testing.assert_array_equal(stain.build_tissue_mask(image, image, 0, steps), ndimage.binary_fill_holes(grown))


@given(arrays(np.float64, (9, 11), elements=st.one_of(st.floats(-10, 10), st.just(float("nan")))), st.floats(0, 4))
def test_gaussian_conserves(image: Any, sigma: float) -> None:
    found = stain.filter_nan_gaussian_conserving(image, sigma)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(image))
    assert np.nansum(found) == pytest.approx(np.nansum(image), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("shape", [(40, 1), (1, 1), (7, 9)])
def test_equalize_odd_input(shape: tuple[int, int]) -> None:
    for post, pre in ((np.zeros(shape), np.ones(shape)), (np.ones(shape), np.ones((3, 4))), (-np.ones(shape),) * 2):
        ours = stain.equalize_pair(post, pre)
        assert [image.shape for image in ours] == [post.shape, pre.shape]


def test_values_that_cannot_be_divided_by() -> None:
    with pytest.raises(ValueError, match=r"greatest value other than 0"):
        stain.normalize_image(np.zeros((3, 3)))
    assert np.isnan(stain.normalize_image(np.zeros((3, 3)), on_zero="nan")).all()
    with pytest.raises(ValueError, match="region"):
        stain.subtract_median(np.zeros((5, 5)), (7, 9, 0, 2))
    with pytest.raises(ValueError, match="equal shape"):
        stain.trim_to_signal(np.zeros((3, 3)), np.zeros((4, 3)))
    wrong: tuple[dict[str, Any], ...] = ({"pad": -1}, {"post_im": np.zeros((2, 2, 3))})
    for settings in wrong:
        with pytest.raises(ValueError, match=r"pad|post"):
            stain.pad_images(**{"post_im": np.zeros((2, 2)), "pre_im": np.zeros((2, 2)), **settings})
    assert stain.robust_vmax(np.zeros(4)) == 1.0


def test_wide_integers_do_not_overflow_in_overlays() -> None:
    image = np.full((4, 4), 60000, np.uint16)
    assert (stain.make_rgb_overlay(image, image)[..., :2] == 255).all()


def test_checkpoint_corners(tmp_path: Path) -> None:
    pytest.importorskip("astropy")
    image = np.arange(12, dtype=np.float64).reshape(3, 4)
    extra = {"ratio": float("nan"), "longkeyword1": 1, "longkeyword2": 2, "text": "µm"}
    stain.save_checkpoint(image, tmp_path / "fits" / "x", params={"pad": 3}, extra_headers=extra)
    assert (tmp_path / "tiff" / "x.tiff").exists()
    found = stain.load_checkpoint(tmp_path / "images" / "x")
    np.testing.assert_array_equal(found, image)
    from astropy.io import fits

    header = fits.getheader(tmp_path / "fits" / "x.fits")
    assert (header["RATIO"], header["LONGKEYW"], header["LONGKEYWORD2"], header["TEXT"]) == ("nan", 1, 2, "?m")
    (tmp_path / "tiff" / "x.tiff").unlink()
    again = stain.load_checkpoint(tmp_path / "x")
    assert again is not None
    assert again.dtype.isnative
    np.testing.assert_array_equal(again, image)
    assert stain.checkpoint_exists(tmp_path / "x")
    assert stain.load_checkpoint(tmp_path / "y") is None


@pytest.mark.parametrize("shape", [(4,), (3, 4, 5)])
def test_a_checkpoint_is_one_plane(tmp_path: Path, shape: tuple[int, ...]) -> None:
    told = rf"`image`: expected an image of shape \(rows, columns\), found shape \({shape[0]},"
    with pytest.raises(ValueError, match=told):
        stain.save_checkpoint(np.zeros(shape), tmp_path / "x")
    with pytest.raises(ValueError, match=told):
        stain.tifffile_save(np.zeros(shape), tmp_path / "x.tif")
    assert not list(tmp_path.iterdir())


def test_tiff_to_fits(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    image = np.random.default_rng(0).integers(0, 255, (9, 7, 3)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "c.tif", image, photometric="rgb", compression="lzw")
    path, data = stain.tiff_to_fits(tmp_path / "c.tif", return_data=True)
    np.testing.assert_array_equal(data, image)
    with fits.open(path) as file:
        assert [unit.name for unit in file[1:]] == ["RED1", "GREEN2", "BLUE3"]
        np.testing.assert_array_equal(file["GREEN2"].data, image[..., 1])
    tifffile.imwrite(tmp_path / "g.tif", image[..., 0])
    with pytest.raises(ValueError, match=r"g\.tif: expected an image of shape \(rows, columns, 3\)"):
        stain.tiff_to_fits(tmp_path / "g.tif")


def test_estimates_follow_the_formula(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 30, 40), np.uint8), photometric="rgb", planarconfig="separate")
    folder = tmp_path / "raw" / "A"
    folder.mkdir(parents=True)
    (tmp_path / "a.tif").rename(folder / "A_post_D.tif")
    tifffile.imwrite(folder / "A_pre_D.tif", np.zeros((35, 38), np.uint8))
    pairs = [("A", "D"), ("Z", "D")]
    canvas = (35 + 20) * (40 + 20)
    found = stain.estimate_pipeline_memory(pairs, tmp_path / "raw", 10, 3)
    assert found["per_task_bytes"] == [estimates.PROCESS_BYTES + int(canvas * 4 * stain.PEAK_FACTOR_PER_TASK), 0]
    assert found["concurrent_peak_bytes"] == 3 * found["peak_bytes"]
    assert found["n_resolvable"] == len(found["warnings"]) == 1
    disk = stain.estimate_pipeline_output_size(pairs, tmp_path / "raw", 10, True, 2, "both")
    assert disk["bytes_per_task"] == [canvas * 4 * 2 * (2 + 1 + 1 + 2 + 1) + 10 * 2**20, 0]
    with pytest.raises(ValueError, match="checkpoint_format"):
        stain.estimate_pipeline_output_size(pairs, tmp_path / "raw", checkpoint_format="png")
