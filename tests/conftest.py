"""Fixtures shared by the tests: the folder of golden and real data, and small simulated experiments."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import settings

from golden import SHARED
from golden import shared as shared_folder
from helpers import simulate
from lumentrace import LineData, PointData
from modules import module_of
from twophoton_case import NAMES, SMALL, Case, load_case

# Machines that are busy with something else take their time. `make faults` tries new cases in each run.
settings.register_profile("lumentrace", deadline=None, derandomize="LUMENTRACE_FAULT_SECONDS" not in os.environ)
settings.load_profile("lumentrace")


def pytest_report_header() -> str:
    """Say at the top of a run whether the golden and real data are there."""
    found = "found" if SHARED.is_dir() else "MISSING, tests that need it are skipped; set LUMENTRACE_SHARED"
    return f"shared data: {SHARED} ({found})"


@pytest.fixture(scope="session")
def lab_settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with settings: results go beside recordings, and there is no database."""
    user = tmp_path_factory.mktemp("user")
    (user / "lumentrace").mkdir()
    keys = {"database_path": user / "none", "analysis_caching": "false", "analysis_output": "source"}
    text = "".join(f"{key}: {value}\n" for key, value in keys.items()) + f"data_paths: ['{user / 'none'}']\n"
    (user / "lumentrace" / "config.yml").write_text(text)
    return user


@pytest.fixture(autouse=True, scope="session")
def only_settings_of_the_tests(lab_settings: Path) -> Iterator[None]:
    """Two-photon tests see the settings above and not those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "APPDATA"):
            patch.setenv(name, str(lab_settings))
        for name in ("LUMENTRACE_TWOPHOTON_CONFIG", "TWOPY_CONFIG"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with `golden`, `data`, `documents` and `tools`."""
    return shared_folder()


@pytest.fixture(scope="session")
def simulator(shared: Path) -> ModuleType:
    """The generator of simulated experiments with known truth."""
    return module_of(shared / "tools" / "make_pept_data.py")


@pytest.fixture(scope="session")
def one_tracer() -> LineData:
    """1200 lines of one tracer, 60 per sample, every second row shared."""
    rows, _ = simulate(1200)
    rows.flags.writeable = False
    return LineData(rows, sample_size=60, overlap=30)


@pytest.fixture(scope="session")
def two_tracers() -> LineData:
    """1500 lines of two tracers, 100 per sample."""
    rows, _ = simulate(1500, tracers=2, seed=1)
    rows.flags.writeable = False
    return LineData(rows, sample_size=100)


@pytest.fixture
def points() -> PointData:
    """40 scattered points with three labels."""
    rows = np.random.default_rng(1).normal(size=(40, 4)) * [1, 10, 20, 30]
    return PointData(np.column_stack([rows, np.arange(40) % 3]), columns=["t", "x", "y", "z", "label"])


@pytest.fixture
def lines() -> LineData:
    """12 lines in any direction."""
    return LineData(np.random.default_rng(2).normal(size=(12, 7)) * 50)


@pytest.fixture(scope="session")
def load_twophoton_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Case]:
    """Converts a golden two-photon recording, once."""
    return functools.cache(lambda name: load_case(name, tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="session", params=NAMES)
def twophoton_case(request: pytest.FixtureRequest, load_twophoton_case: Callable[[str], Case]) -> Case:
    """A whole golden two-photon recording, converted."""
    return load_twophoton_case(request.param)


@pytest.fixture(scope="session", params=[*NAMES, SMALL])
def any_twophoton_case(request: pytest.FixtureRequest, load_twophoton_case: Callable[[str], Case]) -> Case:
    """A golden two-photon recording, converted; among them the small one, which has few of the numbers."""
    return load_twophoton_case(request.param)
