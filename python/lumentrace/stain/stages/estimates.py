"""What a run will need of memory and disk, and whether that is there."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from lumentrace.stain.files.images import find_pair, header
from lumentrace.stain.settings import FORMATS
from lumentrace.stain.stages.memory import format_bytes, get_available_memory, get_free_disk_space

logger = logging.getLogger(__name__)

PEAK_FACTOR_PER_TASK = 0.85
"""Memory that a task adds with its size, in float32 canvases: of 2000 to 5600 pixels without a border. Borders are
written, never held: with one of 2000 pixels the estimate for small images is up to 1.7 times what they need."""
PROCESS_BYTES = 318_000_000
"""Memory of a process with its libraries and the buffers of registration, whatever the size of images."""
WARN_FRACTION = 0.80
HARD_FAIL_FRACTION = 1.0
PLOT_BYTES = 10 * 2**20

Path_ = str | os.PathLike[str]
Pairs = Sequence[tuple[str, str]]


class MemoryEstimate(TypedDict):
    """Bytes of memory."""

    peak_bytes: int
    concurrent_peak_bytes: int
    per_task_bytes: list[int]
    warnings: list[str]
    n_resolvable: int


class DiskEstimate(TypedDict):
    """Bytes on disk."""

    bytes_per_task: list[int]
    total_bytes: int
    n_tasks: int
    n_resolvable: int
    warnings: list[str]


def _canvases(pairs: Pairs, raw_dir: Path_, pad: int) -> tuple[list[int | None], list[str]]:
    """Pixels of each task's canvas, None if its files cannot be found or read; and why."""
    sizes: list[int | None] = []
    warnings = []
    for sample, dye in pairs:
        try:
            shapes = [header(path) for path in find_pair(sample, dye, raw_dir)]
        except (OSError, ValueError) as error:
            warnings.append(f"{sample}/{dye}: {error}")
            sizes.append(None)
            continue
        rows, columns = (max(shape[axis] for shape in shapes) + 2 * pad for axis in (0, 1))
        sizes.append(rows * columns)
    return sizes, warnings


def estimate_pipeline_memory(
    sample_dye_pairs: Pairs, raw_dir: Path_ = "raw", pad: int = 2000, n_workers: int = 1
) -> MemoryEstimate:
    """Estimate the memory that tasks need, each in a process of its own, from the headers of their files.

    A task needs its float32 canvas times `PEAK_FACTOR_PER_TASK`, and what a process needs before the first image.

    Parameters
    ----------
    sample_dye_pairs : sequence of (str, str)
        (sample, dye)
    raw_dir : path, default 'raw'
    pad : int, default 2000
        Border in pixels.
    n_workers : int, default 1
        Tasks that run at a time.

    Returns
    -------
    dict
        ``peak_bytes`` (largest task), ``concurrent_peak_bytes`` (times workers), ``per_task_bytes`` (0 where files are
        missing), ``warnings``, ``n_resolvable``.
    """
    sizes, warnings = _canvases(sample_dye_pairs, raw_dir, pad)
    tasks = [0 if pixels is None else PROCESS_BYTES + int(pixels * 4 * PEAK_FACTOR_PER_TASK) for pixels in sizes]
    peak = max(tasks, default=0)
    return MemoryEstimate(
        peak_bytes=peak,
        concurrent_peak_bytes=peak * max(1, n_workers),
        per_task_bytes=tasks,
        warnings=warnings,
        n_resolvable=sum(pixels is not None for pixels in sizes),
    )


