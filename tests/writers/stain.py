"""What writes files in `stain`."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import numpy as np

from lumentrace import stain
from lumentrace.stain.files.checkpoints import tiff_to_fits
from lumentrace.stain.files.pair import RawPair
from lumentrace.stain.run import Settings, run
from lumentrace.storage import write_image
from writers import Writer, keep, kept, whole_manifest

SIZE = 128
SECONDS = re.compile(rb'"duration": [-+.e\d]+')


def image(version: int, _: Path) -> np.ndarray:
    return np.random.default_rng(version).random((300, 200)).astype(np.float32)


def _outcomes(made: Path) -> None:
    pairs = [stain.simulate(size=SIZE, scale=1.4, seed=version) for version in (1, 2)]
    keep(made, "outcome", *(run((pair.post, pair.pre), Settings(), run_dir=made / str(pair.scale)) for pair in pairs))


def _raw(made: Path) -> None:
    for version in (1, 2):
        stain.simulate(size=SIZE, scale=1.4, seed=version).save(made / str(version), "S1", "Dye")


def _colours(made: Path) -> None:
    import tifffile

    for version in (1, 2):
        tifffile.imwrite(made / f"{version}.tif", np.full((64, 64, 3), version, np.uint8), photometric="rgb")


def _cycles(made: Path) -> None:
    for version in (1, 2):
        (made / str(version)).mkdir()
        pixels = np.full((2, 64, 64), [[[10 * version]], [[100]]], np.uint16)
        write_image(made / str(version) / "in.ome.tif", pixels, axes="CYX", spacing={"X": 0.5, "Y": 0.5})
        text = "marker_name,background,exposure\nAF,,100\nCD8,AF,250\n"
        (made / str(version) / "markers.csv").write_text(text)


def _converted(folder: Path, source: Path) -> None:
    """The file goes beside the TIFF, which is a link here."""
    with suppress(FileNotFoundError):
        (folder / "a.tif").unlink()
    (folder / "a.tif").symlink_to(source)
    tiff_to_fits(folder / "a.tif")


def _without_seconds(path: Path) -> bytes:
    """A record without how long its steps took."""
    return SECONDS.sub(b"", whole_manifest(path))


WRITERS = {
    "outcome": Writer(
        lambda folder, outcome: outcome.save(folder / "out"),
        ("stain/stages/outcome.py", "stain/report/page.py"),
        kept("outcome"),
        _outcomes,
        content=_without_seconds,
        slow=True,
    ),
    "run": Writer(
        lambda folder, pair: run(pair, Settings(), run_dir=folder),
        ("stain/stages/results.py", "stain/stages/work.py", "stain/stages/outcome.py", "stain/run.py"),
        lambda version, made: RawPair.find("S1", "Dye", made / str(version)),
        _raw,
        content=_without_seconds,
        slow=True,
    ),
    "FITS of colours": Writer(
        _converted, ("stain/files/checkpoints.py",), lambda version, made: made / f"{version}.tif", _colours
    ),
    "checkpoint": Writer(
        lambda folder, pixels: stain.save_checkpoint(pixels, folder / "a"),
        ("stain/files/checkpoints.py",),
        image,
    ),
    "registration": Writer(
        lambda folder, version: stain.Registration.identity((40, 50)).shifted(version, 0).save(folder / "a.json"),
        ("stain/registration/result.py",),
    ),
    "image": Writer(
        lambda folder, pixels: stain.apply_transform(
            pixels, stain.Registration.identity(pixels.shape).shifted(1, 0), folder / "a.ome.tif"
        ),
        ("stain/registration/transform.py", "stain/files/canvas.py", "stain/stages/task.py"),
        image,
    ),
    "field for ITK": Writer(
        lambda folder, version: stain.save_field(
            stain.Registration.identity((400, 500)).shifted(version, 0), folder / "a.mha", step=2
        ),
        ("stain/registration/itk_field.py",),
    ),
    "background taken off": Writer(
        lambda folder, made: stain.subtract_cycles(
            made / "in.ome.tif", made / "markers.csv", folder / "out.ome.tif", folder / "out.csv"
        ),
        ("stain/cycles/backsub.py", "stain/cycles/markers.py"),
        lambda version, made: made / str(version),
        _cycles,
    ),
    "simulated pair": Writer(
        lambda folder, version: stain.simulate(size=SIZE, seed=version).save(folder, "S1", "Dye"),
        ("stain/simulation.py", "cli/stain_commands.py"),
    ),
}
