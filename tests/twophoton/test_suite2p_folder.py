"""Two-photon: regions and their traces as a folder that Suite2p opens."""

from __future__ import annotations

import pickletools
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace import twophoton
from lumentrace.base import working

SHAPE = (14, 19)
FILES = {"F.npy", "Fneu.npy", "spks.npy", "iscell.npy", "stat.npy", "ops.npy"}


def regions() -> twophoton.RoiSet:
    """Three, two of which overlap, with weights."""
    masks = np.zeros((3, *SHAPE), bool)
    masks[0, 2:6, 3:8] = masks[1, 4:9, 6:12] = masks[2, 11:13, 14:18] = True
    pixels = [np.flatnonzero(mask) for mask in masks]
    weights = [np.random.default_rng(own.size).uniform(0.1, 2.0, own.size) for own in pixels]
    return twophoton.RoiSet.from_pixels(SHAPE, pixels, ("a", "b", "c"), weights)


def traces(rois: twophoton.RoiSet, seed: int = 1, frames: int = 300) -> twophoton.BackgroundCorrectedRoiTraces:
    values = np.random.default_rng(seed).gamma(2.0, 20.0, (frames, len(rois)))
    return twophoton.BackgroundCorrectedRoiTraces(
        values, np.zeros_like(values), values, rois.labels, 5, 5 + frames, "mean", "none", {}
    )


def image() -> Any:
    return np.random.default_rng(4).uniform(10, 20, SHAPE)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rois = regions()
    plane = twophoton.save_suite2p(tmp_path / "suite2p" / "plane0", rois, traces(rois), image(), rate_hz=15.0)
    assert {path.name for path in plane.iterdir()} == FILES
    again = twophoton.load_suite2p_rois(plane)
    np.testing.assert_array_equal(again.masks, rois.masks)
    for own, expected in zip(again.footprints(), rois.footprints(), strict=True):
        np.testing.assert_allclose(own, expected / expected.sum(), rtol=1e-6)


def test_the_files_hold_what_the_documentation_of_suite2p_says(tmp_path: Path) -> None:
    rois = regions()
    own, around = traces(rois), traces(rois, seed=2)
    events = twophoton.deconvolve(own.raw_values, rate_hz=15.0, tau=0.4)
    given = {"neuropil": around, "spikes": events, "probabilities": [0.9, 0.5, 0.2], "neuropil_coefficient": 0.5}
    plane = twophoton.save_suite2p(tmp_path, rois, own, image(), rate_hz=15.0, **given)
    for name, values in (("F", own.raw_values), ("Fneu", around.raw_values), ("spks", events.spikes)):
        found = np.load(plane / f"{name}.npy")
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, values.T.astype(np.float32))
    np.testing.assert_array_equal(np.load(plane / "iscell.npy"), [[1, 0.9], [1, 0.5], [0, 0.2]])
    settings = np.load(plane / "ops.npy", allow_pickle=True).item()
    expected = {"Ly": 14, "Lx": 19, "nframes": 300, "fs": 15.0, "tau": 0.4, "neucoeff": 0.5, "nplanes": 1}
    assert {name: settings[name] for name in expected} == pytest.approx(expected)
    assert settings["neuropil_extract"] is settings["spikedetect"] is True
    assert (settings["lumentrace"]["labels"], settings["lumentrace"]["start_frame"]) == (["a", "b", "c"], 5)
    np.testing.assert_array_equal(settings["meanImg"], image().astype(np.float32))
    stat = np.load(plane / "stat.npy", allow_pickle=True)
    corrected = own.raw_values - 0.5 * around.raw_values
    for number, each in enumerate(stat):
        np.testing.assert_array_equal(each["ypix"] * 19 + each["xpix"], rois.region(number))
        assert each["lam"].sum() == pytest.approx(1, abs=1e-6)
        assert each["npix"] == rois.region(number).size
        assert each["std"] == pytest.approx(corrected[:, number].std(), rel=1e-5)
    assert [int(each["overlap"].sum()) for each in stat] == [4, 4, 0]
    assert stat[0]["med"] == [3, 5]


def test_what_is_not_given_is_zero_and_told(tmp_path: Path) -> None:
    rois = regions()
    plane = twophoton.save_suite2p(tmp_path, rois, traces(rois), image(), rate_hz=15.0)
    settings = np.load(plane / "ops.npy", allow_pickle=True).item()
    assert settings["neuropil_extract"] is settings["spikedetect"] is False
    assert not np.load(plane / "Fneu.npy").any()
    assert not np.load(plane / "spks.npy").any()
    assert (np.load(plane / "iscell.npy") == 1).all()


def test_regions_without_traces_are_left_out(tmp_path: Path) -> None:
    rois = regions()
    own = traces(rois)
    values = own.raw_values[:, [2, 0]]
    own = replace(own, raw_values=values, background_values=values, corrected_values=values, labels=("c", "a"))
    plane = twophoton.save_suite2p(tmp_path, rois, own, image(), rate_hz=15.0, probabilities=[0.7, 0.1, 0.8])
    again = twophoton.load_suite2p_rois(plane)
    np.testing.assert_array_equal(again.masks, rois.masks[[2, 0]])
    np.testing.assert_array_equal(np.load(plane / "iscell.npy")[:, 1], [0.8, 0.7])


