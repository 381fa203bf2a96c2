"""Every command of the program with arguments that work, and Ctrl-C pressed while one runs."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trials import UNFINISHED
from writers import whole_page

INPUTS = {
    "lines.npy": "pept simulate --lines 30000 --out {made}/lines.npy",
    "cells.ome.tif": "coloc simulate --size 128 --out {made}/cells.ome.tif",
    "film.asd": "afm simulate --frames 8 --size 64 --out {made}/film.asd",
    "raw": "stain simulate --size 256 --out {made}/raw",
    "lab": "twophoton simulate --out {made}/lab --cells 3 --rows 32 --columns 32 --repeats 1 --recordings 1",
    "pept": "pept run {made}/lines.npy --tracers 1 --out {made}/pept",
    "coloc": "coloc run {made}/cells.ome.tif --out {made}/coloc",
    "afm": "afm run {made}/film.asd --out {made}/afm",
    "stain": "stain run S001 SybrGld --raw {made}/raw --out {made}/stain",
    "converted": "twophoton convert {recording} --out {made}/converted",
    "twophoton": "twophoton run {recording} --rois grid:8 --out {made}/twophoton",
}
"""What commands read, and the command that makes it."""
RECORDING = "lab/data/simulated/epochs/2026/03_02/09_00_00"
COMMANDS = {
    "demo": "demo --out out",
    "info": "info {made}/lines.npy {made}/cells.ome.tif {made}/film.asd",
    "convert": "convert {made}/lines.npy lines.parquet",
    "import-pickle": "import-pickle {made}/old.pickle --out out.h5",
    "pept run": "pept run {made}/lines.npy --tracers 1 --resume --out out",
    "pept info": "pept info {made}/lines.npy",
    "pept simulate": "pept simulate --lines 300000 --out out/lines.npy",
    "pept replay": "pept replay {made}/lines.npy --no-wait --to unix:///{here}/socket --rate 20000",
    "pept live": "pept live {made}/lines.npy --tracers 1 --no-follow --record --plain --out out",
    "pept occupancy": "pept occupancy {made}/pept/trajectories.parquet --out out",
    "pept config": "pept config --out out.toml",
    "pept report": "pept report {made}/pept --out report.html",
    "coloc run": "coloc run {made}/cells.ome.tif --metrics all --resume --out out",
    "coloc info": "coloc info {made}/cells.ome.tif",
    "coloc simulate": "coloc simulate --out out/cells.ome.tif",
    "coloc config": "coloc config --out out.toml",
    "coloc report": "coloc report {made}/coloc --out report.html",
    "afm run": "afm run {made}/film.asd --resume --out out",
    "afm info": "afm info {made}/film.asd",
    "afm simulate": "afm simulate --frames 30 --out out/film.asd",
    "afm steps": "afm steps",
    "afm config": "afm config --out out.toml",
    "afm report": "afm report {made}/afm --out report.html",
    "stain run": "stain run S001 SybrGld --raw {made}/raw --out out",
    "stain batch": "stain batch --raw {made}/raw --out out",
    "stain info": "stain info {made}/raw",
    "stain plan": "stain plan --raw {made}/raw",
    "stain apply": "stain apply {pre} {registration} --out moved.tif",
    "stain backsub": "stain backsub -r {made}/cells.ome.tif -m {made}/markers.csv -o out.ome.tif -mo out.csv",
    "stain field": "stain field {registration} --out field.mha",
    "stain simulate": "stain simulate --size 400 --out out",
    "stain config": "stain config --out out.toml",
    "stain report": "stain report {made}/stain/S001/SybrGld --out report.html",
    "twophoton run": "twophoton run {recording} --rois grid:8 --maps --resume --out out",
    "twophoton find": "twophoton find --config {made}/lab/config.yml",
    "twophoton convert": "twophoton convert {recording} --out out",
    "twophoton info": "twophoton info {recording}",
    "twophoton simulate": "twophoton simulate --out out --cells 3 --rows 32 --columns 32 --repeats 1",
    "twophoton config": "twophoton config --out out.toml",
    "twophoton report": "twophoton report {made}/twophoton --out report.html",
}
NOT_AGAIN = ("pept live", "pept config", "coloc config", "afm config", "stain config", "twophoton config")
"""Commands that refuse to write over what they have written."""
PICKLE = Path(__file__).parent / "fixtures" / "pept_0_5_1_lines.pickle"
STOPPED = 130
OURS = re.compile(r'File ".*lumentrace/(cli/|__main__\.py", line \d+, in main)')
"""A frame of the program that shows that it had begun."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, what it printed, its seconds, and those after Ctrl-C."""

    code: int
    said: str
    seconds: float
    after: float = 0.0


