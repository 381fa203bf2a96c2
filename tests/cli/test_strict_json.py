"""All JSON that runs write is JSON to every reader: no NaN and no Infinity, also where figures cannot be measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import polars as pl
import pytest

from lumentrace import LineData, coloc, stain, twophoton
from lumentrace.afm import run as afm
from lumentrace.afm.simulation import simulate_film
from lumentrace.base.json_text import json_text
from lumentrace.coloc import run as coloc_run
from lumentrace.engine.directory import RunDirectory
from lumentrace.pept import run as pept
from lumentrace.pept import simulation
from lumentrace.stain import run as stain_run
from lumentrace.twophoton import run as twophoton_run


def strict(text: str | bytes) -> Any:
    """The values of JSON, which has no NaN and no Infinity."""

    def refuse(name: str) -> float:
        raise AssertionError(f"found {name} in {str(text)[:200]}")

    return json.loads(text, parse_constant=refuse)


def texts(folder: Path) -> Iterator[str | bytes]:
    """All JSON below a folder: files, metadata of Parquet files, texts in HDF5 files."""
    for path in folder.rglob("*.json"):
        yield path.read_bytes()
    for path in folder.rglob("*.parquet"):
        with open(path, "rb") as file:
            yield from (text for name, text in pl.read_parquet_metadata(file).items() if name == "lumentrace")
    for path in folder.rglob("*.h5"):
        found: list[Any] = []
        with h5py.File(path) as file:
            nodes = [file]
            file.visititems(lambda _, node, nodes=nodes: nodes.append(node))
            for node in nodes:
                found += list(node.attrs.values())
                if isinstance(node, h5py.Dataset) and node.shape == () and node.dtype.kind == "O":
                    found.append(node[()])
        yield from (text for text in found if isinstance(text, (str, bytes)) and text[:1] in ("{", "[", b"{", b"["))


def lines(noise: float) -> LineData:
    tracers = [simulation.Circle(radius=80)]
    return simulation.simulate(tracers, n=4000, noise=noise, scatter=0.0 if noise == 1 else 0.2, seed=2).lines


def film(frames: int, particles: int) -> Any:
    return simulate_film(frames, particles, 64, seed=1)[0]


def coloc_of(folder: Path) -> None:
    one = np.random.default_rng(1).poisson(30, (48, 48)).astype(np.uint16)
    settings = coloc_run.Settings(metrics=("pcc", "mcc", "randomization"), randomizations=20)
    coloc_run.run({"a": one, "b": np.full_like(one, 7)}, settings, run_dir=folder / "kept").save(folder)


def stain_of(folder: Path) -> None:
    pair = stain.simulate(size=256, unspecific=0.3, seed=3)
    stain_run.run((pair.post, pair.pre), stain_run.Settings(histogram="exo2micro"), run_dir=folder)


def twophoton_of(folder: Path) -> None:
    twophoton.simulate_recording(folder / "fly", cells=3, rows=32, columns=40, repeats=1, seed=1)
    recording = twophoton.load_converted_recording(twophoton.convert_recording(folder / "fly", folder / "c").path)
    twophoton_run.run(recording, twophoton_run.Settings()).save(folder / "out")


@pytest.mark.parametrize(
    "work",
    [
        lambda folder: pept.run(lines(0.3), pept.Settings()).save(folder),
        lambda folder: pept.run(lines(1.0), pept.Settings()).save(folder),
        coloc_of,
        lambda folder: afm.run(film(6, 3), run_dir=folder / "kept").save(folder),
        lambda folder: afm.run(film(1, 0)).save(folder),
        stain_of,
        twophoton_of,
    ],
    ids=["pept", "pept, noise", "coloc, constant", "afm", "afm, nothing there", "stain", "two-photon"],
)
def test_json_of_runs_is_strict(work: Any, tmp_path: Path) -> None:
    work(tmp_path)
    read = [strict(text) for text in texts(tmp_path)]
    assert any(isinstance(each, dict) and each.get("schema") == "lumentrace-run-1" for each in read)


def test_a_figure_that_is_not_known_is_null_with_its_reason_beside_it(tmp_path: Path) -> None:
    afm.run(film(1, 0)).save(tmp_path)
    record = strict((tmp_path / "run.json").read_bytes())
    assert record["figures"]["median_area_nm2"] is None
    assert record["verdict"]["level"] == "doubtful"
    assert "feature_detection found nothing" in record["verdict"]["reasons"][0]["text"]


def test_numbers_that_json_cannot_hold() -> None:
    assert strict(json_text({"a": [float("nan"), np.float64("inf"), 1.5], "b": (None,)})) == {
        "a": [None, None, 1.5],
        "b": [None],
    }


def test_pieces_of_other_settings_are_told_apart_though_json_has_no_word_for_them(tmp_path: Path) -> None:
    RunDirectory(tmp_path).write("piece", b"6", {"left": float("nan")}, {"range": float("inf")})
    strict(next(tmp_path.glob("*.json")).read_bytes())
    assert RunDirectory(tmp_path).find("piece", {"range": float("inf")})[0] == b"6"
    for other in (None, float("nan"), 3.0):
        assert RunDirectory(tmp_path).find("piece", {"range": other})[0] is None


def test_shuffles_are_kept_as_strict_json() -> None:
    from lumentrace.coloc.kept import nulls_bytes, nulls_from_bytes

    random = np.random.default_rng(2)
    drawn = coloc.costes_randomization(np.ones((16, 16)), random.random((16, 16)), block=2, n=10)
    again = nulls_from_bytes(nulls_bytes({("a", "b"): drawn}))
    assert again["a", "b"].reason == drawn.reason
