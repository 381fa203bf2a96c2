"""Simulated lines that go to a file block by block, made in as many processes as there are cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedRandom, BytesIO
from pathlib import Path

import numpy as np

from lumentrace.base.files import replacing
from lumentrace.engine import executors
from lumentrace.pept.simulation.experiment import Experiment

WIDTH, ITEM = 7, 8
"""Columns of a line, and bytes of each."""
ALONE = 8
"""Blocks up to which no processes are started for them."""
KEPT = 31 * 2**20
"""Bytes just below the most that the allocator of Linux learns from."""


@dataclass(frozen=True)
class Block:
    """The lines of a block, which whoever makes them writes to their place in a file.

    Attributes
    ----------
    experiment : Experiment
    entropy : int
        That all blocks are seeded with.
    number : int
    path : path
    offset : int
        Of the first block in the file.
    """

    experiment: Experiment
    entropy: int
    number: int
    path: Path
    offset: int

    @property
    def place(self) -> int:
        """Where in the file its first line goes if no line before is missing."""
        return self.offset + self.experiment.block_start(self.number) * WIDTH * ITEM


@dataclass(frozen=True)
class Made:
    """What was made of a block: how many lines, and their first and last time in ms."""

    lines: int
    times: tuple[float, float] = field(default=(np.inf, -np.inf))


def write_npy(
    path: Path,
    experiment: Experiment,
    processes: int | None = None,
    verbose: Callable[[int, int], object] | None = None,
) -> Made:
    """Simulate an experiment into a ``.npy`` file (N, 7), in bounded memory.

    Parameters
    ----------
    path : path
        Replaced at once when everything is written.
    experiment : Experiment
        If it is to be made in several processes, its paths must be ones that `pickle` knows.
    processes : int, optional
        How many work; as many as there are cores by default. The lines do not depend on it.
    verbose : callable, optional
        Told how many lines are done, and of how many.

    Returns
    -------
    Made
        How many lines, those out of view missing, and the first and last time.

    Raises
    ------
    OSError
        If the disk is full.
    """
    entropy = experiment.entropy()
    blocks = experiment.number_of_blocks
    with replacing(path) as file:
        offset = len(_header(experiment.count))
        os.truncate(file.fileno(), offset + experiment.count * WIDTH * ITEM)
        todo = [Block(experiment, entropy, number, Path(file.name), offset) for number in range(blocks)]
        lines, first, last = 0, np.inf, -np.inf
        for block, made in zip(todo, _made(todo, processes), strict=True):
            _move(file, block.place, offset + lines * WIDTH * ITEM, made.lines * WIDTH * ITEM)
            lines += made.lines
            first, last = min(first, made.times[0]), max(last, made.times[1])
            if verbose is not None:
                verbose(experiment.block_start(block.number + 1), experiment.count)
        os.truncate(file.fileno(), offset + lines * WIDTH * ITEM)
        file.seek(0)
        file.write(_header(lines))
    return Made(lines, (first, last))


def _made(todo: list[Block], processes: int | None) -> Iterator[Made]:
    if len(todo) <= ALONE or processes == 1:
        return (make(block) for block in todo)
    tasks = (((number, number + 1), (block,)) for number, block in enumerate(todo))
    return executors.run(make, tasks, executors.Processes, processes)


def make(block: Block, stop: executors.Stop | None = None) -> Made:
    """Simulate a block and write it to its place in the file."""
    _keep_memory()
    rows, _ = block.experiment.block(block.entropy, block.number)
    if not len(rows):
        return Made(0)
    with open(block.path, "r+b") as file:
        file.seek(block.place)
        file.write(np.ascontiguousarray(rows).data)
    return Made(len(rows), (float(rows[0, 0]), float(rows[-1, 0])))


def _keep_memory() -> None:
    """Have the allocator keep what arrays give back; else it comes anew, and is cleared, for each of the next ones."""
    np.empty(KEPT, dtype=np.uint8)


def _move(file: BufferedRandom, source: int, target: int, size: int) -> None:
    """Close the gap that missing lines have left before a block."""
    if source == target or not size:
        return
    file.seek(source)
    rows = file.read(size)
    file.seek(target)
    file.write(rows)
    file.flush()


def _header(lines: int) -> bytes:
    buffer = BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (lines, WIDTH)})
    return buffer.getvalue()
