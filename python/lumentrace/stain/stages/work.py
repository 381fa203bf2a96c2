"""What the four stages do: read and pad, register roughly, register finely, subtract."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.files import replacing
from lumentrace.base.provenance import environment
from lumentrace.engine.progress import reporter
from lumentrace.stain.measure import histograms as counting
from lumentrace.stain.measure.scale import Noise, Scale, manual, noise_of_difference, percentile
from lumentrace.stain.measure.subtraction import Pictures, Spots, differences, estimate
from lumentrace.stain.parameters import build_suffix, differing
from lumentrace.stain.prepare.whole_image import bands
from lumentrace.stain.registration.align import Search
from lumentrace.stain.registration.levels import LONGEST
from lumentrace.stain.registration.register import register
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.stages.record import LAST, NAMES, identity, read_stage
from lumentrace.stain.stages.task import Task

ROUGH_SIDE = 300
"""The first alignment is made on images of at least so many pixels."""
STEP = 6.0
"""Degrees between rotations that are tried, at least."""

Outcome = tuple[list[Path], dict[str, Any]]
"""Files of a stage, and what it found."""


def pad(task: Task) -> Outcome:
    """Stage 1: both images on their canvases."""
    files: list[Path] = []
    for name, image in zip(("post", "pre"), task.images(), strict=True):
        writer, places = task.writer(1, f"{name}{task.suffix(1)}", image.dtype, 0, {})
        with writer as canvas:
            for top, end in bands(image.shape[0]):
                canvas.add(image[top:end])
        files += places
    post, pre = task.images()
    return files, {"post_shape": list(post.shape), "pre_shape": list(pre.shape), "pad": task.parameters.pad}


def _search(task: Task) -> Search:
    own = task.parameters
    sizes = (own.scale_min, own.scale_max) if own.scale_search else ()
    return Search(own.angle_range, max(own.angle_step, STEP), own.rotation_search, sizes)


def align_roughly(task: Task) -> Outcome:
    """Stage 2: registration of small images."""
    post, pre = task.images()
    side = max(ROUGH_SIDE, int(max(post.shape) * task.parameters.down_scale))
    found = register(post, pre, local=False, longest=min(side, LONGEST), search=_search(task))
    files = _aligned(task, 2, "pre", found)
    if task.parameters.save_all_intermediates:
        coarse = register(post, pre, local=False, longest=ROUGH_SIDE, search=_search(task))
        files += _aligned(task, 2, "coarse_pre", coarse)
    return files, {"registration": found.to_dict()}


def align_finely(task: Task) -> Outcome:
    """Stage 3: registration of large images, and the verdict."""
    found = task.registered(2)
    if task.parameters.interior_ecc:
        local: Any = task.parameters.local_model
        found = register(*task.images(), local=local, start=found.matrix)
    extra = {
        "IACC": (found.error_px if np.isfinite(found.error_px) else -1, "error in pixels"),
        "ILVLOK": int(found.ok),
    }
    place = task.folder / "pipeline_output" / f"registration{task.suffix(3)}.json"
    found.save(place)
    return [*_aligned(task, 3, "pre", found, extra), place], {"registration": found.to_dict()}


def _aligned(task: Task, stage: int, name: str, found: Registration, extra: dict[str, Any] | None = None) -> list[Path]:
    """Write the pre-stain image as the post-stain one sees it; 0 where there is nothing."""
    post, pre = task.images()
    tell = reporter()
    cards = {f"W{row + 1}{column + 1}": float(found.matrix[row, column]) for row in range(3) for column in range(3)}
    writer, files = task.writer(stage, f"{name}{task.suffix(stage)}", np.float32, 0, {**(extra or {}), **cards})
    with writer as canvas:
        for top, end in bands(post.shape[0]):
            rows = found.warp_rows(pre, top, end - top, "linear" if stage == 2 else "smooth")
            canvas.add(np.nan_to_num(rows, nan=0.0))
            if tell is not None:
                tell(100 * end // post.shape[0])
    return files


def subtract(task: Task) -> Outcome:
    """Stage 4: scales, differences, spots and the report."""
    post, pre = task.images()
    found = task.registered(3)
    own = task.parameters
    counts = counting.count(post, pre, found)
    scales = [estimate(post, pre, found, counts, own.offset, own.histogram)]
    noise = noise_of_difference(counts, scales[0])
    spots, pictures = Spots(post.shape[1]), Pictures(post.shape)
    files = _write_difference(task, scales[0], noise, spots, pictures)
    if own.scale_percentile is not None:
        scales.append(percentile(counts, own.scale_percentile))
    if own.manual_scale is not None:
        scales.append(manual(own.manual_scale))
    for scale in scales[1:]:
        files += _write_difference(task, scale, noise)
    table = spots.table()
    output = task.folder / "pipeline_output"
    report, listing = output / f"report{task.suffix(4)}.html", output / f"spots{task.suffix(4)}.csv"
    with replacing(listing) as file:
        table.write_csv(file)
    warnings = [*found.warnings, *_doubts(scales[0])]
    outcome = {
        "scales": [scale.to_dict() for scale in scales],
        "noise": {"read": noise.read, "gain": noise.gain},
        "spots": len(table),
        "warnings": warnings,
        "report": str(report.relative_to(task.folder)),
    }
    images = {**pictures.images(), "before": pictures.before(pre)}
    _report(task, report, found, scales, counts, images, pictures.factor, table, warnings)
    return [*files, listing, report], outcome


def _write_difference(
    task: Task, scale: Scale, noise: Noise, spots: Spots | None = None, pictures: Pictures | None = None
) -> list[Path]:
    """Write a difference; that of the fitted scale with its significance, unless both are there already."""
    post, pre = task.images()
    fitted = pictures is not None
    name = "" if fitted else f"_{scale.method}"
    # The fitted scale does not depend on the other ones that were asked for: its files are shared.
    plain = task.parameters.with_changes({"scale_percentile": None, "manual_scale": None}).to_dict()
    suffix = build_suffix(plain if fitted else task.parameters.to_dict(), LAST)
    kept = _kept_differences(task, plain, suffix) if fitted else []
    cards = {"SCALE": scale.value, "SCALEK": scale.method, "OFFSET": scale.offset}
    files = list(kept)
    with ExitStack() as stack:
        canvases = {}
        for part in () if kept else ("difference", "significance") if fitted else ("difference",):
            writer, own = task.writer(4, f"{part}{name}{suffix}", np.float32, np.nan, cards)
            canvases[part] = stack.enter_context(writer)
            files += own
        multiple = 1 if pictures is None else pictures.factor
        for band in differences(post, pre, task.registered(3), scale, noise, multiple):
            for part, canvas in canvases.items():
                canvas.add(getattr(band, part))
            for collector in (spots, pictures):
                if collector is not None:
                    collector.add(band)
    return files


def _kept_differences(task: Task, plain: dict[str, Any], suffix: str) -> list[Path]:
    """Files of the fitted scale that a run without other scales has left."""
    if plain == task.parameters.to_dict():
        return []
    made_from = identity(task.inputs, plain, LAST)
    found, _ = read_stage(task.folder / f"{NAMES[LAST]}{suffix}.json", made_from, task.folder)
    if found is None or not task.has_formats(found):
        return []
    return [task.folder / name for name in found.files if Path(name).parts[0] in ("tiff", "fits")]


def _report(
    task: Task,
    path: Path,
    registration: Registration,
    scales: Sequence[Scale],
    counts: counting.Histograms,
    images: dict[str, Any],
    factor: int,
    table: Any,
    warnings: Sequence[str],
) -> None:
    from lumentrace.stain.report.page import write_report

    changed = differing(task.parameters.to_dict()) or "all at their defaults"
    history = {"raw files (xxh3)": task.inputs, "parameters": changed, "environment": environment()}
    title = f"{task.sample}, {task.dye}"
    write_report(path, title, registration, scales, counts, images, factor, table, warnings, history)


def _doubts(scale: Scale) -> list[str]:
    """What is odd about a scale."""
    doubts = []
    if scale.value < 1:
        doubts.append(f"the scale is below 1 ({scale.value:.3f}): were pre and post swapped?")
    if scale.status not in ("converged", "given"):
        doubts.append(f"the fit of the scale: {scale.status}")
    return doubts
