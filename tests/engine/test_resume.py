"""A run directory: an interrupted run continues where it stopped and gives the identical result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Die, Log, Shift, Spawned, assert_identical, recipe, two_passes
from lumentrace import LineData, Pipeline, PointData
from lumentrace.engine.samples import chunks
from lumentrace.engine.samples.transformer import Filter
from lumentrace.pept.tracking import Centroids, Condition, Cutpoints, Stack

HERE = Path(__file__).parents[1]


def worked_on(log: Path) -> tuple[int, int]:
    paths = log.with_suffix(".one"), log.with_suffix(".two")
    one, two = (len(path.read_text().splitlines()) if path.exists() else 0 for path in paths)
    return one, two


def chunk_files(run: Path) -> list[Path]:
    return sorted(run.glob("*.npz"))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "run", tmp_path / "log"


# ---------------------------------------------------------------------- continuing
def test_the_result_is_that_of_a_run_without_a_directory(one_tracer: LineData, folders: tuple[Path, Path]) -> None:
    run, log = folders
    expected = two_passes(log).fit(one_tracer, verbose=False)
    once = worked_on(log)
    assert once[0] == 39
    assert once[1] > 10
    assert_identical(two_passes(log).fit(one_tracer, verbose=False, run_dir=run), expected)
    assert worked_on(log) == (2 * once[0], 2 * once[1])
    assert len(chunk_files(run)) > 20
    for executor in (None, "sequential", ThreadPoolExecutor):
        assert_identical(two_passes(log).fit(one_tracer, executor, verbose=False, run_dir=str(run)), expected)
    assert worked_on(log) == (2 * once[0], 2 * once[1])
    assert not list(run.glob("*.partial"))


KILLED = """
    from pathlib import Path
    import sys
    from concurrent.futures import ProcessPoolExecutor
    sys.path.insert(0, {here!r})
    from helpers import simulate, two_passes
    from lumentrace import LineData
    if __name__ == "__main__":
        lines = LineData(simulate(1200)[0], 60, 30)
        two_passes(Path({log!r}), 0.02).fit(lines, {executor}, verbose=False, run_dir={run!r})
        print("finished")
