"""What users saw called ok that was not: each now ends with the right result, a verdict or an error that says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import pytest
import tifffile
from click.testing import Result
from scipy import ndimage
from typer.testing import CliRunner

from lumentrace import stain, twophoton
from lumentrace.afm.simulation import simulate_film, write_asd
from lumentrace.afm.stack import AFMImageStack
from lumentrace.cli.main import app
from lumentrace.pept import simulation
from lumentrace.twophoton.convert.source import COLUMNS
from pages import report_text

LARGE = 10e6
"""Bytes that a report of a small run stays below."""
BIRMINGHAM = ("--recipe", "birmingham")
Image = np.ndarray[Any, Any]


def lumentrace(*arguments: object) -> Result:
    """Run the command line in this process, which saves the time to start one."""
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, list(map(str, arguments)))


def ended(*arguments: object, out: Path, code: int) -> tuple[str, str, dict[str, Any]]:
    """Level and reasons of the verdict of a run, and its figures."""
    done = lumentrace(*arguments, "--out", out)
    assert done.exit_code == code, done.stderr
    record = json.loads((out / "run.json").read_text())
    found = record["verdict"]
    return (
        found["level"],
        "\n".join(f"{each['text']}; {each['advice']}" for each in found["reasons"]),
        record["figures"],
    )


# ------------------------------------------------------------------ PEPT
@pytest.fixture(scope="module")
def two_tracers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines of two tracers on a wheel."""
    path = tmp_path_factory.mktemp("wheel") / "lines.npy"
    wheel = [simulation.Circle(radius=80), simulation.Circle(radius=60, phase=3.1)]
    np.save(path, simulation.simulate(wheel, n=30_000, noise=0.5, seed=4).lines.lines)
    return path


def scaled(path: Path, folder: Path, time: float, length: float) -> Path:
    """The same lines in other units."""
    np.save(folder / "lines.npy", np.load(path) * [time, *[length] * 6])
    return folder / "lines.npy"


def test_two_tracers_without_settings_are_two_and_not_74(two_tracers: Path, tmp_path: Path) -> None:
    level, told, figures = ended("pept", "run", two_tracers, out=tmp_path, code=0)
    assert (level, told, figures["trajectories"]) == ("good", "", 2)


@pytest.mark.parametrize(
    ("time", "length", "code", "said"),
    [
        (1e-3, 1e-3, 4, "times look like s"),
        (1.0, 0.1, 0, "lengths look like cm"),
        (1e6, 1.0, 4, "times look like ns"),
    ],
    ids=["seconds and metres", "centimetres", "nanoseconds"],
)
def test_a_file_in_other_units_is_no_run(
    two_tracers: Path, tmp_path: Path, time: float, length: float, code: int, said: str
) -> None:
    level, told, _ = ended("pept", "run", scaled(two_tracers, tmp_path, time, length), out=tmp_path / "out", code=code)
    assert level != "good"
    assert said in told


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (BIRMINGHAM, 4, "--tracers 2"),
        (("--tracers", 1), 4, "--tracers 2"),
        (("--tracers", 3), 0, "2 tracers found, 3 asked for"),
    ],
    ids=["birmingham", "one told", "three told"],
)
def test_a_wrong_number_of_tracers(
    two_tracers: Path, tmp_path: Path, options: tuple[object, ...], code: int, said: str
) -> None:
    level, told, _ = ended("pept", "run", two_tracers, *options, out=tmp_path, code=code)
    assert level != "good"
    assert said in told


# ------------------------------------------------------------------ colocalization
def blobs(seed: int, number: int = 25) -> Image:
    """Gaussian spots on a dark ground, with photon noise."""
    random = np.random.default_rng(seed)
    places = np.zeros((128, 128))
    np.add.at(places, tuple(random.integers(128, size=(2, number))), random.uniform(0.5, 1.5, number))
    light = 20 + 2000 * ndimage.gaussian_filter(places, 4.0, mode="wrap") * 2 * np.pi * 16
    return np.asarray(random.poisson(light).astype(np.uint16))


def channels(folder: Path, *pixels: Image) -> Path:
    path = folder / "cells.tif"
    tifffile.imwrite(path, np.stack(pixels), imagej=True, metadata={"axes": "CYX"})
    return path


