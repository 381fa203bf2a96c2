"""A run in Python: its outcome, its files and settings, what is kept of it, and that a killed one loses nothing."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from command_line import lumentrace
from lumentrace import FormatError, stain
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.record import RunRecord
from lumentrace.stain.compat import StainParameters
from lumentrace.stain.run import Outcome, RawPair, Settings, run

SETTINGS = Settings(pad=8, scale_percentile=50)
STAGES = ["01_padded", "02_icp_aligned", "03_interior_aligned", "04_difference"]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stain") / "raw"
    stain.simulate(size=256, seed=5).save(folder, "S001", "SybrGld")
    return folder


def files(raw: Path) -> tuple[Path, Path]:
    folder = raw / "S001"
    return folder / "S001_PostStain_SybrGld.tif", folder / "S001_PreStain_SybrGld.tif"


@pytest.fixture(scope="module")
def whole(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run that nothing has interrupted."""
    return run(files(raw), SETTINGS, run_dir=tmp_path_factory.mktemp("whole"))


def contents(folder: Path) -> dict[str, bytes]:
    """Files of a run but for those that hold times."""
    endings = (".tiff", ".csv", ".json", ".npz")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in endings and not path.name.startswith(("run", "manifest"))
    }


def test_python_writes_what_the_command_line_writes(raw: Path, tmp_path: Path) -> None:
    options = ["--raw", raw, "--out", tmp_path / "cli", "-p", "pad=8", "-p", "scale_percentile=50"]
    done = lumentrace("stain", "run", "S001", "SybrGld", *options)
    assert done.returncode == 0, done.stderr
    theirs = tmp_path / "cli" / "S001" / "SybrGld"
    outcome = run(RawPair.find("S001", "SybrGld", raw), SETTINGS, run_dir=tmp_path / "python")
    assert contents(tmp_path / "python") == contents(theirs)
    saved = outcome.save(tmp_path / "saved")
    same = contents(saved)
    assert same == {name: content for name, content in contents(theirs).items() if "/" in name} | {
        name: content for name, content in contents(theirs).items() if name.endswith(".npz")
    }
    assert len([name for name in same if name.endswith(".tiff")]) == 7
    records = [
        RunRecord.read(next((folder / "pipeline_output").glob("run_*.json")))
        for folder in (theirs, saved, outcome.folder)
    ]
    assert {record.technique for record in records} == {"stain"}
    for record in records[1:]:
        assert record.settings == records[0].settings
        assert record.figures == records[0].figures
        assert record.files == records[0].files
        assert record.provenance.input == records[0].provenance.input
        assert Settings.from_mapping(record.settings) == SETTINGS
    assert set(records[1].files) <= {path.relative_to(saved).as_posix() for path in saved.rglob("*.*")}


def test_arrays_files_and_the_documented_face_give_the_same(raw: Path, whole: Outcome, tmp_path: Path) -> None:
    post, pre, *_ = stain.load_image_pair("S001", "SybrGld", raw)
    outcome, other = run((post, pre), SETTINGS), whole
    task = stain.SampleDye("S001", "SybrGld", tmp_path, raw)
    task.set_params(pad=8, scale_percentile=50)
    result = task.run()
    assert result["scale_estimate"] == outcome.scales[0].value == other.scales[0].value
    assert result["scale_percentile_value"] == outcome.scales[1].value
    assert (
        result["spots"]
        == len(outcome.spots)
        == len(other.spots)
        == pl.read_csv(tmp_path / "S001" / "SybrGld" / "pipeline_output" / "spots_pad8_sp50.csv").height
    )
    np.testing.assert_array_equal(outcome.image("difference"), other.image("difference"))
    assert (outcome.title, other.title) == ("arrays", "S001, SybrGld")
    for name, image in (("post", post), ("pre", pre)):
        np.testing.assert_array_equal(outcome.image(name), np.pad(image, 8))
    inside = outcome.image("difference")
    expected = outcome.image("post") - outcome.scales[0].value * outcome.image("aligned")
    known = np.isfinite(inside) & (outcome.image("aligned") > 0)
    np.testing.assert_allclose(inside[known], expected[known], atol=1e-3)
    assert set(outcome.images) == {
        *("post", "pre", "rough_pre", "aligned", "difference", "significance", "difference_percentile_p50")
    }
    with pytest.raises(ValueError, match=r"expected one of post, .*found 'differense'"):
        outcome.image("differense")


def test_without_a_folder_the_images_go_with_the_outcome(raw: Path) -> None:
    outcome = run(files(raw), Settings(pad=0))
    folder = outcome.folder
    assert (folder / "tiff").is_dir()
    del outcome
    gc.collect()
    assert not folder.exists()