class Bench:
    """A folder with what commands read, each made when it is asked for.

    Parameters
    ----------
    made : path
        An empty folder.
    """

    def __init__(self, made: Path) -> None:
        self.made = made
        shutil.copy(PICKLE, made / "old.pickle")
        (made / "markers.csv").write_text("marker_name,background,exposure\na,,100\nb,a,100\n", "utf-8")

    def arguments(self, command: str, here: Path) -> list[str]:
        """The arguments of a command whose folder is `here`; its inputs are made."""
        names: dict[str, Callable[[], Any]] = {
            "made": lambda: self.made,
            "here": lambda: here,
            "recording": lambda: self.made / RECORDING,
            "pre": lambda: next((self.made / "raw").rglob("*PreStain*.tif")),
            "registration": lambda: next((self.made / "stain").rglob("registration*.json")),
        }
        needed = [name for name in INPUTS if f"{{made}}/{name}" in command and f"--out {{made}}/{name}" not in command]
        needed += ["lab"] * ("{recording}" in command)
        needed += ["raw", "stain"] * ("{registration}" in command)
        for name in needed:
            if not (self.made / name).exists():
                ended = run(self.arguments(INPUTS[name], here), here)
                assert ended.code in (0, 4), ended.said
        return command.format(**{name: find() for name, find in names.items() if f"{{{name}}}" in command}).split()


def run(arguments: list[str], here: Path, moment: float | None = None) -> Ended:
    """Run a command in a folder; press Ctrl-C after so many seconds, as a terminal does it: for all its processes."""
    command = [sys.executable, "-m", "lumentrace", *arguments]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "XDG_CACHE_HOME": str(here.parent)}
    began = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=here,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_hear,  # noqa: PLW1509 (there are no threads here)
    ) as process:
        sent = began
        try:
            if moment is not None:
                time.sleep(moment)
                sent = time.monotonic()
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGINT)
            said, _ = process.communicate(timeout=120)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    ended = time.monotonic()
    return Ended(process.returncode, said.decode(errors="replace"), ended - began, ended - sent)


def _hear() -> None:
    """A shell in the background has its children ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def files(here: Path) -> set[str]:
    """Names of all files below a folder."""
    return {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()}


def wrong(ended: Ended, whole: Ended, here: Path, all_files: set[str]) -> Iterator[str]:
    """What is wrong after Ctrl-C, beside how the undisturbed command ended and what it wrote."""
    had_begun = bool(OURS.search(ended.said)) or "Traceback" not in ended.said
    if "Traceback" in ended.said and had_begun:
        yield f"a traceback: {ended.said}"
    if ended.code == whole.code and ended.code != STOPPED:
        missing = all_files - files(here)
        if missing:
            yield f"exit code {ended.code}, but there is no {', '.join(sorted(missing))}: {ended.said}"
    elif ended.code not in (STOPPED, -signal.SIGINT) and had_begun:  # Python may kill itself once all is tidied up
        yield f"exit code {ended.code}: {ended.said}"
    for name in sorted(files(here)):
        if UNFINISHED.search(name):
            yield f"{name} is left"
        elif not is_whole(here / name):
            yield f"{name} is not whole"


def is_whole(path: Path) -> bool:
    """Whether a file is there to its end, as far as its kind tells."""
    content = path.read_bytes()
    match path.suffix:
        case ".html":
            return whole_page(path) == b"whole"
        case ".json":
            return isinstance(json.loads(content), dict)
        case ".parquet":
            return content.endswith(b"PAR1")
        case ".npy" | ".npz":
            np.load(path, mmap_mode="r" if path.suffix == ".npy" else None)
            return True
        case ".csv" | ".toml" | ".jsonl" | ".yml":
            return content.endswith(b"\n")
        case ".h5" | ".mat":
            return content[:4] == b"\x89HDF" or content.startswith(b"MATLAB")
        case _:
            return bool(content)


def tried(name: str, bench: Bench, times: int, seed: int) -> Iterator[tuple[float, Ended, list[str]]]:
    """Press Ctrl-C at random moments of a command: the moment, how it ended, and what was wrong."""
    drawn = random.Random(seed)
    with TemporaryDirectory() as folder:
        here = Path(folder)
        arguments = bench.arguments(COMMANDS[name], here)
        whole = run(arguments, here)
        all_files = files(here)
    assert whole.code in (0, 4), whole.said
    for _ in range(times):
        with TemporaryDirectory() as folder:
            here = Path(folder)
            arguments = bench.arguments(COMMANDS[name], here)
            moment = drawn.uniform(0, 1.05 * whole.seconds)
            ended = run(arguments, here, moment)
            found = list(wrong(ended, whole, here, all_files))
            if name not in NOT_AGAIN:
                again = run(arguments, here)
                if again.code != whole.code or not all_files <= files(here):
                    found.append(f"cannot be done again: {again.code}, {again.said}")
            yield moment, ended, found


def main() -> None:
    """``python tests/commands.py TIMES SEED OUT [COMMAND ...]``: a line of JSON for each command goes to OUT."""
    times, seed, out, *names = sys.argv[1:]
    with TemporaryDirectory() as folder, open(out, "a") as answer:
        bench = Bench(Path(folder))
        for name in names or COMMANDS:
            after, told, codes = list[float](), list[str](), list[int]()
            try:
                for moment, ended, found in tried(name, bench, int(times), int(seed)):
                    codes.append(ended.code)
                    told += [f"after {moment:.2f} s: {text}" for text in found]
                    if ended.code in (STOPPED, -signal.SIGINT):
                        after.append(round(ended.after, 3))
            except (AssertionError, subprocess.TimeoutExpired) as error:
                told.append(f"no trials: {error}")
            count = {str(code): codes.count(code) for code in sorted(set(codes))}
            line = {"command": name, "codes": count, "after (s)": sorted(after)[-3:], "told": told}
            answer.write(json.dumps(line) + "\n")
            answer.flush()


if __name__ == "__main__":
    main()
