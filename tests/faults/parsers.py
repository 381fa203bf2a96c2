"""Parsers of our own for the files of others, called alone: what `long_run.py` runs ten million times each.

A reader of the table does much beside parsing: it makes data sets, provenance, images. Here is no more than what looks
at the bytes, of files as small as they may be, so that a core comes through ten million versions in an hour or less.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import afm_files
import afm_images
import scanner_files
from faults import readers_common, readers_images, readers_pept, readers_twophoton
from faults.reader import Read, Reader, one, text
from lumentrace import FormatError, PointData
from lumentrace.afm.export import to_gwy
from lumentrace.afm.loaders import gwy, ibw, spm, wsxm
from lumentrace.base.documents import document
from lumentrace.pept.scanners import interfile, petsird
from lumentrace.pept.scanners.ecat import _Ecat
from lumentrace.pept.scanners.gate import _Coincidences
from lumentrace.pept.scanners.gate_columns import mask_of
from lumentrace.pept.scanners.gate_rows import first_fields
from lumentrace.pept.scanners.inveon import _Inveon
from lumentrace.pept.scanners.layout import layout
from lumentrace.pept.scanners.list_mode import Decoder
from lumentrace.pept.scanners.petlink import _Petlink, _ring_pairs
from lumentrace.pept.scanners.petsird_geometry import detector_of
from lumentrace.pept.scanners.scanner import Scanner
from lumentrace.pept.scanners.singles import _Sorter
from lumentrace.pept.scanners.yardl.schema import items
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.stain.cycles.markers import read_markers
from lumentrace.storage import parquet_check, to_trackmate
from lumentrace.storage.images.mrc import open_mrc
from lumentrace.storage.images.ome import OmeXml
from lumentrace.storage.images.zarr_metadata import multiscale
from lumentrace.storage.tiff import damage_named
from lumentrace.storage.tiff_pages import descriptions, open_pages
from lumentrace.storage.trackmate_read import trackmate_header
from lumentrace.twophoton.convert.microscopes import bruker, scanimage
from lumentrace.twophoton.convert.microscopes.scanbox import open_scanbox
from lumentrace.twophoton.convert.microscopes.thor import open_thor
from yardl_files import write_petsird_by_hand

SMALL = np.arange(6.0).reshape(2, 3)
RING = Scanner.ring("a ring", radius=300.0, rings=4, per_ring=20, pitch=4.0)
LONG = Scanner.ring("a long one", radius=300.0, rings=32, per_ring=20, pitch=4.0)
HEADER = interfile.ListHeader(4, 10, 9, 3, 300.0, 4.0, 1.0, "")
SPOTS = PointData([[0, 1, 2, 3, 7], [1, 2, 3, 4, 7]], columns=["t", "x", "y", "z", "label"])
OME = (
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0" Name="a"><Pixels '
    'PhysicalSizeX="0.5" PhysicalSizeXUnit="nm" PhysicalSizeY="0.5" TimeIncrement="2" TimeIncrementUnit="ms">'
    '<Channel Name="dna" Color="-16776961"/><Plane TheT="0" DeltaT="1.5" DeltaTUnit="s"/></Pixels></Image></OME>'
)
MULTISCALE = """{"ome": {"version": "0.5", "multiscales": [{"name": "a", "axes": [{"name": "c", "type": "channel"},
{"name": "y", "unit": "nanometer"}, {"name": "x", "unit": "micrometer"}], "datasets": [{"path": "0",
"coordinateTransformations": [{"type": "scale", "scale": [1, 2.5, 2.5]}]}]}],
"omero": {"channels": [{"label": "dna", "color": "00FF00"}]}}}"""
MASK = "/gate/output/ascii/setCoincidenceMask 0 0 0 0 0 0 1 1 1 1 1 1 0 0 0 0 0 0"
SCANIMAGE = """SI.hChannels.channelSave = [1;2]
SI.hChannels.channelName = {'Channel 1' 'Channel 2'}
SI.hFastZ.enable = true
SI.hFastZ.numFramesPerVolume = 4
SI.hStackManager.actualNumSlices = 3
SI.hStackManager.framesPerSlice = 1
SI.hStackManager.zStepSize = 5.5
SI.hRoiManager.scanFrameRate = 30.5
SI.hRoiManager.scanZoomFactor = 2
SI.objectiveResolution = 15
SI.hRoiManager.imagingFovUm = [-300 -300;300 -300;300 300;-300 300]
SI.VERSION_MAJOR = 2020
"""


def words(decoder: Decoder | type[_Inveon]) -> Read:
    """Decodes list mode; what it gives has to be crystals that there are."""

    def read(path: Path) -> None:
        fresh = _Inveon(RING) if isinstance(decoder, type) else decoder
        data = np.fromfile(path, np.uint8)
        whole = len(data) // fresh.size
        if not whole:
            raise FormatError(f"{path}: expected a word at least")
        found = fresh.decode(data[: whole * fresh.size].reshape(whole, fresh.size))
        for numbers in (found.first, found.second):
            assert -1 <= numbers.min() <= numbers.max() < len(fresh.scanner)

    return read


def ecat966(path: Path) -> None:
    events = (scanner_files.ecat966_event(n, n - 2, (n, 31 - n), delayed=n == 3) for n in range(4))
    scanner_files.write_words(path, [scanner_files.ecat_time(3), *events], "big")


def inveon(path: Path) -> None:
    events = (scanner_files.inveon_event(n, 79 - n) for n in range(8))
    path.write_bytes(scanner_files.inveon_packets([scanner_files.inveon_time(5), *events]))


def coincidences(path: Path) -> Any:
    return list(_Coincidences([TextSource(path)], None).blocks(int))


def gate_columns(path: Path) -> Any:
    """What comes before polars reads the numbers."""
    source, found = TextSource(path), first_fields(path.read_bytes())
    reader = _Coincidences([source], mask_of(source, None))
    return found and reader._layout(f"{source.name}, line {found[0] + 1}", found[1])


def singles(path: Path) -> Any:
    return list(_Sorter(TextSource(path), None, 1e-8).blocks(int))


def columns(path: Path) -> Any:
    source = TextSource(path)
    return layout(source).lines(source.name)


def ome(path: Path) -> Any:
    with damage_named(path):
        image = OmeXml(path.read_text(encoding="utf-8"))
        return image.name, image.channel_names, image.colours, image.spacing, image.times(1)


def zarr(path: Path) -> Any:
    with damage_named(path):
        return multiscale(path, dict(document(path, "JSON")), 0)


def scanimage_text(path: Path) -> Any:
    """What its settings come to, as `open_scanimage` asks for it."""
    found = scanimage.SETTING.findall(path.read_text(encoding="latin-1"))
    settings = scanimage._Settings({name: value.strip() for name, value in found})
    shape = (2, min(settings.planes, 3), 2, 4, 5)
    return (
        (settings.channels, settings.planes, settings.frames_per_volume, scanimage._plane(settings, 3.0)),
        scanimage._even_times(settings, 2, shape[1]),
        scanimage._spacing(settings, shape),
        scanimage._about(settings, scanimage._Frames([], [], {})),
    )


def bruker_text(path: Path) -> Any:
    scan = bruker._read(path)
    frames = bruker._frames(path, scan)
    return bruker._places(path, scan, frames), bruker._times(path, scan, frames), bruker._about(scan)


def parquet(path: Path) -> None:
    with path.open("rb") as file:
        try:
            parquet_check.check(file)
        except FormatError as error:  # it leaves the name to its callers
            raise FormatError(f"{path}: {error}") from error


def pages(path: Path) -> Any:
    with open_pages(path) as file:
        return list(descriptions(path, file))


def alone(reader: Reader, read: Read) -> Reader:
    """The file of a reader of the table, read by its parser."""
    return replace(reader, read=read)


COMMON, PEPT = readers_common.READERS, readers_pept.READERS
IMAGES, TWOPHOTON = readers_images.READERS, readers_twophoton.READERS


def events_of_petsird(path: Path) -> None:
    with petsird._opened(path) as (source, types):
        detector = detector_of(types["header"].read(source)["scanner"])
        blocks = petsird._Blocks(detector, True, True, Counter())
        for _ in blocks.rows(items(source, types["timeBlocks"])):
            pass


PARSERS: dict[str, Reader] = {
    "parser: Igor wave": one(
        "a.ibw", lambda path: afm_images.ibw(path, SMALL[None], ("Height",)), ibw.pictures, mend=afm_images.summed
    ),
    "parser: WSxM": one("a.stp", lambda path: afm_images.wsxm(path, SMALL), wsxm.pictures),
    "parser: Gwyddion": one("a.gwy", lambda path: to_gwy(path, readers_images.FRAMES), gwy.films),
    "parser: NanoScope": one("a.spm", lambda path: afm_files.spm(path, readers_images.RAW[0][:2, :3]), spm.channels),
    "parser: MRC": alone(IMAGES["MRC"], lambda path: open_mrc(path).close()),
    "parser: words of ECAT 962": one("a.lm", scanner_files.make_ecat, words(_Ecat(LONG, "962", ">u4")), refuses=False),
    "parser: words of ECAT 966": one("a.lm", ecat966, words(_Ecat(LONG, "966", ">u4")), refuses=False),
    "parser: words of PETLINK": Reader(
        "run.l",
        lambda folder: scanner_files.make_list_header(folder / "run.l.hdr"),
        words(_Petlink(RING, HEADER, _ring_pairs(HEADER, -1), 1.0)),
    ),
    "parser: header of PETLINK": alone(PEPT["header of PETLINK"], interfile.read_header),
    "parser: packets of Inveon": one("a.lst", inveon, words(_Inveon)),
    "parser: PETSIRD": one("a.petsird", write_petsird_by_hand, events_of_petsird),
    "parser: GATE's coincidences": one("gate.dat", lambda path: scanner_files.make_gate(path, 2), coincidences),
    "parser: columns of GATE": one("gate.dat", text(f"# {MASK}\n" + "1.5 0.511 -4 5.5e1 6 7 8 " * 2), gate_columns),
    "parser: GATE's singles": one("singles.dat", text("0.1 1 2 3\n0.1000000001 4 5 6\n0.2 7 8 9\n"), singles),
    "parser: names of columns": one(
        "a.csv", text("x1 [mm],y1,z1,x2,y2,z2,t [s]\n1,2,3,4,5,6,7\n"), columns, refuses=False
    ),
    "parser: markers of cycles": alone(IMAGES["markers of cycles"], read_markers),
    "parser: TrackMate's names": one("a.csv", lambda path: to_trackmate(path, SPOTS), trackmate_header, refuses=False),
    "parser: OME-XML": one("a.ome.xml", text(OME), ome),
    "parser: OME-Zarr": one("zarr.json", text(MULTISCALE), zarr),
    "parser: text of ScanImage": one("a.txt", text(SCANIMAGE), scanimage_text, refuses=False),
    "parser: XML of Bruker": alone(TWOPHOTON["Bruker: XML"], bruker_text),
    "parser: XML of Thor": alone(TWOPHOTON["Thor: XML"], open_thor),
    "parser: sizes in Parquet": alone(COMMON["table in Parquet"], parquet),
    "parser: pages of TIFF": alone(COMMON["OME-TIFF"], pages),
    "parser: struct of Scanbox": alone(
        TWOPHOTON["Scanbox: struct"], lambda path: open_scanbox(path.with_suffix(".sbx"))
    ),
}
