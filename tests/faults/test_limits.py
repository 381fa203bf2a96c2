"""Files that ask for much: refused by limits that a user can raise, before memory or time is taken."""

from __future__ import annotations

import io
import pickle
import sqlite3
import struct
import time
import tracemalloc
import zipfile
from functools import partial
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np
import polars as pl
import pytest
import tifffile

import afm_files
from command_line import lumentrace
from lumentrace import FormatError, afm, load, pept, save, stain, storage, twophoton
from lumentrace.afm.analysis.utils.particles import export_particle_csv
from lumentrace.base import zipped
from lumentrace.base.limits import FACTOR
from lumentrace.coloc.kept import nulls_of_file
from lumentrace.storage import guard, tiff
from lumentrace.storage.hdf5 import opened
from lumentrace.twophoton.convert.source import _code
from lumentrace.twophoton.convert.stimulus_table import stated_windows
from lumentrace.twophoton.read import find
from lumentrace.twophoton.read.find import _rows

LOOKUP = "paramfiles/stimulus_lookup.txt"


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def all_of(file: IO[bytes]) -> list[bytes]:
    with zipped.archive("it", file) as held:
        return [held.read(name) for name in held.members]


# ---------------------------------------------------------------------- zip archives
def test_a_zip_bomb_is_refused_before_it_is_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "filebackup.zip", {LOOKUP: bytes(1 << 20)})
    monkeypatch.setattr(zipped, "MOST_BYTES", 1 << 10)
    monkeypatch.setattr(zipped, "MOST_INFLATION", 100)
    with pytest.raises(
        FormatError, match=r"filebackup\.zip: expected at most [\d,]+ bytes in the archive \(the limit\)"
    ):
        _code(path, [])
    monkeypatch.setenv(FACTOR, "1024")
    assert _code(path, []) == ({}, {})


def test_members_that_share_their_bytes_count_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(zipped, "MOST_BYTES", 3000)
    monkeypatch.setattr(zipped, "MOST_INFLATION", 0)
    path = packed(tmp_path / "a.zip", {f"{number}": bytes(1000) for number in range(4)})
    with path.open("rb") as file, pytest.raises(FormatError, match="found more with '3'"):
        all_of(file)


def test_members_with_names_of_other_places_are_written_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "deeper"
    folder.mkdir(parents=True)
    members = {LOOKUP: b"7,../../../outside\n", "stimfunctions/../../../outside.m": b"stimData.mat(5) = value;\n"}
    path = packed(folder / "filebackup.zip", members)
    before = sorted(tmp_path.rglob("*"))
    assert _code(path, [{"stimtype": 7}])[0] == {"7": "../../../outside"}
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("shape", [(2**40,), (3, 2**40), (-1,), (10,)])
def test_arrays_of_an_archive_that_their_members_do_not_hold(shape: Any) -> None:
    file, member = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", member.getvalue() + bytes(24))
    with pytest.raises(FormatError, match=r"it: expected a zip archive"):
        zipped.arrays("it", file)


def test_arrays_of_an_archive() -> None:
    file, made = io.BytesIO(), {"a": np.arange(6.0).reshape(2, 3), "b": np.asfortranarray(np.eye(3)), "c": np.array(5)}
    np.savez_compressed(file, **made)
    found = zipped.arrays("it", file)
    assert list(found) == list(made)
    for name, array in made.items():
        np.testing.assert_array_equal(found[name], array)


# ---------------------------------------------------------------------- pickles
LOOP = b"\x80\x04)" + b"2\x86" * 60 + b"."
"""Pairs of pairs: 2^60 values when they are written out."""


def test_a_pickle_of_a_python_object_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.pickle"
    path.write_bytes(LOOP)
    with pytest.raises(FormatError, match=r"a\.pickle"):
        storage.import_pickle(path, timeout=2)
    assert pickle.loads(LOOP[:4] + b".") == ()


