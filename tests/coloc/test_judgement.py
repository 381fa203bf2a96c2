"""What the verdict on colocalization goes by, and p-values that are never 0."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
from scipy import ndimage

from lumentrace import coloc
from lumentrace.base.errors import FormatError
from lumentrace.coloc import files
from lumentrace.coloc.measure.background import moved
from lumentrace.coloc.measure.images import (
    compared,
    neighbour_correlation,
    neighbours_alike,
    pieces,
    share_clipped,
)
from lumentrace.coloc.run import Settings, run
from lumentrace.coloc.simulation import simulate


def spots(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    places = np.zeros((96, 96))
    places[tuple(random.integers(96, size=(2, 12)))] = 1
    return random.poisson(20 + 4e4 * ndimage.gaussian_filter(places, 3, mode="wrap")).astype(np.uint16)


@pytest.mark.parametrize(("axes", "said"), [("TYX", "T are time points"), ("ZYX", "Z are slices")])
def test_time_points_and_slices_are_no_channels(tmp_path: Path, axes: str, said: str) -> None:
    film = np.stack([spots(1)] * 3)
    tifffile.imwrite(tmp_path / "film.tif", film, imagej=True, metadata={"axes": axes})
    with pytest.raises(FormatError, match=rf"{said}.*--channel-axis"):
        files.read(tmp_path / "film.tif", None)
    assert not files.read(tmp_path / "film.tif", 0).guessed


def test_pages_that_are_called_colours_are_guessed(tmp_path: Path) -> None:
    film = np.stack([spots(1)] * 3)
    tifffile.imwrite(tmp_path / "planar.tif", film, photometric="rgb", planarconfig="separate")
    tifffile.imwrite(tmp_path / "rgb.tif", np.moveaxis(film, 0, 2).astype(np.uint8), photometric="rgb")
    assert files.read(tmp_path / "planar.tif", None).guessed
    assert not files.read(tmp_path / "rgb.tif", None).guessed


def test_planes_of_an_axis_without_a_name_are_not_pooled_in_silence(tmp_path: Path) -> None:
    stack = np.stack([np.stack([spots(1), spots(1) + spots(2)])] * 3)
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack")
    verdict = run(tmp_path / "stack.tif", Settings(channel_axis=1, metrics=("pcc",))).verdict
    assert any("were measured as one" in reason.text for reason in verdict.reasons)


def test_p_values_are_never_0(tmp_path: Path) -> None:
    a = np.random.default_rng(1).random((64, 64))
    outcome = run({"a": a, "b": a + 1e-3 * a.T}, Settings(metrics=("pcc", "srcc", "tau", "corrected")))
    outcome.save(tmp_path)
    for table in (pl.read_csv(tmp_path / "colocalization.csv"), pl.read_parquet(tmp_path / "colocalization.parquet")):
        values = [
            table[name][0] for name in table.columns if name.endswith("pvalue") and table[name][0] == table[name][0]
        ]
        assert min(values) == np.finfo(np.float64).tiny
    assert "&lt; 1e-16" in (tmp_path / "report.html").read_text("utf-8")


def test_no_corrected_p_value_of_a_few_independent_pixels() -> None:
    y, x = np.mgrid[:24, :24].astype(float)
    row = coloc.colocalization_table({"a": y + x, "b": y + 2 * x}, metrics="corrected").row(0, named=True)
    assert row["pcc_effective_n"] < 10
    assert math.isnan(row["pcc_corrected_pvalue"])
    assert "independent pixels" in row["reason"]


def test_what_is_wrong_is_told_once() -> None:
    a = spots(1)
    outcome = run({"a": a, "b": np.minimum(2 * a, np.quantile(2 * a, 0.98)).astype(np.uint16)})
    assert outcome.notices == ()
    texts = [reason.text for reason in outcome.verdict.reasons]
    assert sum("saturated" in text for text in texts) == 1


def test_an_image_given_twice() -> None:
    verdict = run({"a": spots(1), "b": 3 * spots(1)}).verdict
    assert verdict.level == "not reliable"
    assert "the same image twice: a and b" in verdict.reasons[0].text


def test_a_background_is_part_of_m1_and_m2() -> None:
    """The change that the verdict tells is the one of coefficients with and without an offset that is known."""
    made = simulate(256, structures=12, shared=0.9, seed=5)
    dark, noise = 400.0, np.random.default_rng(6).normal(0, 3, (2, 256, 256))
    seen = {name: pixels + dark + more for (name, pixels), more in zip(made.channels.items(), noise, strict=True)}
    settings = Settings(metrics=("mcc",), threshold="otsu")
    clean, raised = (run(channels, settings) for channels in (made.channels, seen))
    assert not [reason for reason in clean.verdict.reasons if "background" in reason.text]
    (reason,) = [reason for reason in raised.verdict.reasons if "background" in reason.text]
    assert reason.text == "M1 and M2 of 1 of 1 rows count a background as signal"
    changes = [abs(float(clean.table[name][0] - raised.table[name][0])) for name in ("m1", "m2")]
    assert max(changes) > 0.2
    told = reason.evidence[0].value  # noise makes the darkest percent darker than the background
    assert 0.9 * max(changes) < told < max(changes) + 1e-3


@pytest.mark.parametrize("labelled", ["", "slice", "stack"])
def test_a_background_is_looked_for_in_each_slice(tmp_path: Path, labelled: str) -> None:
    made = [simulate(256, structures=12, shared=0.9, seed=seed).channels for seed in (5, 8, 9)]
    dark = np.array([0.0, 400.0, 0.0])[:, None, None]
    seen = {name: np.stack([each[name] for each in made]) + dark for name in made[0]}
    labels = tmp_path / "labels.tif"
    tifffile.imwrite(
        labels, np.ones((3, 256, 256) if labelled == "stack" else (256, 256), "uint16"), photometric="minisblack"
    )
    settings = Settings(metrics=("mcc",), threshold="otsu", slices=True, labels=str(labels) if labelled else "")
    (reason,) = [each for each in run(seen, settings).verdict.reasons if "background" in each.text]
    assert reason.text == "M1 and M2 of 1 of 3 rows count a background as signal"


def test_what_a_background_moves_is_told_by_region() -> None:
    labels = np.kron(np.array([[0, 7], [9, 3]]), np.ones((10, 10), int))
    a, b = np.full((20, 20), 50.0), np.full((20, 20), 50.0)
    a[labels == 3], b[labels == 3] = 200.0, 200.0
    a[:2, 10:], b[:2, 10:] = 150.0, 150.0  # a fifth of region 7
    change = moved(a, b, labels, np.array([3, 7, 9]), (np.full(3, 100.0), np.full(3, 100.0)))
    assert np.isnan(change[:, 2]).all()  # region 9 has nothing but background
    np.testing.assert_allclose(change[:, :2], [[0, 1 - 3000 / 7000]] * 2)
    nothing = np.full_like(a, np.nan)
    assert np.isnan(moved(nothing, b, labels, np.array([3]), (np.ones(1), np.ones(1)))).all()


def test_clipped_pixels() -> None:
    values = np.random.default_rng(2).poisson(50, (100, 100))
    assert share_clipped(values.astype(np.uint8)) == 0
    assert share_clipped(np.minimum(values, 60)) == (values >= 60).mean()
    assert share_clipped(np.minimum(values, 60) / 7) == (values >= 60).mean()
    assert share_clipped(np.full((4, 4), 7)) == 0
    assert share_clipped(np.array([np.nan, 1.0, 2.0])) == 0


def test_structure_shifts_and_labels() -> None:
    random = np.random.default_rng(3)
    r, spread = neighbour_correlation(random.standard_normal((200, 200)))
    assert abs(r) < 4 * spread
    assert neighbour_correlation(spots(1).astype(float))[0] > 0.5
    assert compared(spots(1), np.roll(spots(1), (5, -12), (0, 1))).shift == 13
    assert compared(spots(1), spots(1) + spots(2)).shift == 0
    assert compared(random.random((64, 64)), random.random((64, 64))).shift == 0
    labels = np.kron(np.arange(4).reshape(2, 2), np.ones((10, 10), int))
    assert pieces(labels) == (3, 1.0)
    assert neighbours_alike(labels) == pytest.approx(1 - 40 / (2 * 20 * 19 - 2 * 10 * 9))
    assert pieces(np.zeros((4, 4), int)) == (0, 0.0)