def test_a_time_lapse_is_not_ten_channels(tmp_path: Path) -> None:
    film = np.stack([np.roll(blobs(1), step, 0) for step in range(10)])
    tifffile.imwrite(tmp_path / "named.tif", film, imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(tmp_path / "pages.tif", film, photometric="minisblack")
    refused = lumentrace("coloc", tmp_path / "named.tif", "--out", tmp_path / "named")
    assert refused.exit_code == 3
    assert "--channel-axis" in refused.stderr
    assert not (tmp_path / "named").exists()
    level, told, _ = ended("coloc", tmp_path / "pages.tif", "--metrics", "pcc", out=tmp_path / "pages", code=4)
    assert level == "not reliable"
    assert "the file does not say where its channels are" in told
    assert (tmp_path / "pages" / "report.html").stat().st_size < LARGE


def test_without_a_threshold_m1_and_m2_are_missing_and_not_0(tmp_path: Path) -> None:
    one = blobs(2)
    against = (np.quantile(one, 0.99) - np.minimum(one, np.quantile(one, 0.99))).astype(np.uint16) + blobs(3)
    labels = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((32, 32), int)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    image = channels(tmp_path, one, against)
    level, told, _ = ended("coloc", image, "--labels", tmp_path / "labels.tif", out=tmp_path / "out", code=0)
    table = pl.read_csv(tmp_path / "out" / "colocalization.csv").filter(pl.col("costes").is_in(["never", "slope<=0"]))
    assert level == "doubtful"
    assert f"Costes' method found no threshold in {len(table)} of 16 rows" in told
    assert len(table) > 4
    assert table.select(pl.col("m1", "m2").is_nan().all()).row(0) == (True, True)
    assert table["reason"].str.contains("threshold").all()


def test_the_table_of_the_report_has_its_reasons(tmp_path: Path) -> None:
    one = blobs(4)
    labels = np.zeros(one.shape, np.uint16)
    labels[10:12, 10:12], labels[40:90, 40:90] = 1, 2
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    image = channels(tmp_path, one, blobs(5))
    ended("coloc", image, "--labels", tmp_path / "labels.tif", out=tmp_path / "out", code=0)
    reason = pl.read_csv(tmp_path / "out" / "colocalization.csv")["reason"].drop_nulls()[0]
    text = report_text(tmp_path / "out" / "report.html")
    assert reason in text
    assert " reason " in text


def test_intensities_are_no_labels(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "labels.tif", blobs(6))
    image = channels(tmp_path, blobs(6), blobs(7))
    level, told, _ = ended(
        "coloc", image, "--labels", tmp_path / "labels.tif", "--metrics", "pcc", out=tmp_path / "out", code=4
    )
    assert level == "not reliable"
    assert "the labels look like intensities" in told
    assert (tmp_path / "out" / "report.html").stat().st_size < LARGE


def test_shuffled_and_unrelated_channels_are_not_colocalized(tmp_path: Path) -> None:
    one = blobs(8)
    mixed = np.random.default_rng(8).permutation(one.ravel()).reshape(one.shape)
    level, told, _ = ended("coloc", channels(tmp_path, one, mixed), out=tmp_path / "shuffled", code=0)
    assert level == "doubtful"
    assert "has no structure, only noise" in told
    level, told, _ = ended("coloc", channels(tmp_path, one, blobs(9)), out=tmp_path / "unrelated", code=0)
    row = pl.read_csv(tmp_path / "unrelated" / "colocalization.csv").row(0, named=True)
    assert abs(row["pcc"]) < 0.1
    assert row["pcc_pvalue"] >= 0.05 or (level == "doubtful" and "images shifted at random" in told)


# ------------------------------------------------------------------ AFM
def test_the_demo_film_of_12_particles_has_12_tracks(tmp_path: Path) -> None:
    assert lumentrace("afm", "simulate", "--out", tmp_path / "film.asd").exit_code == 0
    level, _, figures = ended("afm", "run", tmp_path / "film.asd", out=tmp_path / "out", code=0)
    assert (level, figures["tracks"]) == ("good", 12)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.asd"
    write_asd(path, simulate_film(8, 5, 96, diffusion_nm2_s=2.0, seed=11)[0])
    return path


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--analyse", "feature_detection:mask_fn=mask_threshold,threshold=500"), 4, "though the film has bumps"),
        (("--pixel-size", 20), 0, "flatter than single molecules"),
        (("--pixel-size", 0.2), 0, "sharper than a tip can see"),
        (("--process", ""), 4, "not level"),
    ],
    ids=["bumps and no object", "pixels too large", "pixels too small", "not levelled"],
)
def test_films_that_were_called_ok(
    film: Path, tmp_path: Path, options: tuple[object, ...], code: int, said: str
) -> None:
    level, told, _ = ended("afm", "run", film, *options, out=tmp_path, code=code)
    assert level != "good"
    assert said in told


def test_a_drifting_and_a_crowded_film(tmp_path: Path) -> None:
    stack = simulate_film(10, 16, 120, diffusion_nm2_s=2.0, seed=3)[0]
    views = np.stack([frame[:96, step : step + 96] for step, frame in enumerate(stack.data)])
    write_asd(tmp_path / "drift.asd", AFMImageStack(views, 2.0, "height_trace", "drift", stack.frame_metadata))
    write_asd(tmp_path / "crowd.asd", simulate_film(10, 30, 128, diffusion_nm2_s=2.0, seed=3)[0])
    level, told, _ = ended("afm", "run", tmp_path / "drift.asd", out=tmp_path / "drift", code=0)
    assert level == "doubtful"
    assert "all particles move together" in told
    level, told, _ = ended("afm", "run", tmp_path / "crowd.asd", out=tmp_path / "crowd", code=0)
    assert level == "doubtful"
    assert "particles are so crowded" in told


