"""Batches: many pairs, in this process and in others, and what goes wrong with one of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lumentrace import stain
from lumentrace.stain.stages import batch

SIZE = 160


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    for number in range(3):
        stain.simulate(size=SIZE, seed=number).save(folder / "raw", f"S{number}", "Dye")
    (folder / "raw" / "S1" / "S1_PreStain_Dye.tif").write_bytes(b"broken")
    return folder


@pytest.fixture
def three(pairs: Path, tmp_path: Path) -> Path:
    return shutil.copytree(pairs, tmp_path, dirs_exist_ok=True) / "raw"


@pytest.mark.parametrize("parallel", [False, True, "subprocess"])
def test_one_failure_stops_no_other(three: Path, parallel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    out = three.parent / "out"
    results = stain.run_batch(
        ["S0", "S1", "S2"], "Dye", parallel, 2, {"pad": 16}, out, three, memory_debug=parallel is False
    )
    assert [result["sample"] for result in results] == ["S0", "S1", "S2"]
    assert results[0]["status"] == results[2]["status"] == "complete"
    assert results[1]["status"].startswith("error: ")
    assert "S1_PreStain_Dye.tif" in results[1]["status"]
    printed = capsys.readouterr().out
    assert "Problems:" in printed
    assert ("peak" in printed) == (parallel is False)
    log = stain.read_run_log_tail(out)
    assert log is not None
    assert "S2/Dye: complete" in log


def test_pairs_that_are_missing(three: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (three / "S2" / "S2_PostStain_Dye.tif").unlink()
    settings: dict[str, Any] = {"params": {"pad": 16}, "output_dir": three.parent / "out", "raw_dir": three}
    with pytest.raises(FileNotFoundError, match=r"3 pairs are missing(.|\n)*S9/Dye"):
        stain.run_batch(["S2", "S9", "S8"], ["Dye"], **settings)
    assert stain.run_batch("S2", "Dye", strict_dyes=False, **settings) == []
    assert "post file is missing" in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match="Rules for file names"):
        stain.run_batch("S0", "Dye", strict_dyes=False, **{**settings, "raw_dir": three / "nowhere"})
    with pytest.raises(ValueError, match="parallel"):
        stain.run_batch("S0", "Dye", "threads", **settings)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="did you mean 'pad'"):
        stain.run_batch("S0", "Dye", **{**settings, "params": {"padd": 1}})


def test_a_task_that_takes_too_long(three: Path) -> None:
    tasks = stain.build_task_list([("S0", "Dye")], {"pad": 16}, three.parent / "out", three)
    result = stain.run_batch_subprocess(tasks, timeout_per_task=0.05)[0]
    assert "stopped after 0.05 s" in result["status"]


def _die(task: Any) -> Any:
    if task[0] == "S1":
        os.kill(os.getpid(), 9)
    return {"sample": task[0], "dye": task[1], "status": "complete"}


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_worker_that_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "run_task", _die)
    tasks: list[Any] = [(f"S{number}", "Dye", {}) for number in range(4)]
    found = list(batch._pool(tasks, 2))
    assert [result["sample"] for result in found] == ["S0", "S1", "S2", "S3"]
    assert [result["status"] == "complete" for result in found] == [True, False, True, True]
    assert "OOM" in found[1]["status"]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_child_that_is_killed(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "WHAT", "import os; os.kill(os.getpid(), 9)")
    tasks = stain.build_task_list([("S0", "Dye")], {}, three.parent / "out", three)
    assert "OOM" in stain.run_batch_subprocess(tasks)[0]["status"]
    monkeypatch.setattr(batch, "WHAT", "raise SystemExit('something odd')")
    assert "something odd" in stain.run_batch_subprocess(tasks)[0]["status"]


def test_force_run_reaches_the_tasks(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lumentrace.stain.stages import estimates

    settings: dict[str, Any] = {"params": {"pad": 16}, "output_dir": three.parent / "out", "raw_dir": three}
    monkeypatch.setattr(estimates, "get_available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match="force_run"):
        stain.run_batch("S0", "Dye", **settings)
    assert stain.run_batch("S0", "Dye", force_run=True, **settings)[0]["status"] == "complete"
    assert task_status(three) == "error"


def task_status(raw: Path) -> str:
    job = stain.SampleDye("S2", "Dye", raw.parent / "out", raw)
    return str(job.run()["status"]).split(":")[0]


def test_read_only_output(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    settings: dict[str, Any] = {"params": {"pad": 16}, "output_dir": three.parent / "processed", "raw_dir": three}
    result = stain.run_batch("S0", "Dye", **settings)[0]
    assert "Permission denied" in result["status"]
    assert "processed" in result["status"]


def test_output_that_is_a_file(three: Path) -> None:
    (three.parent / "processed").touch()
    results = stain.run_batch("S0", "Dye", params={"pad": 16}, output_dir=three.parent / "processed", raw_dir=three)
    assert results[0]["status"].startswith("error: ")


CONSOLE = """
import sys
from lumentrace import stain
print(stain.run_batch("S0", "Dye", raw_dir=sys.argv[1], output_dir=sys.argv[2], params={"pad": 0})[0]["status"])
"""


def test_a_narrow_console(three: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252:strict", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", CONSOLE, str(three), str(three.parent / "out")],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert done.stdout.decode("cp1252").rstrip().endswith("complete")


def test_each_task_has_its_own_parameters() -> None:
    given = {"pad": 10}
    one, other = stain.build_task_list([("A", "D"), ("B", "D")], given)
    one[2]["params"]["pad"] = 20
    assert other[2]["params"] == given == {"pad": 10}
