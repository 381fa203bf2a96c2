"""A disk that takes no more is told by an error that names the file, which stays as it was, whatever library writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, os, resource, sys
from pathlib import Path
import numpy as np
import polars as pl
from lumentrace import afm, stain, storage, twophoton
from lumentrace.afm.export import to_film, to_ome_tiff
from lumentrace.coloc.simulation import simulate

folder = Path(sys.argv[1])
times = [{"timestamp": 0.0}] * 3
stack = afm.AFMImageStack(np.arange(768.0).reshape(3, 16, 16), 1.5, "height_trace", "film.asd", times)
table = pl.DataFrame({"size": np.arange(4000.0)})
rois = twophoton.make_roi_set(np.eye(30)[:2, None] > 0)
writers = {
    "film.ome.tif": lambda path: to_ome_tiff(path, stack),
    "film.gif": lambda path: to_film(path, stack),
    "cells.ome.tif": lambda path: simulate(32, 2).save(path),
    "raw/S/S_PostStain_D.tif": lambda path: stain.simulate(size=64, seed=1).save(folder / "raw", "S", "D"),
    "tiff/image.tiff": lambda path: stain.save_checkpoint(np.ones((60, 50), np.float32), folder / "image"),
    "rois.tif": lambda path: twophoton.save_roi_labels(rois, path),
    "table.parquet": lambda path: storage.write_table(folder / "table", table),
    "table.csv": lambda path: storage.write_table(folder / "table", table),
}
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
found = []
for name, write in writers.items():
    path = folder / name
    write(path)
    size = path.stat().st_size
    path.write_bytes(b"old")
    for limit in (0, size // 2, size - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            write(path)
            told = "nothing"
        except OSError as error:
            told = "" if str(folder) in str(error) else str(error)
        except Exception as error:
            told = repr(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        if told or path.read_bytes() != b"old":
            found.append((name, limit, size, told))
left = [path.name for path in folder.rglob("*.partial")]
print(json.dumps([found, left]))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs limits of POSIX on the size of files")
def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    pytest.importorskip("astropy")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[], []]
