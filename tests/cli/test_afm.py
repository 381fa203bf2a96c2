"""`lumentrace afm` as a user runs it, and the films and reports it writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tifffile
from PIL import Image

import afm_files
from afm_cases import DETECT, movie, stacked
from command_line import lumentrace
from lumentrace.afm import AFMImageStack, AnalysisPipeline, ProcessingPipeline, load, write_report
from lumentrace.afm.analysis.utils.common import load_analysis_from_hdf5
from lumentrace.afm.export import to_film, to_ome_tiff
from lumentrace.afm.recipe import parse
from lumentrace.afm.run import Settings, run
from lumentrace.afm.saved import load_outcome
from lumentrace.cli.table_files import read_table, write_table_file
from lumentrace.engine.record import RunRecord
from lumentrace.plots.numbers import spell

TABLES = ("feature_detection", "tracks", "track_statistics", "mean_squared_displacement")
OUTPUTS = {
    *(
        f"{name}.{ending}"
        for name in ("frames", "feature_detection", "bump_positions", "tracks", "track_statistics")
        for ending in ("csv", "parquet")
    ),
    *(f"mean_squared_displacement.{ending}" for ending in ("csv", "parquet")),
    *("record.h5", "record.json", "report.html", "run.json"),
}
UNITS = {"t": "s", "x": "nm", "y": "nm", "z": "nm"}
CLUSTER = ("k_means_clustering", {"k": 8, "use_time": False})
TRACK = ("particle_tracking", {"max_distance": 6.0, "method": "optimal"})


def refused(*arguments: object, code: int) -> str:
    """What a command says that ends with an exit code."""
    result = lumentrace(*arguments)
    assert result.returncode == code, result.stderr
    return " ".join(result.stderr.split())


def done(*arguments: object) -> str:
    """What a command answers that does not fail."""
    result = lumentrace(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def film(tmp_path: Path) -> Path:
    images, _ = movie(6)
    y, x = np.indices(images.shape[1:])
    # 5 V down to -5 V in 4096 levels, 40 nm/V.
    levels = np.round((200 - images - 0.05 * x + 0.1 * y) / 400 * 4096).astype(np.int16)
    return afm_files.asd(tmp_path / "film.asd", levels[None], size_nm=(192, 192), bits=12)


# ------------------------------------------------------------------ runs
def test_one_command_does_processing_and_analysis(film: Path, tmp_path: Path) -> None:
    assert "film.asd" in done("afm", "run", film, "--out", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == OUTPUTS
    tracks = pl.read_parquet(tmp_path / "out" / "track_statistics.parquet")
    assert len(tracks) == 8
    assert tracks["points"].to_list() == [6] * 8
    record = load_analysis_from_hdf5(tmp_path / "out" / "record.h5")
    assert list(record["analysis"]) == [
        "step_1_bump_mask",
        "step_2_feature_detection",
        "step_3_bump_positions",
        "step_4_particle_tracking",
        "step_5_track_statistics",
    ]
    history = json.loads((tmp_path / "out" / "run.json").read_text())
    assert [step["name"] for step in history["steps"]][-3:] == [
        "bump_positions",
        "particle_tracking",
        "track_statistics",
    ]
    assert history["input"]["path"] == str(film)


def test_files_of_other_instruments(tmp_path: Path) -> None:
    image = np.round(movie(1, size=96)[0][0] * 1000).astype(int)
    ways = (("height", 0), ("height", 1))
    paths = [
        afm_files.nanoscope9(tmp_path / "fast.spm", image),
        afm_files.spm(tmp_path / "old.002", image),
        afm_files.jpk(tmp_path / "one.jpk", image + 5000, channels=ways),
        afm_files.jpk(tmp_path / "map.jpk-qi-image", image + 5000, channels=ways),
    ]
    result = lumentrace("afm", "run", *paths, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    for path in paths:
        assert len(pl.read_parquet(tmp_path / "out" / path.name / "feature_detection.parquet")) == 8
        assert f"{path.name}: 1 frame in" in result.stderr
    # Warnings are for users, not for programmers.
    assert "warning" in result.stderr
    assert "fast.spm: pixels are 15.625 x 31.25 nm" in result.stderr
    assert "UserWarning" not in result.stderr
    told = lumentrace("afm", "info", paths[0])
    assert "channel  Height Sensor_retrace, nm" in re.sub("  +", "  ", told.stdout)
    assert "duration  n/a\n" in re.sub("  +", "  ", told.stdout)
    assert "UserWarning" not in told.stderr


def test_a_film_without_objects(tmp_path: Path) -> None:
    path = afm_files.spm(tmp_path / "flat.spm", np.indices((64, 64)).sum(axis=0) % 2)
    result = lumentrace("afm", "run", path, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "flat.spm: no objects; another mask may find some, e.g. --analyse" in result.stderr


def test_the_same_steps_in_python_give_the_same(film: Path, tmp_path: Path) -> None:
    process = "remove_plane; mask_mean_offset:factor=1.0; row_median_align; clear; gaussian_filter:sigma=1.2"
    analyse = "feature_detection:mask_fn=mask_threshold,threshold=2.0; particle_tracking:max_distance=5"
    done("afm", "run", film, "--out", tmp_path, "--process", process, "--analyse", analyse)
    stack = load(film)
    pipeline = ProcessingPipeline(stack)
    for name, settings in parse(process):
        pipeline.add(name, **settings)
    pipeline.run()
    analysis = AnalysisPipeline()
    analysis.add("feature_detection", mask_fn="mask_threshold", threshold=2.0)
    found = analysis.run(stack)["analysis"]["step_1_feature_detection"]
    table = pl.read_csv(tmp_path / "feature_detection.csv")
    areas = [feature["area"] for frame in found["features_per_frame"] for feature in frame]
    assert table["area"].to_list() == areas
    assert len(areas) >= 48


@pytest.mark.parametrize("ending", ["toml", "yaml", "json"])
def test_recipes(film: Path, tmp_path: Path, ending: str) -> None:
    steps = {
        "channel": "TP",
        "process": [{"step": "remove_plane"}, {"name": "gaussian_filter", "sigma": 1.5}],
        "analysis": [{"name": "feature_detection", "params": {"mask_fn": "mask_threshold", "threshold": 1e0}}],
    }
    toml = """
