"""What writes files in `coloc`."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from lumentrace.coloc import benchmark_image
from lumentrace.coloc.run import Settings, run
from lumentrace.coloc.simulation import simulate
from lumentrace.coloc.table import EXTENDED_METRICS
from writers import Writer, keep, kept


def _outcomes(made: Path) -> None:
    keep(
        made,
        "outcome",
        *(
            run(simulate(64, 5, seed=seed).channels, Settings(randomizations=20, metrics=EXTENDED_METRICS))
            for seed in (1, 2)
        ),
    )


def _archive(made: Path) -> None:
    import tifffile

    tifffile.imwrite(made / benchmark_image.MEMBER, np.zeros((3, 20, 20), np.uint8), photometric="rgb")
    for version in (1, 2):
        with zipfile.ZipFile(made / f"{version}.zip", "w") as archive:
            archive.write(made / benchmark_image.MEMBER, benchmark_image.MEMBER)
            archive.writestr("version", str(version))


def _downloaded(folder: Path, archive: Path) -> None:
    benchmark_image.make_sample_data_cbs006rbm(cache_dir=folder / "cache", url=archive.as_uri())


WRITERS = {
    "downloaded image": Writer(
        _downloaded, ("coloc/benchmark_image.py",), lambda version, made: made / f"{version}.zip", _archive
    ),
    "outcome": Writer(
        lambda folder, outcome: outcome.save(folder / "out"),
        ("coloc/run.py", "coloc/report/page.py", "engine/outcome.py"),
        kept("outcome"),
        _outcomes,
        slow=True,
    ),
    "simulated image": Writer(
        lambda folder, version: simulate(64, 5, seed=version).save(folder / "new" / "a.ome.tif"),
        ("coloc/simulation.py", "cli/coloc_commands.py"),
    ),
}
