"""What a file or folder is, found by its content first, and by its name where the content does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lumentrace.base.documents import head_of
from lumentrace.base.errors import FormatError
from lumentrace.cli.found import CONVERTED, Found
from lumentrace.cli.info_films import film
from lumentrace.cli.info_tables import detected, hdf5, numpy, parquet, text, vtk

if TYPE_CHECKING:
    from lumentrace.data.lazy_image import LazyImage

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
KNOWN = (
    "folders of runs, OME-Zarr, TIFF, MRC, CZI, LIF, ND2, films of AFM, recordings of two-photon microscopes, NWB, raw "
    "folders of stains, .h5, Parquet, CSV, TrackMate, VTK, .npy, .npz, and list mode and text of PEPT scanners"
)
"""Told where a file is none of them."""


def find(path: Path) -> Found:
    """What a file or folder is.

    Raises
    ------
    FormatError
        If it is of no kind that is known, or damaged.
    OSError
        If it cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(2, "No such file or directory", str(path))
    if not path.is_dir():
        head_of(path, 1)
    for finder in FOLDERS if path.is_dir() else FILES:
        found = finder(path)
        if found is not None:
            return found
    what = "a folder" if path.is_dir() else f"a file that begins with {head_of(path, 8)!r}"
    raise FormatError(f"{path}: expected one of the formats that lumentrace knows, found {what}; it knows {KNOWN}")


def _run(folder: Path) -> Found | None:
    """The results of a run, by its record."""
    from lumentrace.engine.record import RECORD

    records = [folder / RECORD, *sorted((folder / "pipeline_output").glob("run*.json"))]
    place = next((place for place in records if place.is_file()), None)
    return None if place is None else _recorded(place, folder)


def _recorded(place: Path, folder: Path) -> Found:
    from lumentrace.engine.record import RunRecord

    record = RunRecord.read(place)
    facts: dict[str, object] = {"input": (record.provenance.input or {}).get("path", "not known")}
    if record.verdict is not None:
        facts["verdict"] = record.verdict.level
    facts |= {name: _figure(value) for name, value in record.figures.items()}
    facts["files"] = ", ".join(record.files)
    commands = [f"lumentrace {record.technique} report"]
    if record.technique == "pept":
        commands.append("lumentrace pept occupancy")
    return Found(f"results of lumentrace {record.technique} run, {folder}", facts, tuple(commands))


def _figure(value: object) -> object:
    if isinstance(value, (list, dict)):
        return f"{len(value)}, in run.json"
    return "n/a" if value is None else value


def _record_file(path: Path) -> Found | None:
    from lumentrace.engine.record import SCHEMA

    is_one = path.suffix == ".json" and SCHEMA.encode() in head_of(path)
    return _recorded(path, path.parent) if is_one else None


def _image(path: Path) -> Found | None:
    """An image of the door of images."""
    from lumentrace.storage import open_image
    from lumentrace.storage.images import bioio_image, mrc, zarr_image

    if path.is_dir():
        is_image = zarr_image.is_zarr(path)
        is_tiff = False
    else:
        head = head_of(path, mrc.HEADER)
        is_tiff = head.startswith(TIFF)
        is_image = is_tiff or head[mrc.STAMP][:3] == b"MAP" or path.suffix.lower() in bioio_image.PLUGINS
    if not is_image:
        return None
    with open_image(path) as image:
        return Found("image", dict(_image_facts(image)), tuple(_image_commands(image, is_tiff)))


def _image_facts(image: LazyImage) -> Iterator[tuple[str, object]]:
    yield "axes", ", ".join(f"{letter} {length}" for letter, length in zip(image.axes, image.shape, strict=True))
    yield "type", str(image.dtype)
    yield "channels", ", ".join(image.channel_names) or "no names"
    sizes = ", ".join(f"{axis.lower()} {size:g}" for axis, size in image.spacing.items())
    yield "pixel size (µm)", sizes or "not known"
    if image.times:
        yield "times (s)", f"{image.times[0]:g} to {image.times[-1]:g}"
    if len(image.levels) > 1:
        yield "smaller copies", len(image.levels) - 1
    yield "bytes in memory", image.nbytes


def _image_commands(image: LazyImage, is_tiff: bool) -> Iterator[str]:
    """Commands of the techniques that take such an image."""
    place = image.channel_axis
    if place is not None and image.shape[place] > 1:
        yield from ("lumentrace coloc info", "lumentrace coloc run")
    if place is None and image.ndim == 3:
        yield "lumentrace twophoton run"
        if is_tiff:
            yield "lumentrace afm run"
    yield CONVERTED


def _recording(path: Path) -> Found | None:
    """A recording of a two-photon microscope."""
    from lumentrace.twophoton.convert.converted_files import DATA_FILE
    from lumentrace.twophoton.convert.description import describe
    from lumentrace.twophoton.convert.source import MOVIE

    is_one = path.name == DATA_FILE or (path / DATA_FILE).exists() or (path / MOVIE).exists()
    if not is_one:
        return None
    facts = describe(path)
    kind = f"two-photon {facts.pop('kind')}"
    return Found(kind, facts, ("lumentrace twophoton info", "lumentrace twophoton run"))


def _acquisition(path: Path) -> Found | None:
    """A recording as a two-photon microscope left it."""
    from lumentrace.twophoton.convert.description import describe
    from lumentrace.twophoton.convert.microscopes.opening import microscope

    if microscope(path) is None:
        return None
    facts = describe(path)
    commands = ("lumentrace twophoton info", "lumentrace twophoton convert", "lumentrace twophoton run")
    return Found(f"two-photon recording, {facts.pop('kind')}", facts, commands)


def _raw(folder: Path) -> Found | None:
    """A raw folder of stains: sample folders with pairs of images."""
    from lumentrace.stain import classify_raw_files, diagnose_raw_layout

    layout = diagnose_raw_layout(folder)
    if not layout["ok"]:
        return None
    pairs = {sample: classify_raw_files(folder / sample)[0] for sample in layout["subdirs"]}
    facts = {f"sample {sample}": ", ".join(dyes) or "no pairs" for sample, dyes in pairs.items()}
    if not any(pairs.values()):
        return None
    return Found(
        "raw folder of stains", facts, ("lumentrace stain info", "lumentrace stain plan", "lumentrace stain batch")
    )


Finder = Callable[[Path], Found | None]
FOLDERS: tuple[Finder, ...] = (_run, _image, _recording, _acquisition, film, _raw)
FILES: tuple[Finder, ...] = (
    _record_file,
    _acquisition,
    _image,
    _recording,
    film,
    hdf5,
    parquet,
    vtk,
    numpy,
    detected,
    text,
)