"""


@pytest.mark.parametrize(("log_suffix", "samples"), [(".one", 15), (".two", 8)], ids=["first pass", "second pass"])
def test_kill_and_continue(
    one_tracer: LineData, folders: tuple[Path, Path], tmp_path: Path, log_suffix: str, samples: int
) -> None:
    run, log = folders
    expected = two_passes(tmp_path / "other").fit(one_tracer, verbose=False)
    once = worked_on(tmp_path / "other")
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(KILLED.format(here=str(HERE), log=str(log), run=str(run), executor=None)))
    child = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (path := log.with_suffix(log_suffix)).exists() or len(path.read_text().splitlines()) < samples:
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    assert child.communicate()[0] == ""
    assert samples <= sum(worked_on(log)) < sum(once)
    assert len(chunk_files(run)) >= samples // 2
    assert_identical(two_passes(log, 0.02).fit(one_tracer, verbose=False, run_dir=run), expected)
    # Of the chunks of two samples, the one under way is worked on again, and one that the manifest does not list yet.
    assert 0 <= sum(worked_on(log)) - sum(once) <= 4
    if log_suffix == ".two":
        assert worked_on(log)[0] == once[0]


def test_an_error_keeps_what_was_finished(one_tracer: LineData, folders: tuple[Path, Path]) -> None:
    run, log = folders

    def chain(time_of_error: float) -> Pipeline:
        return Pipeline([Log(log.with_suffix(".one")), Flaky(time_of_error)])

    Flaky.broken = True
    with pytest.raises(ZeroDivisionError):
        chain(90.0).fit(one_tracer, verbose=False, run_dir=run)
    kept = len(chunk_files(run))
    assert kept > 10
    before = worked_on(log)[0]
    Flaky.broken = False
    found = chain(90.0).fit(one_tracer, verbose=False, run_dir=run)
    assert_identical(found, list(one_tracer))
    assert worked_on(log)[0] - before < 39 - kept


class Flaky(Filter):
    broken = True

    def __init__(self, time: float) -> None:
        self.time = time

    def fit_sample(self, sample: Any) -> Any:
        if Flaky.broken and sample["t"][0] == self.time:
            raise ZeroDivisionError
        return sample


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor])
def test_a_damaged_chunk_is_run_again(one_tracer: LineData, folders: tuple[Path, Path], executor: Any) -> None:
    run, log = folders
    expected = two_passes(log).fit(one_tracer, executor, verbose=False, run_dir=run)
    once = worked_on(log)
    files = chunk_files(run)
    content = files[3].read_bytes()
    files[3].write_bytes(content[:-7])
    middle = bytearray(files[5].read_bytes())
    middle[len(middle) // 2] ^= 1
    files[5].write_bytes(middle)
    files[7].unlink()
    files[9].write_bytes(files[8].read_bytes())
    files[11].write_bytes(b"")
    assert_identical(two_passes(log).fit(one_tracer, executor, verbose=False, run_dir=run), expected)
    assert 5 <= worked_on(log)[0] - once[0] <= 10
    assert worked_on(log)[1] == once[1]
    assert files[3].read_bytes() == content


def test_progress_counts_finished_chunks(one_tracer: LineData, folders: tuple[Path, Path]) -> None:
    run, _ = folders
    Pipeline(recipe()).fit(one_tracer, verbose=False, run_dir=run)
    chunk_files(run)[-1].unlink()
    seen: list[tuple[int, int]] = []
    Pipeline(recipe()).fit(one_tracer, verbose=lambda *done: seen.append(done), run_dir=run)
    assert seen == sorted(set(seen))
    assert seen[-1] == (39, 39)


# ---------------------------------------------------------------------- another run is refused
def changed_value(lines: LineData) -> LineData:
    other = lines.copy()
    other.lines[-1, -1] = np.nextafter(other.lines[-1, -1], 0)
    return other


def test_another_input_is_refused(one_tracer: LineData, folders: tuple[Path, Path]) -> None:
    run, _ = folders
    chain = Pipeline(recipe())
    chain.fit(one_tracer, verbose=False, run_dir=run)
    others = {
        "value": changed_value(one_tracer),
        "sampling": one_tracer.copy(sample_size=61, overlap=30),
        "attribute": one_tracer.copy(run=5),
        "columns": one_tracer.copy(columns=["time"]),
        "fewer samples": one_tracer[:-1],
        "a list": list(one_tracer),
    }
    for other in others.values():
        with pytest.raises(ValueError, match=r"holds another run \(different input\)"):
            chain.fit(other, verbose=False, run_dir=run)
    assert len(chain.fit(one_tracer.copy(), verbose=False, run_dir=run)) == 39


def test_other_lists_are_refused(one_tracer: LineData, folders: tuple[Path, Path]) -> None:
    run, _ = folders
    samples = list(one_tracer)
    chain = Pipeline([Cutpoints(0.8)])
    chain.fit(samples, verbose=False, run_dir=run)
    with pytest.raises(ValueError, match="different input"):
        chain.fit(list(changed_value(one_tracer)), verbose=False, run_dir=run)
    with pytest.raises(ValueError, match="different input"):
        chain.fit(samples[::-1], verbose=False, run_dir=run)


def test_results_of_another_first_run_are_refused(one_tracer: LineData, folders: tuple[Path, Path]) -> None:
    run, _ = folders
    one, other = (Pipeline([Cutpoints(d), Stack(50)]).fit(one_tracer, verbose=False) for d in (0.8, 0.7))
    assert one.provenance.input == other.provenance.input
    Pipeline([Centroids()]).fit(one, verbose=False, run_dir=run)
    with pytest.raises(ValueError, match="different input"):
        Pipeline([Centroids()]).fit(other, verbose=False, run_dir=run)


class Scale(Filter):
    def __init__(self, factor: Any) -> None:
        self._factor = factor

    def fit_sample(self, sample: Any) -> Any:
        return sample.copy(data=sample.data * np.sum(self._factor))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([Cutpoints(0.8)], [Cutpoints(0.81)]),
        ([Cutpoints(0.8)], [Cutpoints(0.8, append_indices=True)]),
        ([Cutpoints(0.8)], [Cutpoints(0.8), Centroids()]),
        ([Cutpoints(0.8), Shift(1.0)], [Shift(1.0), Cutpoints(0.8)]),
        ([Scale(1.0)], [Scale(2.0)]),
        ([Scale(np.ones(500))], [Scale(np.r_[np.ones(499), 1.1])]),
        ([Condition(lambda rows: rows[:, 0] > 1)], [Condition(lambda rows: rows[:, 0] > 2)]),
        ([Condition("t > 1")], [Condition("t > 2")]),
        ([Shift(1.0)], [Scale(1.0)]),
    ],
    ids=["value", "flag", "more", "order", "private", "array", "function", "string", "class"],
)
def test_another_pipeline_is_refused(one: Any, other: Any, one_tracer: LineData, tmp_path: Path) -> None:
    first = Pipeline(one).fit(one_tracer, verbose=False, run_dir=tmp_path)
    with pytest.raises(ValueError, match=r"holds another run .different transformers"):
        Pipeline(other).fit(one_tracer, verbose=False, run_dir=tmp_path)
    assert_identical(Pipeline(one).fit(one_tracer, verbose=False, run_dir=tmp_path), first)


def test_another_body_of_a_filter_is_refused(one_tracer: LineData, tmp_path: Path) -> None:
    def made(constant: float) -> Filter:
        space: dict[str, Any] = {"Filter": Filter, "__name__": "mine"}
        code = f"class Mine(Filter):\n def fit_sample(self, s): return s.copy(data=s.data + {constant})"
        exec(code, space)
        return space["Mine"]()

    Pipeline([made(1.5)]).fit(one_tracer, verbose=False, run_dir=tmp_path)
    Pipeline([made(1.5)]).fit(one_tracer, verbose=False, run_dir=tmp_path)
    with pytest.raises(ValueError, match="different transformers"):
        Pipeline([made(2.5)]).fit(one_tracer, verbose=False, run_dir=tmp_path)


IDENTITY = """
    import json, sys
    sys.path.insert(0, {here!r})
    import numpy as np
    from helpers import Shift, simulate
    from lumentrace import LineData, Pipeline
    from lumentrace.pept.tracking import Condition, Cutpoints, Stack

    limit = 3.0
    def above(rows, least=1.0):
        return (rows[:, 0] > least) & (rows[:, 0] % 2 < limit) & (str(rows.dtype) in {{"float64", "f8", "<f8"}})
    def outer(bound):
        return lambda rows: above(rows) & (rows[:, 0] < bound)
    lines = LineData(simulate(300)[0], 60, run=np.arange(5), note={{"a": [1, 2.5, None]}})
    chain = Pipeline([Condition(outer(1e9), above), Shift(np.nan), Cutpoints(0.5), Stack()])
    print(json.dumps(chain._identity(lines), sort_keys=True))
