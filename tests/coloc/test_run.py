"""A run in Python: the same files as the command line, its provenance, its settings."""

from __future__ import annotations

import dataclasses
import html
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile

from command_line import lumentrace
from killed import killed_after_the_first_step
from lumentrace import FormatError
from lumentrace.coloc.run import Settings, run
from lumentrace.engine.record import RunRecord
from lumentrace.plots.numbers import spell


@pytest.fixture
def image(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).poisson(30, (2, 40, 50)).astype(np.uint16)
    path = tmp_path / "cells.ome.tif"
    tifffile.imwrite(path, values, metadata={"axes": "CYX", "Channel": {"Name": ["dna", "tub"]}})
    return path


def test_python_writes_what_the_command_line_writes(image: Path, tmp_path: Path) -> None:
    metrics = ("pcc", "mcc", "randomization")
    settings = Settings(metrics=metrics, threshold="otsu", randomizations=50, seed=4)
    told: list[tuple[int, int]] = []
    outcome = run(image, settings, verbose=lambda done, total: told.append((done, total)))
    here = outcome.save(tmp_path / "python")
    options = ["--metrics", ",".join(metrics), "--threshold", "otsu", "--randomizations", "50", "--seed", "4"]
    assert lumentrace("coloc", image, *options, "--out", tmp_path / "cli").returncode == 0
    for name in ("colocalization.csv", "colocalization.parquet"):
        assert (here / name).read_bytes() == (tmp_path / "cli" / name).read_bytes()
    one, other = (RunRecord.read(tmp_path / folder / "run.json") for folder in ("python", "cli"))
    assert (one.settings, one.figures, one.notices, one.files) == (
        other.settings,
        other.figures,
        other.notices,
        other.files,
    )
    assert one.provenance.input == other.provenance.input
    assert told[-1] == (8000, 8000)
    assert [step.name for step in outcome.provenance.steps] == ["colocalization_table", "costes_randomization"]
    assert one.provenance == outcome.provenance
    assert one.provenance.seed == 4


def test_arrays_are_an_image_too(image: Path) -> None:
    pixels = dict(zip(("dna", "tub"), tifffile.imread(image), strict=True))
    assert run(pixels).table.equals(run(image).table)


ALL = ["--metrics", "all", "--threshold", "otsu", "--randomizations", "50"]


