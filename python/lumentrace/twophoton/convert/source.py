"""A recording folder as the microscope and the stimulus computer leave it."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import regular, text_of
from lumentrace.base.errors import FormatError
from lumentrace.base.zipped import Archive, archive
from lumentrace.storage.matlab import Unread, read_matlab

Floats = NDArray[np.float64]

MOVIE, MOVIE_DATASET = "alignedMovie.mat", "imgFrames_ch1"
ORIENTATION = "alignedMovie_imgFrames_ch1_source_axes"
CLOCKS = "a sample per frame of the movie, and a whole number of samples per frame"
REQUIRED = (
    "stimulusData",
    MOVIE,
    "defaultAlignChannel.txt",
    "highResPd.mat",
    "imageDescription.mat",
    "imagingResPd.mat",
    "stimulusData/filebackup.zip",
)
ACQUISITION = (
    "configName",
    "software.version",
    "acq.linesPerFrame",
    "acq.pixelsPerLine",
    "acq.numberOfFrames",
    "acq.numberOfChannelsSave",
    "acq.frameRate",
    "acq.zoomFactor",
    "acq.pixelTime",
    "acq.msPerLine",
    "acq.zStepSize",
    "acq.scanAngleMultiplierFast",
    "acq.scanAngleMultiplierSlow",
    "motor.absXPosition",
    "motor.absYPosition",
    "motor.absZPosition",
)
MEASURES = ("acq.numberOfFrames", "acq.frameRate", "acq.zoomFactor", "acq.scanAngleMultiplierSlow")
"""What is calculated with."""
RUN = {
    "fly_id": "flyId",
    "genotype": "genotype",
    "rig_name": "rigName",
    "rig_temperature": "rigTemperature",
    "run_number": "runNumber",
}
COLUMNS = (
    "time_seconds",
    "stimulus_frame_number",
    "epoch_number",
    *(f"closed_loop_{number:02d}" for number in range(1, 11)),
    *(f"stimulus_specific_{number:02d}" for number in range(1, 21)),
    "photodiode_flash",
    "trailing_empty",
)
FEWEST_COLUMNS = 3
ASSIGNMENT = re.compile(r"stimData\.mat\(\s*(\d{1,9})\s*\)\s*=")
END = re.compile(r";\s*(?:%(.*))?$")
"""Of a line of MATLAB code: the first semicolon that nothing but a comment follows."""
SLOTS = 20


@dataclass(frozen=True)
class Source:
    """What a recording folder holds beside the movie.

    Attributes
    ----------
    folder : path
    alignment : ndarray
        (frames or more, 2): shifts in x and y, pixels.
    high_res_pd, imaging_res_pd : ndarray
    acquisition, run : dict
    stimulus : ndarray
        (rows, columns)
    stimulus_columns : tuple of str
    parameters : list of dict
        One per epoch.
    function_lookup : dict
        Name of the function of each kind of stimulus.
    specific_columns : dict
        What these functions write into the table.
    orientation : str
        How rows and columns of the movie lie.
    clock : str
        What times of the stimulus are counted by.
    synchronization : dict
        What is known of the photodiode.
    frame_times_s : ndarray or None
        (frames,): seconds from the first frame on, if the microscope says them.
    """

    folder: Path
    alignment: Floats
    high_res_pd: Floats
    imaging_res_pd: Floats
    acquisition: dict[str, Any]
    run: dict[str, Any]
    stimulus: Floats
    stimulus_columns: tuple[str, ...]
    parameters: list[dict[str, Any]]
    function_lookup: dict[str, str]
    specific_columns: dict[str, Any]
    orientation: str = ORIENTATION
    clock: str = "stimulus_computer"
    synchronization: dict[str, str] = field(default_factory=lambda: {"clock_model": CLOCKS})
    frame_times_s: Floats | None = None


def read_source(session_dir: str | Path) -> Source:
    """Read a recording folder, all but the movie.

    Raises
    ------
    FileNotFoundError
        If something is missing.
    FormatError
        If a file is damaged, or there are several TIFF or alignment files.
    KeyError
        If the lookup has no function for a type of stimulus that an epoch has.
    """
    folder = Path(session_dir).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: expected a recording folder, found none")
    missing = [name for name in REQUIRED if not (folder / name).exists()]
    if missing:
        raise FileNotFoundError(f"{folder}: expected {', '.join(REQUIRED)}; missing {', '.join(missing)}")
    _only(folder, "*.tif")
    alignment = _alignment(_only(folder, "*_alignment.txt"))
    stimulus = folder / "stimulusData"
    table = np.atleast_2d(_numbers(stimulus / "stimdata.mat", "stimData"))
    if table.ndim != 2 or table.shape[1] < FEWEST_COLUMNS:
        raise FormatError(
            f"{stimulus / 'stimdata.mat'}: expected {FEWEST_COLUMNS} columns or more, found an array of {table.shape}"
        )
    extra = tuple(f"extra_column_{number}" for number in range(len(COLUMNS) + 1, table.shape[1] + 1))
    parameters = _parameters(stimulus)
    lookup, specific = _code(stimulus / "filebackup.zip", parameters)
    return Source(
        folder,
        alignment,
        _vector(folder / "highResPd.mat", "highResPd"),
        _vector(folder / "imagingResPd.mat", "imagingResPd"),
        _acquisition(folder / "imageDescription.mat"),
        _run(stimulus / "runDetails.mat"),
        table,
        (*COLUMNS[: table.shape[1]], *extra),
        parameters,
        lookup,
        specific,
    )


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(path for path in folder.glob(pattern) if not path.name.startswith("._"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise FormatError(f"{folder}: expected one file {pattern}, found {names}")
    return found[0]


def _alignment(path: Path) -> Floats:
    try:
        rows = np.loadtxt(io.StringIO(text_of(path)), ndmin=2)
    except FormatError:
        raise
    except ValueError as error:
        raise FormatError(f"{path}: expected columns of numbers, found something else ({error})") from error
    if rows.shape[1] < 2:
        raise FormatError(f"{path}: expected shifts in x and y, found {rows.shape[1]} columns")
    return np.asarray(rows[:, :2], dtype=np.float64)


def _variable(path: Path, name: str) -> Any:
    found = read_matlab(path)
    if name not in found:
        raise FormatError(f"{path}: expected the variable {name}, found {', '.join(found) or 'none'}")
    return found[name]


def _numbers(path: Path, name: str) -> Floats:
    found = np.asarray(_variable(path, name))
    if found.dtype.kind not in "uif":
        raise FormatError(f"{path}: expected real numbers in {name}, found {found.dtype} of shape {found.shape}")
    return found.astype(np.float64)


def _vector(path: Path, name: str) -> Floats:
    return _numbers(path, name).reshape(-1)


def plain(value: Any) -> Any:
    """A MATLAB value with tuples in the place of arrays; what was not read as a text that says so."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return tuple(plain(item) for item in value.tolist()) if value.dtype != object else tuple(map(plain, value))
    if isinstance(value, list):
        return tuple(map(plain, value))
    return f"{value.kind}, not read" if isinstance(value, Unread) else value


