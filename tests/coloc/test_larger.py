"""Images larger than memory: the same table, bit for bit, as of arrays, with next to no memory allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tifffile

from lumentrace import FormatError, _core, coloc
from lumentrace.coloc import files
from lumentrace.coloc.description import describe
from lumentrace.coloc.larger import blocks, look, reading, streamed
from lumentrace.coloc.larger.regions import regions_of
from lumentrace.coloc.measure.images import share_clipped
from lumentrace.coloc.run import Settings, run
from lumentrace.coloc.saved import load_outcome
from lumentrace.data.lazy_image import About, LazyImage, Level, lazy_image
from lumentrace.storage import write_image
from twins import channels as twin

SHAPE = (5, 24, 30)
ALL = coloc.EXTENDED_METRICS
FAST = {"randomizations": 20, "block": 3}
CHUNKS = [(1, 24, 30), (2, 7, 11), (5, 24, 30), (3, 8, 8)]
SMALL = 200
"""Pixels that are read at a time."""


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly any memory: everything is read piece by piece."""
    monkeypatch.setattr(reading, "LARGEST", 0)
    monkeypatch.setattr(blocks, "PIXELS", SMALL)
    monkeypatch.setattr(look, "MOST", SMALL)


def channels(*kinds: str) -> dict[str, np.ndarray]:
    """Structures on a background that is not correlated, so that thresholds are found."""
    random = np.random.default_rng(7)
    signal = (random.random(SHAPE) < 0.2) * random.integers(20, 90, SHAPE)
    made = [random.integers(3, 20, SHAPE) + signal for _ in kinds]
    return {
        f"{kind}{number}": (values - 40 if kind.startswith("i") else values).astype(kind)
        for number, (kind, values) in enumerate(zip(kinds, made, strict=True))
    }


def labels() -> np.ndarray:
    """Regions on borders of pieces: large and small ones, one in two pieces, with gaps and a negative number."""
    found = np.zeros(SHAPE, dtype=np.int32)
    found[:, 2:20, 2:16] = 12
    found[1:3, 5:9, 17:24] = 4
    found[0, 0, 0] = found[4, 23, 29] = 3000
    found[2, 21:, 20:26] = -7
    found[4, 21, 3] = 5
    return found


def lazy(array: np.ndarray, chunks: tuple[int, ...]) -> LazyImage:
    return lazy_image([Level(array, {}, chunks)], "TZYX"[-array.ndim :], About())


def opened(arrays: dict[str, np.ndarray], chunks: tuple[int, ...]) -> dict[str, LazyImage]:
    return {name: lazy(array, chunks) for name, array in arrays.items()}


def same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    for name in wanted.columns:
        np.testing.assert_array_equal(found[name].to_numpy(), wanted[name].to_numpy(), err_msg=name)
    assert found.schema == wanted.schema


@pytest.mark.parametrize("number", range(len(streamed.METHODS)), ids=streamed.METHODS)
def test_a_streamed_image_has_the_figures_of_arrays(little: None, number: int) -> None:
    method, chunks = streamed.METHODS[number], CHUNKS[number % len(CHUNKS)]
    arrays = channels("u2", "u1")
    given = {"threshold_a": 25.0, "threshold_b": 22.5} if method == "manual" else {}
    options: dict[str, Any] = {"metrics": streamed.METRICS, "threshold_method": method, **given}
    wanted = coloc.colocalization_table(arrays, **options)
    assert wanted["status"].to_list() == ["ok"]
    same(coloc.colocalization_table(opened(arrays, chunks), memory=0, **options), wanted)


@pytest.mark.parametrize("kinds", [("u1", "u1"), ("i2", "u2"), ("i1", "i1"), ("?", "u2"), (">u2", "i2", "u1")])
@pytest.mark.parametrize("masked", [False, True])
def test_kinds_of_whole_numbers(little: None, kinds: tuple[str, ...], masked: bool) -> None:
    arrays = channels(*kinds)
    mask, lazy_mask = (labels(), lazy(labels(), (2, 7, 11))) if masked else (None, None)
    options: dict[str, Any] = {"metrics": streamed.METRICS, "threshold_method": "costes-exact"}
    wanted = coloc.colocalization_table(arrays, label_mask=mask, **options)
    same(coloc.colocalization_table(opened(arrays, (2, 7, 11)), label_mask=lazy_mask, memory=0, **options), wanted)