def test_a_killed_run_goes_on_to_the_identical_files(image: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert lumentrace("coloc", image, *ALL, "--resume", "--out", whole).returncode == 0
    killed_after_the_first_step("coloc", image, *ALL, "--resume", "--out", broken)
    manifest = json.loads((broken / "run" / "manifest.json").read_text())
    assert list(manifest["done"]) == ["colocalization.arrow"]
    assert not (broken / "run.json").exists()
    assert lumentrace("coloc", image, *ALL, "--resume", "--out", broken).returncode == 0
    for name in ("colocalization.csv", "colocalization.parquet"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()
    one, other = (RunRecord.read(folder / "run.json") for folder in (whole, broken))
    assert (one.settings, one.figures, one.notices, one.files) == (
        other.settings,
        other.figures,
        other.notices,
        other.files,
    )
    table = other.provenance.steps[0]
    kept = manifest["done"]["colocalization.arrow"]["about"]
    assert (table.started, table.duration) == (kept["started"], kept["duration"])


def test_a_finished_run_is_read_back_whole(image: Path, tmp_path: Path) -> None:
    settings = Settings(metrics=("pcc", "randomization"), randomizations=30)
    first, again = (run(image, settings, run_dir=tmp_path / "run") for _ in range(2))
    assert first.provenance == again.provenance
    assert first.table.equals(again.table)
    (pair,) = first.nulls
    one, other = first.nulls[pair], again.nulls[pair]
    assert dataclasses.replace(one, null=None) == dataclasses.replace(other, null=None)  # type: ignore[arg-type]
    np.testing.assert_array_equal(one.null, other.null)
    assert one.provenance == other.provenance
    with pytest.raises(ValueError, match="holds another run"):
        run(image, dataclasses.replace(settings, block=4), run_dir=tmp_path / "run")


@pytest.mark.parametrize(
    "settings",
    [
        Settings(metrics=("randomization",), randomizations=500, block=4),
        Settings(metrics=("tau",)),
        Settings(metrics=("srcc", "mcc", "corrected"), threshold="costes-exact"),
    ],
    ids=lambda settings: settings.metrics[0],
)
def test_kernels_tell_how_far_they_are(settings: Settings) -> None:
    random = np.random.default_rng(0)
    channels = {name: random.normal(size=(900, 900)) for name in ("a", "b")}
    told: list[tuple[int, int]] = []
    run(channels, settings, verbose=lambda done, total: told.append((done, total)))
    pixels = sum(each.size for each in channels.values())
    shares = [done / pixels for done, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == told[-1][1] / pixels == (2 if "randomization" in settings.metrics else 1)
    # The table is one call for one pair: what is told in between comes from inside of it.
    assert any(0 < share < 1 for share in shares)


def test_report_and_table_show_the_same_numbers(image: Path, tmp_path: Path) -> None:
    labels = np.repeat(np.arange(1, 5), 10)[:, None] * np.ones(50, int)
    tifffile.imwrite(tmp_path / "labels.tif", labels.astype(np.uint8))
    folder = run(image, Settings(labels=str(tmp_path / "labels.tif"), threshold="otsu")).save(tmp_path / "out")
    table = pl.read_csv(folder / "colocalization.csv")
    figures = RunRecord.read(folder / "run.json").figures
    page = (folder / "report.html").read_text()
    for title, name in (("Pearson's r", "pcc"), ("Manders' M1", "m1"), ("Manders' M2", "m2")):
        assert figures[name] == pytest.approx(table[name].median())
        shown = html.escape(f"Median {title}")
        assert f'<dt>{shown}</dt><dd><div class="value">{spell(figures[name])}' in page


def test_settings_are_one_language(tmp_path: Path) -> None:
    toml, yaml = tmp_path / "a.toml", tmp_path / "a.yaml"
    toml.write_text('threshold = "otsu"\nmetrics = ["pcc"]\nblock = 4\n')
    yaml.write_text("threshold: otsu\nmetrics: [pcc]\nblock: 4\n")
    wanted = Settings(threshold="otsu", metrics=("pcc",), block=4)
    assert Settings.read(toml) == Settings.read(yaml) == Settings.from_mapping(wanted.to_dict()) == wanted
    assert {name for name, _, text in wanted.describe() if text} == set(wanted.to_dict())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("treshold = 'otsu'", "unknown setting 'treshold'; did you mean 'threshold'"),
        ("block = '8'", "expected block to be int, found '8'"),
        ("metrics = ['pc']", "found 'pc'"),
        ("block = ", "expected a TOML file"),
    ],
)
def test_files_of_settings_that_are_none(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(FormatError, match=told):
        Settings.read(path)


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": "lumentrace-run-9"}', '{"schema": "lumentrace-run-1"}'])
def test_records_that_are_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(FormatError, match=r"run\.json: expected"):
        RunRecord.read(path)


def test_regions_are_written_for_qupath_with_their_measures(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    channels = {name: random.poisson(20, (40, 50)).astype("uint16") for name in ("dna", "actin", "tubulin")}
    labels = np.zeros((40, 50), "uint16")
    labels[5:20, 10:30] = 4
    labels[25:35, 5:25] = 9
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    outcome = run(channels, Settings(labels=str(tmp_path / "labels.tif"), metrics=("pcc",), pairs="dna:actin"))
    features = json.loads(outcome.to_geojson(tmp_path / "regions.geojson").read_text())["features"]
    assert [feature["properties"]["name"] for feature in features] == ["4", "9"]
    measured = features[0]["properties"]["measurements"]
    inside = [channels[name][labels == 4].astype(float) for name in ("dna", "actin")]
    assert measured["dna:actin pcc"] == pytest.approx(np.corrcoef(*inside)[0, 1])
    assert (measured["Area px^2"], measured["dna:actin n_pixels"]) == (300, 300)
    with pytest.raises(ValueError, match="found none"):
        run(channels, Settings(metrics=("pcc",))).to_geojson(tmp_path / "b.geojson")
