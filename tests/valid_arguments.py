"""Arguments that are valid, for each public function that takes arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from array_functions import Given
from helpers import simulate
from lumentrace import coloc, twophoton
from lumentrace.afm.processing import kernels


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def channels() -> tuple[Any, Any]:
    a = random().gamma(2.0, 20.0, (16, 24)).round()
    return a, (0.7 * a + random(2).gamma(2.0, 10.0, a.shape)).round()


def labels(seed: int = 3) -> Any:
    image = np.zeros((16, 24), np.int64)
    for label, (row, column) in enumerate([(2, 2), (3, 12), (9, 5), (10, 17)], 1):
        image[row : row + 4, column + seed % 2 : column + 5] = label
    return image


def two(folder: Path) -> Given:
    a, b = channels()
    return {"a": a, "b": b, "mask": labels() > 0}


def pair(first: str, second: str, **more: Any) -> Callable[[Path], Given]:
    return lambda folder: {first: labels(), second: labels(4), **more}


def stained(first: str = "post", second: str = "pre", **more: Any) -> Callable[[Path], Given]:
    def make(folder: Path) -> Given:
        grid = np.mgrid[:80, :72]
        image = sum(
            900 * np.exp(-((grid[0] - row) ** 2 + (grid[1] - column) ** 2) / 40.0)
            for row, column in random(4).uniform(10, 62, (9, 2))
        )
        post = (image + random(5).normal(100, 2, image.shape)).astype(np.float32)
        pre = (0.8 * image + random(6).normal(100, 2, image.shape)).astype(np.float32)
        return {first: post, second: pre, **more}

    return make


def one(name: str = "image", **more: Any) -> Callable[[Path], Given]:
    return lambda folder: {name: stained()(folder)["post"].astype(np.float64), **more}


def frame(**more: Any) -> Callable[[Path], Given]:
    return lambda folder: {"data": random(7).normal(5.0, 2.0, (24, 20)), **more}


def levelled(**more: Any) -> Callable[[Path], Given]:
    return lambda folder: {**frame()(folder), "mask": random(8).random((24, 20)) < 0.2, **more}


def film(**more: Any) -> Callable[[Path], Given]:
    def make(folder: Path) -> Given:
        frames = random(9).normal(5.0, 0.2, (6, 24, 20))
        frames[:, 8:14, 6:12] += 4.0
        return {"data": frames, **more}

    return make


def cropped(**more: Any) -> Callable[[Path], Given]:
    def make(folder: Path) -> Given:
        data = film()(folder)["data"]
        data[:, :2] = np.nan
        return {"data": data, **more}

    return make


def masks(folder: Path) -> Given:
    return {"masks": np.stack([labels() == label for label in (1, 2, 3)])}


def positions(count: str, axes: int) -> Callable[[Path], Given]:
    limits = {f"{axis}lim": np.array([0.0, 10.0]) for axis in "xyz"[:axes]}
    return lambda folder: {
        "positions": random(10).uniform(1, 9, (30, axes)),
        count: np.arange(5, 5 + axes),
        "radii": random(11).uniform(0.1, 1, 30),
        **limits,
        "verbose": False,
    }


def track(count: str, axes: int) -> Callable[[Path], Given]:
    limits = {f"{axis}lim": np.array([0.0, 10.0]) for axis in "xyz"[:axes]}
    rows = np.column_stack([np.arange(30.0), random(10).uniform(1, 9, (30, axes))])
    return lambda folder: {"points": rows, count: np.arange(5, 5 + axes), "radius": 0.5, **limits, "verbose": False}


def crossed(cells: str, axes: int) -> Callable[[Path], Given]:
    ends = random(12).uniform(0, 4, (20, 2 * axes))
    return lambda folder: {
        cells: np.zeros((4, 5, 6)[:axes]),
        "lines": np.column_stack([np.arange(20.0), ends]),
        **{f"grid_{axis}": np.linspace(0, 4, n + 1) for axis, n in zip("xyz"[:axes], (4, 5, 6), strict=False)},
    }


def lines(name: str, rows: int = 60, **more: Any) -> Callable[[Path], Given]:
    box = np.array([0.0, 600.0, 0.0, 600.0, 0.0, 500.0])
    cutoffs = {"cutoffs": box} if name == "sample_lines" else {}
    return lambda folder: {name: simulate(rows)[0], **cutoffs, **more}


def report_of_channels(folder: Path) -> Given:
    a, b = channels()
    table = coloc.colocalization_table({"a": a, "b": b})
    return {"channels": {"a": a, "b": b}, "table": table, "path": folder / "report.html"}


def tiff_recording(folder: Path) -> Given:
    import tifffile

    tifffile.imwrite(folder / "movie.tif", random().integers(0, 99, (20, 12, 14)).astype(np.uint16))
    table = {"start_frame": [0, 10], "stop_frame": [10, 20], "epoch_number": [1, 2], "epoch_name": ["grey", "bars"]}
    given = {"movie": folder / "movie.tif", "stimulus_table": table, "output_dir": folder / "out"}
    return given | {"frame_rate_hz": 10.0, "alignment": random(2).uniform(-1, 1, (20, 2))}


def noise_film(folder: Path) -> Given:
    stimulus = random().choice([-1.0, 1.0], size=(90, 3, 4))
    responses = stimulus[:, 1, 1:3] + random(2).normal(size=(90, 2))
    return {"stimulus": stimulus, "responses": responses, "lags": 2}


def image_times(folder: Path) -> Given:
    times = {"onset_seconds": np.arange(4) * 2.0, "frame_seconds": np.arange(9) * 1.0}
    return {"stimulus": random().normal(size=(4, 3, 5)), **times}


def two_sessions(folder: Path) -> Given:
    from lumentrace import twophoton

    cells = np.kron(np.arange(1, 37).reshape(6, 6), np.pad(np.ones((5, 5), int), 2))
    image = (cells > 0) * random().uniform(1, 2, 37)[cells] + random(2).normal(0, 0.1, cells.shape)
    sets = [twophoton.make_roi_set_from_label_image(np.roll(cells, shift, 1)) for shift in (0, 1)]
    images = {"first_image": image, "second_image": np.roll(image, 1, 1)}
    return {"first": sets[0], "second": sets[1], **images, "max_distance": 14.0}


def acquisition(folder: Path) -> Given:
    import tifffile

    image, axes = random().integers(0, 99, (20, 2, 12, 14)).astype(np.uint16), {"axes": "TZYX"}
    tifffile.imwrite(folder / "movie.ome.tif", image, metadata=axes)
    given = {"source": folder / "movie.ome.tif", "output_dir": folder / "out", "plane": 1, "frame_rate_hz": 10.0}
    return given | {"alignment": random(2).uniform(-1, 1, (20, 2))}


def traces(**more: Any) -> Callable[[Path], Given]:
    return lambda folder: {"traces": random(13).normal(5.0, 1.0, (60, 3)), **more}


def sizes(folder: Path) -> Given:
    given = traces()(folder)["traces"]
    return {"traces": given, "spikes": twophoton.deconvolve(given, rate_hz=10.0, tau=0.5), "replicates": 5}


def plane(folder: Path) -> Given:
    rois, values = twophoton.make_roi_set_from_label_image(labels()), random(3).normal(50, 3, (30, 4))
    traces = twophoton.BackgroundCorrectedRoiTraces(
        values, np.zeros_like(values), values, rois.labels, 0, 30, "mean", "none", {}
    )
    image, scores = stained()(folder)["post"][:16, :24], np.array([0.9, 0.1, 1.0, 0.5])
    given = {"folder": folder / "plane0", "rois": rois, "traces": traces, "mean_image": image, "rate_hz": 10.0}
    return given | {"probabilities": scores}


def to_adac(folder: Path) -> Given:
    times, places = np.arange(40.0), random().uniform(50, 550, (40, 4))
    ends = [places[:, :2], np.full(40, -10.0), places[:, 2:], np.full(40, 510.0)]
    return {"path": folder / "run.da01", "lines": np.column_stack([times, *ends]), "separation": 500.0}


def outputs(folder: Path) -> Given:
    return {"path": folder / "outputs.h5", "normalization_factors": np.array([1.0, 2.0])}


COLOC = {
    "analysis.analyse_all_to_all": lambda folder: {
        "image": np.stack(channels(), -1),
        "channel_axis": -1,
        "label_mask": labels(),
    },
    "analysis.analyse_pairwise": lambda folder: {"a": channels()[0], "b": channels()[1], "label_mask": labels()},
    "measure.thresholds.auto_threshold": lambda folder: {
        "values": channels()[0],
        "method": "otsu",
        "mask": labels() > 0,
    },
    "table.colocalization_table": lambda folder: {
        "channels": dict(zip("ab", channels(), strict=True)),
        "label_mask": labels(),
    },
    "measure.autocorrelation.corrected_pvalue": two,
    "measure.metrics.costes": two,
    "measure.randomization.costes_randomization": lambda folder: two(folder) | {"n": 5, "block": 4},
    "measure.metrics.costes_threshold": two,
    "measure.shifts.cross_correlation": lambda folder: two(folder) | {"max_shift": 4},
    "measure.ripley.cross_k": lambda folder: {
        "points_a": random(1).uniform(0, 10, (12, 2)),
        "points_b": random(2).uniform(0, 10, (15, 2)),
        "window": [(0, 10), (0, 10)],
        "radii": np.array([0.5, 1.0, 2.0]),
        "n": 5,
    },
    "regions.objects.find_objects": lambda folder: {"labels": labels()},
    "regions.label_masks.iter_regions": lambda folder: {"label_mask": labels()},
    "measure.cooccurrence.kendall_tau": two,
    "measure.metrics.li_icq": two,
    "measure.metrics.manders": lambda folder: two(folder) | {"threshold_a": 20.0, "threshold_b": 20.0},
    "regions.objects.match_objects": pair("labels_a", "labels_b", max_distance=5.0),
    "regions.objects.object_overlap": pair("labels_a", "labels_b"),
    "regions.objects.object_table": pair("labels_a", "labels_b"),
    "measure.cooccurrence.overlap_coefficients": two,
    "measure.metrics.pearson": two,
    "measure.cooccurrence.rank_weighted": two,
    "measure.metrics.spearman": two,
    "measure.cooccurrence.threshold_areas": lambda folder: two(folder) | {"threshold_a": 20.0, "threshold_b": 20.0},
    "report.page.write_report": report_of_channels,
}
STAIN = {
    "registration.transform.apply_transform": lambda folder: {
        "image": stained()(folder)["pre"],
        "registration": registered(folder),
    },
    "prepare.masks.build_clean_tissue_mask": stained(),
    "prepare.masks.build_tissue_mask": stained("post_im", "pre_im", signal_threshold=200, dilation_iters=3),
    "prepare.intensity.equalize_pair": stained(),
    "prepare.intensity.estimate_gauss_sigma": one("im", down_scale=0.5),
    "prepare.intensity.filter_nan_gaussian_conserving": one("arr", sigma=1.5),
    "prepare.masks.make_rgb_overlay": lambda folder: {
        **stained()(folder),
        "post_edges": stained()(folder)["post"] > 400,
        "pre_edges": stained()(folder)["pre"] > 400,
    },
    "prepare.intensity.normalize_image": one(),
    "prepare.masks.pad_images": stained("post_im", "pre_im", pad=3),
    "registration.phase.prealign_phase_correlation": stained(),
    "registration.register.register": lambda folder: {**stained()(folder), "local": False, "start": np.eye(3)},
    "prepare.intensity.robust_vmax": one("im"),
    "files.checkpoints.save_checkpoint": lambda folder: {"image": stained()(folder)["post"], "filepath": folder / "a"},
    "measure.subtraction.subtract": lambda folder: {**stained()(folder), "scale": 1.2},
    "prepare.intensity.subtract_median": one(region=(0, 40, 0, 40)),
    "files.checkpoints.tifffile_save": lambda folder: {"image": stained()(folder)["post"], "path": folder / "a.tif"},
    "prepare.masks.trim_to_signal": stained("post_im", "pre_im", threshold=300),
}
TWOPHOTON = {
    "regions.cell_matching.match_cells": two_sessions,
    "respond.noise_ceiling.noise_ceiling": lambda folder: {"repeats": random().normal(size=(3, 8, 4))},
    "respond.noise_stimulus.stimulus_at_frames": image_times,
    "respond.receptive_fields.fit_receptive_fields": noise_film,
    "convert.acquisition_recording.convert_acquisition": acquisition,
    "convert.tiff_recording.convert_tiff_recording": tiff_recording,
    "respond.statistics.finite_mean_and_sem": lambda folder: {"values": random().normal(size=(6, 7)), "axis": 0},
    "regions.grids.grid_roi_set": lambda folder: {
        "shape": (16, 24),
        "grid_size_pixels": 4,
        "region_mask": labels() > 0,
    },
    "regions.grids.grid_roi_set_microns": lambda folder: {
        "shape": (16, 24),
        "micron_grid_size": 2.0,
        "pixel_size_um": 0.5,
        "region_mask": labels() > 0,
    },
    "measure.baseline.percentile_baseline": traces(rate_hz=10.0, window_seconds=2.0),
    "measure.baseline.maximin_baseline": traces(rate_hz=10.0, window_seconds=2.0),
    "measure.neuropil.fit_neuropil": lambda folder: {
        "fluorescence": random(3).normal(50, 3, (300, 2)),
        "neuropil": random(4).normal(50, 3, (300, 2)).cumsum(axis=0),
        "rate_hz": 10.0,
    },
    "measure.spikes.deconvolve": traces(
        rate_hz=10.0, tau=np.array([0.5]), baseline=np.array([5.0, 4.0, 5.0]), sigma=np.array([1.0, 2.0, 1.0])
    ),
    "measure.spike_sizes.spike_sizes": sizes,
    "measure.time_constants.estimate_time_constants": traces(rate_hz=10.0),
    "regions.rois.make_roi_set": masks,
    "regions.rois.make_roi_set_from_label_image": lambda folder: {"label_image": labels()},
    "exchange.outputs.save_analysis_outputs": outputs,
    "exchange.suite2p_folder.save_suite2p": plane,
    "exchange.handoff.save_napari_label_rois": lambda folder: {"label_image": labels(), "path": folder / "rois.h5"},
    "regions.watershed.watershed_roi_set": lambda folder: {
        "image": stained()(folder)["post"].astype(np.float64),
        "region_mask": np.ones((80, 72), bool),
    },
}
PEPT = {
    "processing.circles.circles2d": positions("number_of_pixels", 2),
    "processing.circles.spheres3d": positions("number_of_voxels", 3),
    "processing.occupancy.occupancy2d": track("number_of_pixels", 2),
    "processing.occupancy.occupancy3d": track("number_of_voxels", 3),
    "scanners.screens.parallel_screens": lambda folder: {
        "filepath_or_array": simulate(60)[0][:, [0, 1, 2, 4, 5]],
        "screen_separation": 500.0,
        "verbose": False,
    },
    "simulation.adac_file.write_adac": to_adac,
    "utilities.cutpoints.find_cutpoints": lines("sample_lines", max_distance=5.0),
    "utilities.minpoints.find_minpoints": lines("sample_lines", rows=12, num_lines=3, max_distance=20.0),
    "utilities.grouping.group_by_column": lambda folder: {
        "data_array": np.column_stack([random().normal(size=(20, 3)), np.arange(20) % 3]),
        "column_to_separate": 3,
    },
    "utilities.traverse.traverse2d": crossed("pixels", 2),
    "utilities.traverse.traverse3d": crossed("voxels", 3),
}
AFM = {
    "processing.filters.gaussian_filter": levelled(),
    **{f"masks.mask_{name}": frame() for name in ("threshold", "below_threshold", "mean_offset", "morphological")},
    **{f"masks.mask_{name}": frame() for name in ("adaptive", "otsu", "li", "local")},
    "masks.mask_hysteresis": frame(low=5.0, high=7.0),
    "processing.native.filtered": levelled(name="zero_mean", kernel=kernels.mean()),
    **{f"processing.filters.{name}": levelled() for name in ("row_median_align", "remove_plane", "match_lines")},
    **{f"processing.filters.{name}": levelled() for name in ("polynomial_flatten", "iterative_flatten")},
    **{f"processing.filters.{name}": levelled() for name in ("line_polynomial", "remove_scars", "zero_mean")},
    **{f"processing.filters.{name}": levelled() for name in ("zero_median", "vertical_flip")},
    "processing.filters.three_point_plane": levelled(points=[(2, 2), (3, 15), (18, 8)]),
    "processing.alignment.align_frames": film(),
    "processing.alignment.rolling_frame_align": film(window=3),
    "processing.drift.correct_drift": film(),
    **{f"processing.video.temporal_{name}_filter": film() for name in ("median", "mean")},
    "processing.video.savitzky_golay_filter": film(),
    **{f"processing.video.{name}": cropped() for name in ("intersection_crop", "crop_square", "replace_nan")},
}


def registered(folder: Path) -> Any:
    from lumentrace import stain

    return stain.register(**stained()(folder), local=False)


STORAGE: dict[str, Callable[[Path], Given]] = {
    "geojson.label_shapes": lambda folder: {"labels": labels()},
    "images.writing.write_image": lambda folder: {"path": folder / "a.tif", "image": labels().astype(np.uint16)},
}
TABLES = {"coloc": COLOC, "stain": STAIN, "twophoton": TWOPHOTON, "pept": PEPT, "afm": AFM, "storage": STORAGE}
VALID: dict[str, Callable[[Path], Given]] = {
    f"lumentrace.{technique}.{name}": make for technique, table in TABLES.items() for name, make in table.items()
}