"""


def test_the_same_script_has_the_same_identity_in_every_process() -> None:
    script = textwrap.dedent(IDENTITY.format(here=str(HERE)))
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert "NaN" in said[0]


def test_nan_parameters_continue(one_tracer: LineData, tmp_path: Path) -> None:
    for _ in range(2):
        found = Pipeline([Shift(np.nan)]).fit(one_tracer, verbose=False, run_dir=tmp_path)
    assert np.isnan(found[0]["x1"]).all()


def test_other_chunk_sizes_find_nothing_of_theirs(
    one_tracer: LineData, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, log = folders
    expected = two_passes(log).fit(one_tracer, verbose=False, run_dir=run)
    for size in (1, 3 * 60 * 56, 10**9):
        monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
        assert_identical(two_passes(log).fit(one_tracer, verbose=False, run_dir=run), expected)


# ---------------------------------------------------------------------- what can be kept
class Give(Filter):
    """Gives what a function makes of the sample."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def fit_sample(self, sample: Any) -> Any:
        return self.function(sample)


def lists(sample: Any) -> Any:
    halves = [sample.copy(data=sample.data[:9]), sample.copy(data=sample.data[9:])]
    return halves if sample["t"][0] < 30 else halves[:1]


def attributes(sample: Any) -> Any:
    values = {
        "number": 0.1 + 0.2,
        "none": None,
        "text": "µ",
        "flag": True,
        "array": np.arange(6, dtype=np.int16).reshape(2, 3),
        "empty": np.empty((0, 6)),
        "nan": np.nan,
        "scalar": np.float32(0.3),
        "whole": np.int64(3),
        "time": float(sample["t"][0]),
    }
    return sample.copy(hidden=False, **values)


def renamed(sample: Any) -> Any:
    made = PointData(sample.lines[:, :5], columns=["T"])
    made.units = {"T": "s"}
    return made


