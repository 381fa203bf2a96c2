"""Readers say what is wrong with a damaged file by a typed error that names it; limits hold before memory is taken."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import scanner_files
from helpers import lumentrace
from lumentrace import FormatError, afm, stain, storage
from lumentrace.base.provenance import Provenance
from lumentrace.engine.record import RunRecord
from lumentrace.engine.settings import read_mapping
from lumentrace.pept import scanners
from lumentrace.stain.files.images import read_raw
from lumentrace.twophoton.config import load_config
from lumentrace.twophoton.convert.source import _alignment, _assignments
from lumentrace.twophoton.convert.stimulus_table import stated_windows
from lumentrace.twophoton.exchange.matches import load_manual_fov_group_rows, load_manual_roi_match_rows
from lumentrace.twophoton.regions.calibration import load_pixel_calibrations
from lumentrace.twophoton.regions.chosen import _labelled
from mutations import wrong_errors

SECONDS = float(os.environ.get("LUMENTRACE_FAULT_SECONDS", "0.4"))
"""For each reader."""
CONFIG = "database_path: db\ndata_paths: [a, b]\nanalysis_output: out\nanalysis_cache_max_gb: 12\n"
CALIBRATION = "rig,mode,scanner,zoom,pixel_size_um,measured_on\nrig1,3,galvo,2.5,0.4,2024-02-03\n"
WINDOWS = "start_s,stop_s,epoch_number,epoch_name\n0,1,1,grey\n1,2.5,2,bars\n"
MATCHES = "fov_group_id,group_cell_id,recording_path,roi_label,status,note\n1,3,a/b,roi_0001,matched,\n"
VIEWS = "fov_group_id,recording_path,note\n1,a/b,x\n"


def npy(path: Path, array: Any) -> None:
    np.save(path, array)


def text(content: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(content, encoding="utf-8") and None


def image(path: Path) -> None:
    tifffile.imwrite(path, np.arange(48 * 40, dtype=np.uint16).reshape(48, 40), rowsperstrip=8, compression="zlib")


def checkpoint(path: Path) -> None:
    from astropy.io import fits

    fits.PrimaryHDU(np.ones((20, 30), np.float32)).writeto(path)


def film(path: Path) -> None:
    tifffile.imwrite(path, np.random.default_rng(1).random((3, 16, 20)).astype(np.float32), photometric="minisblack")


def record(path: Path) -> None:
    RunRecord("coloc", {"threshold": "otsu"}, Provenance({"path": "a.tif"}), {"rows": 3}).write(path)


def quiet(read: Callable[..., Any], **settings: Any) -> Callable[[Path], Any]:
    return lambda path: read(path, verbose=False, **settings)


def needing(package: str, read: Callable[[Path], Any]) -> Callable[[Path], Any]:
    return lambda path: (pytest.importorskip(package), read(path))


def header(text: str) -> bytes:
    """The beginning of a ``.npy`` file."""
    return b"\x93NUMPY\x01\x00\x76\x00" + text.encode().ljust(118)


LINES = np.random.default_rng(2).random((40, 7))
READERS: dict[str, tuple[str, Callable[[Path], None], Callable[[Path], Any]]] = {
    "settings in TOML": ("a.toml", text('channel = "height"\nn = [1, 2]\n'), read_mapping),
    "settings in YAML": ("a.yaml", text("channel: height\nn: [1, 2]\nday: 2024-02-03\n"), read_mapping),
    "settings in JSON": ("a.json", text('{"channel": "height", "n": [1, 2]}'), read_mapping),
    "two-photon settings": ("config.yml", text(CONFIG), load_config),
    "record of a run": ("run.json", record, RunRecord.read),
    "pixel sizes": ("sizes.csv", text(CALIBRATION), load_pixel_calibrations),
    "matches": ("matches.csv", text(MATCHES), load_manual_roi_match_rows),
    "fields of view": ("views.csv", text(VIEWS), load_manual_fov_group_rows),
    "stimulus table": ("table.csv", text(WINDOWS), lambda path: stated_windows(path, 10.0, 100)),
    "alignment": ("a_alignment.txt", text("1 2\n3 4.5\n5 6\n"), _alignment),
    "array of lines": ("lines.npy", lambda path: npy(path, LINES), scanners.lines),
    "label image": ("labels.npy", lambda path: npy(path, np.eye(6)), _labelled),
    "raw image": ("raw.tif", image, read_raw),
    "picture": ("picture.tif", image, storage.read_tiff),
    "film": ("film.tif", film, lambda path: afm.load(path, pixel_size_nm=1.0).data),
    "FITS checkpoint": ("fits/a.fits", checkpoint, lambda path: stain.load_checkpoint(path.parent.parent / "a")),
    "table of lines": ("a.csv", text("x1,y1,z1,x2,y2,z2,t [s]\n1,2,3,4,5,6,7\n2,3,4,5,6,7,8\n"), scanners.lines),
    "GATE's coincidences": ("gate.dat", scanner_files.make_gate, quiet(scanners.gate_coincidences)),
    "GATE's singles": ("singles.dat", scanner_files.make_singles, quiet(scanners.gate_singles)),
    "GATE's trees": ("a.root", scanner_files.make_root, needing("uproot", quiet(scanners.gate_root))),
    "ECAT": ("a.lm", scanner_files.make_ecat, quiet(scanners.ecat_list_mode, model="962")),
    "header of PETLINK": ("run.l.hdr", scanner_files.make_list_header, quiet(scanners.petlink_list_mode)),
    "Inveon": ("a.lst", scanner_files.make_inveon, quiet(scanners.inveon_list_mode)),
    "PETSIRD": ("a.petsird", scanner_files.make_petsird, needing("petsird", quiet(scanners.petsird_events))),
    "container": ("a.h5", lambda path: storage.save(path, LINES), storage.load),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_refused_by_name(tmp_path: Path, name: str) -> None:
    file, make, read = READERS[name]
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    make(path)
    read(path)
    tried, refused, wrong = wrong_errors(path, read, (FormatError, ValueError), seed=len(name), seconds=SECONDS)
    assert wrong == []
    assert 0 < refused <= tried


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and devices of POSIX")
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    file, _, read = READERS[name]
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    with pytest.raises(OSError, match=path.name):
        read(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match=path.name):
        read(path)


def bomb(levels: int = 30) -> str:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, levels))]
    return "\n".join(lines)


DEEP = 100_000
REFUSED = {
    "aliases": ("a.yaml", bomb(), "alias"),
    "deep YAML": ("a.yaml", "[" * DEEP, "nested too deeply"),
    "deep JSON": ("a.json", "[" * DEEP + "]" * DEEP, "nested too deeply"),
    "deep TOML": ("a.toml", "a = " + "[" * DEEP + "]" * DEEP, "nested too deeply"),
    "digits in JSON": ("a.json", '{"a": ' + "9" * 5000 + "}", "limit"),
    "digits in TOML": ("a.toml", "a = " + "9" * 5000, "limit"),
    "digits in YAML": ("a.yaml", "a: " + "9" * 5000, "limit"),
    "a day that is none": ("a.yaml", "a: 2020-99-99", "month"),
    "too long": ("a.json", '{"a": 1}' + " " * 2**20, "at most 1,048,576 bytes"),
    "no text": ("a.yaml", "\udc80\udcff", "UTF-8"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_documents_beyond_limits(tmp_path: Path, name: str) -> None:
    file, content, told = REFUSED[name]
    path = tmp_path / file
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(FormatError, match=rf"{file}: expected .*{told}"):
        read_mapping(path)


@pytest.mark.parametrize("value", ["0x" + "f" * 5000, "[" + "1, " * 2_000 + "]", "1e999", ".inf", "-1"])
def test_settings_too_large_to_print(tmp_path: Path, value: str) -> None:
    path = tmp_path / "config.yml"
    path.write_text(CONFIG.replace("12", value))
    with pytest.raises(FormatError, match=r"config\.yml: analysis_cache_max_gb: expected a positive number") as caught:
        load_config(path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("read", [scanners.lines, _labelled], ids=["lines", "labels"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\x76\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (15032385536, 7), }".ljust(118),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (3, 7), }"),
        header("(" * 118),
        b"PK\x03\x04" + bytes(200),
    ],
    ids=["empty", "head", "112 GiB", "objects", "brackets", "zip"],
)
def test_arrays_that_are_none(tmp_path: Path, read: Callable[[Path], Any], content: bytes) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"a\.npy"):
        read(path)


def test_an_empty_array_is_told_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.npy").touch()
    done = lumentrace("pept", "info", tmp_path / "a.npy")
    assert done.returncode in (2, 3)
    assert "a.npy: expected a .npy array" in done.stderr


def test_a_line_of_code_with_many_blanks_takes_no_time() -> None:
    blanks = " " * 200_000
    code = f"stimData.mat(3) = speed{blanks};{blanks}x\nstimData.mat(4) = a;b ;  % note \nstimData.mat(5)={blanks}"
    (found,) = _assignments(code)
    assert (found["mat_slot"], found["source_expression"], found["source_comment"]) == (4, "a;b", "note")


def test_cells_that_are_beyond_numbers_and_days(tmp_path: Path) -> None:
    path = tmp_path / "sizes.csv"
    for old, new in (("2.5", "9" * 5000), ("2024-02-03", "2020-99-99"), ("3,galvo", "9" * 5000 + ",galvo")):
        path.write_text(CALIBRATION.replace(old, new))
        with pytest.raises(FormatError, match=r"sizes\.csv, line 2"):
            load_pixel_calibrations(path)
