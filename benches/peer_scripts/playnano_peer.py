"""playnano: ``playnano_peer.py FOLDER REPEAT``."""

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
from measure import best
from playnano.afm_stack import AFMImageStack
from playnano.analysis.pipeline import AnalysisPipeline
from playnano.analysis.utils.loader import load_analysis_module
from playnano.processing.pipeline import ProcessingPipeline

logging.disable(logging.CRITICAL)
DETECT = ("feature_detection", {"mask_fn": "mask_threshold", "threshold": 1.0})
TRACK = ("particle_tracking", {"max_distance": 5.0})
FULL = [
    ("count_nonzero", {}),
    DETECT,
    TRACK,
    ("dbscan_clustering", {"eps": 0.02, "use_time": False}),
    ("k_means_clustering", {"k": 50, "use_time": False}),
]


def stack(film):
    times = [{"timestamp": 0.1 * number} for number in range(len(film))]
    return AFMImageStack(film, 1.0, "height_trace", Path("film.npy"), times)


def analysed(film, steps):
    pipeline = AnalysisPipeline()
    for name, settings in steps:
        pipeline.add(name, **settings)
    return pipeline.run(stack(film))


def processed(film, name, **settings):
    pipeline = ProcessingPipeline(stack(film))
    pipeline.add_filter(name, **settings)
    pipeline.run()


def main():
    folder, repeat = Path(sys.argv[1]), min(int(sys.argv[2]), 2)
    film, tilted = np.load(folder / "film.npy"), np.load(folder / "tilted.npy")
    found = analysed(film, [DETECT, TRACK, ("dbscan_clustering", {"eps": 0.02, "use_time": False})])
    entries = found["provenance"]["results_by_name"]
    before = {name: outputs[-1].get("outputs", outputs[-1]) for name, outputs in entries.items()}
    print(f"{before['feature_detection']['summary']['total_features']} objects", file=sys.stderr)

    def module(name, **settings):
        return load_analysis_module(name).run(stack(film), previous_results=before, **settings)

    blobs = {"min_sigma": 1.0, "max_sigma": 5.0, "num_sigma": 10, "threshold": 0.5}
    best(
        {
            "feature_detection:playnano": lambda: analysed(film, [DETECT]),
            "feature_detection_opening_50:playnano": lambda: analysed(
                film[:50], [(DETECT[0], {**DETECT[1], "morph_opening": True, "sep_radius": 3})]
            ),
            "log_blob_detection_50:playnano": lambda: analysed(film[:50], [("log_blob_detection", blobs)]),
            "particle_tracking:playnano": lambda: module("particle_tracking", max_distance=5.0),
            "dbscan_xy:playnano": lambda: module("dbscan_clustering", eps=0.02, use_time=False),
            "polynomial_flatten_100:playnano": lambda: processed(tilted, "polynomial_flatten", order=2),
            "remove_plane_100:playnano": lambda: processed(tilted, "remove_plane"),
            "row_median_align_100:playnano": lambda: processed(tilted, "row_median_align"),
            "gaussian_filter_100:playnano": lambda: processed(tilted, "gaussian_filter", sigma=1.0),
            "align_frames_100:playnano": lambda: processed(film[:100], "align_frames"),
            "pipeline:playnano": lambda: analysed(film, FULL),
            "import:playnano": lambda: subprocess.run([sys.executable, "-c", "import playnano.analysis"], check=True),
        },
        repeat,
    )


if __name__ == "__main__":
    main()
