"""What lumentrace needs for the AFM work."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from measure import best

from lumentrace.afm import AFMImageStack, AnalysisPipeline, ProcessingPipeline

DETECT = ("feature_detection", {"mask_fn": "mask_threshold", "threshold": 1.0})
TRACK = ("particle_tracking", {"max_distance": 5.0})
FULL = [
    ("count_nonzero", {}),
    DETECT,
    TRACK,
    ("dbscan_clustering", {"eps": 0.02, "use_time": False}),
    ("k_means_clustering", {"k": 50, "use_time": False, "n_init": 1}),
]


def analysed(film: np.ndarray, steps: list) -> dict:
    pipeline = AnalysisPipeline()
    for name, settings in steps:
        pipeline.add(name, **settings)
    return pipeline.run(stack(film))


def stack(film: np.ndarray) -> AFMImageStack:
    times = [{"timestamp": 0.1 * number} for number in range(len(film))]
    return AFMImageStack(film, 1.0, "height_trace", "film.npy", times)


def processed(film: np.ndarray, name: str, **settings: float) -> None:
    ProcessingPipeline(stack(film)).add(name, **settings).run()


def module(name: str, before: dict, film: np.ndarray, **settings: object) -> None:
    from lumentrace.afm.analysis.registry import load_analysis_module

    load_analysis_module(name).run(stack(film), previous_results=before, **settings)


def main() -> None:
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    film, tilted = np.load(folder / "film.npy"), np.load(folder / "tilted.npy")
    found = analysed(film, [DETECT])["provenance"]["results_by_name"]
    before = {name: outputs[-1] for name, outputs in found.items()}
    total = before["feature_detection"]["summary"]["total_features"]
    print(f"{total} objects in {len(film)} frames", file=sys.stderr)
    blobs = {"min_sigma": 1.0, "max_sigma": 5.0, "num_sigma": 10, "threshold": 0.5}
    work = {
        "feature_detection": lambda: analysed(film, [DETECT]),
        "feature_detection_opening_50": lambda: analysed(
            film[:50], [(DETECT[0], {**DETECT[1], "morph_opening": True, "sep_radius": 3})]
        ),
        "log_blob_detection_50": lambda: analysed(film[:50], [("log_blob_detection", blobs)]),
        "particle_tracking": lambda: module("particle_tracking", before, film, max_distance=5.0),
        "tracking_optimal": lambda: module("particle_tracking", before, film, max_distance=5.0, method="optimal"),
        "dbscan_xy": lambda: module("dbscan_clustering", before, film, eps=0.02, use_time=False),
        "polynomial_flatten_100": lambda: processed(tilted, "polynomial_flatten", order=2),
        "remove_plane_100": lambda: processed(tilted, "remove_plane"),
        "row_median_align_100": lambda: processed(tilted, "row_median_align"),
        "gaussian_filter_100": lambda: processed(tilted, "gaussian_filter", sigma=1.0),
        "align_frames_100": lambda: processed(film[:100], "align_frames"),
        "pipeline": lambda: analysed(film, FULL),
        "import": lambda: subprocess.run([sys.executable, "-c", "import lumentrace.afm"], check=True),
    }
    best(work, repeat)


if __name__ == "__main__":
    main()
