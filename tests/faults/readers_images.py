"""Readers of AFM, colocalization and the stain: films, images, checkpoints, kept runs."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import tifffile
import zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

import afm_files
import afm_images
from faults.reader import Make, Reader, folder_of, one, text
from lumentrace import PointData, afm, coloc, stain, storage
from lumentrace.afm import run as afm_run
from lumentrace.afm.analysis.utils.common import load_analysis_from_hdf5
from lumentrace.afm.export import to_gwy
from lumentrace.afm.saved import load_outcome as load_film_outcome
from lumentrace.afm.simulation import simulate_film
from lumentrace.cli.convert import _image
from lumentrace.cli.table_files import read_table
from lumentrace.coloc import files
from lumentrace.coloc import run as coloc_run
from lumentrace.coloc.benchmark_image import MEMBER
from lumentrace.coloc.saved import load_outcome as load_pair_outcome
from lumentrace.stain import run as stain_run
from lumentrace.stain.cycles.markers import read_markers
from lumentrace.stain.cycles.planes import open_cycles
from lumentrace.stain.files.images import header, survey_raw_channels
from lumentrace.stain.files.pair import spacing_of
from lumentrace.stain.saved import load_outcomes
from lumentrace.stain.stages.runlog import LOG_NAME, read_run_log_tail
from lumentrace.storage import open_image, write_image

MARKERS = "marker_name,background,exposure\nAF,,100\nCD8,AF,250\n"
CODECS = {"zlib": numcodecs.Zlib(), "lzma": numcodecs.LZMA(), "zstd": numcodecs.Zstd(), "Blosc": numcodecs.Blosc()}
LAYER = np.random.default_rng(4).random((1, 5, 6))
FRAMES = afm.AFMImageStack(LAYER, 1.5, "height_trace", "a.asd")
RAW = np.random.default_rng(3).integers(0, 4000, (4, 12, 16))
ANALYSE = 'analyse = [["feature_detection", {}]]\nprocess = ["remove_plane"]\n'


def heights(path: Path) -> Any:
    return np.array(afm.load(path, pixel_size_nm=1.0).data if path.suffix == ".tif" else afm.load(path).data)


def film(path: Path) -> None:
    frames = np.random.default_rng(1).random((3, 16, 20)).astype(np.float32)
    tifffile.imwrite(path, frames, photometric="minisblack")


def spaced(path: Path) -> None:
    """A film that says how large its pixels are."""
    frames = np.random.default_rng(1).random((3, 16, 20)).astype(np.float32)
    tifffile.imwrite(path, frames, imagej=True, resolution=(2, 2), metadata={"axes": "TYX", "unit": "um"})


def timed(path: Path) -> None:
    """A film of two channels in OME-TIFF that says when its frames were taken."""
    frames = np.random.default_rng(1).random((3, 2, 16, 20)).astype(np.float32)
    size = {"PhysicalSizeX": 0.01, "PhysicalSizeY": 0.01}
    metadata = {"axes": "TCYX", **size, "Channel": {"Name": ["Height", "Phase"]}, "TimeIncrement": 0.5}
    tifffile.imwrite(path, frames, ome=True, photometric="minisblack", metadata=metadata)


def asd(version: int) -> Any:
    return lambda path: afm_files.asd(path, RAW[None, :].astype(np.int16), version, ("TP", None), comment=b"note")


def ome(name: str) -> Any:
    return lambda path: write_image(path, RAW.astype("u2"), axes="CYX", spacing={"X": 0.1, "Y": 0.1})


def chunked(folder: Path) -> None:
    write_image(folder / "a.zarr", RAW[0].astype("u2"), spacing={"X": 0.1})


def zarr2(codec: Any) -> Make:
    """An OME-Zarr of version 0.4 whose chunk is deflated by a codec."""

    def make(folder: Path) -> None:
        path = write_image(folder / "a.zarr", RAW[0].astype("u2"), spacing={"X": 0.1}, version="0.4")
        about = path / "0" / ".zarray"
        about.write_text(json.dumps(json.loads(about.read_text()) | {"compressor": codec.get_config()}))
        (path / "0" / "0" / "0").write_bytes(codec.encode(RAW[0].astype("<u2").tobytes()))

    return make


def zarr3(codec: Any, shards: tuple[int, ...] | None = None) -> Make:
    """An OME-Zarr of version 0.5, by a codec, in shards if wanted."""

    def make(folder: Path) -> None:
        path = write_image(folder / "a.zarr", RAW[0].astype("u2"), spacing={"X": 0.1}, version="0.5")
        settings = {"compressors": codec, "chunks": (6, 8) if shards else (12, 16), "shards": shards}
        zarr.create_array(path / "0", data=RAW[0].astype("u2"), overwrite=True, **settings)

    return make


def mrc(path: Path) -> None:
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, *reversed(RAW.shape), 6)
    header[208:212] = b"MAP "
    path.write_bytes(bytes(header) + RAW.astype("<u2").tobytes())


def pieces(path: Path) -> Any:
    with open_image(path) as image:
        return [pixels for _, pixels in image.blocks()]


def zarr_image(path: Path) -> Any:
    """The image that a file in an OME-Zarr is of."""
    return pieces(next(folder for folder in path.parents if folder.suffix == ".zarr"))


def cycled(path: Path) -> Any:
    with open_cycles([path], ["a", "b", "c", "d"]) as cycles:
        return [rows for channel in cycles.channels for rows in channel.blocks()]


def converted(path: Path) -> Any:
    return _image(path, path.with_name("b.zarr"), None, 0, None)


def parquet(path: Path) -> None:
    storage.to_parquet(path, PointData(np.arange(40.0).reshape(10, 4)))


def filmed(folder: Path) -> None:
    film = simulate_film(frames=4, particles=3, size=48, seed=1)[0]
    pixels = np.asarray(film.data, np.float64) * 1e-9
    afm_files.aris(folder / "film.aris", pixels)
    afm_run.run(folder / "film.aris").save(folder / "results")


def pair(folder: Path) -> None:
    noise = np.random.default_rng(4)
    image = noise.poisson(40, (2, 40, 40)).astype(np.uint16)
    tifffile.imwrite(folder / "cell.tif", image, imagej=True, metadata={"axes": "CYX"})
    labels = np.zeros((40, 40), np.uint8)
    labels[5:20, 5:20], labels[25:38, 20:38] = 1, 2
    tifffile.imwrite(folder / "labels.tif", labels)
    coloc_run.run(folder / "cell.tif", coloc_run.Settings(metrics=coloc.EXTENDED_METRICS, randomizations=3)).save(
        folder / "results"
    )


def channels(path: Path) -> None:
    image = np.arange(2 * 20 * 24, dtype=np.uint16).reshape(2, 20, 24)
    tifffile.imwrite(path, image, ome=True, metadata={"axes": "CYX", "Channel": {"Name": ["dna", "tub"]}})


def channel_files(folder: Path) -> None:
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(folder / name, np.arange(20 * 24, dtype=np.uint16).reshape(20, 24), compression="zlib")


def benchmark(folder: Path) -> None:
    image, archive = io.BytesIO(), io.BytesIO()
    tifffile.imwrite(image, np.zeros((20, 24, 3), np.uint8), photometric="rgb")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr(MEMBER, image.getvalue())
    (folder / "image.zip").write_bytes(archive.getvalue())


def unpacked(path: Path) -> Any:
    return coloc.make_sample_data_cbs006rbm(cache_dir=path.parent, url="http://nowhere.invalid/image.zip")


def hashed(folder: Path) -> None:
    benchmark(folder)
    digest = hashlib.sha256((folder / "image.zip").read_bytes()).hexdigest()
    (folder / "image.zip.sha256").write_text(digest)


def checkpoint(folder: Path) -> None:
    stain.save_checkpoint(np.random.default_rng(1).random((20, 30)), folder / "a")
    stain.save_checkpoint(np.random.default_rng(1).random((20, 30)), folder / "b")
    (folder / "tiff" / "b.tiff").unlink()


def raw(path: Path) -> None:
    image = np.arange(48 * 40 * 3, dtype=np.uint8).reshape(48, 40, 3)
    tifffile.imwrite(path, image, photometric="rgb", rowsperstrip=8, compression="zlib", predictor=True)


def raws(folder: Path) -> None:
    stain.simulate(size=64, spots=3, seed=1).save(folder / "raw", "S001", "DAPI")


def stained(folder: Path) -> None:
    images = stain.simulate(size=256, scale=1.4, seed=3)
    stain_run.run((images.post, images.pre), stain_run.Settings(pad=0), run_dir=folder / "kept")


def logged(folder: Path) -> None:
    (folder / LOG_NAME).write_text("a\nb\n")


KEPT = {
    "stage 1 of a stain run": "01_padded.json",
    "stage 2 of a stain run": "02_icp_aligned.json",
    "stage 4 of a stain run": "04_difference.json",
    "arrays of a stain run": "04_difference.npz",
    "manifest of a stain run": "manifest.json",
    "record of a stain run": "pipeline_output/run.json",
}
SAVED = ("results", "film.aris", "cell.tif", "labels.tif", "was measured")
READERS: dict[str, Reader] = {
    **{f".asd, version {version}": one("a.asd", asd(version), heights) for version in (0, 1, 2)},
    ".h5-jpk": one("a.h5-jpk", lambda path: afm_files.h5_jpk(path, RAW), heights),
    ".aris": one("a.aris", lambda path: afm_files.aris(path, RAW * 1e-12), heights),
    "NanoScope 5": one("a.spm", lambda path: afm_files.spm(path, RAW[0]), heights),
    "NanoScope 9": one("a.spm", lambda path: afm_files.nanoscope9(path, RAW[0]), heights),
    "Igor wave": one("a.ibw", lambda path: afm_images.ibw(path, LAYER, ("Height",)), heights),
    "WSxM image": one("a.stp", lambda path: afm_images.wsxm(path, LAYER[0]), heights),
    ".nhf, version 1": one("scan.nhf", lambda path: afm_images.nhf(path, RAW[0], version=1), heights, slow=True),
    ".nhf": one("scan.nhf", lambda path: afm_images.nhf(path, RAW[0]), heights, slow=True),
    ".topostats": one("scan.topostats", lambda path: afm_images.topostats(path, RAW[0] * 1.0), heights, slow=True),
    "OME-TIFF by pieces": one("a.ome.tif", ome("a.ome.tif"), pieces),
    "OME-Zarr: chunk": Reader("a.zarr/0/c/0/0", chunked, zarr_image, told=("a.zarr",)),
    "OME-Zarr: metadata": Reader("a.zarr/zarr.json", chunked, zarr_image, told=("a.zarr",), waits=True),
    **{
        f"OME-Zarr 0.4: chunk of {name}": Reader("a.zarr/0/0/0", zarr2(codec), zarr_image, told=("a.zarr",))
        for name, codec in CODECS.items()
    },
    "OME-Zarr 0.4: array": Reader(
        "a.zarr/0/.zarray", zarr2(numcodecs.Blosc()), zarr_image, told=("a.zarr",), waits=True
    ),
    "OME-Zarr 0.4: metadata": Reader(
        "a.zarr/.zattrs", zarr2(numcodecs.Zlib()), zarr_image, told=("a.zarr",), waits=True
    ),
    "OME-Zarr 0.5: chunk of gzip": Reader("a.zarr/0/c/0/0", zarr3(GzipCodec()), zarr_image, told=("a.zarr",)),
    "OME-Zarr 0.5: shard": Reader("a.zarr/0/c/0/0", zarr3(ZstdCodec(), (12, 16)), zarr_image, told=("a.zarr",)),
    "OME-Zarr 0.5: array": Reader(
        "a.zarr/0/zarr.json", zarr3(BloscCodec(), (12, 16)), zarr_image, told=("a.zarr",), waits=True
    ),
    "MRC": one("a.mrc", mrc, pieces),
    "Gwyddion film": one("a.gwy", lambda path: to_gwy(path, FRAMES), heights),
    ".jpk": one("a.jpk", lambda path: afm_files.jpk(path, RAW[0]), heights),
    "film in TIFF": one("film.tif", film, heights),
    "film in OME-TIFF": one("film.ome.tif", timed, lambda path: afm.load(path, "Height").data),
    "facts of .asd": one("a.asd", asd(1), afm.info),
    "facts of .h5-jpk": one("a.h5-jpk", lambda path: afm_files.h5_jpk(path, RAW), afm.info),
    "facts of .aris": one("a.aris", lambda path: afm_files.aris(path, RAW * 1e-12), afm.info),
    "facts of NanoScope": one("a.spm", lambda path: afm_files.spm(path, RAW[0]), afm.info),
    "facts of .jpk": one("a.jpk", lambda path: afm_files.jpk(path, RAW[0]), afm.info),
    "facts of a film in TIFF": one("film.tif", spaced, afm.info),
    "AFM settings": one("a.toml", text(ANALYSE), afm_run.Settings.read),
    "AFM record": Reader("results/record.h5", filmed, load_analysis_from_hdf5),
    "record of an AFM run": Reader("results/run.json", filmed, folder_of(load_film_outcome), told=SAVED, slow=True),
    "film of an AFM run": Reader(
        "film.aris", filmed, lambda path: load_film_outcome(path.parent / "results", path), told=SAVED, slow=True
    ),
    "channels of an image": one("cell.ome.tif", channels, lambda path: files.read(path, None)),
    "channels in files of their own": Reader(
        "b.tif", channel_files, lambda path: files.together([path.with_name("a.tif"), path]), told=("a.tif",)
    ),
    "labels of an image": Reader("labels.tif", pair, lambda path: files.labels_for(path.parent / "cell.tif", path)),
    "record of a colocalization": Reader("results/run.json", pair, folder_of(load_pair_outcome), told=SAVED),
    "table of a colocalization": Reader(
        "results/colocalization.parquet", pair, lambda path: load_pair_outcome(path.parent, path.parents[1]), told=SAVED
    ),
    "null distributions": Reader(
        "results/randomization.arrow", pair, lambda path: load_pair_outcome(path.parent, path.parents[1]), told=SAVED
    ),
    "benchmark image": Reader("image.zip", benchmark, unpacked),
    "benchmark image with its hash": Reader("image.zip", hashed, unpacked),
    "hash of the benchmark image": Reader("image.zip.sha256", hashed, unpacked, told=("image.zip",)),
    "raw image": one("raw.tif", raw, stain.read_raw),
    "raw image in OME-Zarr": Reader(
        "a.zarr/0/c/0/0", chunked, lambda path: stain.read_raw(path.parents[3]), told=("a.zarr",)
    ),
    "size of pixels of a raw image": one("a.ome.tif", ome("a.ome.tif"), spacing_of),
    "markers of cycles": one(
        "markers.csv", text("marker_name,background,exposure\nAF,,100\nCD8,AF,250\n"), read_markers
    ),
    "image of cycles": one("a.ome.tif", ome("a.ome.tif"), cycled),
    "converted image": one("a.ome.tif", ome("a.ome.tif"), converted),
    "converted table": one("a.parquet", parquet, read_table),
    "size of a raw image": one("raw.tif", raw, header),
    "checkpoint in TIFF": Reader("tiff/a.tiff", checkpoint, lambda path: stain.load_checkpoint(path.parents[1] / "a")),
    "checkpoint in FITS": Reader("fits/b.fits", checkpoint, lambda path: stain.load_checkpoint(path.parents[1] / "b")),
    "registration": Reader("kept/pipeline_output/registration.json", stained, stain.Registration.load),
    "colours for FITS": one("raw.tif", raw, stain.tiff_to_fits),
    "raw pair": Reader(
        "raw/S001/S001_PostStain_DAPI.tif", raws, lambda path: stain.load_image_pair("S001", "DAPI", path.parents[1])
    ),
    "survey of raw images": Reader(
        "raw/S001/S001_PostStain_DAPI.tif",
        raws,
        lambda path: survey_raw_channels(path.parents[1]),
        refuses=False,
        waits=True,
    ),
    **{
        name: Reader(f"kept/{file}", stained, folder_of(load_outcomes, 1 + file.count("/")), told=("kept",))
        for name, file in KEPT.items()
    },
    "log of a stain run": Reader(
        LOG_NAME, logged, lambda path: read_run_log_tail(path.parent), refuses=False, waits=True
    ),
}