def _acquisition(path: Path) -> dict[str, Any]:
    state = plain(_variable(path, "state"))
    found = {}
    for name in ACQUISITION:
        value: Any = state
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                raise FormatError(f"{path}: expected state.{name}, found none")
            value = value[part]
        found[name] = value
    for name in MEASURES:
        _check_number(path, f"state.{name}", found[name])
    return found


def _check_number(path: Path, name: str, value: Any) -> None:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise FormatError(f"{path}: expected a number in {name}, found {str(value)[:100]!r}")


def _run(path: Path) -> dict[str, Any]:
    details = read_matlab(path)
    return {name: plain(details[key]) for name, key in RUN.items() if key in details}


def _parameters(folder: Path) -> list[dict[str, Any]]:
    """A dict for each epoch."""
    path = folder / "stimParams.mat"
    path, name = (path, "stimParams") if path.exists() else (folder / "chosenparams.mat", "params")
    epochs = [plain(each) for each in np.atleast_1d(_variable(path, name))]
    for each in epochs:
        if not isinstance(each, dict):
            raise FormatError(f"{path}: expected a struct for each epoch in {name}, found {str(each)[:100]!r}")
        if "stimtype" in each:
            _check_number(path, "stimtype", each["stimtype"])
    return epochs


def _code(path: Path, parameters: list[dict[str, Any]]) -> tuple[dict[str, str], dict[str, Any]]:
    """Names of stimulus functions, and what they write into the table."""
    kinds = list(dict.fromkeys(str(int(each["stimtype"])) for each in parameters if "stimtype" in each))
    with regular(path).open("rb") as file:
        with archive(str(path), file) as held:
            known = dict(_lookup(held.read("paramfiles/stimulus_lookup.txt").decode("utf-8", "replace")))
        for kind in kinds:
            if kind not in known:
                raise KeyError(f"{path}: no function for stimulus {kind}; stimulus_lookup.txt has {', '.join(known)}")
        with archive(str(path), file) as held:
            columns = {kind: _stimulus_code(held, kind, known[kind]) for kind in kinds}
    return {kind: known[kind] for kind in kinds}, columns


def _stimulus_code(held: Archive, kind: str, function: str) -> dict[str, Any]:
    name = f"stimfunctions/{function}.m"
    code = held.read(name).decode("utf-8", "replace")
    return {"stimtype": kind, "function": function, "source_path": name, "columns": list(_assignments(code))}


def _lookup(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        number, comma, function = line.partition("#")[0].partition(",")
        if comma:
            yield number.strip(), function.strip()


def _assignments(code: str) -> Iterator[dict[str, Any]]:
    """Lines of MATLAB code that write into the table."""
    for number, line in enumerate(code.splitlines(), 1):
        match = ASSIGNMENT.search(line)
        end = None if match is None else END.search(line, match.end())
        if match is None or end is None or not 1 <= int(match[1]) <= SLOTS:
            continue
        slot = int(match[1])
        found = {
            "mat_slot": slot,
            "column_name": f"stimulus_specific_{slot:02d}",
            "source_expression": line[match.end() : end.start()].strip(),
            "source_line": number,
        }
        comment = (end[1] or "").strip()
        yield found | ({"source_comment": comment} if comment else {})