def same(one: Outcome, other: Outcome) -> None:
    maps = [{**each.registration.to_dict(), "provenance": None} for each in (one, other)]
    assert maps[0] == maps[1]
    assert [scale.to_dict() for scale in one.scales] == [scale.to_dict() for scale in other.scales]
    assert one.spots.equals(other.spots)
    assert one.noise == other.noise
    assert one.notices == other.notices
    for name in ("ratios", "joint", "edges"):
        np.testing.assert_array_equal(getattr(one.histograms, name), getattr(other.histograms, name))
    for name in ("centres", "counts", "fitted"):
        np.testing.assert_array_equal(getattr(one.scales[0], name), getattr(other.scales[0], name))
    assert set(one.pictures) == set(other.pictures)
    for name in one.pictures:
        np.testing.assert_array_equal(one.pictures[name], other.pictures[name])


def test_what_is_kept_is_the_whole_outcome(raw: Path, whole: Outcome, tmp_path: Path) -> None:
    first = whole
    shutil.copytree(whole.folder, tmp_path, dirs_exist_ok=True)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    again = run(files(raw), SETTINGS, run_dir=tmp_path)
    same(first, again)
    assert again.provenance.steps == first.provenance.steps
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == times
    report = tmp_path / "pipeline_output" / "report_pad8_sp50.html"
    whole = report.read_bytes()
    report.write_bytes(b"cut")
    run(files(raw), SETTINGS, run_dir=tmp_path)
    assert len(report.read_bytes()) == pytest.approx(len(whole), rel=0.01)
    forced = run(files(raw), SETTINGS, run_dir=tmp_path, force=4)
    assert forced.provenance.steps[:3] == first.provenance.steps[:3]
    assert forced.provenance.steps[3].started > first.provenance.steps[3].started
    record = RunRecord.read(tmp_path / "pipeline_output" / "run_pad8_sp50.json")
    assert record.provenance == forced.provenance


def test_every_step_has_its_own_time_and_parameters(whole: Outcome) -> None:
    steps = whole.provenance.steps
    assert [step.name for step in steps] == STAGES
    assert [step.index for step in steps] == [0, 1, 2, 3]
    assert len({step.started for step in steps}) == 4
    assert all(step.duration > 0 for step in steps)
    assert steps[0].parameters == {"pad": 8}
    assert steps[2].parameters == {"interior_ecc": True, "local_model": "auto"}
    assert steps[3].parameters["scale_percentile"] == 50
    assert whole.registration.provenance.steps == steps[:3]
    assert whole.scales[0].provenance == whole.provenance
    assert set(whole.provenance.input["xxh3"]) == {"post", "pre"}


def test_functions_leave_their_history(tmp_path: Path) -> None:
    pair = stain.simulate(size=256, seed=1)
    found = stain.subtract(pair.post, pair.pre, offset=True)
    names = ["register", "count_ratios", "estimate_scale", "subtract"]
    assert [step.name for step in found.provenance.steps] == names
    assert found.scale.provenance.steps == found.provenance.steps[:3]
    assert found.registration.provenance.steps == found.provenance.steps[:1]
    assert found.provenance.steps[2].parameters == {"scale": None, "offset": True, "histogram": "unbiased"}
    assert all(step.duration > 0 for step in found.provenance.steps)
    loaded = stain.Registration.load(found.registration.save(tmp_path / "map.json"))
    assert loaded.provenance == found.registration.provenance


