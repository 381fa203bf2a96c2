"""Runs every command of the README in the folder where it is: ``python readme_commands.py README.md``."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from typer.testing import CliRunner

from lumentrace import coloc
from lumentrace.cli.main import app

COMMAND = re.compile(r"^    lumentrace (.*)$", re.MULTILINE)
GOES_ON = re.compile(r" \\\n +")


def commands(readme: Path) -> list[str]:
    """What stands behind `lumentrace` in the commands."""
    return COMMAND.findall(GOES_ON.sub(" ", readme.read_text("utf-8")))


def prepare(folder: Path) -> None:
    """Images and labels as `lumentrace coloc` takes them in the README; all other commands simulate their own."""
    (actin, *_), (myosin, *_) = coloc.make_sample_data()
    labels = np.zeros(actin.shape, np.uint16)
    labels[: len(labels) // 2], labels[len(labels) // 2 :] = 1, 2
    for name, pixels in (("images", np.stack([actin, myosin])), ("nuclei", labels)):
        (folder / name).mkdir()
        axes = "CYX" if name == "images" else "YX"
        tifffile.imwrite(folder / name / "cells.ome.tif", pixels, metadata={"axes": axes})


def run_all(readme: Path) -> Iterator[tuple[str, float]]:
    """Run each command here, and say how many seconds it took; raises an error where one fails."""
    prepare(Path.cwd())
    for command in commands(readme):
        started = time.perf_counter()
        done = CliRunner().invoke(app, shlex.split(command), catch_exceptions=False)
        if done.exit_code:
            raise RuntimeError(f"lumentrace {command} ended with {done.exit_code}: {done.output}")
        yield command, time.perf_counter() - started


if __name__ == "__main__":
    for command, seconds in run_all(Path(sys.argv[1])):
        print(f"{seconds:6.1f} s  lumentrace {command}", flush=True)