def test_shapes_are_told_as_a_disc_and_a_line_have_them(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:41, :41]
    disc = np.hypot(rows - 20, columns - 20) <= 15
    line = np.zeros_like(disc)
    line[3, 4:36] = True
    dot = np.zeros_like(disc)
    dot[40, 40] = True
    rois = twophoton.make_roi_set(np.stack([disc, line, dot]))
    plane = twophoton.save_suite2p(tmp_path, rois, traces(rois), np.ones((41, 41)), rate_hz=15.0)
    stat = np.load(plane / "stat.npy", allow_pickle=True)
    figures = {name: [each[name] for each in stat] for name in ("radius", "aspect_ratio", "compact")}
    assert figures["radius"] == pytest.approx([15, 32**0.5 / 3**0.5, 1 / 3**0.5], rel=0.01)
    assert figures["aspect_ratio"] == pytest.approx([1, 32, 1], rel=0.001)
    assert figures["compact"][0] == pytest.approx(1, abs=0.002)
    assert figures["compact"][2] == pytest.approx((np.pi / 3) ** 0.5)
    assert figures["compact"][1] > 3


def test_the_pickles_name_nothing_but_numpy(tmp_path: Path) -> None:
    rois = regions()
    plane = twophoton.save_suite2p(tmp_path, rois, traces(rois), image(), rate_hz=15.0)
    for name in ("stat.npy", "ops.npy"):
        content = (plane / name).read_bytes()
        start = 10 + int.from_bytes(content[8:10], "little")
        codes = [(code.name, value) for code, value, _ in pickletools.genops(content[start:])]
        texts = [value for code, value in codes if code in ("SHORT_BINUNICODE", "BINUNICODE")]
        assert sum(code in ("STACK_GLOBAL", "GLOBAL", "REDUCE") for code, _ in codes) > 0
        modules = {text for text in texts if "." in text and text.replace("_", "").replace(".", "").isalpha()}
        assert modules <= {"numpy.core.multiarray", "numpy._core.multiarray"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate_hz": 0.0}, "`rate_hz`: expected a number above 0"),
        ({"mean_image": np.ones((3, 4))}, r"`mean_image`: .* \(14, 19\), found shape \(3, 4\)"),
        ({"mean_image": np.full(SHAPE, np.nan)}, r"`mean_image`: .*finite"),
        ({"probabilities": [0.5, 0.5]}, "`probabilities`: expected 3 numbers from 0 to 1"),
        ({"probabilities": [0.5, 0.5, np.nan]}, "`probabilities`: expected 3 numbers from 0 to 1"),
        ({"neuropil_coefficient": np.inf}, "`neuropil_coefficient`"),
        ({"neuropil": traces(regions(), frames=200)}, r"`neuropil`: expected \(300, 3\)"),
        ({"neuropil": replace(traces(regions()), start_frame=0)}, "`neuropil`: expected the regions and frames"),
        ({"traces": replace(traces(regions()), labels=("a", "b", "d"))}, "`traces`: .* found d"),
        ({"traces": replace(traces(regions()), raw_values=np.full((9, 3), np.nan))}, "`traces`: .*others in a, b, c"),
        ({"traces": replace(traces(regions()), raw_values=np.full((9, 3), 1e300))}, "`traces`: .*float32"),
        ({"spikes": twophoton.deconvolve(np.ones((300, 3)), rate_hz=15.0, tau=0.5)}, "`spikes`: .*a, b, c"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path: Path, changes: Any, message: str) -> None:
    given = {"rois": regions(), "traces": traces(regions()), "mean_image": image(), "rate_hz": 15.0}
    with pytest.raises(ValueError, match=message):
        twophoton.save_suite2p(tmp_path / "plane0", **{**given, **changes})
    assert not (tmp_path / "plane0").exists()


def test_what_is_cut_off_in_the_middle_leaves_no_mixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill before each of six moves to be whole and seven to their places: old, new, or no `stat.npy`."""
    rois = regions()
    replaced, moves = working.os.replace, []

    def move(*names: Any) -> None:
        if len(moves) == allowed:
            raise KeyboardInterrupt
        moves.append(names)
        replaced(*names)

    def bytes_of(plane: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in plane.iterdir() if path.is_file()}

    def saved(plane: Path, seed: int) -> None:
        own = replace(traces(rois, seed), labels=rois.labels)
        twophoton.save_suite2p(plane, rois, own, image() + seed, rate_hz=15.0 + seed)

    saved(tmp_path / "old", 1)
    saved(tmp_path / "new", 2)
    old, new = bytes_of(tmp_path / "old"), bytes_of(tmp_path / "new")
    for allowed in range(14):
        plane = tmp_path / str(allowed)
        saved(plane, 1)
        moves.clear()
        with monkeypatch.context() as patch:
            patch.setattr(working.os, "replace", move)
            patch.setattr(working, "reversed", lambda _: (), raising=False)  # as if nothing came after it
            with suppress(KeyboardInterrupt):
                saved(plane, 2)
        found = bytes_of(plane)
        assert "stat.npy" not in found or found in (old, new), allowed
    assert found == new