def test_other_formats_are_made_and_more_formats_do(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("astropy.io.fits")
    first = run(files(raw), Settings(pad=0), run_dir=tmp_path)
    both = run(files(raw), Settings(pad=0, checkpoint_format="both"), run_dir=tmp_path)
    assert capsys.readouterr().out.count("is there in another format") == 4
    assert both.provenance.steps[0].started > first.provenance.steps[0].started
    fits = run(files(raw), Settings(pad=0, checkpoint_format="fits"), run_dir=tmp_path)
    assert fits.provenance.steps == both.provenance.steps
    alone = run(files(raw), Settings(pad=0, checkpoint_format="fits"))
    np.testing.assert_array_equal(alone.image("difference"), first.image("difference"))


KILL = """
import os, signal, sys
from lumentrace.stain.run import Settings, run
def tell(done, total):
    if done >= int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
run((sys.argv[1], sys.argv[2]), Settings(pad=8, scale_percentile=50), verbose=tell, run_dir=sys.argv[3])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("done", [50, 101, 201, 300, 380])
def test_a_killed_run_loses_no_finished_stage_and_ends_the_same(
    raw: Path, whole: Outcome, tmp_path: Path, done: int
) -> None:
    out = tmp_path / "killed"
    ended = subprocess.run([sys.executable, "-c", KILL, *map(str, files(raw)), str(out), str(done)], check=False)
    assert ended.returncode == -9
    suffixes = ["_pad8"] * 3 + ["_pad8_sp50"]
    kept = [RunDirectory(out).about(f"{stage}{suffix}.json") for stage, suffix in zip(STAGES, suffixes, strict=True)]
    assert [about is not None for about in kept] == [100 * stage < done for stage in (1, 2, 3, 4)]
    outcome = run(files(raw), SETTINGS, run_dir=out)
    for about, step in zip(kept, outcome.provenance.steps, strict=True):
        assert about is None or about["started"] == step.started
    same(outcome, whole)
    assert contents(out) == contents(whole.folder)


BESIDE = """
import sys
from lumentrace.stain.run import Settings, run
run((sys.argv[1], sys.argv[2]), Settings(pad=8, offset=sys.argv[4] == "1"), run_dir=sys.argv[3])
"""


def test_runs_beside_each_other_in_one_folder(raw: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", BESIDE, *map(str, files(raw)), str(tmp_path)]
    running = [subprocess.Popen([*command, offset]) for offset in "010"]
    assert [process.wait(100) for process in running] == [0, 0, 0]
    before = contents(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    for offset in (False, True):
        run(files(raw), Settings(pad=8, offset=offset), run_dir=tmp_path)
    assert contents(tmp_path) == before
    unchanged = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.tiff")}
    assert unchanged.items() <= times.items()


def test_every_stage_tells_how_far_it_is(raw: Path) -> None:
    told: list[tuple[int, int]] = []
    run(files(raw), Settings(pad=0), verbose=lambda done, total: told.append((done, total)))
    done = [each for each, _ in told]
    assert told[-1] == (400, 400)
    assert done == sorted(set(done))
    for stage, least in ((0, 2), (1, 12), (2, 5), (3, 4)):
        assert sum(100 * stage < each <= 100 * stage + 100 for each in done) >= least, stage


def test_settings_are_one_language(tmp_path: Path) -> None:
    toml, yaml = tmp_path / "a.toml", tmp_path / "a.yaml"
    toml.write_text('pad = 10\nangle_range = 12.5\nlocal_model = true\nhistogram = "exo2micro"\n')
    yaml.write_text("pad: 10\nangle_range: 12.5\nlocal_model: true\nhistogram: exo2micro\n")
    wanted = Settings(pad=10, angle_range=12.5, local_model=True, histogram="exo2micro")
    assert Settings.read(toml) == Settings.read(yaml) == Settings.from_mapping(wanted.to_dict()) == wanted
    assert {name for name, _, text in wanted.describe() if text} == set(wanted.to_dict())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("padd = 3", "unknown setting 'padd'; did you mean 'pad'"),
        ("pad = -1", "`pad`: expected a whole number from 0"),
        ("checkpoint_format = 'png'", "found 'png'"),
        ("boundary_width = 20", "unknown setting 'boundary_width'"),
        ("pad = ", "expected a TOML file"),
    ],
)
def test_files_of_settings_that_are_none(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(FormatError, match=told):
        Settings.read(path)


def test_a_file_of_settings_on_the_command_line(raw: Path, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("pad = 10\nmanual_scale = 1.2\nboundary_width = 20\n")
    options = ["--config", path, "-p", "pad=4", "--raw", raw, "--out", tmp_path / "out", "--to-stage", 1]
    done = lumentrace("stain", "run", "S001", "SybrGld", *options)
    assert done.returncode == 0, done.stderr
    assert "no effect on this registration: boundary_width" in done.stdout
    assert (tmp_path / "out" / "S001" / "SybrGld" / "tiff" / "01_padded_post_pad4.tiff").exists()


def test_settings_of_exo2micro_keep_answering(raw: Path) -> None:
    assert StainParameters(histogram="peer").histogram == Settings(histogram="peer").histogram == "exo2micro"
    assert stain.params_from_suffix("_histpeer") == stain.params_from_suffix("_histexo2micro")
    assert StainParameters(pad=5).plain() == Settings(pad=5)
    odd = StainParameters(pad=5, stopit=3)
    assert odd.plain() is odd
    post, pre, *_ = stain.load_image_pair("S001", "SybrGld", raw)
    map_ = stain.register(post, pre)
    one, other = (stain.subtract(post, pre, map_, histogram=name) for name in ("peer", "exo2micro"))  # type: ignore[arg-type]
    assert one.scale.value == other.scale.value
    assert one.scale.value != stain.subtract(post, pre, map_).scale.value
    with pytest.raises(ValueError, match="exo2micro"):
        stain.subtract(post, pre, map_, histogram="pear")  # type: ignore[arg-type]


@pytest.mark.parametrize(("pad", "image_format"), [(0, "tiff"), (30, "fits")])
def test_outlines_of_spots_are_on_the_post_stain_image(tmp_path: Path, pad: int, image_format: str) -> None:
    pair = stain.simulate(size=256, spots=40, seed=3)
    outcome = run((pair.post, pair.pre), Settings(pad=pad, checkpoint_format=image_format))
    found = json.loads(outcome.to_geojson(tmp_path / "spots.geojson").read_text())["features"]
    assert len(found) == len(outcome.spots) > 10
    for feature in found:
        row = outcome.spots.row(int(feature["properties"]["name"]) - 1, named=True)
        measured = feature["properties"]["measurements"]
        shape = feature["geometry"]["coordinates"]
        parts = [shape] if feature["geometry"]["type"] == "Polygon" else shape
        corners = np.vstack([ring for rings in parts for ring in rings])
        assert (measured["Area px^2"], measured["intensity"]) == (row["area"], row["intensity"])
        assert (corners.min(axis=0) + pad).tolist() == [row["left"], row["top"]]
        assert (corners.max(axis=0) + pad).tolist() == [row["right"], row["bottom"]]
