"""One grammar for all techniques: the same commands, options that mean the same, and results that can be told again."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import typer

from command_line import lumentrace
from lumentrace import coloc
from lumentrace.afm.run import Settings as AfmSettings
from lumentrace.cli.main import app
from lumentrace.coloc.run import Settings as ColocSettings
from lumentrace.coloc.simulation import simulate
from lumentrace.pept.run import Settings as PeptSettings
from lumentrace.stain.settings import Settings as StainSettings
from lumentrace.twophoton.run import Settings as TwophotonSettings

GRAMMAR = ("run", "info", "simulate", "config", "report")
OLD = {"pept": "track", "twophoton": "analyze", "stain": "survey"}
SETTINGS = {
    "pept": PeptSettings,
    "coloc": ColocSettings,
    "twophoton": TwophotonSettings,
    "stain": StainSettings,
    "afm": AfmSettings,
}
BEGINNINGS = {
    "--out": ("Folder", "File"),
    "--config": ("Settings",),
    "--workers": ("How many",),
    "--resume": ("Keep finished",),
    "--accept": ("Exit with 0",),
    "--seed": ("Seed",),
    "--input": ("What was measured",),
    "--create-config": ("Print a", "Write a"),
    "--channel": ("Channel",),
    "--channel-axis": ("Axis of the channels",),
}
"""How the help of an option begins, in whatever command it is."""

root: Any = typer.main.get_command(app)
COMMANDS = [(name, each) for name, group in root.commands.items() for each in getattr(group, "commands", {})]


@pytest.mark.parametrize("technique", SETTINGS)
def test_every_technique_has_the_same_commands(technique: str) -> None:
    commands = root.commands[technique].commands
    assert set(GRAMMAR) <= set(commands)
    assert technique not in OLD or commands[OLD[technique]].hidden


@pytest.mark.parametrize(("technique", "name"), COMMANDS)
def test_help_has_an_example_and_exit_codes(technique: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        root(["--help"] if not name else [technique, name, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert left.value.code in (0, None)
    assert "Exit codes: 0" in text
    assert "Example" in text


def test_options_that_are_called_alike_are_alike() -> None:
    types: dict[str, set[str]] = {}
    for technique, name in COMMANDS:
        for option in root.commands[technique].commands[name].params:
            for spelling in option.opts:
                if spelling in BEGINNINGS:
                    assert option.help.startswith(BEGINNINGS[spelling]), (technique, name, spelling, option.help)
                    types.setdefault(spelling, set()).add(str(option.type_descriptor.annotation))
    assert set(types) == set(BEGINNINGS)


def test_help_shows_everything_and_typos_are_told() -> None:
    for technique, name in COMMANDS:
        for option in root.commands[technique].commands[name].params:
            assert "<" not in (option.help or ""), "markdown takes it for a tag"
    shown = lumentrace("--help").stdout
    assert all(name in shown for name in (*SETTINGS, "demo", "lumentrace 0."))
    for wrong, right in ((("coloq",), "'coloc'"), (("pept", "rnu"), "'run'"), (("coloc", "inof", "x.tif"), "'info'")):
        done = lumentrace(*wrong)
        assert done.returncode == 2
        assert f"Did you mean {right}" in done.stderr


@pytest.mark.parametrize("technique", SETTINGS)
def test_the_settings_file_holds_the_defaults(
    technique: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "run.toml"
    with pytest.raises(SystemExit):
        root([technique, "config"])
    printed = capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        root([technique, "config", "--out", str(file)])
    assert left.value.code in (0, None)
    assert file.read_text() == printed
    kind: Any = SETTINGS[technique]
    assert kind.from_mapping(tomllib.loads(printed)) == kind()
    assert printed.count("#") > 5
    assert lumentrace(technique, "config", "--out", file).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pept", "run", "x", "--recipe", "birmingham", "--tracers", 2), "expected --tracers to be 1"),
        (("pept", "simulate", "x.npy", "--rate", 0), "--rate: expected"),
        (("coloc", "run", "x.tif", "--metrics", "pc"), "--metrics: expected"),
        (("afm", "run", "x.asd", "--pixel-size", -1), "--pixel-size: expected"),
        (("twophoton", "run", "x", "--rois", "foo"), "--rois: expected"),
    ],
)
def test_errors_name_options(arguments: tuple[object, ...], told: str) -> None:
    done = lumentrace(*arguments)
    assert done.returncode == 2
    assert told in done.stderr


# ---------------------------------------------------------------------- results that can be told again
def strict(folder: Path) -> None:
    """Every JSON file holds what JSON can hold."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    files = list(folder.rglob("*.json"))
    assert files
    for file in files:
        json.loads(file.read_text("utf-8"), parse_constant=refuse)


