"""What the four stages do: read and pad, register roughly, register finely, subtract."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np

from lumentrace.base.files import replacing
from lumentrace.base.polars import pl
from lumentrace.engine.progress import between, parts, reporter
from lumentrace.stain.judgement import about_scale
from lumentrace.stain.measure import histograms as counting
from lumentrace.stain.measure.histograms import Histograms
from lumentrace.stain.measure.noise import Noise, noise_of_difference
from lumentrace.stain.measure.scale import Scale, manual, percentile
from lumentrace.stain.measure.subtraction import Pictures, Spots, differences, estimate, placed
from lumentrace.stain.prepare.whole_image import bands
from lumentrace.stain.registration.align import Search
from lumentrace.stain.registration.levels import LONGEST
from lumentrace.stain.registration.register import find_map
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.stages.results import Measured, Padded, Registered
from lumentrace.stain.stages.task import LAST, NAMES, Task
from lumentrace.storage.frames import write_csv_table

ROUGH_SIDE = 300
"""The first alignment is made on images of at least so many pixels."""
STEP = 6.0
"""Degrees between rotations that are tried, at least."""


def pad(task: Task) -> Padded:
    """Stage 1: both images on their canvases."""
    files: list[str] = []
    with between(0, 40):
        post, pre = task.images()
    for name, image, share in zip(("post", "pre"), (post, pre), parts(2, 40), strict=True):
        writer, places = task.writer(1, f"{name}{task.suffix(1)}", image.shape, image.dtype, 0, {})
        with share, writer as canvas:
            tell = reporter()
            for top, end in bands(image.shape[0]):
                canvas.add(image[top:end])
                if tell is not None:
                    tell(100 * end // image.shape[0])
        files += task.relative(*places)
    return Padded(tuple(files), (post.shape[0], post.shape[1]), (pre.shape[0], pre.shape[1]))


def align_roughly(task: Task) -> Registered:
    """Stage 2: registration of small images."""
    with between(0, 10):
        post, pre = task.images()
    side = max(ROUGH_SIDE, int(max(post.shape) * task.settings.down_scale))
    coarse = task.settings.save_all_intermediates
    with between(10, 40 if coarse else 70):
        found = find_map(post, pre, local=False, longest=min(side, LONGEST), search=_search(task))
    with between(40 if coarse else 70, 60 if coarse else 100):
        files = _aligned(task, 2, "pre", found)
    if coarse:
        with between(60, 80):
            small = find_map(post, pre, local=False, longest=ROUGH_SIDE, search=_search(task))
        with between(80, 100):
            files += _aligned(task, 2, "coarse_pre", small)
    return Registered(tuple(files), found)


def _search(task: Task) -> Search:
    own = task.settings
    sizes = (own.scale_min, own.scale_max) if own.scale_search else ()
    return Search(own.angle_range, max(own.angle_step, STEP), own.rotation_search, sizes)


def align_finely(task: Task, rough: Registered) -> Registered:
    """Stage 3: registration of large images, and the verdict."""
    found = rough.registration
    with between(0, 10):
        post, pre = task.images()
    if task.settings.interior_ecc:
        local: Any = task.settings.local_model
        with between(10, 70):
            found = find_map(post, pre, local=local, start=found.matrix)
    extra = {
        "IACC": (found.error_px if np.isfinite(found.error_px) else -1, "error in pixels"),
        "ILVLOK": int(found.ok),
    }
    place = task.output("registration", 3, ".json")
    found.save(place)
    with between(70, 100):
        files = _aligned(task, 3, "pre", found, extra)
    return Registered((*files, *task.relative(place)), found)


def _aligned(
    task: Task, stage: int, name: str, found: Registration, extra: Mapping[str, Any] | None = None
) -> list[str]:
    """Write the pre-stain image as the post-stain one sees it; 0 where there is nothing."""
    post, pre = task.images()
    tell = reporter()
    cards = {f"W{row + 1}{column + 1}": float(found.matrix[row, column]) for row in range(3) for column in range(3)}
    title = f"{name}{task.suffix(stage)}"
    writer, places = task.writer(stage, title, post.shape, np.float32, 0, {**(extra or {}), **cards})
    with writer as canvas:
        for top, end in bands(post.shape[0]):
            rows = found.warp_rows(pre, top, end - top, "linear" if stage == 2 else "smooth")
            canvas.add(np.nan_to_num(rows, nan=0.0))
            if tell is not None:
                tell(100 * end // post.shape[0])
    return list(task.relative(*places))


def subtract(task: Task, fine: Registered) -> Measured:
    """Stage 4: scales, differences and spots."""
    with between(0, 5):
        post, pre = task.images()
    found = fine.registration
    with between(5, 20):
        counts = counting.count(post, pre, found)
    with between(20, 40):
        scales = _scales(task, found, counts)
    noise = noise_of_difference(counts, scales[0])
    spots, pictures = Spots(post.shape[1]), Pictures(post.shape)
    first, *others = parts(len(scales), 40)
    with first:
        files = _write_fitted(task, found, scales[0], noise, spots, pictures)
    for scale, share in zip(scales[1:], others, strict=True):
        with share:
            files += _write_other(task, found, scale, noise)
    table = spots.table()
    measured = Measured(
        files=(*files, _write_spots(task, table), f"{NAMES[LAST]}{task.suffix(LAST)}.npz"),
        scales=scales,
        noise=noise,
        histograms=counts,
        pictures={**pictures.images(), "before": pictures.before(pre)},
        factor=pictures.factor,
        spots=table,
        warnings=(*found.warnings, *(remark.text for remark in about_scale(scales[0]))),
    )
    measured.write_arrays(task.folder)
    return measured


def _scales(task: Task, found: Registration, counts: Histograms) -> tuple[Scale, ...]:
    """The fitted scale, then those that were asked for."""
    own = task.settings
    scales = [estimate(*task.images(), found, counts, own.offset, own.histogram)]
    if own.scale_percentile is not None:
        scales.append(percentile(counts, own.scale_percentile))
    if own.manual_scale is not None:
        scales.append(manual(own.manual_scale))
    return tuple(scales)


def _write_spots(task: Task, table: pl.DataFrame) -> str:
    place = task.output("spots", LAST, ".csv")
    with replacing(place) as file:
        write_csv_table(file, placed(table, task.settings.pad))
    return task.relative(place)[0]


def _write_fitted(
    task: Task, found: Registration, scale: Scale, noise: Noise, spots: Spots, pictures: Pictures
) -> list[str]:
    """Write the difference of the fitted scale and its significance, unless both are there already.

    The fitted scale does not depend on the other ones that were asked for: its files are shared.
    """
    post, pre = task.images()
    plain = task.with_settings(replace(task.settings, scale_percentile=None, manual_scale=None))
    kept, _ = plain.finished(LAST) if plain.settings != task.settings else (None, "")
    files = [] if kept is None else list(kept.images)
    with ExitStack() as stack:
        canvases = {}
        for name in () if kept is not None else ("difference", "significance"):
            title = f"{name}{plain.suffix(LAST)}"
            writer, places = plain.writer(LAST, title, post.shape, np.float32, np.nan, _cards(scale))
            canvases[name] = stack.enter_context(writer)
            files += task.relative(*places)
        for band in differences(post, pre, found, scale, noise, pictures.factor):
            for name, canvas in canvases.items():
                canvas.add(getattr(band, name))
            spots.add(band)
            pictures.add(band)
    return files


def _write_other(task: Task, found: Registration, scale: Scale, noise: Noise) -> list[str]:
    """Write the difference of another scale."""
    post, pre = task.images()
    name = f"difference_{scale.method}{task.suffix(LAST)}"
    writer, places = task.writer(LAST, name, post.shape, np.float32, np.nan, _cards(scale))
    with writer as canvas:
        for band in differences(post, pre, found, scale, noise):
            canvas.add(band.difference)
    return list(task.relative(*places))


def _cards(scale: Scale) -> dict[str, Any]:
    return {"SCALE": scale.value, "SCALEK": scale.method, "OFFSET": scale.offset}