@pytest.mark.parametrize("function", [lists, attributes, renamed, lambda s: s.copy(data=s.data[:0])])
def test_what_comes_back_is_what_was_kept(function: Any, one_tracer: LineData, tmp_path: Path) -> None:
    chain = Pipeline([Give(function)])
    expected = chain.fit(one_tracer, verbose=False)
    fresh = chain.fit(one_tracer, verbose=False, run_dir=tmp_path)
    read = chain.fit(one_tracer, verbose=False, run_dir=tmp_path)
    for found in (fresh, read):
        for one, other in zip(found, expected, strict=True):
            for a, b in zip(one, other, strict=True) if isinstance(other, list) else [(one, other)]:
                assert_identical(a.data, b.data)
                assert (a.columns, a.units) == (b.columns, b.units)
                assert_identical(a.attrs, b.attrs)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (len, "LineData or PointData"),
        (lambda s: s.data, "LineData or PointData"),
        (lambda s: [], "LineData or PointData"),
        (lambda s: s.copy(lines=s), "attribute 'lines' is a LineData"),
        (lambda s: s.copy(more={"a": 1}), "attribute 'more' is a dict"),
        (lambda s: s.copy(sample_size=7), "one sample each"),
        (lambda s: [s.copy(n=0), s.copy(n=1)], "same attributes"),
    ],
)
def test_what_cannot_be_kept_is_refused(function: Any, words: str, one_tracer: LineData, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=f"`run_dir`.*{words}"):
        Pipeline([Give(function)]).fit(one_tracer, verbose=False, run_dir=tmp_path)
    assert chunk_files(tmp_path) == []


def test_no_samples(folders: tuple[Path, Path]) -> None:
    run, log = folders
    for _ in range(2):
        found = two_passes(log).fit(LineData(np.zeros((3, 7)), 5), verbose=False, run_dir=run)
        assert found.points.shape == (0, 5)


def test_lists_of_samples_are_kept_in_pieces(one_tracer: LineData, folders: tuple[Path, Path]) -> None:
    run, log = folders
    samples = list(one_tracer)
    expected = two_passes(log).fit(samples, verbose=False)
    assert_identical(two_passes(log).fit(iter(samples), verbose=False, run_dir=run), expected)
    assert len([f for f in chunk_files(run) if f.name.startswith("batch0")]) == 20
    once = worked_on(log)
    assert_identical(two_passes(log).fit(samples, verbose=False, run_dir=run), expected)
    assert worked_on(log) == once


def test_a_strange_manifest_is_refused(one_tracer: LineData, tmp_path: Path) -> None:
    for text in ("", "{}", "[1]", '{"identity": 5, "done": {}}', '{"identity": {}, "done": 3}'):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(ValueError, match=r"manifest\.json: expected|holds another run"):
            Pipeline(recipe()).fit(one_tracer, verbose=False, run_dir=tmp_path)
    assert chunk_files(tmp_path) == []


def test_the_manifest_is_plain(one_tracer: LineData, tmp_path: Path) -> None:
    Pipeline(recipe()).fit(one_tracer, verbose=False, run_dir=tmp_path)
    record = json.loads((tmp_path / "manifest.json").read_text())
    assert set(record["done"]) == {path.name for path in chunk_files(tmp_path)}
    assert "0.8" in json.dumps(record["identity"]["transformers"][0])
    with np.load(chunk_files(tmp_path)[0], allow_pickle=False) as parts:
        assert parts["rows"].shape[1] == 6


def test_a_killed_worker_loses_little(one_tracer: LineData, folders: tuple[Path, Path], tmp_path: Path) -> None:
    run, log = folders
    chain = Pipeline([Log(log.with_suffix(".one")), Die(90.0, tmp_path / "died")])
    with Spawned(2) as pool, pytest.raises(RuntimeError, match="a worker died"):
        chain.fit(one_tracer, pool, verbose=False, run_dir=run)
    kept, before = len(chunk_files(run)), worked_on(log)[0]
    assert kept > 5
    found = chain.fit(one_tracer, Spawned, 2, verbose=False, run_dir=run)
    assert_identical(found, list(one_tracer))
    assert worked_on(log)[0] - before <= 39 - kept


def test_what_a_killed_worker_of_our_own_did_is_done_again(
    one_tracer: LineData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chain = Pipeline([Log(tmp_path / "log.one"), Die(90.0, tmp_path / "died")])
    assert_identical(chain.fit(one_tracer, Spawned, 2, verbose=False), list(one_tracer))
    assert "a worker died" in caplog.text
    assert len((tmp_path / "log.one").read_text().splitlines()) >= 39
