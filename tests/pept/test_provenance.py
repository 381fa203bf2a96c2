"""The history of results that no pipeline made: reducers called by themselves, and functions of points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lumentrace
from lumentrace import Pipeline, PointData, Voxels
from lumentrace.base.provenance import Provenance
from lumentrace.pept import processing
from lumentrace.pept.tracking import Segregate, Stack, Velocity


@pytest.fixture
def walk() -> PointData:
    steps = np.random.default_rng(5).normal(size=(60, 3)).cumsum(0)
    return PointData(np.column_stack([np.arange(60.0), steps]), sample_size=20)


def names(found: Any) -> list[str]:
    assert isinstance(found.provenance, Provenance)
    assert all(step.duration >= 0 and step.started for step in found.provenance.steps)
    return [step.name for step in found.provenance.steps]


def test_a_reducer_alone_tells_its_step_after_those_of_its_samples(walk: PointData) -> None:
    moving = Velocity(5).fit(walk, verbose=False)
    stacked = Stack().fit(moving)
    assert names(stacked) == ["Velocity", "Stack"]
    labelled = Segregate(5, 3.0).fit(stacked)
    assert names(labelled) == ["Velocity", "Stack", "Segregate"]
    assert labelled.provenance.steps[-1].parameters["cut_distance"] == 3.0
    assert labelled.provenance.input == {"rows": 60, "bytes": 60 * 32, "xxh3": stacked.provenance.input["xxh3"]}


def test_in_a_pipeline_each_step_is_told_once(walk: PointData) -> None:
    assert names(Pipeline([Velocity(5), Stack(), Segregate(5, 3.0)]).fit(walk, verbose=False)) == [
        "Velocity",
        "Stack",
        "Segregate",
    ]


def test_fields_know_where_they_come_from(walk: PointData, tmp_path: Path) -> None:
    field = processing.DynamicProbability3D(1.0, "t", resolution=(4, 4, 4)).fit(walk)
    assert names(field) == ["DynamicProbability3D"]
    assert names(field * 2) == ["DynamicProbability3D"]
    assert names(field.copy()) == ["DynamicProbability3D"]
    field.save(tmp_path / "field.h5")
    assert lumentrace.load(tmp_path / "field.h5").provenance == field.provenance
    moving = Velocity(5).fit(walk, verbose=False)
    vectors = processing.VectorField3D(1.0, ["vx", "vy", "vz"], resolution=(4, 4, 4)).fit(moving)
    assert names(vectors) == ["Velocity", "VectorField3D"]
    assert "provenance" not in repr(vectors)


def test_functions_of_points_record_their_arguments(walk: PointData) -> None:
    voxels: Voxels = processing.occupancy3d(walk, (3, 4, 5), 1.5, verbose=False)
    assert names(voxels) == ["occupancy3d"]
    assert voxels.provenance.steps[0].parameters["radius"] == 1.5
    assert voxels.provenance.steps[0].parameters["omit_last"] is False
    assert voxels.provenance.input["rows"] == 60
    discs = processing.circles2d(walk.points[:, 1:3], (3, 3), verbose=False)
    assert names(discs) == ["circles2d"]
    assert discs.provenance.input["rows"] == 60


def test_what_is_handed_through_stays_as_it_is(walk: PointData) -> None:
    assert lumentrace.pept.tracking.Debug().fit(walk) is walk
    assert walk.provenance is None
