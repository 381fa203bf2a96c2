"""Two-photon: settings of a lab, and its database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lumentrace import FormatError, twophoton
from lumentrace.twophoton.config import load_config
from lumentrace.twophoton.read.find import normalised

GOOD = "database_path: db\ndata_paths: [data]\nanalysis_output: source\n"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without settings, and no settings of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "user"))
    for name in ("LUMENTRACE_TWOPHOTON_CONFIG", "TWOPY_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_where_settings_are_looked_for(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"looked for .*config\.yml, .*user"):
        load_config()
    user = alone / "user" / "lumentrace"
    user.mkdir(parents=True)
    (user / "config.yml").write_text(GOOD)
    assert load_config().path == user / "config.yml"
    (alone / "config.yml").write_text(GOOD)
    assert load_config().path == alone / "config.yml"
    monkeypatch.setenv("TWOPY_CONFIG", str(alone / "missing.yml"))
    with pytest.raises(FileNotFoundError, match="missing"):
        load_config()


def test_defaults(alone: Path) -> None:
    (alone / "config.yml").write_text(GOOD.replace("db", "~/db"))
    found = load_config()
    assert found.database_path == Path.home() / "db"
    assert (found.database_access, found.analysis_caching, found.analysis_output) == ("copy", True, "source")
    assert found.analysis_cache_max_bytes == 33 * 1024**3
    assert found.pixel_calibration_path is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "expected a YAML file"),
        ("- a", "names and values"),
        (GOOD + "data_path: x\n", "did you mean 'data_paths'"),
        ("data_paths: [a]\nanalysis_output: source\n", "database_path"),
        (GOOD.replace("[data]", "[]"), "data_paths"),
        (GOOD.replace("db", "''"), "database_path"),
        (GOOD + "database_access: slow\n", "copy or direct"),
        (GOOD + "analysis_caching: maybe\n", "analysis_caching"),
        (GOOD + "analysis_cache_max_gb: true\n", "analysis_cache_max_gb"),
        (GOOD + "analysis_cache_max_gb: .inf\n", "analysis_cache_max_gb"),
    ],
)
def test_settings_that_are_wrong(alone: Path, text: str, told: str) -> None:
    (alone / "c.yml").write_text(text)
    with pytest.raises(FormatError, match=told):
        load_config("c.yml")


@pytest.fixture
def lab(alone: Path) -> Path:
    """Settings and a database with a fly and three presentations, two of the same recording."""
    (alone / "config.yml").write_text(GOOD.replace("db", str(alone / "db")).replace("data]", f"{alone / 'data'}]"))
    (alone / "db").mkdir()
    for name in ("experimentLog.db", "experimentInitLog.db"):
        with sqlite3.connect(alone / "db" / name) as base:
            base.execute(
                "create table stimulusPresentation (stimulusPresentationId, fly, relativeDataPath, stimulusFunction, "
                "date, dataQuality)"
            )
            base.execute("create table fly (flyId, genotype, cellType, fluorescentProtein, eye, surgeon)")
            base.execute("insert into fly values (1, 'w;100%', 'PN', 'GCaMP6f', 'Left', 'Ann')")
            rows = [
                (1, 1, "a\\b", "noise", "2024-05-06 07:08:09", 1),
                (2, None, "c/d", "bars", "2024-05-07 00:00:00", 1),
            ]
            base.executemany("insert into stimulusPresentation values (?, ?, ?, ?, ?, ?)", rows)
        base.close()
    return alone


def test_each_recording_once(lab: Path) -> None:
    found = twophoton.find_recordings(database_cache_dir=lab / "cache")
    assert [record.relative_data_path for record in found] == ["a\\b", "c/d"]
    assert found[1].fly_id is None
    assert found[1].genotype is None
    assert found[0].session_dir == lab / "data" / "a/b"
    assert twophoton.find_recordings(genotype="100%", database_access="direct") == found[:1]
    assert twophoton.find_recordings(genotype="1_0", database_access="direct") == ()
    assert twophoton.find_recordings(hemisphere=" LEFT", database_access="direct", limit=1) == found[:1]


def test_recordings_are_found_with_settings_of_the_user(lab: Path) -> None:
    (lab / "user" / "lumentrace").mkdir(parents=True)
    (lab / "config.yml").rename(lab / "user" / "lumentrace" / "config.yml")
    assert len(twophoton.find_recordings(database_access="direct")) == 2
    with pytest.raises(FileNotFoundError, match=r"other\.yml"):
        twophoton.find_recordings(config_path="other.yml")


def test_a_changed_database_is_copied_again(lab: Path) -> None:
    assert len(twophoton.find_recordings(database_cache_dir=lab / "cache")) == 2
    with sqlite3.connect(lab / "db" / "experimentLog.db") as base:
        base.execute("insert into stimulusPresentation values (3, 1, 'e/f', 'noise', '2024-06-01 00:00:00', 1)")
    base.close()
    assert len(twophoton.find_recordings(database_cache_dir=lab / "cache")) == 3
    for manifest in (lab / "cache").rglob("*.json"):
        manifest.write_text("{")
    assert len(twophoton.find_recordings(database_cache_dir=lab / "cache")) == 3


def test_no_database(alone: Path) -> None:
    (alone / "config.yml").write_text(GOOD)
    with pytest.raises(FileNotFoundError, match="experimentLog"):
        twophoton.find_recordings()
    (alone / "db").mkdir()
    sqlite3.connect(alone / "db" / "experimentLog.db").close()
    assert twophoton.find_recordings(database_access="direct") == ()


@pytest.mark.parametrize("path", ["", "a/../b", "./a", "a//b"])
def test_paths_that_lead_elsewhere(path: str) -> None:
    with pytest.raises(ValueError, match="below the data folder"):
        normalised(path)
