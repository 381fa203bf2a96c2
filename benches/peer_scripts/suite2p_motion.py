"""Seconds and memory that Suite2p takes to register a movie: python suite2p_motion.py MOVIE.tif

Suite2p is called as its documentation says, with the settings it comes with, on the CPU, and without what follows.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import suite2p


def main() -> None:
    path = Path(sys.argv[1]).resolve()
    settings = suite2p.default_settings() | {"torch_device": "cpu"}
    settings["run"] |= {"do_registration": 2, "do_regmetrics": False, "do_detection": False, "do_deconvolution": False}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        place = {"data_path": [str(path.parent)], "file_list": [path.name], "save_path0": folder, "fast_disk": folder}
        started = time.perf_counter()
        suite2p.run_s2p(db=suite2p.default_db() | place, settings=settings)
        seconds = time.perf_counter() - started
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": most, "version": suite2p.version}))


if __name__ == "__main__":
    main()