MADE: dict[str, tuple[tuple[object, ...], tuple[object, ...], str]] = {
    "pept": (("--out", "run.npy", "--lines", 4000, "--noise", 0.2), ("run.npy",), "out"),
    "coloc": (
        ("--out", "a.ome.tif", "--size", 128, "--structures", 12),
        ("a.ome.tif", "--metrics", "all", "--randomizations", 20),
        "out",
    ),
    "twophoton": (
        ("--recordings", 1, "--cells", 3, "--rows", 32, "--columns", 40, "--repeats", 1),
        ("lab/data/simulated/epochs/2026/03_02/09_00_00",),
        "out",
    ),
    "stain": (("--size", 256), ("S001", "SybrGld"), "out/S001/SybrGld"),
    "afm": (("--frames", 4, "--size", 64, "--particles", 3), ("film.asd",), "out"),
}
"""Arguments of `simulate` and `run`, and the folder of the results."""


@pytest.mark.parametrize("technique", MADE)
def test_simulate_run_and_report_again(technique: str, tmp_path: Path) -> None:
    made, ran, where = MADE[technique]
    simulated = lumentrace(technique, "simulate", *made, cwd=tmp_path)
    assert simulated.returncode == 0, simulated.stderr
    done = lumentrace(
        technique, "run", *ran, "--out", "out", "--accept" if technique != "pept" else "--lenient", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "━" not in done.stderr, "no bar where there is no terminal"
    strict(tmp_path)
    again = lumentrace(technique, "report", where, "--out", "again.html", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    first = next((tmp_path / where).rglob("report.html")).read_text("utf-8")
    second = (tmp_path / "again.html").read_text("utf-8")
    # All but the minute in which it was made.
    assert first.partition("<footer>")[0] == second.partition("<footer>")[0]
    empty = lumentrace(technique, "report", "nowhere", cwd=tmp_path)
    assert empty.returncode == 2
    assert "nowhere" in empty.stderr


def test_a_report_needs_what_was_measured(tmp_path: Path) -> None:
    made = simulate(size=128, structures=12)
    made.save(tmp_path / "a.ome.tif")
    assert lumentrace("coloc", "a.ome.tif", "--out", "out", cwd=tmp_path).returncode == 0
    (tmp_path / "moved").mkdir()
    (tmp_path / "a.ome.tif").rename(tmp_path / "moved" / "a.ome.tif")
    lost = lumentrace("coloc", "report", "out", cwd=tmp_path)
    assert lost.returncode == 2
    assert "--input" in lost.stderr
    assert lumentrace("coloc", "report", "out", "--input", "moved", cwd=tmp_path).returncode == 0
    simulate(size=128, structures=12, seed=1).save(tmp_path / "moved" / "a.ome.tif")
    other = lumentrace("coloc", "report", "out", "--input", "moved", cwd=tmp_path)
    assert other.returncode == 2
    assert "expected what was measured" in other.stderr


# ---------------------------------------------------------------------- images of known overlap
def test_the_truth_of_simulated_images_is_found(tmp_path: Path) -> None:
    for seed in (11, 12):
        made = simulate(shared=0.5, seed=seed)
        assert coloc.pearson(*made.channels.values())[0] == pytest.approx(made.truth["pcc"], abs=0.02)
        a, b = (np.asarray(each, float) for each in made.channels.values())
        # Without noise nothing is dark but what lies outside of structures.
        assert a[b > 20].sum() / a.sum() == pytest.approx(made.truth["m1"], abs=0.08)
    truth = made.save(tmp_path / "x.ome.tif")
    assert pl.read_csv(truth)["measure"].to_list()[:2] == ["structures", "shared"]
    for wrong in ({"shared": 1.5}, {"structures": 0}, {"size": 16}, {"noise": -1.0}):
        with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
            simulate(**wrong)


def test_what_an_image_holds(tmp_path: Path) -> None:
    simulate(size=128, structures=12).save(tmp_path / "a.ome.tif")
    shown = lumentrace("coloc", "info", tmp_path / "a.ome.tif", tmp_path / "none.tif")
    assert shown.returncode == 3
    for text in ("C 2, Y 128, X 128", "uint16", "x 0.1, y 0.1", "a, b", "0.00% saturated"):
        assert text in shown.stdout