channel = "TP"
process = "remove_plane; gaussian_filter:sigma=1.5"
[[analyse]]
step = "feature_detection"
mask_fn = "mask_threshold"
threshold = 1e0
"""
    yaml = """
channel: TP
process: [remove_plane, {step: gaussian_filter, sigma: 1.5}]
analyse:
  - {step: feature_detection, mask_fn: mask_threshold, threshold: 1.0}
"""
    path = tmp_path / f"recipe.{ending}"
    path.write_text({"toml": toml, "yaml": yaml, "json": json.dumps(steps)}[ending])
    recipe = Settings.read(path)
    assert recipe.channel == "TP"
    assert recipe.process == (("remove_plane", {}), ("gaussian_filter", {"sigma": 1.5}))
    assert recipe.analyse == (("feature_detection", {"mask_fn": "mask_threshold", "threshold": 1.0}),)
    done("afm", "run", film, "--config", path, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "feature_detection.csv").exists()


def test_python_writes_what_the_command_line_writes(film: Path, tmp_path: Path) -> None:
    analyse = "feature_detection:mask_fn=mask_threshold,threshold=2.0; particle_tracking:max_distance=5"
    done("afm", "run", film, "--out", tmp_path / "cli", "--process", "remove_plane", "--analyse", analyse)
    outcome = run(film, Settings(process="remove_plane", analyse=analyse))
    here = outcome.save(tmp_path / "python")
    for path in (tmp_path / "cli").glob("*.csv"):
        assert path.read_bytes() == (here / path.name).read_bytes()
    one, other = (RunRecord.read(tmp_path / name / "run.json") for name in ("cli", "python"))
    assert one.settings == other.settings
    assert one.figures == other.figures == outcome.figures()
    assert one.files == other.files
    assert [step.name for step in one.provenance.steps] == ["remove_plane", "feature_detection", "particle_tracking"]
    assert Settings.from_mapping(one.settings) == outcome.settings


def test_report_and_tables_show_the_same_numbers(film: Path, tmp_path: Path) -> None:
    outcome = run(film)
    folder = outcome.save(tmp_path / "out")
    frames, objects, tracks = (
        pl.read_csv(folder / f"{name}.csv") for name in ("frames", "feature_detection", "track_statistics")
    )
    np.testing.assert_allclose(frames["roughness"], outcome.stack.data.std(axis=(1, 2)))
    assert frames["time_s"].to_list() == outcome.stack.get_frame_times()
    counts = objects.group_by("frame", maintain_order=True).len()
    assert frames.filter(pl.col("objects") > 0)["objects"].to_list() == counts["len"].to_list()
    figures = RunRecord.read(folder / "run.json").figures
    page = (folder / "report.html").read_text()
    for title, name, column in (
        ("Median area", "median_area_nm2", objects["area_nm2"]),
        ("Median speed", "median_speed_nm_s", tracks["mean_speed_nm_s"]),
    ):
        assert figures[name] == pytest.approx(column.median())
        assert f'<dt>{title}</dt><dd><div class="value">{spell(figures[name])}' in page


def test_the_recipe_that_is_written_does_what_is_done_without_one(film: Path, tmp_path: Path) -> None:
    done("afm", "run", "--create-config", tmp_path / "recipe.toml")
    written, default = Settings.read(tmp_path / "recipe.toml"), Settings()
    assert written == default
    assert "#" in (tmp_path / "recipe.toml").read_text()
    assert "exists already" in refused("afm", "run", "--create-config", tmp_path / "recipe.toml", code=2)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("a:x=1,y=2.5,z=1e-3", {"x": 1, "y": 2.5, "z": 1e-3}),
        ("a:on=true,off=False,no=none", {"on": True, "off": False, "no": None}),
        ("a:points=[(1, 2), (3, 4), (5, 6)],radius=2", {"points": [(1, 2), (3, 4), (5, 6)], "radius": 2}),
        ("a:keep=[0,2]", {"keep": [0, 2]}),
        ("a:mode=crop_square", {"mode": "crop_square"}),
    ],
)
def test_settings_on_the_command_line(text: str, settings: dict[str, Any]) -> None:
    assert parse(f" {text} ;") == (("a", settings),)


def test_one_bad_film_does_not_stop_the_others(film: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.asd"
    broken.write_bytes(film.read_bytes()[:-100])
    said = refused("afm", "run", film, broken, "--out", tmp_path / "out", code=3)
    assert (tmp_path / "out" / "film.asd" / "report.html").exists()
    assert "expected 6 frames" in said
    assert not (tmp_path / "out" / "broken.asd").exists()
    done("afm", "run", broken, "--out", tmp_path / "rest", "--complete-frames")
    assert pl.read_csv(tmp_path / "rest" / "feature_detection.csv")["frame"].max() == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--process", "remove_plan"], "did you mean 'remove_plane'"),
        (["--process", "gaussian_filter:sgima=1"], "did you mean 'sigma'"),
        (["--process", "polynomial_flatten:order"], "expected settings as name=value"),
        (["--analyse", "feature_detektion"], "did you mean 'feature_detection'"),
        (["--analyse", "particle_tracking"], "expected feature_detection or log_blob_detection before it"),
        (["--analyse", "feature_detection:mask_fn=mask_threshold,treshold=1"], "treshold"),
        (["--analyse", "feature_detection:mask_fn=mask_treshold"], "did you mean 'mask_threshold'"),
        (["--channel", "phase"], "expected a channel among TP"),
    ],
)
def test_wrong_steps_are_named(film: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    result = lumentrace("afm", "run", film, "--out", tmp_path / "out", *arguments)
    assert result.returncode in (2, 3)
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("recipe.toml", "process = [", "expected a TOML file"),
        ("recipe.yaml", "a: [1", "expected a YAML file"),
        ("recipe.json", '{"proces": []}', "did you mean 'process'"),
        ("recipe.json", '{"process": 3}', "expected a list of steps"),
        ("recipe.json", '{"process": [{"sigma": 3}]}', "expected a table with `step`"),
        ("recipe.ini", "", "expected settings ending in"),
    ],
)
def test_damaged_recipes(film: Path, tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    assert said in refused("afm", "run", film, "--config", tmp_path / name, "--out", tmp_path / "out", code=2)


def test_frames_that_cannot_be_levelled(tmp_path: Path) -> None:
    images, _ = movie(4)
    images[2] = np.nan
    metadata = {"axes": "TYX", "PhysicalSizeX": 0.002, "PhysicalSizeY": 0.002}
    tifffile.imwrite(tmp_path / "film.ome.tif", images, ome=True, metadata=metadata)
    arguments = ("afm", "run", tmp_path / "film.ome.tif", "--out", tmp_path / "out", "--process", "remove_plane")
    assert "give `frame_time_s` (--frame-time)" in refused(*arguments, code=3)
    arguments = (*arguments, "--frame-time", 0.5)
    assert "remove_plane, frame 2" in refused(*arguments, code=3)
    done(*arguments, "--on-error", "keep")
    report = (tmp_path / "out" / "report.html").read_text()
    assert "remove_plane could not be applied to 1 of 4 frames" in report


def test_info_and_steps(film: Path, tmp_path: Path) -> None:
    shown = done("afm", "info", film)
    for said in ("6 of 96 x 96 pixels", "2 nm", "1.25 s", "TP, nm"):
        assert said in shown
    (tmp_path / "nothing.txt").write_text("")
    assert "expected a file ending in" in refused("afm", "info", tmp_path / "nothing.txt", code=3)
    assert "polynomial" in done("afm", "steps")


# ------------------------------------------------------------------ films
def test_films(tmp_path: Path) -> None:
    images, _ = movie(5)
    images[1, :4, :4] = np.nan
    stack = stacked(images)
    seen: list[tuple[int, int]] = []
    to_film(tmp_path / "film.gif", stack, verbose=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5)
    with Image.open(tmp_path / "film.gif") as gif:
        assert (gif.n_frames, gif.size) == (5, (480, 480))
        assert gif.info["duration"] == 500
    to_film(tmp_path / "plain.gif", stack, fps=10, scale_bar_nm=0, time_stamp=False, zmin=None, zmax=None)
    with Image.open(tmp_path / "plain.gif") as gif:
        assert gif.info["duration"] == 100
    for wrong in ({"fps": 0.0}, {"zmin": 3.0, "zmax": 1.0}):
        with pytest.raises(ValueError, match=r"`fps`|`zmin`"):
            to_film(tmp_path / "wrong.gif", stack, **wrong)
    with pytest.raises(ValueError, match=r"expected a film ending in one of"):
        to_film(tmp_path / "film.xyz", stack)
    with pytest.raises(ValueError, match="expected frames, found none"):
        to_film(tmp_path / "none.gif", stack[:0])
    assert not (tmp_path / "wrong.gif").exists()


def test_outlines_and_tracks_for_others(film: Path, tmp_path: Path) -> None:
    """The area inside of each outline is that of its object; TrackMate's table has the points of all tracks."""
    analyse = "feature_detection:mask_fn=mask_threshold,threshold=1.5,min_size=3; particle_tracking:max_distance=6"
    out = tmp_path / "out"
    done("afm", "run", film, "--out", out, "--process", "remove_plane", "--analyse", analyse, "--geojson")
    shapes = json.loads((out / "objects.geojson").read_text())["features"]
    objects = pl.read_parquet(out / "feature_detection.parquet").rows(named=True)
    tracks = pl.read_parquet(out / "tracks.parquet")
    own = {(row["frame"], row["label"]): row["track"] for row in tracks.rows(named=True)}
    assert len(shapes) == len(objects) > 6
    for shape, each in zip(shapes, objects, strict=True):
        geometry, measured = shape["geometry"], shape["properties"]["measurements"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        rings = [ring for polygon in polygons for ring in polygon]
        assert abs(sum(twice_the_area(ring) for ring in rings)) / 2 == each["area"] == measured["Area px^2"]
        assert geometry.get("plane", {"t": 0})["t"] == measured["frame"] == each["frame"]
        assert measured["volume_nm3"] == pytest.approx(each["volume_nm3"])
        assert measured.get("track") == own.get((each["frame"], each["label"]))
    outcome = load_outcome(out)
    assert outcome.to_geojson(tmp_path / "a.json").read_bytes() == (out / "objects.geojson").read_bytes()
    assert outcome.trajectories.units == dict.fromkeys(("label", "frame", "object"), "") | UNITS
    assert outcome.trajectories.to_polars()["x"].to_list() == tracks["x_nm"].to_list()
    write_table_file(tmp_path / "tracks.trackmate.csv", read_table(out / "tracks.parquet"))
    table = pl.read_csv(tmp_path / "tracks.trackmate.csv", skip_rows_after_header=3)
    for ours, theirs in {"track": "TRACK_ID", "frame": "FRAME", "x_nm": "POSITION_X", "time_s": "POSITION_T"}.items():
        assert table[theirs].cast(tracks[ours].dtype).to_list() == tracks[ours].to_list()
    write_table_file(tmp_path / "tracks.pvd", read_table(out / "tracks.parquet"))
    assert len(list(tmp_path.glob("tracks.steps-*/*.vtp"))) == tracks["frame"].n_unique()


def twice_the_area(ring: list[tuple[float, float]]) -> float:
    """By the shoelace formula, with its sign."""
    x, y = np.array(ring).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())


