"""Transformers, pipelines, figures and what users derive from them: copied, kept in files, and found again by name."""

from __future__ import annotations

import inspect
import io
import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from helpers import Shift, assert_identical, recipe
from lumentrace import FormatError, LineData, PointData, Voxels, load, save
from lumentrace.pept import base, processing, tracking
from lumentrace.pept.base import Filter, PEPTObject, Pipeline, Transformer
from lumentrace.pept.plots import PlotlyGrapher, PlotlyGrapher2D
from lumentrace.pept.scanners import ADACGeometricEfficiency
from lumentrace.storage import classes

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "AutoCorrelation": ("t", ["vx", "vy"], 10.0),
    "Condition": ("x < 5, 'y' > 0",),
    "Cutpoints": (0.5, np.arange(6.0)),
    "CutpointsToF": (0.5,),
    "DynamicProbability2D": (1.0, "v"),
    "DynamicProbability3D": (1.0, "v"),
    "GroupBy": ("label",),
    "HDBSCAN": (0.15,),
    "Interpolate": (1.0, CubicSpline),
    "LaceyColors": ([0, 0, 0], [1, 1, 1]),
    "LaceyColorsLinear": ("folder", [0, 0, 0], [1, 1, 1]),
    "Minpoints": (3, 0.5),
    "OptimizeWindow": (200,),
    "Reconnect": (5.0, 10.0),
    "RelativeDeviations": ([0, 0, 0], [1, 1, 1]),
    "RelativeDeviationsLinear": ("folder", [0, 0, 0], [1, 1, 1]),
    "Remove": ("label", "line_index*"),
    "RemoveStatic": (100.0, 1.0),
    "ResidenceDistribution2D": (1.0,),
    "ResidenceDistribution3D": (1.0,),
    "SamplesCondition": ("sample_size > 3",),
    "Segregate": (20, 10.0),
    "SpatialProjections": ("folder", 0.0, 1.0),
    "SplitAll": ("label",),
    "Stack": (30, 29),
    "Swap": ("y, z",),
    "VectorField2D": (1.0,),
    "VectorField3D": (1.0,),
    "Velocity": (11,),
    "Voxelize": ((3, 4, 5), (0, 9)),
}


def every_transformer() -> Iterator[type[Transformer]]:
    for module in (tracking, processing):
        for name in module.__all__:
            found = getattr(module, name)
            if inspect.isclass(found) and issubclass(found, Transformer):
                yield found