# ---------------------------------------------------------------------- HDF5
def test_claims_of_many_data_sets_are_summed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as h5:
        for number in range(20):
            h5.create_dataset(f"x{number}", (200, 1 << 20), "u1", chunks=(1, 1 << 20), compression="gzip")
    with pytest.raises(FormatError, match=r"many\.h5: x\d+: the data sets claim [\d,]+ bytes"), opened(path, "any"):
        pass
    monkeypatch.setenv(FACTOR, "64")
    with opened(path, "any") as h5:
        assert len(h5) == 20


def test_bytes_that_several_data_sets_use_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "shared.h5"
    with h5py.File(path, "w") as h5:
        for number in range(4):
            h5[f"x{number}"] = np.full(5000, number, np.int64)
        places = [h5[f"x{number}"].id.get_offset() for number in range(4)]
    content = path.read_bytes()
    for place in places[1:]:
        content = content.replace(struct.pack("<Q", place), struct.pack("<Q", places[0]))
    path.write_bytes(content[: places[1]])
    with pytest.raises(FormatError, match=r"shared\.h5"), opened(path, "any"):
        pass


def test_a_container_that_hangs_hdf5_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old layout, where HDF5 itself loops for ever over some blocks of zeros."""
    monkeypatch.setattr(guard, "SECONDS", 1.5)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=("earliest", "latest")) as h5:
        for number in range(3):
            group = h5.create_group(f"group {number}")
            group.attrs.update({f"text {letters}": "text" * letters for letters in range(5)})
            group.create_dataset("texts", data=["a", "bb"], dtype=h5py.string_dtype())
    content, ended = path.read_bytes(), 0
    for place in range(0, min(len(content), 6144), 512):
        path.unlink()
        path.write_bytes(content[:place] + bytes(512) + content[place + 512 :])
        with pytest.raises(FormatError, match=r"a\.h5") as caught:
            load(path)
        ended += "the process that looked at it was ended after" in str(caught.value)
    assert ended


# ---------------------------------------------------------------------- images, tables, databases
def test_compressions_whose_decoders_are_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((64, 64), np.uint8), compression="jpeg2000")
    with pytest.raises(FormatError, match=r"a\.tif: expected a compression among .* found \d+; .*CODECS\.add"):
        storage.read_tiff(path)
    with tifffile.TiffFile(path) as file:
        monkeypatch.setattr(tiff, "CODECS", tiff.CODECS | {int(file.pages[0].compression)})
    assert storage.read_tiff(path).pixels.shape == (64, 64)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits", "jpeg", "lzma"])
def test_compressions_of_microscopes_are_read(tmp_path: Path, compression: str | None) -> None:
    image = np.full((64, 64), 7, np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", image, compression=compression)
    np.testing.assert_array_equal(storage.read_tiff(tmp_path / "a.tif").pixels, image)


def test_tiles_larger_than_what_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((48, 64), np.float32), tile=(16, 16), compression="lzw")
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags["TileWidth"].overwrite(2**31 + 16)
    with pytest.raises(FormatError, match=r"a\.tif: declares tiles of 137,438,954,496 bytes"):
        storage.read_tiff(path)


def test_a_jpk_image_that_claims_four_billion_slots(tmp_path: Path) -> None:
    path = afm_files.jpk(tmp_path / "a.jpk", np.zeros((8, 8), np.int64))
    slots = struct.pack("<HHII", 32896, 4, 1, 2)
    content = path.read_bytes()
    assert slots in content
    many = struct.pack("<HHII", 32896, 4, 1, 2**32 - 1)
    path.write_bytes(content.replace(slots, many).replace(b"nominal", b"unknown"))
    assert afm.load(path).data.shape == (1, 8, 8)


def test_compressed_images_in_fits_are_not_decoded(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits", reason="FITS files need lumentrace[stain]")
    (tmp_path / "fits").mkdir()
    images = fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(np.ones((20, 30), np.float32))])
    images.writeto(tmp_path / "fits" / "a.fits")
    with pytest.raises(FormatError, match=r"a\.fits: expected"):
        stain.load_checkpoint(tmp_path / "a")


def test_a_damaged_arrow_table_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    content = storage.table_bytes(pl.DataFrame({"a": [1.0, 2.0]}))
    for version in (content[: len(content) // 2], content.replace(b"a", b"\xff"), b""):
        path.write_bytes(version)
        with pytest.raises(FormatError, match=r"a\.arrow"):
            nulls_of_file(path)
        path.unlink()


@pytest.mark.parametrize(
    ("column", "told"),
    [("hex(zeroblob(300000000))", "string or blob too big"), ("'a'", "interrupted")],
)
def test_a_database_whose_columns_are_formulas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, told: str
) -> None:
    path = tmp_path / "lab.db"
    connection = sqlite3.connect(path)
    connection.execute(f"create table fly(x, y text generated always as ({column}))")
    connection.execute("create table stimulusPresentation(x)")
    connection.executemany("insert into fly values (?)", [[n] for n in range(1 if "zeroblob" in column else 2000)])
    connection.commit()
    connection.close()
    query = "select y from fly" if "zeroblob" in column else "select count(*) from fly a, fly b, fly c"
    monkeypatch.setattr(find, "LONGEST", 0.3)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=rf"lab\.db: .*{told}"):
            list(find._rows(path, query, []))
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


def test_a_database_with_odd_bytes(tmp_path: Path) -> None:
    path = tmp_path / "experimentLog.db"
    connection = sqlite3.connect(path)
    connection.execute("create table stimulusPresentation(a text)")
    connection.execute("create table fly(b text)")
    connection.execute("insert into fly values (cast(x'ff61' as text))")
    connection.commit()
    connection.close()
    assert list(_rows(path, "select b from fly", [])) == [("\ufffda",)]


# ---------------------------------------------------------------------- tables in text
@pytest.mark.parametrize(
    ("name", "separator", "read"),
    [
        ("wide.txt", " ", pept.read_csv),
        ("wide.dat", " ", partial(pept.scanners.gate_coincidences, verbose=False)),
        ("wide.csv", ",", twophoton.load_trials_table),
        ("table.csv", ",", lambda path: stated_windows(path, 10.0, 100)),
    ],
)
def test_tables_of_too_many_columns(tmp_path: Path, name: str, separator: str, read: Any) -> None:
    path = tmp_path / name
    path.write_text((separator.join("1" * 300_000) + "\n") * 2)
    began = time.process_time()
    with pytest.raises(FormatError, match=rf"{name}: .*at most 16,384 columns \(the limit\), found 300,000"):
        read(path)
    assert time.process_time() - began < 2


def test_a_wide_table_takes_no_more_than_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "wide.txt"
    path.write_text((" ".join("1" * 16_000) + "\n") * 2)
    tracemalloc.start()
    assert pept.read_csv(path).shape == (2, 16_000)
    assert tracemalloc.get_traced_memory()[1] < 150e6
    tracemalloc.stop()


# ---------------------------------------------------------------------- raising limits
def test_the_limits_of_a_command_are_raised_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("analyse: [count_nonzero]\n" + "#" * 2**20)
    with pytest.raises(FormatError, match=r"long\.yaml: expected at most 1,048,576 bytes"):
        afm.run.Settings.read(path)
    monkeypatch.setenv(FACTOR, "1.5")
    afm.run.Settings.read(path)
    monkeypatch.setenv(FACTOR, "much")
    done = lumentrace("afm", "run", tmp_path / "none.asd", "--config", path)
    assert done.returncode == 2
    assert "LUMENTRACE_LIMITS: expected a number from 1 on, found 'much'" in done.stderr


# ---------------------------------------------------------------------- CSV
def test_text_of_afm_tables_is_no_formula(tmp_path: Path) -> None:
    export_particle_csv(pl.DataFrame({"=name": ["=1+1", "@x"], "x": [-1.5, 2.0]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines() == ["'=name,x", "'=1+1,-1.5", "'@x,2.0"]


def test_a_container_is_read_as_before(tmp_path: Path) -> None:
    save(tmp_path / "a.h5", np.arange(5.0))
    np.testing.assert_array_equal(load(tmp_path / "a.h5"), np.arange(5.0))