@pytest.mark.parametrize(
    ("chunks", "kinds"),
    [
        *((chunks, ("u2", "u2")) for chunks in CHUNKS),
        *zip(CHUNKS, [("f4", "u1"), ("i4", "f8"), ("i4", "u4"), ("f4", "f4")], strict=True),
    ],
)
def test_regions_have_all_measures_where_memory_allows(
    little: None, chunks: tuple[int, ...], kinds: tuple[str, ...]
) -> None:
    arrays = channels(*kinds)
    for metrics in (ALL, ("pcc", "mcc", "overlap")):
        wanted = coloc.colocalization_table(arrays, label_mask=labels(), metrics=metrics, **FAST)
        found = coloc.colocalization_table(
            opened(arrays, chunks), label_mask=lazy(labels(), chunks[::-1]), metrics=metrics, **FAST
        )
        same(found, wanted)
        assert wanted["region"].to_list() == [-7, 4, 5, 12, 3000]


@pytest.mark.parametrize("policy", ["propagate", "omit"])
def test_pixels_that_are_not_finite(little: None, policy: str) -> None:
    arrays = channels("f4", "f8")
    arrays["f40"][2, 6, 18:22], arrays["f81"][0, 0, 0] = np.nan, np.inf
    options: dict[str, Any] = {"nan_policy": policy, "metrics": ALL, **FAST}
    wanted = coloc.colocalization_table(arrays, label_mask=labels(), **options)
    lazily = opened(arrays, (2, 7, 11))
    same(coloc.colocalization_table(lazily, label_mask=lazy(labels(), (2, 7, 11)), **options), wanted)
    same(coloc.colocalization_table(lazily, **options), coloc.colocalization_table(arrays, **options))
    refused = coloc.colocalization_table(lazily, label_mask=lazy(labels(), (2, 7, 11)), memory=0, **options)
    assert refused["n_pixels"].to_list() == wanted["n_pixels"].to_list()
    large = pl.col("region").is_in([12, 3000])
    assert refused.filter(large)["reason"].str.starts_with("larger than memory: pcc").all()
    same(refused.filter(~large), wanted.filter(~large))
    for memory in (0, 1):
        with pytest.raises(ValueError, match="f40, f81: expected finite pixels"):
            coloc.colocalization_table(lazily, memory=memory, nan_policy="raise")


def test_what_needs_all_pixels_is_missing_with_the_reason(little: None) -> None:
    arrays = channels("u2", "u2")
    options: dict[str, Any] = {"metrics": ALL, "threshold_method": "li", **FAST}
    wanted = coloc.colocalization_table(arrays, **options).drop("status", "reason")
    found = coloc.colocalization_table(opened(arrays, (2, 7, 11)), memory=0, **options)
    assert found["status"].to_list() == ["partial"]
    (reason,) = found["reason"].to_list()
    assert reason.startswith("larger than memory: mcc, tau, rwc, area, randomization, corrected would need all pixels")
    kept = ["n_pixels", "pcc", "pcc_pvalue", "srcc", "srcc_pvalue", "icq", "overlap_r", "overlap_k1", "overlap_k2"]
    same(found.select(kept), wanted.select(kept))
    others = wanted.select(pl.selectors.float()).drop(*kept[1:]).columns
    assert len(others) > 10
    assert np.isnan(found.select(others).to_numpy()).all()
    assert found["random_blocks"].to_list() == [None]