def attributes(value: Any) -> Any:
    """The attributes of an object of ours and of those it holds."""
    if isinstance(value, PEPTObject):
        return {name: attributes(each) for name, each in vars(value).items()}
    return [attributes(each) for each in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("kind", list(every_transformer()), ids=lambda kind: kind.__name__)
def test_every_transformer_is_copied_and_comes_back(kind, tmp_path):
    made = kind(*ARGUMENTS.get(kind.__name__, ()))
    made.save(tmp_path / "a.h5")
    for again in (made.copy(), made.copy(deep=False), kind.load(tmp_path / "a.h5"), load(tmp_path / "a.h5")):
        assert type(again) is kind
        assert again is not made
        assert_identical(attributes(again), attributes(made))


def test_a_deep_copy_shares_nothing():
    made = tracking.Reorient(basis=np.eye(3))
    assert made.copy().basis is not made.basis
    assert made.copy(deep=False).basis is made.basis


def test_a_pipeline_comes_back_and_does_the_same(tmp_path, one_tracer):
    pipeline = Pipeline([*recipe(), tracking.Stack(10, 9), tracking.Segregate(20, 20.0)])
    save(tmp_path / "pipeline", pipeline)
    again = Pipeline.load(tmp_path / "pipeline")
    assert repr(again) == repr(pipeline)
    assert_identical(again.fit(one_tracer, verbose=False).data, pipeline.fit(one_tracer, verbose=False).data)


def test_a_users_filter_comes_back_by_name(tmp_path):
    Pipeline([Shift(2.5), tracking.Stack()]).save(tmp_path / "a.h5")
    shift, _ = load(tmp_path / "a.h5").transformers
    assert type(shift) is Shift
    assert shift.dx == 2.5


def test_a_filter_that_cannot_be_imported_is_refused_when_saving(tmp_path):
    class Local(Filter):
        def fit_sample(self, sample):
            return sample

    with pytest.raises(TypeError, match=r"Local.*expected a class that can be imported"):
        Local().save(tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()


def test_functions_of_a_transformer_are_refused_by_their_place(tmp_path):
    with pytest.raises(TypeError, match=r"attributes/conditions/0`: a value of type function"):
        tracking.Condition(lambda rows: rows[:, 0] > 1).save(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("subprocess", "Popen"), ("pickle", "Unpickler"), ("builtins", "eval"), ("numpy", "ndarray")],
)
def test_a_file_names_nothing_but_transformers(tmp_path, monkeypatch, module, name):
    monkeypatch.setattr(classes, "place", lambda cls: {"module": module, "name": name})
    tracking.Stack().save(tmp_path / "a.h5")
    save(tmp_path / "b.h5", {"interpolator": CubicSpline})
    for path in (tmp_path / "a.h5", tmp_path / "b.h5"):
        with pytest.raises(FormatError, match=rf"{name} of the module {module}: expected a Transformer"):
            load(path)


def test_a_class_that_went_away_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(classes, "place", lambda cls: {"module": "my_filters", "name": "Gone"})
    tracking.Stack().save(tmp_path / "a.h5")
    with pytest.raises(FormatError, match="Gone of the module my_filters, which cannot be imported"):
        load(tmp_path / "a.h5")


def test_our_classes_are_kept_under_the_package_that_shows_them():
    assert classes.place(tracking.Cutpoints) == {"module": "lumentrace.pept.tracking", "name": "Cutpoints"}


def test_the_efficiency_of_a_scanner_comes_back(tmp_path):
    made = ADACGeometricEfficiency([-10, 510])
    made.save(tmp_path / "a.h5")
    assert ADACGeometricEfficiency.load(tmp_path / "a.h5").eg(250, 250, 250) == made.eg(250, 250, 250)


@pytest.mark.parametrize("make", [PlotlyGrapher, PlotlyGrapher2D])
def test_a_figure_comes_back_and_can_be_drawn_on(make, tmp_path):
    points = np.random.default_rng(0).random((30, 4))
    made = make(cols=2, xlim=(0, 2)).add_points(points).add_points(points, col=2)
    made.save(tmp_path / "a.h5")
    for again in (make.load(tmp_path / "a.h5"), made.copy()):
        assert json.loads(again.fig.to_json()) == json.loads(made.fig.to_json())
        again.add_points(points, col=2).equalise_axes()
        assert [len(each.fig.data) for each in (again, made)] == [3, 2]
        again.xlim = (5, 6)
        assert made.xlim == [0, 2]


def test_a_class_of_ones_own_with_a_set(tmp_path):
    made = tracking.Stack()
    made.kinds = {"b", "a"}
    made.save(tmp_path / "a.h5")
    assert load(tmp_path / "a.h5").kinds == {"a", "b"}


def test_open_files_are_written_and_read(tmp_path):
    lines = LineData(np.arange(14.0).reshape(2, 7))
    with open(tmp_path / "a.h5", "wb") as file:
        lines.save(filepath=file)
    with open(tmp_path / "a.h5", "rb") as file:
        assert_identical(LineData.load(filepath=file), lines)
    buffer = io.BytesIO()
    save(filepath=buffer, obj=lines)
    assert_identical(load(filepath=io.BytesIO(buffer.getvalue())), lines)
    with pytest.raises(ValueError, match="memory_map"):
        load(io.BytesIO(buffer.getvalue()), memory_map=True)


def test_text_goes_to_open_files_of_both_kinds(tmp_path):
    points = PointData(np.arange(8.0).reshape(2, 4))
    points.to_csv(filepath=tmp_path / "a.csv")
    text, binary = io.StringIO(), io.BytesIO()
    points.to_csv(text, delimiter=" ")
    points.to_csv(binary)
    assert text.getvalue() == binary.getvalue().decode() == (tmp_path / "a.csv").read_text()


@pytest.mark.parametrize("first", ["lumentrace.data.points", "lumentrace.base.files", "lumentrace.plots.tables"])
def test_files_work_whatever_was_imported_first(first, tmp_path):
    script = (
        f"import {first}\n"
        "from lumentrace.data.points import PointData\n"
        "points = PointData([[0, 1, 2, 3]])\n"
        "points.save('a.h5'); points.to_csv('a.csv')\n"
        "print(PointData.load('a.h5').points.sum())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "6.0\n"
    assert (tmp_path / "a.csv").exists()


def test_data_keep_their_places():
    """What the documents derive from what."""
    assert issubclass(LineData, Collection)
    for kind in (Transformer, Pipeline, PlotlyGrapher, PlotlyGrapher2D, ADACGeometricEfficiency, Voxels):
        assert issubclass(kind, PEPTObject)
    assert issubclass(tracking.Cutpoints, base.LineDataFilter)
    assert issubclass(tracking.HDBSCAN, base.PointDataFilter)
    assert issubclass(tracking.FPI, base.VoxelsFilter)


def test_a_sample_is_in_its_data():
    points = PointData(np.arange(16.0).reshape(4, 4), sample_size=2)
    assert points[1] in points
    assert points in PointData(points.points)
    assert points not in points
    assert 3 not in points
