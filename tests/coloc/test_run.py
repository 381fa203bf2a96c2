"""A run in Python: the same files as the command line, its provenance, its settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from helpers import lumentrace
from lumentrace import FormatError
from lumentrace.coloc.run import Settings, run
from lumentrace.engine.record import RunRecord


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
    assert told[-1] == (4000, 4000)
    assert one.provenance == outcome.provenance
    assert one.provenance.seed == 4


def test_arrays_are_an_image_too(image: Path) -> None:
    pixels = dict(zip(("dna", "tub"), tifffile.imread(image), strict=True))
    assert run(pixels).table.equals(run(image).table)


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
