"""What a run of the recipe `lines` tells of its fit: figures, the report, and files that others read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from lumentrace import LineData, PointData, _core
from lumentrace.pept.recipes import Lines
from lumentrace.pept.run import Outcome, Settings, run
from lumentrace.pept.tracking import LineTracker
from lumentrace.pept.tracking.fitted_model import FittedModel
from pages import key_figures, report_figures, report_text

STEPS = 60
ONE = {
    "label": 0,
    "blur": [1.75, 2.5],
    "wide": 0.125,
    "activity": 0.25,
    "background": 2e-5,
    "noise": 3e-4,
    "order": "velocity",
    "jumps": 2,
    "evidence": 1234.5,
}
OTHER = {**ONE, "label": 1, "activity": 0.5, "noise": 7e-6, "order": "acceleration", "jumps": 0}
ABOUT = {"tracers": [ONE, OTHER], "passes": 9, "settled": True, "explained": 0.75, "unused": 0}


def kernel_rows() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Two tracers on straight lines, as the kernel tells them: t, place, velocity, covariance, rate, label."""
    rng = np.random.default_rng(3)
    rows = []
    for label, velocity in ((0, (0.5, -0.25, 0.0)), (1, (0.0, 0.0, 2.0))):
        t = 2.0 * np.arange(STEPS)
        place = np.outer(t, velocity) + rng.normal(size=(1, 3)) * 100
        spread = rng.normal(size=(STEPS, 3, 3)) * 0.1
        covariance = spread @ spread.transpose(0, 2, 1)
        upper = covariance[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
        last = np.column_stack([np.full(STEPS, 25.0 * (label + 1)), np.full(STEPS, label)])
        rows.append(np.column_stack([t, place, np.tile(velocity, (STEPS, 1)), upper, last]))
    return np.concatenate(rows)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run in which the kernel tells what it is made to."""

    def made(rows: Any = None, asked: int = 2, **changes: Any) -> Outcome:
        found = kernel_rows() if rows is None else rows
        monkeypatch.setattr(_core, "track_lines", lambda *args, **options: (found, {**ABOUT, **changes}))
        lines = np.random.default_rng(1).normal(size=(500, 7)) * 100
        lines[:, 0] = np.linspace(0, 2.0 * STEPS - 2, 500)
        return run(LineData(lines), Settings(recipe=Lines(tracers=asked)))

    return made


def test_figures_tell_the_fit_with_units(told: Any, tmp_path: Path) -> None:
    outcome = told()
    written = json.loads((outcome.save(tmp_path) / "run.json").read_text())["figures"]
    for figures in (outcome.figures(), written):
        assert (figures["lines explained"], figures["passes"], figures["settled"]) == (0.75, 9, True)
        first, second = figures["tracers"]
        assert first == {
            "label": 0,
            "lines per ms": 25.0,
            "share of lines": 0.25,
            "blur (mm)": 1.75,
            "wide blur (mm)": 2.5,
            "share of wide blur": 0.125,
            "background (1/mm²)": 2e-5,
            "process noise": 3e-4,
            "unit of noise": "mm²/ms³",
            "noise drives": "velocity",
            "sudden turns": 2,
            "evidence": 1234.5,
        }
        assert (second["unit of noise"], second["noise drives"]) == ("mm²/ms⁵", "acceleration")
        assert second["lines per ms"] == 50.0


def test_other_trajectories_have_no_model() -> None:
    assert FittedModel.of(PointData(np.zeros((3, 4)))) is None


def test_the_report_shows_sigmas_velocities_and_tracers(told: Any, tmp_path: Path) -> None:
    path = told().report(tmp_path / "report.html")
    shown = key_figures(path)
    variances = kernel_rows()[:, [7, 10, 12]]
    assert shown["Median sigma"].startswith(f"{np.median(np.sqrt(variances.sum(axis=1))):.3f} mm")
    # Half of the locations have a speed of √(0.5² + 0.25²), the others of 2 m/s.
    assert float(shown["Median speed"].split()[0]) == pytest.approx((np.hypot(0.5, 0.25) + 2) / 2, rel=1e-3)
    assert shown["Lines explained"].startswith("75.0 % by the tracers")
    assert "settled after 9 passes" in shown["Lines explained"]
    assert "Median spread" not in shown
    text = report_text(path)
    assert "n/a" not in text.partition("Provenance")[0]
    assert "1 50.0 50.0 1.75 2.50 12.5 0.200 7.00e-06 mm²/ms⁵ 0 1 234" in text
    figures = report_figures(path)
    for axis, name in enumerate("xyz"):
        curves = [each for each in figures["Uncertainty"]["data"] if each["name"] == "trajectory 1"]
        np.testing.assert_allclose(curves[axis]["y"], np.sqrt(variances[STEPS:, axis]), rtol=1e-6, err_msg=name)
        bands = [each for each in figures["Coordinates"]["data"] if each.get("fill") == "toself"]
        outline, sigma = bands[axis]["y"], np.sqrt(variances[:STEPS, axis])
        width = outline[STEPS : 2 * STEPS][::-1] - outline[:STEPS]
        np.testing.assert_allclose(width, 2 * sigma, atol=1e-4)
    speeds = {each["name"]: each["y"] for each in figures["Speed"]["data"]}
    np.testing.assert_allclose(speeds["trajectory 1"], 2.0, rtol=1e-6)


def test_a_report_of_no_tracer_names_no_sample(told: Any, tmp_path: Path) -> None:
    text = report_text(told(kernel_rows()[:0], tracers=[]).save(tmp_path) / "report.html")
    assert "no tracer explains so many LoRs" in text
    assert "in any sample" not in text


# ---------------------------------------------------------------- files that others read
def test_tables_for_others_have_the_errors_and_their_units(told: Any, tmp_path: Path) -> None:
    folder = told().save(tmp_path)
    rows = kernel_rows()
    rows = rows[np.lexsort((rows[:, 14], rows[:, 0]))]
    expected = {"t": rows[:, 0], "vy": rows[:, 5], "sigma_z": np.sqrt(rows[:, 12]), "cov_yz": rows[:, 11]}
    parquet = pl.read_parquet(folder / "trajectories.parquet")
    units = json.loads(pl.read_parquet_metadata(folder / "trajectories.parquet")["lumentrace"])["units"]
    text = pl.read_csv(folder / "trajectories.csv")
    written = {name.partition(" ")[0]: name for name in text.columns}
    for name, values in expected.items():
        np.testing.assert_array_equal(parquet[name], values)
        np.testing.assert_array_equal(text[written[name]], values)
    for name, unit in {"t": "ms", "vx": "mm/ms", "sigma_x": "mm", "cov_xy": "mm²", "rate": "lines/ms"}.items():
        assert units[name] == unit
        assert written[name] == f"{name} ({unit})"
    assert written["label"] == "label"


def test_paraview_gets_covariances_as_tensors_and_velocities_as_vectors(told: Any, tmp_path: Path) -> None:
    file = told().save(tmp_path) / "trajectories.vtp"
    head, _, data = file.read_bytes().partition(b'<AppendedData encoding="raw">\n_')
    found = {each.get("Name"): each for each in ElementTree.fromstring(head + b"</VTKFile>").iter("DataArray")}

    def values(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        start = int(found[name].get("offset", ""))
        size = int.from_bytes(data[start : start + 8], "little")
        width = int(found[name].get("NumberOfComponents", ""))
        return np.frombuffer(data[start + 8 : start + 8 + size], "<f8").reshape(-1, width)

    rows = kernel_rows()
    rows = rows[np.lexsort((rows[:, 14], rows[:, 0]))]
    np.testing.assert_array_equal(values("velocity"), rows[:, 4:7])
    np.testing.assert_array_equal(values("sigma_y")[:, 0], np.sqrt(rows[:, 10]))
    # VTK's symmetric tensors: xx, yy, zz, xy, yz, xz.
    np.testing.assert_allclose(values("covariance"), rows[:, [7, 10, 12, 8, 11, 9]], rtol=1e-12)
    assert found["covariance"].findtext("InformationKey") == "mm²"


def test_noise_has_a_model_without_tracers() -> None:
    lines = LineData(np.random.default_rng(0).uniform(0, 100, (20, 7)))
    tracks = LineTracker().fit(lines)
    model = FittedModel.of(tracks)
    assert model is not None
    assert (model.tracers, model.explained) == ((), 0.0)
