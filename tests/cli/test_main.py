"""The command line, as a user runs it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas
import polars as pl
import pytest

from command_line import lumentrace, lumentrace_process
from lumentrace import PointData, storage
from lumentrace.engine.record import RunRecord
from lumentrace.pept import simulation
from lumentrace.pept.recipes import BaseRecipe, Birmingham, Lines
from lumentrace.pept.run import Settings, run
from lumentrace.pept.tracking.locations import UNITS
from pages import key_figures, report_figures, report_text

OUTPUTS = {"trajectories.parquet", "trajectories.csv", "trajectories.vtp", "report.html", "run.json"}


@pytest.fixture(scope="module")
def acquisition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracer on a circle of 80 mm, as a `.da01`."""
    path = tmp_path_factory.mktemp("cli") / "wheel.da01"
    circle = simulation.Circle(centre=(300, 300, 250), radius=80)
    lines = simulation.simulate([circle], n=10_000, noise=0.3, seed=5).lines
    simulation.write_adac(path, lines, separation=500)
    return path


@pytest.mark.parametrize(
    ("arguments", "columns", "steps", "settings"),
    [
        ((), list(UNITS), ["adac_forte", "LineTracker"], {"recipe": "lines", "tracers": None}),
        (
            ("--recipe", "peptml"),
            ["t", "x", "y", "z", "error", "label"],
            ["adac_forte", "Cutpoints"],
            {"recipe": "peptml", "sample_size": 200},
        ),
    ],
    ids=["lines", "peptml"],
)
def test_track_writes_everything(
    acquisition: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    columns: list[str],
    steps: list[str],
    settings: dict[str, object],
) -> None:
    done = lumentrace("pept", "track", acquisition, *arguments, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == OUTPUTS
    table = pl.read_parquet(tmp_path / "out" / "trajectories.parquet")
    assert table.columns == columns
    radius = np.hypot(table["x"] - 300, table["y"] - 300)
    assert len(table) > 30
    assert abs(radius.median() - 80) < 0.5
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["figures"]["lines"] == 10_000
    assert settings.items() <= record["settings"].items()
    assert [step["name"] for step in record["steps"]][:2] == steps
    text = pl.read_csv(tmp_path / "out" / "trajectories.csv")
    units = {**UNITS, "error": "mm"}
    assert text.columns == [f"{name} ({units[name]})" if units[name] else name for name in columns]
    np.testing.assert_array_equal(text.to_numpy(), table.to_numpy())
    other = pandas.read_csv(tmp_path / "out" / "trajectories.csv")
    np.testing.assert_allclose(other.to_numpy(), table.to_numpy(), rtol=1e-15)
    assert "<html" in (tmp_path / "out" / "report.html").read_text("utf-8")[:200]
    assert "trajectories" in done.stdout


def test_one_bad_file_does_not_stop_the_others(acquisition: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.da01"
    bad.write_bytes(b"no lines here" * 200)
    done = lumentrace_process("pept", "track", bad, tmp_path / "missing.da01", acquisition, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "bad.da01" in done.stderr
    assert re.search(r"error .*missing\.da01", done.stderr)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"wheel.da01"}
    assert {path.name for path in (tmp_path / "out" / "wheel.da01").iterdir()} == OUTPUTS


def test_screens_need_a_separation(tmp_path: Path) -> None:
    path = tmp_path / "screens.csv"
    np.savetxt(path, np.random.default_rng(0).uniform(0, 500, (300, 5)))
    done = lumentrace("pept", "track", path, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "separation" in done.stderr
    assert lumentrace("pept", "info", path, "--separation", 500).returncode == 0


def screens_text(cut: str = "", damage: str = "") -> str:
    """A Birmingham sample file of a tracer at rest: 15 lines of header, rows, a damaged one and a cut one."""
    lines = simulation.simulate([simulation.Static((300, 300, 250))], n=3000, noise=0.3, seed=2).lines.lines
    header = "University of Birmingham\n" + "about\n" * 11 + "Separation=   500\nnote\n\n"
    rows = [" ".join(f"{value:.1f}" for value in row[[0, 1, 2, 4, 5]]) for row in lines]
    return header + "\n".join([*rows[:100], *[damage] * bool(damage), *rows[100:]]) + "\n" + cut


def test_a_cut_last_line_and_damaged_ones(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_text(screens_text("7"))
    done = lumentrace("pept", "track", path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "sample.csv, line 3016: left out the last line, which is cut off: '7'" in " ".join(done.stderr.split())
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (record["figures"]["lines"], record["figures"]["damaged lines left out"]) == (3000, 0)
    path.write_text(screens_text("7", "1.5 oops 3 4 5"))
    done = lumentrace("pept", "track", path, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "line 116: expected 5 numbers" in done.stderr
    assert lumentrace("pept", "track", path, "--lenient", "--out", tmp_path / "out").returncode == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (record["figures"]["lines"], record["figures"]["damaged lines left out"]) == (3000, 1)
    assert record["steps"][0]["parameters"]["damaged_lines_left_out"] == 1
    assert "1 damaged line of the file left out" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "damaged lines left out" in lumentrace("pept", "info", path, "--lenient").stdout


@pytest.mark.parametrize("recipe", [Birmingham(), Lines(tracers=1)])
def test_python_writes_what_the_command_line_writes(acquisition: Path, tmp_path: Path, recipe: BaseRecipe) -> None:
    done = lumentrace("pept", "track", acquisition, "--recipe", recipe.name, "--tracers", 1, "--out", tmp_path / "cli")
    assert done.returncode == 0
    outcome = run(acquisition, Settings(recipe=recipe))
    here = outcome.save(tmp_path / "python")
    for name in ("trajectories.csv", "trajectories.vtp"):
        assert (here / name).read_bytes() == (tmp_path / "cli" / name).read_bytes()
    one, other = (RunRecord.read(tmp_path / folder / "run.json") for folder in ("cli", "python"))
    assert one.settings == other.settings
    assert one.figures == other.figures
    assert one.files == other.files
    assert Settings.from_mapping(one.settings) == outcome.settings
    assert outcome.provenance == outcome.trajectories.provenance
    assert [step.started for step in other.provenance.steps] == [step.started for step in outcome.provenance.steps]


@pytest.mark.parametrize("width", [5, 7])
def test_a_table_with_commas_and_names(tmp_path: Path, width: int) -> None:
    path = tmp_path / "table.csv"
    columns = [0, 1, 2, 3, 4, 5, 6] if width == 7 else [0, 1, 2, 4, 5]
    rows = simulation.simulate([simulation.Static((300, 300, 250))], n=500, noise=0.3, seed=2).lines.lines[:, columns]
    names = ["t", "x1", "y1", "z1", "x2", "y2", "z2"]
    np.savetxt(path, rows, delimiter=",", header=",".join(names[i] for i in columns), comments="")
    done = lumentrace("pept", "info", path, *(["--separation", 500] if width == 5 else []))
    assert done.returncode == 0, done.stderr
    assert re.search(r"lines +500", done.stdout)


def test_a_file_of_the_modular_camera_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "run.dat"
    words = [0xFACEFACE, 77, *(0x2000 | int(f"{i % 16:04b}"[::-1], 2) << 28 for i in range(400))]
    path.write_bytes(bytes(1000) + np.array(words, dtype="<u4").tobytes())
    done = lumentrace("pept", "info", path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"lines +400", done.stdout)


def test_executors_and_birmingham_agree(acquisition: Path, tmp_path: Path) -> None:
    tables = []
    for where in ("native", "sequential", "processes"):
        done = lumentrace(
            "pept", "track", acquisition, "--recipe", "birmingham", "--executor", where, "--out", tmp_path / where
        )
        assert done.returncode == 0, done.stderr
        tables.append((tmp_path / where / "trajectories.csv").read_bytes())
    assert tables[0] == tables[1] == tables[2]


def test_settings(acquisition: Path, tmp_path: Path) -> None:
    assert 'recipe = "lines"' in lumentrace("pept", "track", "--create-config").stdout
    template = lumentrace("pept", "track", "--recipe", "peptml", "--create-config")
    assert template.returncode == 0
    config = tmp_path / "run.toml"
    config.write_text(template.stdout.replace("sample_size = 200 ", "sample_size = 400 "))
    done = lumentrace("pept", "track", acquisition, "--config", config, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["settings"]["sample_size"] == 400


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recipe = 'peptml'\nsampel_size = 3", "did you mean 'sample_size'"),
        ("tracers = 'two'", "`tracers`: expected a whole number from 1 or None, found 'two'"),
        ("recipe = 'magic'", "one of lines, peptml"),
        ("this is not toml", "expected a TOML file"),
        ("recipe = 'peptml'\ntrue_fraction = 3", "(0, 1]"),
        ("sample_size = 3", "a setting of peptml, birmingham"),
    ],
)
def test_wrong_settings_are_explained(acquisition: Path, tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "run.toml"
    config.write_text(text)
    done = lumentrace("pept", "track", acquisition, "--config", config, "--out", tmp_path / "out")
    assert done.returncode in (2, 3)
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["pept", "track"], ["pept", "track", "x", "--recipe", "magic"], ["pept", "track", "x", "--tracers", "0"]],
)
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    done = lumentrace(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_birmingham_with_two_tracers_is_refused() -> None:
    done = lumentrace_process("pept", "track", "x", "--recipe", "birmingham", "--tracers", 2)
    assert done.returncode == 2
    assert "use 'peptml'" in done.stderr


def test_info(acquisition: Path) -> None:
    done = lumentrace("pept", "info", acquisition)
    assert done.returncode == 0
    assert "10,000" in done.stdout
    assert "-10.00 to 510.00" in done.stdout


def test_killed_run_is_resumed(acquisition: Path, tmp_path: Path) -> None:
    track = ["pept", "track", acquisition, "--recipe", "peptml", "--out"]
    plain = lumentrace(*track, tmp_path / "plain")
    assert plain.returncode == 0
    command = [sys.executable, "-m", "lumentrace", *track, tmp_path / "out", "--resume"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    manifest = tmp_path / "out" / "run" / "manifest.json"
    deadline = time.monotonic() + 60
    while not manifest.exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert manifest.exists()
    assert lumentrace(*track, tmp_path / "out", "--resume").returncode == 0
    same = [(tmp_path / name / "trajectories.csv").read_bytes() for name in ("plain", "out")]
    assert same[0] == same[1]


def test_demo_finds_both_tracers(tmp_path: Path) -> None:
    done = lumentrace("demo", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    table = storage.read_parquet(tmp_path / "trajectories.parquet")
    assert isinstance(table, PointData)
    assert set(np.unique(table["label"])) == {0.0, 1.0}
    medians = [float(value) for value in re.findall(r"^median error \(mm\) +(\S+)$", done.stdout, re.MULTILINE)]
    assert len(medians) == 2
    assert max(medians) < 0.25
    assert f"lumentrace pept replay {tmp_path / 'demo.da01'}" in done.stdout


def test_version_and_help() -> None:
    assert lumentrace_process("--version").stdout.startswith("lumentrace 0.")
    help_text = lumentrace("pept", "track", "--help").stdout
    assert "--tracers" in help_text
    assert "Exit codes" in help_text


def test_import_is_light() -> None:
    heavy = "('numpy', 'plotly', 'polars', 'h5py')"
    code = f"import sys, lumentrace, lumentrace.pept; print(*[m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


# ---------------------------------------------------------------------- simulate and occupancy
@pytest.mark.parametrize("suffix", [".da01", ".csv", ".npy", ".h5", ".parquet"])
def test_simulated_files_are_tracked(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / "new" / f"run{suffix}"
    done = lumentrace("pept", "simulate", file, "--lines", 8000, "--noise", 0.3, "--seed", 3)
    assert done.returncode == 0, done.stderr
    truth = pl.read_csv(tmp_path / "new" / "run.truth.csv").to_numpy()
    assert truth.shape[1] == 5
    assert lumentrace("pept", "track", file, "--recipe", "birmingham", "--out", tmp_path / "out").returncode == 0
    points = storage.read_parquet(tmp_path / "out" / "trajectories.parquet")
    # The camera's clock counts from its first tick.
    first = points["t"][0] if suffix == ".da01" else 0.0
    expected = [np.interp(points["t"], truth[:, 0] - truth[0, 0] * (first > 0), truth[:, k]) for k in (1, 2, 3)]
    assert np.median(np.linalg.norm(points.points[:, 1:4] - np.transpose(expected), axis=1)) < 1.0


def test_simulations_repeat_and_differ(tmp_path: Path) -> None:
    for name, seed, path in (("a", 1, "wander"), ("b", 1, "wander"), ("c", 2, "wander"), ("d", 1, "static")):
        done = lumentrace(
            "pept", "simulate", tmp_path / f"{name}.npy", "--lines", 500, "--tracers", 3, "--path", path, "--seed", seed
        )
        assert done.returncode == 0, done.stderr
    tables = {name: (tmp_path / f"{name}.npy").read_bytes() for name in "abcd"}
    assert tables["a"] == tables["b"]
    assert len(set(tables.values())) == 3
    static = pl.read_csv(tmp_path / "d.truth.csv").to_numpy()
    assert len(np.unique(static[:, 1:4].round(6), axis=0)) == 3


def test_simulate_refuses(tmp_path: Path) -> None:
    for arguments, said in (
        (("x.txt",), ".da01"),
        (("x.npy", "--noise", 2), "noise"),
        (("x.npy", "--rate", 0), "rate"),
    ):
        done = lumentrace("pept", "simulate", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_occupancy_of_runs(tmp_path: Path) -> None:
    t = np.linspace(0, 600, 601)
    for number, suffix in enumerate((".parquet", ".h5", ".csv", ".old.csv")):
        rows = [
            np.column_stack([t, 100 + 40 * np.cos(t / 80 + k), 50 + 20 * np.sin(t / 80 + k), 0 * t, 0 * t + k])
            for k in (-1, 0, 1)
        ]
        points = PointData(np.concatenate(rows), columns=["t", "x", "y", "z", "label"])
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        write = {".parquet": storage.to_parquet, ".h5": storage.save, ".csv": storage.write_csv}.get(
            suffix, storage.to_csv
        )
        write(folder / f"trajectories{suffix}", points)
    files = sorted(tmp_path.glob("run*/*"))
    done = lumentrace("pept", "occupancy", *files, "--diameter", 4, "--resolution", 84, "--out", tmp_path / "maps")
    assert done.returncode == 0, done.stderr
    for file in files:
        found = tmp_path / "maps" / file.name
        pixels = storage.load(found / "occupancy-xy.h5")
        assert pixels.shape == (84, 44)
        assert pixels.sum() == pytest.approx(2 * 600, rel=1e-9), "two trajectories, the noise left out"
        table = pl.read_csv(found / "occupancy-xy.csv")
        assert table.columns == ["x (mm)", "y (mm)", "time (ms)"]
        np.testing.assert_allclose(table["time (ms)"].to_numpy().reshape(84, 44), pixels.pixels)
        assert table["x (mm)"][0] > pixels.xlim[0]
        assert report_text(found / "occupancy-xy.html").startswith(f"Residence time: {file.name} ")
        assert key_figures(found / "occupancy-xy.html")["Time"].startswith("1 200 ms")
        figure = report_figures(found / "occupancy-xy.html")["Time in each pixel"]
        assert figure["layout"]["yaxis"]["scaleanchor"] == "x"


def test_occupancy_names_bad_files(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("# t x y z label\n0 1 2 3 0\n")
    done = lumentrace("pept", "occupancy", bad, tmp_path / "none.parquet", "--out", tmp_path / "maps")
    assert done.returncode == 3
    assert "bad.csv" in done.stderr
    assert "none.parquet" in done.stderr
    same = [tmp_path / "a" / "t.csv", tmp_path / "a" / "t.csv"]
    assert "twice" in lumentrace("pept", "occupancy", *same).stderr