@pytest.mark.parametrize("plane", [False, True])
def test_slices_and_planes(little: None, plane: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays, mask = channels("u2", "i2"), labels()
    mask = mask[1] if plane else mask
    wanted = coloc.colocalization_table(arrays, label_mask=mask, slice_axis=0)
    lazily, chunks = opened(arrays, (2, 7, 11)), (2, 7, 11)[-mask.ndim :]
    for largest in (0, 2500, 10_000, 20_000):
        monkeypatch.setattr(reading, "LARGEST", largest)
        same(coloc.colocalization_table(lazily, label_mask=lazy(mask, chunks), slice_axis=0, memory=0), wanted)
    flat = {name: array[1] for name, array in arrays.items()}
    same(
        coloc.colocalization_table(opened(flat, (7, 11)), label_mask=labels()[1]),
        coloc.colocalization_table(flat, label_mask=labels()[1]),
    )


def test_time_points_are_one_more_axis(little: None) -> None:
    arrays = {name: np.stack([array, array[::-1]]) for name, array in channels("u2", "u2").items()}
    mask = np.stack([labels(), labels()[:, ::-1]])
    wanted = coloc.colocalization_table(arrays, label_mask=mask)
    same(coloc.colocalization_table(opened(arrays, (1, 2, 7, 11)), label_mask=lazy(mask, (1, 2, 9, 30))), wanted)


@pytest.mark.parametrize("search", ["grid", "exact"])
def test_pieces_agree_with_the_definitions(search: str) -> None:
    a, b = (array.ravel() for array in channels("u2", "u2").values())
    pair = _core.StreamedPair((0.0, 0.0))
    for start in range(0, a.size, 700):
        pair.count(a[start : start + 700], b[start : start + 700])
    np.testing.assert_array_equal(pair.counts().reshape(2, -1)[0], np.bincount(a, minlength=1 << 16))
    assert pair.prepare(15, search, 256)
    for start in reversed(range(0, a.size, 500)):
        pair.look_up(a[start : start + 500], b[start : start + 500])
    row, x, y = pair.row(), a.astype(float), b.astype(float)
    m1, m2, one, two = row[6:10]
    assert row[[1, 3, 5]] == pytest.approx((twin.correlation(x, y), twin.spearman(x, y), twin.icq(x, y)), abs=1e-12)
    assert (m1, m2) == pytest.approx(twin.manders(x, y, one, two), abs=1e-12)
    expected = twin.costes_grid(x, y, 256)[:2] if search == "grid" else (twin.costes_exact(x, y)[0], two)
    assert (one, two) == pytest.approx(expected, rel=1e-9)
    assert pair.overlap() == pytest.approx(((x @ y) / np.sqrt((x @ x) * (y @ y)), (x @ y) / (x @ x), (x @ y) / (y @ y)))
    with pytest.raises(ValueError, match="as in the first pass"):
        pair.look_up(np.array([9999], "u2"), b[:1])
    with pytest.raises(RuntimeError, match="prepare"):
        _core.StreamedPair((0.0, 0.0)).row()


def test_no_region_and_regions_that_are_none(little: None) -> None:
    lazily = opened(channels("u2", "u2"), (2, 7, 11))
    assert len(coloc.colocalization_table(lazily, label_mask=lazy(np.zeros(SHAPE, "u1"), (1, 24, 30)))) == 0
    with pytest.raises(ValueError, match=r"`label_mask`: expected shape \(5, 24, 30\)"):
        coloc.colocalization_table(lazily, label_mask=lazy(labels()[:4], (2, 7, 11)))
    with pytest.raises(ValueError, match="whole numbers"):
        coloc.colocalization_table(lazily, label_mask=lazy(labels() + 0.5, (2, 7, 11)))
    with pytest.raises(ValueError, match="`memory`"):
        coloc.colocalization_table(lazily, memory=-1)


def test_regions_are_found_and_grouped(little: None) -> None:
    mask = labels()
    found = regions_of(lazy(mask, (2, 7, 11)))
    names, counts = np.unique(mask[mask != 0], return_counts=True)
    np.testing.assert_array_equal(found.labels, names)
    np.testing.assert_array_equal(found.counts, counts)
    for label, low, high in zip(found.labels, found.low, found.high, strict=True):
        places = np.argwhere(mask == label)
        np.testing.assert_array_equal((low, high - 1), (places.min(axis=0), places.max(axis=0)))
    groups = list(found.grouped((2, 7, 11)))
    assert sorted(label for group in groups for label in group.labels) == names.tolist()
    for group in groups:
        assert len(group.labels) == 1 or np.prod([axis.stop - axis.start for axis in group.box]) <= SMALL


def test_more_regions_than_are_measured_together(little: None) -> None:
    arrays = channels("u2", "u2")
    mask = np.arange(np.prod(SHAPE)).reshape(SHAPE) % (2 * streamed.TOGETHER + 3)
    wanted = coloc.colocalization_table(arrays, label_mask=mask)
    same(coloc.colocalization_table(opened(arrays, (2, 7, 11)), label_mask=mask), wanted)


def test_a_look_is_that_of_all_pixels(little: None) -> None:
    arrays = channels("u2", "f4")
    arrays["f41"][arrays["f41"] > 80] = 80
    arrays["f41"][0, 0] = np.nan
    seen = look.look_at(opened(arrays, (2, 7, 11)), lazy(labels(), (2, 7, 11)))
    assert seen.clipped == {name: share_clipped(array) for name, array in arrays.items()}
    assert seen.clipped["f41"] > 0
    steps = tuple(slice(step // 2, None, step) for step in seen.steps)
    assert max(seen.steps) > 1
    for name, array in arrays.items():
        np.testing.assert_array_equal(seen.shown[name], array[steps])
        assert seen.middle[name].size <= SMALL
    np.testing.assert_array_equal(seen.shown_labels, labels()[steps])
    other = opened({**arrays, "u20": arrays["u20"] + 1}, (2, 7, 11))
    assert look.look_at(other, None).hashes["u20"] != seen.hashes["u20"]


# ------------------------------------------------------------------ runs
@pytest.fixture
def folder(tmp_path: Path) -> Path:
    arrays = channels("u2", "u2")
    write_image(tmp_path / "cells.ome.zarr", np.stack(list(arrays.values())), axes="CZYX", channels=("dna", "tub"))
    write_image(tmp_path / "labels.ome.zarr", np.maximum(labels(), 0), axes="ZYX", labels=True)
    for name, array in zip(("dna", "tub"), arrays.values(), strict=True):
        tifffile.imwrite(tmp_path / f"{name}.tif", array, metadata={"axes": "ZYX"})
    return tmp_path


def test_a_run_of_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, own = folder / "cells.ome.zarr", Settings(labels=str(folder / "labels.ome.zarr"))
    wanted = run(image, own)
    assert wanted.notices == ()
    monkeypatch.setattr(reading, "LARGEST", 0)
    monkeypatch.setattr(blocks, "PIXELS", SMALL)
    told: list[tuple[int, int]] = []
    found = run(image, own, run_dir=folder / "run", verbose=lambda done, total: told.append((done, total)))
    same(found.table, wanted.table)
    assert isinstance(found.channels["dna"], LazyImage)
    np.testing.assert_array_equal(found.channels["tub"], wanted.channels["tub"])
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) > 10
    assert told[-1] == (2 * 3600, 2 * 3600)
    assert found.notices[0].startswith("The image was read piece by piece. Pictures and joint histograms show one")
    results = found.save(folder / "results")
    assert "5 x 24 x 30 pixels, 2 channels" in (results / "report.html").read_text()
    again = run(image, own, run_dir=folder / "run")
    assert (again.provenance, again.table.equals(found.table)) == (found.provenance, True)
    loaded = load_outcome(results)
    assert (loaded.notices, loaded.verdict) == (found.notices, found.verdict)
    tifffile.imwrite(folder / "other.tif", np.ones((2, *SHAPE), "u2"), metadata={"axes": "CZYX"})
    with pytest.raises(FormatError, match="run it again"):
        load_outcome(results, folder / "other.tif")


def test_facts_are_those_of_all_pixels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = describe(folder / "cells.ome.zarr")
    monkeypatch.setattr(reading, "LARGEST", 0)
    monkeypatch.setattr(blocks, "PIXELS", SMALL)
    assert describe(folder / "cells.ome.zarr") == wanted
    assert wanted["channel dna"].startswith(f"{channels('u2', 'u2')['u20'].min()} to ")


def test_files_of_one_channel_each(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, own = [folder / "dna.tif", folder / "tub.tif"], Settings(metrics=ALL, randomizations=10, memory=0)
    wanted = run(paths, own.changed({"memory": 1}))
    monkeypatch.setattr(reading, "LARGEST", 0)
    monkeypatch.setattr(blocks, "PIXELS", SMALL)
    found = run(paths, own)
    assert found.nulls == {}
    assert any("all pixels of the region" in reason.text for reason in found.verdict.reasons)
    assert "larger than memory: tau" in Path(found.report(folder / "report.html")).read_text()
    whole = run(paths, own.changed({"memory": 1}))
    same(whole.table, wanted.table)
    np.testing.assert_array_equal(whole.nulls["dna", "tub"].null, wanted.nulls["dna", "tub"].null)


def test_axes_that_a_file_does_not_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.stack(list(channels("u2", "u2").values()))
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack")
    own = Settings(channel_axis=0)
    wanted = run(tmp_path / "a.tif", own)
    monkeypatch.setattr(reading, "LARGEST", 0)
    monkeypatch.setattr(blocks, "PIXELS", SMALL)
    found = run(tmp_path / "a.tif", own)
    same(found.table, wanted.table)
    assert found.times == wanted.times == 5


def test_files_are_closed_when_nobody_holds_their_channels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 0)
    found = files.together([folder / "dna.tif", folder / "tub.tif"])
    part = found.pixels["dna"]
    assert isinstance(part, LazyImage)
    finish = part.finish
    plane = part.select(Z=1)
    assert finish._finish.alive  # type: ignore[attr-defined]
    del part, found
    np.testing.assert_array_equal(plane.read(), tifffile.imread(folder / "dna.tif")[1])
    kept = finish._finish  # type: ignore[attr-defined]
    del plane, finish
    assert not kept.alive