def test_without_objects_or_tracks_there_is_nothing_to_hand_over(tmp_path: Path) -> None:
    outcome = run(stacked(movie(3)[0]), Settings(process="", analyse="log_blob_detection:min_sigma=3,max_sigma=6"))
    with pytest.raises(ValueError, match="analyse with feature_detection"):
        outcome.to_geojson(tmp_path / "a.geojson")
    with pytest.raises(ValueError, match="analyse with particle_tracking"):
        _ = outcome.trajectories
    assert not list(tmp_path.iterdir())


def test_mp4(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    to_film(tmp_path / "film.mp4", stacked(movie(3)[0]))
    assert (tmp_path / "film.mp4").stat().st_size > 1000


def test_scale_bars_have_their_length() -> None:
    from lumentrace.afm.report.drawing import annotated

    grey = np.full((200, 300, 3), 90, np.uint8)
    picture = annotated(grey, 2.0, 100.0, "")
    rows = [np.flatnonzero((line == 255).all(axis=1)) for line in picture]
    assert max(len(row) for row in rows) in (50, 51)
    assert annotated(grey, 2.0, 0, "").tolist() == grey.tolist()


def test_ome_tiff_comes_back(tmp_path: Path) -> None:
    images, _ = movie(4)
    stack = ProcessingPipeline(stacked(images, pixel_size_nm=1.7)).add("zero_median").run()
    to_ome_tiff(tmp_path / "film.ome.tif", stack)
    back = AFMImageStack.load_data(tmp_path / "film.ome.tif")
    np.testing.assert_array_equal(back.data, stack.data)
    assert back.pixel_size_nm == pytest.approx(1.7, rel=1e-12)
    assert back.get_frame_times() == stack.get_frame_times()
    assert back.channel == "height_trace"
    with tifffile.TiffFile(tmp_path / "film.ome.tif") as file:
        record = json.loads(file.pages[0].tags[65000].value)
    assert record["processing"]["steps"][0]["name"] == "zero_median"
    stack.frame_metadata[1]["frame_pixel_size_nm"] = 3.0
    with pytest.raises(ValueError, match="pixels of one size"):
        to_ome_tiff(tmp_path / "film.ome.tif", stack)


# ------------------------------------------------------------------ reports
def test_report_shows_what_was_found(tmp_path: Path) -> None:
    images, _ = movie(6)
    stack = stacked(images)
    pipeline = AnalysisPipeline()
    for name, settings in (
        DETECT,
        TRACK,
        ("track_statistics", {}),
        ("k_means_clustering", {"k": 8, "use_time": False}),
    ):
        pipeline.add(name, **settings)
    record = pipeline.run(stack)
    path = write_report(stack, record, path=tmp_path / "report.html", title="Film <1>", notes=["Seen & noted."])
    page = path.read_text()
    for said in ("Film &lt;1&gt;", "Seen &amp; noted.", "Mean squared displacement", "Clusters: k_means_clustering"):
        assert said in page
    assert "Objects</dt>" in page


@pytest.mark.parametrize("shape", [(0, 8, 8), (1, 5, 7), (3, 1, 1), (2, 600, 30)])
def test_reports_of_any_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).normal(size=shape)
    if images.size > 3:
        images.reshape(-1)[::3] = np.nan
    pipeline = AnalysisPipeline()
    pipeline.add("feature_detection", mask_fn="mask_threshold", threshold=99.0)
    pipeline.add("particle_tracking")
    pipeline.add("track_statistics")
    stack = AFMImageStack(images, 1.0, "height_trace", "film.asd")
    write_report(stack, pipeline.run(stack), path=tmp_path / "report.html")
    assert "None were found." in (tmp_path / "report.html").read_text()
