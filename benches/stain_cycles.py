"""Memory and time of background subtraction for MCMICRO on an image of many large channels.

    python benches/stain_cycles.py [--channels 30] [--side 20000] [--scale estimated] [--folder /tmp]

Makes an OME-TIFF with tissue in its middle (an eighth of the pixels; the rest is 0 and takes no room on the disk),
subtracts the first channel from all others, and prints seconds and the largest resident memory of the process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from lumentrace import stain
from lumentrace.storage.images.ome import Described
from lumentrace.storage.tiled import tiled_tiff

ROWS = 512


def make(folder: Path, channels: int, side: int) -> None:
    """Write the image and the table of its channels."""
    names = [f"M{number}" for number in range(channels)]
    rows = [f"{name},{'M0' if number else ''},{100 + 10 * number}" for number, name in enumerate(names)]
    (folder / "markers.csv").write_text("marker_name,background,exposure\n" + "\n".join(rows) + "\n")
    random = np.random.default_rng(1)
    wide = int(side / 8**0.5)
    first = (side - wide) // 2
    tissue = random.poisson(np.repeat(random.uniform(50, 800, wide // 32 + 1), 32)[:wide], (ROWS, wide)).astype(
        "uint16"
    )
    image = Described(
        "CYX", (channels, side, side), np.dtype("uint16"), channels=tuple(names), spacing={"X": 0.5, "Y": 0.5}
    )
    with tiled_tiff(folder / "in.ome.tif", image) as tiff:
        for _ in range(channels):
            for top in range(0, side, ROWS):
                band = np.zeros((min(ROWS, side - top), side), "uint16")
                if first <= top < first + wide:
                    band[:, first : first + wide] = tissue[: len(band)]
                tiff.add(band)


def measure(folder: Path, scale: str) -> None:
    """Subtract, and print what it took."""
    start = time.perf_counter()
    stain.subtract_cycles(
        folder / "in.ome.tif", folder / "markers.csv", folder / "out.ome.tif", folder / "out.csv", scale=scale
    )
    seconds = time.perf_counter() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = (folder / "out.ome.tif").stat().st_size / 1e6
    print(f"{seconds:.1f} s, {most:.0f} MB at most, {size:,.0f} MB written", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=30)
    parser.add_argument("--side", type=int, default=20000)
    parser.add_argument("--scale", default="exposure")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        spawn = multiprocessing.get_context("spawn")
        for work, more in ((make, (options.channels, options.side)), (measure, (options.scale,))):
            process = spawn.Process(target=work, args=(Path(folder), *more))
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
