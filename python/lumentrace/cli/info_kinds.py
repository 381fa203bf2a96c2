"""What a file or folder is, found by its content first, and by its name where the content does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lumentrace.base.errors import FormatError
from lumentrace.cli.table_files import (
    HDF5,
    NUMPY,
    container,
    head_of,
    header_of,
    is_ours,
    read_table,
    text_frame,
)
from lumentrace.storage.parquet_check import MAGIC as PARQUET

if TYPE_CHECKING:
    from lumentrace.data.iterable_samples import IterableSamples
    from lumentrace.data.lazy_image import LazyImage

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
KNOWN = (
    "folders of runs, OME-Zarr, TIFF, MRC, CZI, LIF, ND2, films of AFM, recordings of two-photon microscopes, raw "
    "folders of stains, .h5, Parquet, CSV, .npy, and list mode and text of PEPT scanners"
)
"""Told where a file is none of them."""
CONVERTED = "lumentrace convert"


@dataclass(frozen=True)
class Found:
    """What a file is, what is in it, and the commands that read it."""

    kind: str
    facts: Mapping[str, object]
    commands: tuple[str, ...]


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
    """Commands of the techniques that take such an image; they read TIFF only."""
    place = image.channel_axis
    if is_tiff and place is not None and image.shape[place] > 1:
        yield from ("lumentrace coloc info", "lumentrace coloc run")
    if is_tiff and place is None and image.ndim == 3:
        yield from ("lumentrace twophoton run", "lumentrace afm run")
    yield CONVERTED


def _film(path: Path) -> Found | None:
    """A film of an atomic force microscope, or a folder of its images."""
    from lumentrace.afm.loaders import FORMATS, image_format

    if path.is_dir():
        is_film = any(image_format(file) is not None for file in path.iterdir())
    else:
        is_film = path.name.lower().endswith(tuple(FORMATS)) or image_format(path) is not None
    if not is_film:
        return None
    return _film_of(path)


def _film_of(path: Path) -> Found:
    from lumentrace.afm import info

    found = info(path, "height")
    frames, height, width = found.shape
    x, y = found.pixel_size_nm
    facts = {
        "format": found.format,
        "frames": f"{frames:,} of {height} x {width} pixels",
        "pixel (nm)": f"{x:.6g} x {y:.6g}",
        "duration (s)": found.duration_s,
        "channels": ", ".join(found.channels),
        "unit": found.unit or "no unit",
    }
    return Found("AFM film", facts, ("lumentrace afm info", "lumentrace afm run"))


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


def _hdf5(path: Path) -> Found | None:
    from lumentrace.storage.container import FORMAT
    from lumentrace.storage.hdf5 import opened

    if head_of(path, len(HDF5)) != HDF5:
        return None
    with opened(path, "HDF5") as file:
        form = file.attrs.get("format")
        groups = ", ".join(file)
        is_nwb = "nwb_version" in file.attrs
    if (form.decode() if isinstance(form, bytes) else form) == FORMAT:
        return _contained(path)
    kind = "NWB" if is_nwb else "HDF5 of no kind that is known"
    return Found(kind, {"holds": groups}, ())


def _contained(path: Path) -> Found:
    from lumentrace.data.iterable_samples import IterableSamples

    held = container(path)
    kind = f"container of lumentrace.save, {type(held).__name__}"
    if isinstance(held, IterableSamples):
        return _table(kind, held)
    if type(held).__name__ == "AFMImageStack":
        return _film_of(path)
    return Found(kind, {}, ("lumentrace.load in Python",))


def _table(kind: str, table: IterableSamples) -> Found:
    from lumentrace.data.lines import LineData

    facts: dict[str, object] = {"rows": len(table.data), "samples": len(table), "columns": _columns(table.units)}
    if isinstance(table, LineData):
        from lumentrace.pept.scanners import any_file

        facts |= any_file.describe(table)
        return Found(kind, facts, ("lumentrace pept info", "lumentrace pept run", CONVERTED))
    return Found(kind, facts, ("lumentrace pept occupancy", CONVERTED))


def _columns(units: dict[str, str]) -> str:
    return ", ".join(f"{name} ({unit})" if unit else name for name, unit in units.items())


def _parquet(path: Path) -> Found | None:
    from lumentrace.storage import read_parquet
    from lumentrace.storage.parquet_check import frame_of

    if head_of(path, len(PARQUET)) != PARQUET:
        return None
    frame = frame_of(path)
    if is_ours(path):
        table: IterableSamples = read_parquet(path)
        return _table(f"Parquet table, {type(table).__name__}", table)
    columns = ", ".join(f"{name} ({kind})" for name, kind in frame.schema.items())
    return Found("Parquet table", {"rows": frame.height, "columns": columns}, (CONVERTED,))


def _detected(path: Path) -> Found | None:
    """List mode and other files of PEPT scanners that are no plain text."""
    from lumentrace.pept.scanners import any_file

    start = head_of(path)
    lower = path.suffix.lower()
    is_known = (
        start.startswith((*any_file.BEGINNINGS, NUMPY))
        or any_file.MARKER in start
        or lower in any_file.SUFFIXES
        or lower == ".frames"
        or any_file.ADAC_SUFFIX.fullmatch(path.suffix) is not None
        or any_file.GATE.search(path.name) is not None
    )
    return _lines(path) if is_known else None


def _lines(path: Path) -> Found:
    from lumentrace.pept.scanners import any_file
    from lumentrace.pept.scanners.kinds import KINDS

    scanner = any_file.guess(path)
    kind = "table" if scanner == "lines" else KINDS[scanner].text
    facts = any_file.describe(any_file.read(path))
    return Found(f"lines of response: {kind}", facts, ("lumentrace pept info", "lumentrace pept run", CONVERTED))


def _text(path: Path) -> Found | None:
    """A table of lines, of locations or of anything as text."""
    if b"\0" in head_of(path):
        return None
    header = header_of(path)
    if header.is_points:
        return _table("text, PointData", cast("IterableSamples", read_table(path)))
    if header.is_lines:
        return _lines(path)
    if header.is_screens:
        facts = {"columns": "5 without names, as of two parallel screens: t, x1, y1, x2, y2"}
        return Found("lines of response: text", facts, ("lumentrace pept info --separation",))
    try:
        frame = text_frame(path)
    except FormatError:
        return None
    columns = ", ".join(f"{name} ({kind})" for name, kind in frame.schema.items())
    return Found("comma-separated text", {"rows": frame.height, "columns": columns}, (CONVERTED,))


Finder = Callable[[Path], Found | None]
FOLDERS: tuple[Finder, ...] = (_run, _image, _recording, _film, _raw)
FILES: tuple[Finder, ...] = (_record_file, _image, _recording, _film, _hdf5, _parquet, _detected, _text)
