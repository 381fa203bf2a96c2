"""Colocalization of volumes larger than memory: the command line on a sparse OME-Zarr pair with labels.

    python benches/coloc_large.py                              20 GB of pixels in two channels, and their labels
    python benches/coloc_large.py --gigabytes 4 --folder /tmp/large

Writes the chunks of cells along the diagonal, so that the files are small; chunks that are not written are zeros, which
are read and measured like any others. Runs `lumentrace coloc run` on the whole volume and on its regions, prints
seconds and the largest resident memory of each, and compares every region with the table of its crop, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import zarr
from numcodecs import Zlib

from lumentrace import coloc

CHUNK = (16, 512, 512)
PLANE = 4096
CELL = 160
"""Side of the cells, in pixels; they lie across borders of chunks."""
CHILD = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("peak", code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def make(folder: Path, gigabytes: float) -> tuple[tuple[int, int, int], list[tuple[slice, ...]]]:
    """Write the channels and the labels; their shape, and where the cells are."""
    shape = (int(gigabytes * 1e9 / (2 * 2 * PLANE**2)) // 16 * 16, PLANE, PLANE)
    image, labels = (_array(folder / f"{name}.ome.zarr", name, shape) for name in ("cells", "labels"))
    random, cells = np.random.default_rng(1), []
    for number, start in enumerate(range(256, PLANE - CELL, 480), 1):
        z = (number * (shape[0] - 40)) // 10
        place = (slice(z, z + 24), slice(start, start + CELL), slice(start, start + CELL))
        sides = [axis.stop - axis.start for axis in place]
        shared = random.poisson(20, sides) * (random.random(sides) < 0.3)
        for channel in range(2):
            image[(channel, *place)] = (shared + random.poisson(6, sides)).astype("uint16")
        labels[place] = np.where(random.random(sides) < 0.9, number, 0).astype("uint16")
        cells.append(place)
    return shape, cells


def _array(path: Path, name: str, shape: tuple[int, int, int]) -> zarr.Array:
    """An array of an OME-Zarr 0.4, of which nothing is written yet."""
    channels = name == "cells"
    axes = [*([{"name": "c", "type": "channel"}] if channels else []), *({"name": a, "type": "space"} for a in "zyx")]
    group = zarr.open_group(path, mode="w-", zarr_format=2)
    group.attrs["multiscales"] = [{"version": "0.4", "name": name, "axes": axes, "datasets": [{"path": "0"}]}]
    return group.create_array(
        "0",
        shape=((2, *shape) if channels else shape),
        chunks=((1, *CHUNK) if channels else CHUNK),
        dtype="uint16",
        compressors=Zlib(level=1),
        chunk_key_encoding={"name": "v2", "separator": "/"},
        fill_value=0,
    )


def measured(folder: Path, *options: str) -> tuple[pl.DataFrame, float, float]:
    """The table of a run on the command line, its seconds, and megabytes of its largest resident memory."""
    out, start = folder / "out", time.perf_counter()
    command = [sys.executable, "-m", "lumentrace", "coloc", "run", folder / "cells.ome.zarr", "--out", out]
    found = subprocess.run(
        [sys.executable, "-c", CHILD, *command, *options], capture_output=True, text=True, check=True
    )
    _, code, kilobytes = found.stdout.splitlines()[-1].split()
    if code not in ("0", "4"):
        raise SystemExit(found.stdout + found.stderr)
    table = pl.read_parquet(out / "colocalization.parquet")
    assert json.loads((out / "run.json").read_text())["technique"] == "coloc"
    shutil.rmtree(out)
    return table, time.perf_counter() - start, int(kilobytes) / 1e3


def crops(folder: Path, cells: list[tuple[slice, ...]]) -> pl.DataFrame:
    """The table of the cells, each from arrays of its own."""
    image, labels = (zarr.open_group(folder / f"{name}.ome.zarr", mode="r")["0"] for name in ("cells", "labels"))
    tables = []
    for place in cells:
        channels = {f"c{k}": np.asarray(image[(k, *place)]) for k in range(2)}
        tables.append(coloc.colocalization_table(channels, label_mask=np.asarray(labels[place])))
    return pl.concat(tables).sort("region")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=20.0, help="of both channels together")
    parser.add_argument("--folder", type=Path, help="to write into, and to empty again; a temporary one by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        shape, cells = make(folder, options.gigabytes)
        size = 2 * 2 * np.prod(shape) / 1e9
        print(f"{' x '.join(map(str, shape))} pixels, 2 channels of uint16: {size:.1f} GB; {len(cells)} regions")
        table, seconds, peak = measured(folder)
        print(f"whole volume: {seconds:.0f} s, {peak:.0f} MB; {table['status'].item()}, r {table['pcc'].item():.4f}")
        table, seconds, peak = measured(folder, "--labels", str(folder / "labels.ome.zarr"))
        same = table.equals(crops(folder, cells), null_equal=True)
        print(f"{len(table)} regions: {seconds:.0f} s, {peak:.0f} MB; equal to crops: {same}")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"(this program: {own:.0f} MB)")
    if not same:
        raise SystemExit("regions differ from their crops")


if __name__ == "__main__":
    main()
