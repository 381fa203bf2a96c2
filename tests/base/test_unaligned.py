"""Arrays that are strided or lie at an odd address give the bits that plain copies of them give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import simulate
from lumentrace import LineData, PointData, _core, afm, coloc, stain
from lumentrace.pept.tracking import BirminghamMethod, Cutpoints, Segregate, Velocity

Array = NDArray[Any]
METRICS = ("pcc", "srcc", "icq", "mcc", "overlap", "tau", "rwc", "area", "randomization", "corrected")


def odd(array: Array) -> Array:
    """The same values one byte off."""
    held = bytearray(array.nbytes + 1)
    found = np.frombuffer(held, array.dtype, array.size, offset=1).reshape(array.shape)
    found[...] = array
    assert found.itemsize == 1 or not found.flags.aligned
    return found


def strided(array: Array) -> Array:
    """The same values in every other place of a larger array."""
    held = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    held[..., ::2] = array
    return held[..., ::2]


def film() -> Array:
    y, x = np.mgrid[:40, :44]
    spots = [np.exp(-((x - 12 - frame) ** 2 + (y - 18) ** 2) / 18) for frame in range(3)]
    return 5 * np.stack(spots) + np.random.default_rng(1).normal(0, 0.1, (3, 40, 44))


def detected(frames: Array) -> Any:
    stack = afm.AFMImageStack(frames, 1.0, "height_trace", "made.asd")
    afm.ProcessingPipeline(stack).add_filter("remove_plane").add_filter("row_median_align").run()
    pipeline = afm.AnalysisPipeline()
    pipeline.add("feature_detection", mask_fn="mask_threshold", threshold=1.0)
    pipeline.add("log_blob_detection", min_sigma=2, max_sigma=4, threshold=0.5)
    record = pipeline.run(stack)
    return [stack.data, repr(record["analysis"])]


def measured(pixels: Array) -> Any:
    table = coloc.colocalization_table(
        {"a": pixels, "b": np.roll(pixels, 2, 1)}, metrics=METRICS, randomizations=20, seed=1
    )
    return [repr(table.to_dicts())]


def registered(image: Array) -> Any:
    pair = stain.simulate(size=200, spots=20, seed=1)
    pre = image[: pair.pre.shape[0], : pair.pre.shape[1]]
    found = stain.register(pair.post, pre, local=False)
    return [found.matrix, found.warp_rows(pre, 0, len(pair.post), "smooth")]


def pixels(dtype: str) -> Array:
    return np.random.default_rng(2).poisson(40, (48, 50)).astype(dtype)


def lines() -> Array:
    return simulate(300)[0]


WORK: dict[str, tuple[Array, Callable[[Array], Any]]] = {
    "colocalization of uint16": (pixels("uint16"), measured),
    "colocalization of float32": (pixels("float32"), measured),
    "labels of colocalization": (
        np.repeat(np.arange(1, 49), 50).reshape(48, 50),
        lambda labels: [
            repr(coloc.colocalization_table({"a": pixels("u1"), "b": pixels("u2")}, label_mask=labels).rows())
        ],
    ),
    "AFM detection and processing": (film(), detected),
    "registration": (stain.simulate(size=200, spots=20, seed=1).pre, registered),
    "lines": (lines(), lambda rows: [*Cutpoints(0.5).fit(LineData(rows, 100), verbose=False)[0].points]),
    "Birmingham": (lines(), lambda rows: [BirminghamMethod(0.5).fit_sample(LineData(rows)).points]),
    "trajectories": (
        lines()[:, :4].copy(),
        lambda rows: [Segregate(5, 10.0).fit([PointData(rows)]).points, Velocity(5).fit_sample(PointData(rows)).points],
    ),
    "kernel: cutpoints": (lines(), lambda rows: [_core.find_cutpoints(rows, 0.5)]),
    "kernel: dbscan": (np.random.default_rng(3).normal(size=(60, 3)), lambda rows: [_core.dbscan_labels(rows, 0.7, 4)]),
    "kernel: reduce": (pixels("float32"), lambda image: [_core.reduce_image(image, 2)]),
    "kernel: time windows": (np.arange(50.0), lambda times: [_core.time_windows(times, 7.0, 2.0)]),
}


@pytest.mark.parametrize("lay", [odd, strided])
@pytest.mark.parametrize("name", WORK)
def test_how_an_array_lies_does_not_matter(name: str, lay: Callable[[Array], Array]) -> None:
    array, work = WORK[name]
    for found, expected in zip(work(lay(array)), work(array.copy()), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_file_mapped_at_an_odd_place(tmp_path: Path) -> None:
    image = pixels("uint16")
    path = tmp_path / "image.raw"
    path.write_bytes(b"\x00" * 7 + image.tobytes())
    mapped = np.memmap(path, np.uint16, "r", offset=7, shape=image.shape)
    assert measured(mapped) == measured(image)