def estimate_pipeline_output_size(
    sample_dye_pairs: Pairs,
    raw_dir: Path_ = "raw",
    pad: int = 2000,
    save_all_intermediates: bool = False,
    n_scale_methods: int = 1,
    checkpoint_format: str = "tiff",
) -> DiskEstimate:
    """Estimate what tasks write, before compression, from the headers of their files.

    Parameters
    ----------
    sample_dye_pairs, raw_dir, pad
        As for `estimate_pipeline_memory`.
    save_all_intermediates : bool, default False
    n_scale_methods : int, default 1
        Differences that are written.
    checkpoint_format : {'tiff', 'fits', 'both'}, default 'tiff'

    Returns
    -------
    dict
        ``bytes_per_task``, ``total_bytes``, ``n_tasks``, ``n_resolvable``, ``warnings``.

    Raises
    ------
    ValueError
        If the format is unknown.
    """
    if checkpoint_format not in FORMATS:
        raise ValueError(f"`checkpoint_format`: expected one of {', '.join(FORMATS)}, found {checkpoint_format!r}")
    sizes, warnings = _canvases(sample_dye_pairs, raw_dir, pad)
    files = (4 + max(1, n_scale_methods) + save_all_intermediates) * (2 if checkpoint_format == "both" else 1)
    tasks = [0 if pixels is None else pixels * 4 * files + PLOT_BYTES for pixels in sizes]
    return DiskEstimate(
        bytes_per_task=tasks,
        total_bytes=sum(tasks),
        n_tasks=len(tasks),
        n_resolvable=sum(pixels is not None for pixels in sizes),
        warnings=warnings,
    )


@dataclass(frozen=True)
class Preflight:
    """What tasks need and what there is, in bytes; None where unknown."""

    memory_needed: int
    memory_free: int | None
    disk_needed: int
    disk_free: int | None
    warnings: tuple[str, ...]


def preflight_check(
    sample_dye_pairs: Pairs,
    output_dir: Path_ = "processed",
    raw_dir: Path_ = "raw",
    pad: int = 2000,
    n_workers: int = 1,
    checkpoint_format: str = "tiff",
    n_scale_methods: int = 1,
    save_all_intermediates: bool = False,
    force_run: bool = False,
) -> Preflight:
    """Check, before anything is done, that memory and disk suffice.

    More than 80 % of what is free gives a warning, more than all of it an error.

    Parameters
    ----------
    sample_dye_pairs, raw_dir, pad, n_workers, checkpoint_format, n_scale_methods, save_all_intermediates
        As for `estimate_pipeline_memory` and `estimate_pipeline_output_size`.
    output_dir : path, default 'processed'
    force_run : bool, default False
        Warn only.

    Returns
    -------
    Preflight

    Raises
    ------
    MemoryError, OSError
        If there is too little memory, or too little room on the disk.
    """
    memory = estimate_pipeline_memory(sample_dye_pairs, raw_dir, pad, n_workers)
    disk = estimate_pipeline_output_size(
        sample_dye_pairs, raw_dir, pad, save_all_intermediates, n_scale_methods, checkpoint_format
    )
    settings = f"{len(sample_dye_pairs)} tasks, {n_workers} at a time, pad {pad}, factor {PEAK_FACTOR_PER_TASK:g}"
    found = Preflight(
        memory["concurrent_peak_bytes"],
        get_available_memory(),
        disk["total_bytes"],
        get_free_disk_space(os.path.abspath(output_dir)),
        tuple(dict.fromkeys([*memory["warnings"], *disk["warnings"]])),
    )
    options = (
        "1. fewer workers; 2. a smaller pad; 3. close other programs; "
        "4. parallel='subprocess', a process per task; 5. force_run=True to try all the same"
    )
    _judge("memory", found.memory_needed, found.memory_free, settings, options, MemoryError, force_run)
    options = "1. free some space; 2. one checkpoint format; 3. fewer tasks; 4. force_run=True to try all the same"
    _judge("disk space", found.disk_needed, found.disk_free, settings, options, OSError, force_run)
    return found


def _judge(
    what: str, needed: int, free: int | None, settings: str, options: str, error: type[Exception], force: bool
) -> None:
    if free is None:
        print(f"The free {what} is unknown; going on.")
        return
    share = needed / free if free else float("inf") if needed else 0.0
    told = f"{format_bytes(needed)} of {what} needed, {format_bytes(free)} free ({settings})"
    if share > HARD_FAIL_FRACTION and not force:
        raise error(f"Not enough {what}: {told}. What you can do: {options}.")
    if share > WARN_FRACTION:
        print(f"Warning: little {what}: {told}")
    else:
        logger.info("%s", told)