def test_films_without_times(tmp_path: Path) -> None:
    data = simulate_film(8, 5, 96, diffusion_nm2_s=2.0, seed=11)[0].data
    metadata = {"axes": "TYX", "PhysicalSizeX": 0.002, "PhysicalSizeY": 0.002}
    tifffile.imwrite(tmp_path / "film.ome.tif", data, ome=True, metadata=metadata)
    run = ("afm", "run", tmp_path / "film.ome.tif")
    refused = lumentrace(*run, "--out", tmp_path / "out")
    assert refused.exit_code == 3
    assert "--frame-time" in refused.stderr
    linked = "bump_mask; feature_detection:mask_key=bump_mask.mask; particle_tracking:max_distance=6"
    level, told, _ = ended(*run, "--analyse", linked, out=tmp_path / "linked", code=0)
    assert level == "doubtful"
    assert "does not say when frames were taken" in told


# ------------------------------------------------------------------ stain
def stained(folder: Path, post: Image, pre: Image) -> tuple[str, ...]:
    """A raw folder with a pair, and the command that runs it."""
    empty = pl.DataFrame()
    stain.Pair(post, pre, np.eye(3), 1.0, empty).save(folder / "raw", "S001", "Dye")
    return ("stain", "run", "S001", "Dye", "--raw", str(folder / "raw"), "--out", str(folder / "out"))


def output(folder: Path) -> Path:
    return folder / "out" / "S001" / "Dye"


@pytest.mark.parametrize("options", [(), ("--canvas", "-p", "pad=50")], ids=["as it is", "canvas"])
def test_spots_are_where_the_written_images_have_them(tmp_path: Path, options: tuple[str, ...]) -> None:
    pair = stain.simulate(size=256, spots=20, seed=5)
    done = lumentrace(*stained(tmp_path, pair.post, pair.pre), *options)
    assert done.exit_code == 0, done.stderr
    suffix = "_pad50" if options else ""
    spots = pl.read_csv(output(tmp_path) / "pipeline_output" / f"spots{suffix}.csv")
    image = tifffile.imread(output(tmp_path) / "tiff" / f"04_difference_significance{suffix}.tiff")
    rows, columns = (np.rint(spots[name].to_numpy()).astype(int) for name in ("y", "x"))
    assert len(spots) > 10
    assert image.shape == ((356, 356) if options else (256, 256))
    near = ndimage.maximum_filter(np.nan_to_num(image), 5)
    assert (near[rows, columns] > 3).all()


def test_photographs_of_two_samples(tmp_path: Path) -> None:
    one, other = (stain.simulate(size=128, seed=seed) for seed in (1, 2))
    done = lumentrace(*stained(tmp_path, one.post, other.pre))
    assert done.exit_code == 4
    assert "not reliable" in done.stderr
    assert "=True" not in done.stderr


def test_stain_that_binds_everywhere(tmp_path: Path) -> None:
    pair = stain.simulate(size=256, unspecific=0.3, seed=6)
    done = lumentrace(*stained(tmp_path, pair.post, pair.pre))
    assert done.exit_code == 0, done.stderr
    assert "doubtful: the scale by ratios of brightness" in done.stderr
    assert "-p offset=true" in done.stderr


# ------------------------------------------------------------------ two-photon
@pytest.fixture
def recording(tmp_path: Path) -> twophoton.ConvertedRecording:
    twophoton.simulate_recording(tmp_path / "fly", cells=5, rows=40, columns=56, repeats=3, seed=1)
    converted = twophoton.convert_recording(tmp_path / "fly", tmp_path / "converted")
    return twophoton.load_converted_recording(converted.path)


def test_epochs_of_another_recording(recording: twophoton.ConvertedRecording, tmp_path: Path) -> None:
    run = ("twophoton", "run", recording.path)
    assert ended(*run, out=tmp_path / "right", code=0)[0] == "good"
    with h5py.File(recording.path, "r+") as file:
        table, column = file["stimulus/data"][()], COLUMNS.index("epoch_number")
        numbers = table[:, column].copy()
        starts = np.flatnonzero(np.diff(numbers, prepend=0) * (numbers > 1))
        for start, number in zip(starts, np.random.default_rng(1).permutation(numbers[starts]), strict=True):
            stop = start + np.flatnonzero(numbers[start:] != numbers[start])[0]
            table[start:stop, column] = number
        file["stimulus/data"][...] = table
    level, told, _ = ended(*run, out=tmp_path / "wrong", code=0)
    assert level == "doubtful"
    assert "trials of the same epoch are no more alike" in told


def test_a_film_that_drifts(recording: twophoton.ConvertedRecording, tmp_path: Path) -> None:
    with h5py.File(recording.movie.path, "r+") as file:
        frames = file[recording.movie.dataset_name]
        for number in range(len(frames)):
            frames[number] = ndimage.shift(frames[number], (0, 6 * number / len(frames)), order=1, mode="nearest")
    level, told, _ = ended("twophoton", "run", recording.path, out=tmp_path / "out", code=4)
    assert level == "not reliable"
    assert "the film drifts" in told
