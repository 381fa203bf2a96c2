"""Runs of named steps: order, parameters, own times, and what an earlier run kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Shift, recipe
from lumentrace import LineData, Pipeline
from lumentrace.base.provenance import Provenance
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.progress import reporter
from lumentrace.engine.run import Keep, Run
from lumentrace.pept.tracking import Segregate, Stack

KEEP: Keep[list[int]] = Keep("numbers.json", lambda found: json.dumps(found).encode(), json.loads)


def counted(folder: Path, calls: list[str], told: list[tuple[int, int]]) -> tuple[list[int], Provenance]:
    """Two steps of which the first is kept."""

    def count() -> list[int]:
        calls.append("count")
        tell = reporter()
        assert tell is not None
        tell(2)
        time.sleep(0.01)
        return [1, 2, 3]

    directory = RunDirectory(folder, {"input": "a", "version": "1"})
    note = lambda done, total: told.append((done, total))  # noqa: E731  # a callback
    with Run(Provenance({"path": "a"}), samples=3, steps=2, verbose=note, directory=directory) as run:
        numbers = run.step("count", {"to": np.int64(3)}, count, KEEP)
        total = run.step("sum", {}, lambda: calls.append("sum") or sum(numbers))
    assert total == 6
    return numbers, run.provenance


def test_steps_are_recorded_told_and_kept(tmp_path: Path) -> None:
    calls: list[str] = []
    told: list[tuple[int, int]] = []
    numbers, first = counted(tmp_path, calls, told)
    assert told == [(2, 6), (3, 6), (6, 6)]
    again, second = counted(tmp_path, calls, [])
    assert calls == ["count", "sum", "sum"]
    assert numbers == again
    assert [(step.index, step.name, step.parameters) for step in first.steps] == [
        (0, "count", {"to": 3}),
        (1, "sum", {}),
    ]
    # The kept step has the time it took when it ran; the other one its own.
    assert second.steps[0] == first.steps[0]
    assert second.steps[0].duration >= 0.01
    assert second.steps[1].started > first.steps[1].started


@pytest.mark.parametrize("content", ['{"identity": {}, "done": {"numbers.json": "abc"}}', "[]", "{"])
def test_a_manifest_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=r"manifest\.json: expected the manifest of a run"):
        RunDirectory(tmp_path, {})


def test_a_damaged_piece_is_made_again(tmp_path: Path) -> None:
    calls: list[str] = []
    counted(tmp_path, calls, [])
    (tmp_path / "numbers.json").write_text("[1, 2, 4]")
    assert counted(tmp_path, calls, [])[0] == [1, 2, 3]
    assert calls.count("count") == 2


def picture(folder: Path, brightness: int, calls: list[str], reasons: list[str], force: bool = False) -> Provenance:
    """A step whose result is a file that it leaves in the directory."""

    def draw() -> Path:
        calls.append("draw")
        (folder / "picture.raw").write_bytes(bytes([brightness] * 10))
        return folder / "picture.raw"

    keep = Keep[Path](
        "picture.json",
        lambda place: json.dumps(place.name).encode(),
        lambda content: folder / json.loads(content),
        identity={"brightness": brightness, "paper": "white"},
        left=lambda place: [place],
    )
    note = lambda name, why: reasons.append(f"{name}: {why}")  # noqa: E731  # a callback
    with Run(Provenance(), samples=1, steps=1, directory=RunDirectory(folder), again=note) as run:
        place = run.step("draw", {}, draw, keep, force)
    assert place.read_bytes() == bytes([brightness] * 10)
    return run.provenance


def test_files_that_were_left_are_checked(tmp_path: Path) -> None:
    calls: list[str] = []
    reasons: list[str] = []
    first = picture(tmp_path, 7, calls, reasons)
    assert picture(tmp_path, 7, calls, reasons).steps == first.steps
    assert (len(calls), reasons) == (1, [])
    (tmp_path / "picture.raw").write_bytes(bytes([7] * 9 + [8]))
    picture(tmp_path, 7, calls, reasons)
    (tmp_path / "picture.raw").unlink()
    picture(tmp_path, 7, calls, reasons)
    picture(tmp_path, 9, calls, reasons)
    (tmp_path / "manifest.json").write_text("{")
    picture(tmp_path, 9, calls, reasons)
    assert len(calls) == 5
    assert [reason.split("(")[0] for reason in reasons] == [
        "draw: picture.raw is damaged or was changed",
        "draw: picture.raw is missing",
        "draw: picture.json was made from other brightness",
        "draw: manifest.json is damaged ",
    ]
    forced = picture(tmp_path, 9, calls, reasons, force=True)
    assert (len(calls), len(reasons)) == (6, 4)
    assert forced.steps[0].started > first.steps[0].started


def test_a_directory_of_another_run_is_refused(tmp_path: Path) -> None:
    RunDirectory(tmp_path, {"input": "a"}).write("one", b"1")
    for identity in ({"input": "b"}, None):
        with pytest.raises(ValueError, match=r"holds another run \(different input\)"):
            RunDirectory(tmp_path, identity)


def test_what_is_run_again_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counted(tmp_path, [], [])
    (tmp_path / "numbers.json").unlink()
    counted(tmp_path, [], [])
    assert caplog.messages == ["count is run again: numbers.json is missing"]


FILL = """
import sys
from lumentrace.engine.directory import RunDirectory
directory = RunDirectory(sys.argv[1])
for number in range(60):
    directory.write(f"{sys.argv[2]}{number}", b"x" * number, identity={"number": number})
"""


def test_two_runs_at_a_time_lose_nothing(tmp_path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", FILL, str(tmp_path), name]) for name in "ab"]
    assert [process.wait(60) for process in running] == [0, 0]
    directory = RunDirectory(tmp_path)
    for name in "ab":
        for number in range(60):
            assert directory.find(f"{name}{number}", {"number": number}) == (b"x" * number, "")


class Slow(Shift):
    """Takes its time."""

    def fit_sample(self, sample: Any) -> Any:
        time.sleep(0.002)
        return super().fit_sample(sample)


def test_batches_and_reducers_of_a_pipeline_have_their_own_times(one_tracer: LineData) -> None:
    pipeline = Pipeline([*recipe(), Stack(10, 9), Slow(1.0), Segregate(20, 20.0)])
    steps = pipeline.fit(one_tracer, verbose=False).provenance.steps
    names = [step.name for step in steps]
    assert names == ["Cutpoints", "HDBSCAN", "SplitLabels", "Centroids", "Stack", "Slow", "Segregate"]
    together = {(step.started, step.duration) for step in steps[:4]}
    assert len(together) == 1
    assert len({step.started for step in steps}) == 4
    assert steps[5].duration >= 0.002 * 20
    assert [step.started for step in steps] == sorted(step.started for step in steps)


def test_a_batch_that_was_interrupted_has_the_time_of_all_its_runs(one_tracer: LineData, tmp_path: Path) -> None:
    slow = Pipeline([Slow(0.0)])
    slow.fit(one_tracer, verbose=False, run_dir=tmp_path)
    for chunk in sorted(tmp_path.glob("*.npz"))[::2]:
        chunk.unlink()
    again = slow.fit(one_tracer, verbose=False, run_dir=tmp_path)
    done = json.loads((tmp_path / "manifest.json").read_text())["done"]
    # Half of the chunks were kept: their time counts as well as that of the others.
    spent = sum(piece["about"]["seconds"] for piece in done.values())
    assert again[0].provenance.steps[-1].duration == pytest.approx(spent)
    assert spent >= 0.002 * len(one_tracer)
