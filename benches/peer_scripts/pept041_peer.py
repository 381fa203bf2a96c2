"""The older peer's side, for what the newer one left out: ``pept041_peer.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
from measure import best
from pept.processing import circles2d, occupancy2d


def main() -> None:
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    track = np.load(folder / "track.npy")
    box = {"xlim": [0, 500], "ylim": [0, 500], "verbose": False}
    jobs = {}
    for size in (100, 500):
        jobs[f"occupancy2d_{size}"] = lambda size=size: occupancy2d(track, (size, size), 5.0, **box)
        jobs[f"circles2d_{size}"] = lambda size=size: circles2d(track[:, 1:], (size, size), 5.0, **box)
    best(jobs, repeat)


if __name__ == "__main__":
    main()
