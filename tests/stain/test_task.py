"""A pair: its stages, what is kept, what is run again, and what goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from lumentrace import stain
from lumentrace.engine.record import RunRecord

SIZE = 256


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw images of a pair."""
    folder = tmp_path_factory.mktemp("pair")
    stain.simulate(size=SIZE, seed=5).save(folder / "raw", "S001", "SybrGld")
    return folder


@pytest.fixture(scope="module")
def finished(pair: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair and the results of its run, whichever test asks first."""
    folder = shutil.copytree(pair, tmp_path_factory.mktemp("finished"), dirs_exist_ok=True)
    assert task(folder / "raw").run()["status"] == "complete"
    return folder


@pytest.fixture
def raw(pair: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pair, tmp_path, dirs_exist_ok=True) / "raw"


@pytest.fixture
def ran(finished: Path, tmp_path: Path) -> Path:
    """The folder of the raw images of a pair that was run."""
    return shutil.copytree(finished, tmp_path, dirs_exist_ok=True) / "raw"


def task(raw: Path, **params: Any) -> stain.SampleDye:
    made = stain.SampleDye("S001", "SybrGld", raw.parent / "processed", raw)
    made.set_params(pad=16, **params)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tiff").glob("*.tiff"))}


def pixels(folder: Path) -> dict[str, Any]:
    return {path.name: tifffile.imread(path) for path in sorted((folder / "tiff").glob("*.tiff"))}


def test_it_writes_what_is_documented(ran: Path) -> None:
    job = task(ran)
    result = job.run()
    assert result["status"] == "complete"
    assert result["scale_estimate"] == pytest.approx(1.3, rel=0.01)
    names = {
        "01_padded_post_pad16.tiff": np.uint8,
        "01_padded_pre_pad16.tiff": np.uint8,
        "02_icp_aligned_pre_pad16.tiff": np.float32,
        "03_interior_aligned_pre_pad16.tiff": np.float32,
        "04_difference_difference_pad16.tiff": np.float32,
        "04_difference_significance_pad16.tiff": np.float32,
    }
    found = pixels(job.folder)
    assert {name: image.dtype for name, image in found.items()} == names
    assert {image.shape for image in found.values()} == {(SIZE + 32, SIZE + 32)}
    output = sorted(path.name for path in (job.folder / "pipeline_output").iterdir())
    assert output == ["registration_pad16.json", "report_pad16.html", "run_pad16.json", "spots_pad16.csv"]
    assert [row["done"] for row in job.status()] == [True] * 4
    assert (job.folder / "fits").is_dir()
    post = stain.load_image_pair("S001", "SybrGld", ran)[0]
    loaded = stain.load_checkpoint(job.folder / "01_padded_post_pad16")
    assert loaded is not None
    np.testing.assert_array_equal(loaded[16:-16, 16:-16], post)
    assert not loaded[:16].any()


def test_a_second_run_does_nothing(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = task(ran)
    first = job.run()
    times = {path: path.stat().st_mtime_ns for path in job.folder.rglob("*.*")}
    monkeypatch.setattr("lumentrace.stain.files.pair.read_raw", lambda *_: pytest.fail("read again"))
    assert task(ran).run() == first
    assert {path: path.stat().st_mtime_ns for path in job.folder.rglob("*.*")} == times


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_resumed_is_identical(ran: Path, tmp_path: Path, stage: int) -> None:
    whole = task(ran)
    expected = whole.run()
    parts = stain.SampleDye("S001", "SybrGld", tmp_path / "parts", ran)
    parts.set_params(pad=16)
    assert parts.run(to_stage=stage)["status"] == "complete"
    again = stain.SampleDye("S001", "SybrGld", tmp_path / "parts", ran)
    again.set_params(pad=16)
    result = again.run(from_stage=4)
    assert {**result, "report": ""} == {**expected, "report": ""}
    for name, image in pixels(whole.folder).items():
        np.testing.assert_array_equal(image, pixels(again.folder)[name])
    assert again.registration is not None
    assert whole.registration is not None
    np.testing.assert_array_equal(again.registration.matrix, whole.registration.matrix)


def test_damaged_files_are_made_again(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = task(ran)
    job.run()
    before = pixels(job.folder)
    path = job.folder / "tiff" / "02_icp_aligned_pre_pad16.tiff"
    path.write_bytes(path.read_bytes()[:1000])
    assert task(ran).run()["status"] == "complete"
    assert "stage 2 is run again: tiff/02_icp_aligned_pre_pad16.tiff is damaged" in capsys.readouterr().out
    for name, image in pixels(job.folder).items():
        np.testing.assert_array_equal(image, before[name])


def test_changed_raw_files_are_noticed(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task(ran).run()
    stain.simulate(size=SIZE, seed=6, scale=1.6).save(ran, "S001", "SybrGld")
    assert task(ran).run()["scale_estimate"] == pytest.approx(1.6, rel=0.01)
    assert "made from other raw files" in capsys.readouterr().out


def test_force_runs_again(ran: Path) -> None:
    job = task(ran)
    job.run()
    path = job.folder / "tiff" / "03_interior_aligned_pre_pad16.tiff"
    before = path.stat().st_mtime_ns
    job.run(from_stage=4, force=True)
    assert path.stat().st_mtime_ns == before
    job.run(force=True)
    assert path.stat().st_mtime_ns > before


def test_more_scales_write_only_what_is_new(ran: Path) -> None:
    job = task(ran)
    job.run()
    main = job.folder / "tiff" / "04_difference_difference_pad16.tiff"
    before = main.stat().st_mtime_ns
    job.set_params(scale_percentile=50, manual_scale=1.2)
    result = job.run()
    assert result["manual_scale"] == 1.2
    assert main.stat().st_mtime_ns == before
    suffix = "_pad16_sp50_msc1.2.tiff"
    assert (job.folder / "tiff" / f"04_difference_difference_percentile_p50{suffix}").exists()
    manual = tifffile.imread(job.folder / "tiff" / f"04_difference_difference_manual{suffix}")
    post, pre = (tifffile.imread(job.folder / "tiff" / name) for name in _inputs())
    inner = slice(60, 200)
    expected = post[inner, inner] - np.float32(1.2) * pre[inner, inner]
    np.testing.assert_allclose(manual[inner, inner], expected, atol=1e-3)
    bright = (post > 0) & (pre >= 5)
    assert result["scale_percentile_value"] == pytest.approx(np.median(post[bright] / pre[bright]), rel=0.01)


def _inputs() -> tuple[str, str]:
    return "01_padded_post_pad16.tiff", "03_interior_aligned_pre_pad16.tiff"


def test_fits_holds_the_same(raw: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    job = stain.SampleDye("S001", "SybrGld", raw.parent / "both", raw, checkpoint_format="both")
    job.set_params(pad=16)
    assert job.run()["status"] == "complete"
    for path in sorted((job.folder / "fits").glob("*.fits")):
        with fits.open(path) as file:
            file.verify("exception")
            data = file[0].data.astype(np.float32)
            header = file[0].header
        tiff = tifffile.imread(job.folder / "tiff" / f"{path.stem}.tiff").astype(np.float32)
        np.testing.assert_array_equal(data, tiff)
        assert (header["SAMPLE"], header["DYE"], header["PAD"]) == ("S001", "SybrGld", 16)
    assert header["SCALEK"] == "moffat"
    only = stain.SampleDye("S001", "SybrGld", raw.parent / "fits only", raw, checkpoint_format="fits")
    only.set_params(pad=16)
    only.run(to_stage=1)
    assert stain.load_checkpoint(only.folder / "01_padded_post_pad16") is not None
    assert not list((only.folder / "tiff").iterdir())


def test_a_registration_that_is_not_ok_is_never_complete(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    post, other = (stain.simulate(size=128, seed=seed) for seed in (5, 99))
    post.save(raw, "S001", "SybrGld")
    tifffile.imwrite(raw / "S001" / "S001_PreStain_SybrGld.tif", other.pre)
    result = task(raw).run()
    assert result["status"].startswith("unreliable: ")
    assert result["registration_ok"] is False
    report = Path(result["report"]).read_text(encoding="utf-8")
    assert "Do not trust this registration" in report


def test_swapped_images_are_named(raw: Path) -> None:
    folder = raw / "S001"
    names = [folder / f"S001_{side}Stain_SybrGld.tif" for side in ("Pre", "Post")]
    held = [path.read_bytes() for path in names]
    for path, content in zip(names, reversed(held), strict=True):
        path.write_bytes(content)
    assert any("swapped" in text for text in task(raw).run()["warnings"])


def test_compare(raw: Path) -> None:
    job = task(raw)
    rows = job.compare("manual_scale", [1.1, 1.4])
    assert [row["manual_scale"] for row in rows] == [1.1, 1.4]
    assert all(row["status"] == "complete" for row in rows)
    assert job.params["manual_scale"] is None


def test_parameters_are_checked(raw: Path) -> None:
    job = task(raw)
    for changes, told in (
        ({"padd": 3}, "did you mean 'pad'"),
        ({"pad": -5}, "whole number from 0"),
        ({"pad": "x"}, "expected a finite number, found 'x'"),
        ({"scale_percentile": 101}, "from 0 to 100"),
        ({"interior_ecc": 1}, "True or False"),
        ({"histogram": "other"}, "unbiased"),
    ):
        with pytest.raises(ValueError, match=told):
            job.set_params(**changes)
    assert job.params["pad"] == 16
    job.reset_params()
    assert job.non_default_params() == {}
    with pytest.raises(ValueError, match="stages from 1 to 4"):
        job.run(from_stage=3, to_stage=2)
    with pytest.raises(ValueError, match="checkpoint_format"):
        stain.SampleDye("A", "B", raw.parent / "x", raw, "png")


def test_parameters_without_effect_are_named(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task(raw, boundary_width=20).run(to_stage=1)
    assert "no effect on this registration: boundary_width" in capsys.readouterr().out


def test_progress_is_told(raw: Path) -> None:
    told: list[tuple[int, int]] = []
    task(raw).run(verbose=lambda done, total: told.append((done, total)))
    assert told[-1] == (400, 400)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@contextmanager
def replaced(path: Path, content: Any, **settings: Any) -> Iterator[None]:
    held = path.read_bytes()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        tifffile.imwrite(path, content, **settings)
    yield
    path.write_bytes(held)


def test_images_of_all_kinds_give_the_same(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = raw / "S001" / "S001_PostStain_SybrGld.tif"
    post = stain.load_image_pair("S001", "SybrGld", raw)[0]
    colours = np.zeros((*post.shape, 3), np.uint8)
    colours[..., 1] = post
    alpha = np.dstack([colours, np.full(post.shape, 255, np.uint8)])
    kinds: list[tuple[Any, dict[str, Any]]] = [
        (post, {}),
        (colours, {"photometric": "rgb", "bigtiff": True}),
        (np.moveaxis(colours, -1, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        (colours, {"photometric": "rgb", "tile": (64, 64)}),
        (colours, {"photometric": "rgb", "compression": "lzw"}),
        (colours, {"photometric": "rgb", "compression": "deflate", "predictor": True}),
        (alpha, {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
        (np.stack([post, post // 2]), {"photometric": "minisblack"}),
        (post, {"rowsperstrip": 7}),
    ]
    for content, settings in kinds:
        with replaced(path, content, **settings):
            np.testing.assert_array_equal(stain.load_image_pair("S001", "SybrGld", raw)[0], post, str(settings))
    assert "2 pages; the first is read" in capsys.readouterr().out
    with replaced(path, colours.astype(np.uint16) * 257, photometric="rgb"):
        np.testing.assert_array_equal(stain.load_image_pair("S001", "SybrGld", raw)[0], post.astype(np.uint16) * 257)
    with replaced(path, colours, photometric="rgb", compression="jpeg"):
        assert np.abs(stain.load_image_pair("S001", "SybrGld", raw)[0].astype(int) - post).mean() < 3
    both = colours.copy()
    both[..., 0] = post
    with replaced(path, both, photometric="rgb"):
        np.testing.assert_array_equal(stain.load_image_pair("S001", "SybrGld", raw)[0], 2 * post.astype(np.uint16))
        np.testing.assert_array_equal(stain.read_raw(path, channel="R").pixels, post)
        with pytest.raises(ValueError, match="expected one of R, G, B"):
            stain.read_raw(path, channel=3)


def test_files_that_are_no_images(raw: Path, tmp_path: Path) -> None:
    path = raw / "S001" / "S001_PostStain_SybrGld.tif"
    whole = path.read_bytes()
    Image.new("RGB", (8, 8)).save(tmp_path / "image.png")
    palette = Image.fromarray(np.arange(10000, dtype=np.uint8).reshape(100, 100)).convert("P")
    palette.save(tmp_path / "palette.tif")
    for content, told in (
        (b"", "empty file"),
        ((tmp_path / "image.png").read_bytes(), "damaged"),
        (whole[: len(whole) // 2], "cut off|damaged"),
        ((tmp_path / "palette.tif").read_bytes(), "palette"),
        (b"no image at all", "damaged"),
    ):
        with replaced(path, content):
            with pytest.raises(stain_errors(), match=told) as caught:
                stain.load_image_pair("S001", "SybrGld", raw)
            assert path.name in str(caught.value)
            result = task(raw).run()
            assert result["status"].startswith("error: ")
            assert path.name in result["status"]


def stain_errors() -> type[Exception]:
    from lumentrace import FormatError

    assert issubclass(FormatError, OSError)
    return FormatError


def test_damaged_files_never_crash(raw: Path) -> None:
    path = raw / "S001" / "S001_PostStain_SybrGld.tif"
    whole = bytearray(path.read_bytes())
    random = np.random.default_rng(0)
    for _ in range(60):
        content = bytearray(whole)
        for place in random.integers(0, 400, 6):
            content[place] = random.integers(256)
        path.write_bytes(content)
        try:
            post = stain.load_image_pair("S001", "SybrGld", raw)[0]
        except (stain_errors(), MemoryError):
            continue
        assert post.ndim == 2


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (np.zeros((SIZE, SIZE), np.uint8), "contrast"),
        (np.full((SIZE, SIZE), 255, np.uint8), "contrast"),
        (np.zeros((1, 1), np.uint8), "64 x 64"),
    ],
)
def test_images_without_content(raw: Path, image: Any, told: str) -> None:
    tifffile.imwrite(raw / "S001" / "S001_PreStain_SybrGld.tif", image)
    result = task(raw).run()
    assert result["status"].startswith("error: ")
    assert told in result["status"]


def test_very_different_sizes(raw: Path) -> None:
    large = stain.simulate(size=512, angle=1, shift=(0, 0), seed=3)
    folder = raw / "S001"
    tifffile.imwrite(folder / "S001_PostStain_SybrGld.tif", large.post[150:350, 120:380])
    tifffile.imwrite(folder / "S001_PreStain_SybrGld.tif", large.pre)
    job = task(raw)
    assert job.run()["status"] == "complete"
    assert job.registration is not None
    assert job.registration.shift[0] == pytest.approx(120, abs=8)


def test_names_of_all_kinds(tmp_path: Path) -> None:
    pair = stain.simulate(size=SIZE, seed=2)
    sample, dye = "Gewebe Ü 組織", "färbung 2"
    pair.save(tmp_path / "röh", sample, dye)
    (tmp_path / "röh" / sample / f"._S_pre_{dye}.tif").write_bytes(b"fork")
    (tmp_path / "röh" / sample / f"folder_pre_{dye}.tif").mkdir()
    job = stain.SampleDye(sample, dye, tmp_path / "aus", tmp_path / "röh", "both")
    assert job.run(to_stage=2)["status"] == "complete"


def test_output_that_cannot_be_written(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = task(raw)
    job.run(to_stage=2)
    before = contents(job.folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lumentrace.storage.tiled.TiledTiff.finish", full)
    result = job.run()
    assert result["status"].startswith("error: ")
    assert "No space left" in result["status"]
    assert contents(job.folder) == before
    assert not list(job.folder.rglob("*.partial"))
    monkeypatch.undo()
    assert job.run()["status"] == "complete"


KILL = """
import os, signal, sys, threading, time
from lumentrace import stain
threading.Timer(float(sys.argv[3]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
job = stain.SampleDye("S001", "SybrGld", sys.argv[2], sys.argv[1])
job.set_params(pad=16)
job.run()
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("seconds", [0.3, 0.6, 0.9])
def test_kill_and_go_on(ran: Path, tmp_path: Path, seconds: float) -> None:
    out = tmp_path / "killed"
    subprocess.run([sys.executable, "-c", KILL, str(ran), str(out), str(seconds)], check=False)
    job = stain.SampleDye("S001", "SybrGld", out, ran)
    job.set_params(pad=16)
    whole = task(ran)
    expected = whole.run()
    assert {**job.run(), "report": ""} == {**expected, "report": ""}
    for name, image in pixels(whole.folder).items():
        np.testing.assert_array_equal(image, pixels(job.folder)[name])


def test_two_processes_in_one_folder(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "shared"
    code = "\n".join(line for line in KILL.splitlines() if "Timer" not in line)
    running = [subprocess.Popen([sys.executable, "-c", code, str(raw), str(out)]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    job = stain.SampleDye("S001", "SybrGld", out, raw)
    job.set_params(pad=16)
    assert [row["done"] for row in job.status()] == [True] * 4


def test_without_raw_files_there_is_no_registration(tmp_path: Path) -> None:
    job = stain.SampleDye("S001", "SybrGld", tmp_path / "processed", tmp_path / "raw")
    assert job.registration is None
    assert [row["done"] for row in job.status()] == [False] * 4


def test_records_are_plain(ran: Path) -> None:
    job = task(ran)
    job.run()
    record = json.loads((job.folder / "04_difference_pad16.json").read_text())
    assert record["result"]["scales"][0]["method"] == "moffat"
    run = RunRecord.read(job.folder / "pipeline_output" / "run_pad16.json")
    assert [step.name[:2] for step in run.provenance.steps] == ["01", "02", "03", "04"]
    assert run.provenance.steps[0].parameters == {"pad": 16}


NEEDS = """
import re, sys
from lumentrace import stain
job = stain.SampleDye("S", "D", sys.argv[2], sys.argv[1])
job.set_params(pad=int(sys.argv[3]))
print(job.run(force_run=True)["status"])
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read()).group(1)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(("size", "pad"), [(512, 0), (1400, 0), (1000, 700)])
def test_the_estimate_is_what_a_process_needs(tmp_path: Path, size: int, pad: int) -> None:
    stain.simulate(size=size, seed=1).save(tmp_path / "raw", "S", "D")
    command = [sys.executable, "-c", NEEDS, str(tmp_path / "raw"), str(tmp_path / "out"), str(pad)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, peak = done.stdout.split()[-2:]
    assert status == "complete"
    estimate = stain.estimate_pipeline_memory([("S", "D")], tmp_path / "raw", pad)["peak_bytes"]
    assert 1.0 <= estimate / int(peak) <= 1.5
