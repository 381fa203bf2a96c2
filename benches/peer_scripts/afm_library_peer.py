"""What a scientist would write with trackpy and scikit-image: ``afm_library_peer.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import trackpy
from measure import best
from skimage.feature import blob_log
from skimage.measure import label, regionprops_table

PROPERTIES = ("label", "area", "bbox", "centroid", "intensity_min", "intensity_max", "intensity_mean")
trackpy.quiet()


def features(film):
    return [regionprops_table(label(frame > 1.0, connectivity=2), frame, properties=PROPERTIES) for frame in film]


def blobs(film):
    for frame in film:
        blob_log(frame, min_sigma=1.0, max_sigma=5.0, num_sigma=10, threshold=0.5, overlap=0.5)


def main():
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    film = np.load(folder / "film.npy")
    found = features(film)
    table = pd.concat(
        pd.DataFrame({"frame": number, "y": own["centroid-0"], "x": own["centroid-1"]})
        for number, own in enumerate(found)
    )
    best(
        {
            "feature_detection:regionprops": lambda: features(film),
            "log_blob_detection_50:blob_log": lambda: blobs(film[:50]),
            "particle_tracking:trackpy": lambda: trackpy.link(table, 5.0),
            "tracking_optimal:trackpy": lambda: trackpy.link(table, 5.0),
        },
        min(repeat, 2),
    )


if __name__ == "__main__":
    main()
