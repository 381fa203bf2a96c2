"""Two-photon: where converted recordings go, the cache, and the hemisphere that the database knows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from lumentrace import FormatError, twophoton
from lumentrace.twophoton.convert.cache import NOTE
from lumentrace.twophoton.read.places import output_place
from twophoton_recording import Made, make_recording


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a recording, and no settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "user"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def made(lab: Path) -> Made:
    return make_recording(lab / "data" / "fly" / "run")


def settle(lab: Path, name: str = "config.yml", **settings: object) -> Path:
    keys = {
        "database_path": lab / "db",
        "analysis_output": lab / "out",
        "analysis_cache_dir": lab / "cache",
        **settings,
    }
    roots = f"data_paths: ['{lab / 'elsewhere'}', '{lab / 'data'}']\n"
    (lab / name).write_text(roots + "".join(f"{key}: {value}\n" for key, value in keys.items()))
    return lab / name


def record(lab: Path, *flies: tuple[str, str | None], name: str = "experimentLog.db") -> None:
    """Write a database of recordings and their eyes."""
    (lab / "db").mkdir(exist_ok=True)
    with sqlite3.connect(lab / "db" / name) as base:
        base.execute(
            "create table stimulusPresentation (stimulusPresentationId, fly, relativeDataPath, stimulusFunction, date, "
            "dataQuality)"
        )
        base.execute("create table fly (flyId, genotype, cellType, fluorescentProtein, eye, surgeon)")
        for number, (path, eye) in enumerate(flies):
            base.execute("insert into fly values (?, '', '', '', ?, '')", (number, eye))
            base.execute("insert into stimulusPresentation values (?, ?, ?, '', '', 1)", (number, number, path))
    base.close()


# ------------------------------------------------------------------ places
def test_without_settings_the_searched_places_are_told(lab: Path, made: Made) -> None:
    with pytest.raises(FileNotFoundError, match=r"looked for .*config\.yml, .*user"):
        twophoton.convert_recording(made.folder)
    assert not list(lab.rglob("*.h5"))
    assert twophoton.convert_recording(made.folder, lab / "here").path == lab / "here" / "recording_data.h5"
    with pytest.raises(FileNotFoundError, match=r"other\.yml"):
        twophoton.convert_recording(made.folder, lab / "here", config_path=lab / "other.yml")


def test_an_output_folder_goes_before_the_cache_and_that_before_the_output(lab: Path) -> None:
    run, away = lab / "data" / "fly" / "run", lab / "away" / "run"
    cached = settle(lab)
    plain = settle(lab, "plain.yml", analysis_caching="false")
    source = settle(lab, "source.yml", analysis_caching="false", analysis_output="source")
    assert output_place(run, "~/there", cached).folder == Path.home() / "there"
    assert output_place(run, None, cached).folder == lab / "cache" / "fly" / "run"
    assert output_place(run, None, plain).folder == lab / "out" / "fly" / "run"
    assert output_place(run, None, source).folder == run / "lumentrace"
    digest = hashlib.sha256(str(away).encode()).hexdigest()[:16]
    assert output_place(away, None, cached).folder == lab / "cache" / "_external" / f"run-{digest}"
    assert output_place(away, None, source).folder == away / "lumentrace"
    with pytest.raises(ValueError, match=f"below one of the data folders .*{(lab / 'data').name} of"):
        output_place(away, None, plain)
    with pytest.raises(ValueError, match="below one of the data folders"):
        output_place(lab / "data", None, plain)


def test_a_conversion_goes_where_the_settings_say(lab: Path, made: Made) -> None:
    settle(lab)
    paths = twophoton.convert_recording_to_twopy(made.folder)
    assert paths.path.parent == lab / "cache" / "fly" / "run"
    assert (paths.path.parent / NOTE).exists()
    plain = settle(lab, "plain.yml", analysis_caching="false")
    paths = twophoton.convert_recording(made.folder, config_path=plain)
    assert sorted(path.name for path in (lab / "out" / "fly" / "run").iterdir()) == [
        "aligned_movie.h5",
        "recording_data.h5",
    ]


# ------------------------------------------------------------------ the cache
def test_the_oldest_of_the_cache_go_and_nothing_else(lab: Path, made: Made) -> None:
    settle(lab)
    first = twophoton.convert_recording(made.folder).path.parent
    size = sum(path.stat().st_size for path in first.glob("*.h5"))
    others = [make_recording(lab / "data" / f"fly{number}" / "run", number).folder for number in range(3)]
    second = twophoton.convert_recording(others[0]).path.parent
    (second / "analysis_outputs.h5").write_bytes(b"mine")
    (lab / "cache" / "notes.txt").write_text("mine")
    settle(lab, analysis_cache_max_gb=f"{1.5 * size / 1024**3:.12f}")
    third = twophoton.convert_recording(others[1]).path.parent
    assert not first.exists()
    assert [path.name for path in second.iterdir()] == ["analysis_outputs.h5"]
    assert (third / "recording_data.h5").exists()
    (third / "recording_data.h5").write_bytes(b"changed by somebody")
    (lab / "cache" / "damaged").mkdir()
    for text in ("{", "[]", '{"published_ns": 1, "files": {"../../notes.txt": [4, 1]}}'):
        (lab / "cache" / "damaged" / NOTE).write_text(text)
        fourth = twophoton.convert_recording(others[2]).path.parent
    assert [path.name for path in third.iterdir()] == ["recording_data.h5"]
    assert (fourth / "recording_data.h5").exists()
    assert (lab / "cache" / "notes.txt").read_text() == "mine"


def test_a_recording_larger_than_the_cache_stays(lab: Path, made: Made) -> None:
    settle(lab, analysis_cache_max_gb="0.000001")
    paths = twophoton.convert_recording(made.folder)
    assert twophoton.load_converted_recording(paths.path).movie.shape == made.movie.shape
    assert set(json.loads((paths.path.parent / NOTE).read_text())["files"]) == {"recording_data.h5", "aligned_movie.h5"}


# ------------------------------------------------------------------ hemispheres
@pytest.mark.parametrize("written", ["fly\\run", "/fly/run/", "fly/run"])
def test_the_hemisphere_comes_from_the_database(lab: Path, made: Made, written: str) -> None:
    record(lab, ("fly/other", "left"), (written, " Right "))
    recording = twophoton.load_converted_recording(
        twophoton.convert_recording(made.folder, lab / "out", config_path=settle(lab, database_access="direct")).path
    )
    assert (recording.run_metadata["hemisphere"], recording.run_metadata["eye"]) == ("right", "right")
    assert twophoton.recording_hemisphere(recording) == "right"


def test_a_recording_that_does_not_say_is_looked_up(lab: Path, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(lab))
    monkeypatch.setenv("USERPROFILE", str(lab))
    recording = twophoton.load_converted_recording(twophoton.convert_recording(made.folder, lab / "out").path)
    assert "eye" not in recording.run_metadata
    with pytest.raises(ValueError, match="no settings name a database"):
        twophoton.recording_hemisphere(recording)
    settle(lab)
    with pytest.raises(ValueError, match=r"the database of .*config\.yml does not either"):
        twophoton.recording_hemisphere(recording)
    record(lab, ("fly\\run", "LEFT"))
    record(lab, ("fly/run", "left"), name="experimentInitLog.db")
    assert twophoton.recording_hemisphere(recording) == "left"


@pytest.mark.parametrize("flies", [(), (("fly/run", None),), (("fly/run", " "),), (("fly/other", "left"),)])
def test_a_database_that_does_not_know(lab: Path, made: Made, flies: tuple[tuple[str, str | None], ...]) -> None:
    record(lab, *flies)
    paths = twophoton.convert_recording(made.folder, config_path=settle(lab, database_access="direct"))
    assert "hemisphere" not in twophoton.load_converted_recording(paths.path).run_metadata


@pytest.mark.parametrize(
    ("flies", "told"),
    [
        ([("fly/run", "both")], "expected hemisphere left or right, found 'both'"),
        ([("fly/run", "left"), ("fly\\run", "left")], "expected one presentation of .*, found 0, 1"),
    ],
)
def test_databases_that_are_wrong(lab: Path, made: Made, flies: list[tuple[str, str]], told: str) -> None:
    record(lab, *flies)
    with pytest.raises(ValueError, match=told):
        twophoton.convert_recording(made.folder, lab / "o", config_path=settle(lab, database_access="direct"))
    assert not (lab / "o").exists()


def test_files_of_a_database_that_disagree_or_are_damaged(lab: Path, made: Made) -> None:
    config = settle(lab, database_access="direct")
    record(lab, ("fly/run", "left"))
    record(lab, ("fly/run", "right"), name="experimentInitLog.db")
    with pytest.raises(ValueError, match="expected one hemisphere, found left and right"):
        twophoton.convert_recording(made.folder, config_path=config)
    (lab / "db" / "experimentLog.db").write_bytes(b"no database, but long enough to be taken for one" * 30)
    with pytest.raises(FormatError, match=r"experimentLog\.db: expected a database of recordings"):
        twophoton.convert_recording(made.folder, config_path=config)
    with pytest.raises(FormatError, match=r"experimentLog\.db: expected a database of recordings"):
        twophoton.find_recordings(config_path=config)
