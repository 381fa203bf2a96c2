"""Many samples and dyes: in a row, in processes, or each in a process of its own; a failure stops no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from lumentrace.engine.executors import processes
from lumentrace.stain.compat import StainParameters
from lumentrace.stain.files.filenames import discover_tasks
from lumentrace.stain.settings import Settings
from lumentrace.stain.stages.estimates import preflight_check
from lumentrace.stain.stages.memory import MemoryTracker
from lumentrace.stain.stages.runlog import append_to_run_log
from lumentrace.stain.stages.summary import Result, attempt, summary_table
from lumentrace.stain.stages.task import Task as Pair

Path_ = str | os.PathLike[str]
Params = Mapping[str, Any] | Settings | None
Task = tuple[str, str, dict[str, Any]]

JOIN = 5.0
"""Seconds to wait for the rest of what a process has printed."""
KILLED = (-9, 137)
"""Return codes of a process that the system has killed."""
WHAT = "import sys; from lumentrace.stain.stages.batch import child; child(sys.argv[1], sys.argv[2])"


def build_task_list(
    pairs: Sequence[tuple[str, str]],
    params: Params = None,
    output_dir: Path_ = "processed",
    raw_dir: Path_ = "raw",
    from_stage: int | None = None,
    to_stage: int | None = None,
    force: bool = False,
    checkpoint_format: str = "tiff",
    force_run: bool = False,
) -> list[Task]:
    """Tasks for `run_batch_subprocess`: a sample, a dye and the settings of its run.

    Raises
    ------
    ValueError
        If a parameter is unknown or out of range.
    """
    own = _settings(params, checkpoint_format)
    settings = {
        "plain": not isinstance(own, StainParameters),
        "output_dir": str(output_dir),
        "raw_dir": str(raw_dir),
        "from_stage": from_stage,
        "to_stage": to_stage,
        "force": force,
        "checkpoint_format": own.checkpoint_format,
        "force_run": force_run,
    }
    given = params.to_dict() if isinstance(params, Settings) else params or {}
    return [(sample, dye, {"params": dict(given), **settings}) for sample, dye in pairs]


def _settings(params: Params, checkpoint_format: str) -> Settings:
    if isinstance(params, Settings):
        return params
    return replace(StainParameters().with_changes(params or {}), checkpoint_format=checkpoint_format)


def run_task(task: Task) -> Result:
    """Run one task; whatever is wrong with its data becomes its status."""
    sample, dye, given = task
    kind = Settings if given["plain"] else StainParameters
    own = kind.from_mapping({**given["params"], "checkpoint_format": given["checkpoint_format"]})
    pair = Pair.of(sample, dye, given["output_dir"], given["raw_dir"], own)
    found = attempt(pair, given["from_stage"], given["to_stage"], given["force"], given["force_run"])
    return {"sample": sample, "dye": dye, **found}


def run_batch(
    samples: Sequence[str] | str,
    dyes: Sequence[str] | str,
    parallel: bool | Literal["subprocess"] = False,
    n_workers: int = 4,
    params: Params = None,
    output_dir: Path_ = "processed",
    raw_dir: Path_ = "raw",
    from_stage: int | None = None,
    to_stage: int | None = None,
    force: bool = False,
    checkpoint_format: str = "tiff",
    strict_dyes: bool = True,
    memory_debug: bool = False,
    timeout_per_task: float | None = None,
    force_run: bool = False,
) -> list[Result]:
    """Run all pairs of sample and dye, one after another or at the same time.

    Finished stages are kept: the same call after an interruption goes on where it stopped. Every task is logged in
    ``output_dir`` (see `get_run_log_path`).

    Parameters
    ----------
    samples, dyes : sequence of str, or str
    parallel : {False, True, 'subprocess'}, default False
        In a row; in `n_workers` processes; or each in a new process, one after another, which gives back all memory.
    n_workers : int, default 4
    params : mapping or Settings, optional
        Changes to `StainParameters`; or settings of `lumentrace.stain.run`, which write images without a border.
    output_dir, raw_dir : path
    from_stage, to_stage, force, checkpoint_format, force_run
        See `SampleDye.run`.
    strict_dyes : bool, default True
        Raise if a pair is missing; otherwise it is printed and left out.
    memory_debug : bool, default False
        Print how much memory is used after each task.
    timeout_per_task : float, optional
        Seconds, with 'subprocess'.

    Returns
    -------
    list of dict
        As `SampleDye.run` returns them, in the order of tasks.

    Raises
    ------
    FileNotFoundError
        If the raw folder is not laid out as expected, or a pair is missing and `strict_dyes`.
    MemoryError, OSError
        If memory or disk do not suffice and `force_run` is not set.
    ValueError
        If `parallel` or a parameter is something else.
    """
    if parallel not in (False, True, "subprocess"):
        raise ValueError(f"`parallel`: expected False, True or 'subprocess', found {parallel!r}")
    checked = _settings(params, checkpoint_format)
    pairs = _present(samples, dyes, raw_dir, strict_dyes)
    if not pairs:
        return []
    preflight_check(
        pairs,
        output_dir,
        raw_dir,
        checked.pad,
        n_workers if parallel is True else 1,
        checked.checkpoint_format,
        checked.scales,
        checked.save_all_intermediates,
        force_run,
    )
    tasks = build_task_list(
        pairs, params, output_dir, raw_dir, from_stage, to_stage, force, checkpoint_format, force_run
    )
    if parallel == "subprocess":
        return run_batch_subprocess(tasks, memory_debug, timeout_per_task)
    done = _pool(tasks, n_workers) if parallel else map(run_task, tasks)
    return _collected(tasks, done, MemoryTracker(memory_debug))


def _present(
    samples: Sequence[str] | str, dyes: Sequence[str] | str, raw_dir: Path_, strict: bool
) -> list[tuple[str, str]]:
    found = discover_tasks(samples, dyes, raw_dir)
    if not found["layout_ok"]:
        raise FileNotFoundError(found["warnings"][0][1])
    for sample, text in found["warnings"]:
        print(f"{sample}: {text}")
    missing = [f"  {sample}/{dye}: {reason}" for sample, dye, reason in found["skipped"]]
    if missing:
        told = f"{len(missing)} pairs are missing:\n" + "\n".join(missing)
        if strict:
            raise FileNotFoundError(f"{told}\nstrict_dyes=False leaves them out")
        print(told)
    return found["present"]


def _pool(tasks: Sequence[Task], workers: int) -> Iterator[Result]:
    """Results in the order of tasks; a worker that dies takes no other task with it."""
    results: list[Result | None] = [None] * len(tasks)
    waiting = list(range(len(tasks)))
    while waiting:
        lost = []
        with processes(min(workers, len(waiting))) as pool:
            futures: dict[Future[Result], int] = {pool.submit(run_task, tasks[place]): place for place in waiting}
            for future in as_completed(futures):
                place = futures[future]
                try:
                    results[place] = future.result()
                except BrokenProcessPool:
                    lost.append(place)
        if lost and workers == 1:
            # Alone in the pool: this very task has killed it.
            results[lost[0]] = _failed(tasks[lost[0]], _killed())
            lost = lost[1:]
        waiting, workers = sorted(lost), 1
    yield from (result for result in results if result is not None)


def _killed() -> str:
    return "its process was killed: likely out of memory (OOM); fewer workers or a smaller pad may help"


def _failed(task: Task, text: str) -> Result:
    return {"sample": task[0], "dye": task[1], "status": f"error: {text}"}


def run_batch_subprocess(
    tasks: Sequence[Task], memory_debug: bool = False, timeout_per_task: float | None = None
) -> list[Result]:
    """Run each task in a new Python process, one after another; what it prints is shown as it comes.

    Parameters
    ----------
    tasks : sequence
        From `build_task_list`.
    memory_debug : bool, default False
        Print how much memory each process used.
    timeout_per_task : float, optional
        Seconds after which a task is stopped.

    Returns
    -------
    list of dict
        As `SampleDye.run` returns them, in the order of tasks.
    """
    done = (_subprocess(task, timeout_per_task) for task in tasks)
    return _collected(tasks, done, MemoryTracker(memory_debug))


def _subprocess(task: Task, timeout: float | None) -> Result:
    with tempfile.TemporaryDirectory(prefix="lumentrace-") as folder:
        given, answer = Path(folder) / "task.json", Path(folder) / "result.json"
        given.write_text(json.dumps(task), encoding="utf-8")
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8:replace"}
        command = [sys.executable, "-c", WHAT, str(given), str(answer)]
        printed: list[str] = []
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            encoding="utf-8",
            errors="replace",
        ) as process:
            echo = threading.Thread(target=_echo, args=(process, printed.append), daemon=True)
            echo.start()
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                return _failed(task, f"stopped after {timeout:g} s (timeout_per_task)")
            except BaseException:
                process.kill()
                raise
            finally:
                echo.join(JOIN)
        if code in KILLED:
            return _failed(task, _killed())
        if code or not answer.exists():
            last = "".join(printed[-3:]).strip() or "nothing was printed"
            return _failed(task, f"its process ended with code {code}: {last}")
        found: Result = json.loads(answer.read_text(encoding="utf-8"))
        return found


def _echo(process: subprocess.Popen[str], keep: Callable[[str], None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        keep(line)
        print(line, end="")


def child(given: str, answer: str) -> None:
    """What the process of a task does."""
    sample, dye, settings = json.loads(Path(given).read_text(encoding="utf-8"))
    result = run_task((sample, dye, settings))
    Path(answer).write_text(json.dumps(result), encoding="utf-8")


def _collected(tasks: Sequence[Task], done: Any, tracker: MemoryTracker) -> list[Result]:
    """All results, each logged and shown, and a table of them at the end."""
    results: list[Result] = []
    tracker.snapshot("start")
    for number, (task, result) in enumerate(zip(tasks, done, strict=True), 1):
        line = f"[{number}/{len(tasks)}] {task[0]}/{task[1]}: {result['status']}"
        print(line)
        append_to_run_log(task[2]["output_dir"], line)
        tracker.collect_and_snapshot(f"{task[0]}/{task[1]}")
        results.append(result)
    tracker.summary()
    text = summary_table(results)
    print(text)
    if tasks:
        append_to_run_log(tasks[0][2]["output_dir"], text)
    return results
