"""Errors name the file, whatever is wrong in it or with its disk."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from faults.readers import READERS
from lumentrace import FormatError, afm, twophoton
from lumentrace.base.files import replacing

EDITS: dict[str, tuple[str, str, Any]] = {
    "rate of text": ("metadata", "acq.frameRate", "fast"),
    "rate nan": ("metadata", "acq.frameRate", float("nan")),
    "rate 0": ("metadata", "acq.frameRate", 0.0),
    "shape of text": ("movie", "aligned_movie_shape", "abc"),
    "parameters that are numbers": ("stimulus/parameters_json", "", "[1, 2]"),
    "parameters that are names": ("stimulus/parameters_json", "", '{"a": 1}'),
    "a lookup that is a list": ("stimulus/function_lookup_json", "", "[3]"),
    "columns that are a list": ("stimulus/stimulus_specific_columns_json", "", "[3]"),
    "photodiode of text": ("photodiode/high_res_pd", "", np.array([b"x"] * 4)),
    "complex shifts": ("movie/alignment_valid_crop/alignment_shift_pixels", "", np.ones(4, complex)),
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recording")
    twophoton.simulate_recording(folder / "source", cells=2, rows=32, columns=32, repeats=2, seed=3)
    return Path(twophoton.convert_recording(folder / "source", folder / "out").path)


@pytest.mark.parametrize("edit", EDITS)
def test_recordings_with_values_of_the_wrong_type(recording: Path, edit: str) -> None:
    place, attribute, value = EDITS[edit]
    content = recording.read_bytes()
    with h5py.File(recording, "r+") as file:
        if attribute:
            file[place].attrs[attribute] = value
        else:
            del file[place]
            file[place] = value
    try:
        with pytest.raises(ValueError, match=r"recording_data\.h5: |aligned_movie\.h5: "):
            twophoton.recording_frame_rate_hz(twophoton.load_converted_recording(recording))
    finally:
        recording.write_bytes(content)


@pytest.mark.parametrize("read", [afm.info, afm.load])
def test_films_without_a_channel(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    path = tmp_path / "a.h5-jpk"
    with h5py.File(path, "w") as file:
        file.create_group("Measurement_000")
    with pytest.raises(ValueError, match=r"a\.h5-jpk: expected"):
        read(path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_full_disks(tmp_path: Path, number: int) -> None:
    path = tmp_path / "table.csv"

    def write() -> None:
        with replacing(path) as file:
            file.write(b"1")
            raise OSError(number, os.strerror(number))

    with pytest.raises(OSError, match=r"table\.csv") as caught:
        write()
    assert caught.value.errno == number
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_fits_checkpoint(tmp_path: Path) -> None:
    from lumentrace import stain

    (tmp_path / "fits").mkdir()
    (tmp_path / "fits" / "a.fits").write_bytes(b"SIMPLE  =" + bytes(3000))
    with pytest.raises(FormatError, match=r"a\.fits: expected a FITS image"):
        stain.load_checkpoint(tmp_path / "a")


@pytest.mark.parametrize(
    ("reader", "part", "change", "told"),
    [
        ("record of a stain run", "input", {"path": 3}, "input.path: expected two paths, found 3"),
        ("record of a stain run", "input", {"path": ["a", 3]}, "input.path: expected two paths"),
        ("record of a stain run", "input", {"xxh3": None}, "input.xxh3: expected a hash of the content"),
        ("record of a PEPT run", "settings", {"scanner": "audo"}, "`scanner`: expected one of"),
    ],
)
def test_records_with_values_that_they_cannot_have(
    tmp_path: Path, reader: str, part: str, change: dict[str, object], told: str
) -> None:
    path = READERS[reader].place(tmp_path)
    record = json.loads(path.read_text())
    record[part] |= change
    path.write_text(json.dumps(record))
    with pytest.raises(FormatError, match=rf"run\.json: {re.escape(told)}"):
        READERS[reader].read(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")
def test_ctrl_c_while_the_command_is_imported(tmp_path: Path) -> None:
    code = (
        "import os, runpy, signal, sys\n"
        "class Press:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'lumentrace.cli.afm':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored\n"
        "sys.argv = ['lumentrace', '--version']\n"
        "runpy.run_module('lumentrace', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 130
    assert done.stderr == "stopped\n"


def test_masks_of_a_frame_that_nothing_can_hold(tmp_path: Path) -> None:
    path = twophoton.save_roi_set(twophoton.make_roi_set(np.eye(6)[:, None]), tmp_path / "rois.h5")
    with h5py.File(path, "r+") as file:
        del file["masks"]
        file.create_dataset("masks", (6, 2**31, 2**31), bool, chunks=(1, 1024, 1024), compression="gzip")
    with pytest.raises(FormatError, match=r"rois\.h5: masks: claims 27,670,116,110,564,327,424 bytes, but 0 bytes are"):
        twophoton.load_roi_set(path)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("record of an AFM run", '"iterative_flatten"', '"no such step"'),
        ("record of a colocalization", '"time": null', '"time": 3'),
        ("record of a PEPT run", '"scanner": "auto"', '"scanner": "lins"'),
    ],
)
def test_records_of_settings_that_there_are_not(tmp_path: Path, name: str, old: str, new: str) -> None:
    path = READERS[name].place(tmp_path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(FormatError, match=re.escape(path.name)):
        READERS[name].read(path)
