"""Cells that Suite2p finds in an aligned movie: python suite2p_cells.py MOVIE.tif RATE DIAMETER

Suite2p is called as its documentation says, without registration; packages that only registration and neural networks
need may be missing, and are then replaced by nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

import numpy as np


class Missing(ModuleType):
    """Stands for a package that is not installed and not called."""

    Tensor = type("Tensor", (), {})
    __path__ = ()

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock()


for name in ("torch", "torch.fft", "cellpose"):
    try:
        __import__(name)
    except ImportError:
        sys.modules[name] = Missing(name)

from suite2p import default_ops, run_s2p  # noqa: E402  # after what it may miss


def main() -> None:
    path, rate, diameter = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        ops = default_ops() | {
            "do_registration": 0,
            "fs": rate,
            "tau": 0.5,
            "diameter": int(diameter),
            "save_path0": folder,
            "fast_disk": folder,
            "spikedetect": False,
            "batch_size": 200,
        }
        started = time.perf_counter()
        try:
            run_s2p(ops, {"data_path": [str(path.parent)], "tiff_list": [str(path)], "look_one_level_down": False})
        except ValueError as error:
            if "no ROIs were found" not in str(error):
                raise
            print(json.dumps({"seconds": time.perf_counter() - started, "pixels": [], "all": 0}))
            return
        seconds = time.perf_counter() - started
        plane = Path(folder) / "suite2p" / "plane0"
        # Pickles, which Suite2p has written into this temporary folder a moment ago.
        regions = np.load(plane / "stat.npy", allow_pickle=True)  # pickles that the peer has just written
        cells = np.load(plane / "iscell.npy")[:, 0] > 0
        columns = int(np.load(plane / "ops.npy", allow_pickle=True).item()["Lx"])  # as above
    pixels = [(own["ypix"].astype(int) * columns + own["xpix"]).tolist() for own in regions[cells]]
    print(json.dumps({"seconds": seconds, "pixels": pixels, "all": len(regions)}))


if __name__ == "__main__":
    main()
