"""Where recordings, their database and results are: config.yml."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lumentrace.base.documents import SETTINGS, document
from lumentrace.base.errors import FormatError, did_you_mean, shown

VARIABLE = "LUMENTRACE_TWOPHOTON_CONFIG"
OTHER_VARIABLE = "TWOPY_CONFIG"
FILE = "config.yml"
GIB = 1024**3
LARGEST_CACHE = 2**30
"""In GiB."""
ACCESS = ("copy", "direct")

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class TwophotonConfig:
    """Settings of a lab.

    Attributes
    ----------
    database_path : path
        Folder of the database.
    data_paths : tuple of path
        Folders that recordings are looked for in.
    analysis_output : path or 'source'
        Root of results, or beside the recordings.
    database_access : {'copy', 'direct'}
    analysis_caching : bool
    analysis_cache_dir : path
    analysis_cache_max_bytes : float
    pixel_calibration_path : path or None
    custom_workflow_paths : tuple of path
    path : path
        Of the file.
    """

    database_path: Path
    data_paths: tuple[Path, ...]
    analysis_output: Path | Literal["source"]
    database_access: str
    analysis_caching: bool
    analysis_cache_dir: Path
    analysis_cache_max_bytes: float
    pixel_calibration_path: Path | None
    custom_workflow_paths: tuple[Path, ...]
    path: Path


KEYS = (
    "database_path",
    "data_paths",
    "database_access",
    "analysis_output",
    "analysis_caching",
    "analysis_cache_dir",
    "analysis_cache_max_gb",
    "pixel_calibration_path",
    "custom_workflow_paths",
)


def load_config(path: Path_ | None = None) -> TwophotonConfig:
    """Read the settings: of a file, of the one an environment variable names, of ./config.yml, or of the user's.

    Parameters
    ----------
    path : path, optional

    Raises
    ------
    FileNotFoundError
        If there is none; the message lists where it was looked for.
    FormatError
        If the file is no YAML mapping, or a key or value is wrong.
    """
    place = _found(path)
    given = document(place, "YAML", SETTINGS)
    if not isinstance(given, Mapping):
        raise FormatError(f"{place}: expected names and values, found {type(given).__name__}")
    for key in given:
        if key not in KEYS:
            raise FormatError(f"{place}: unknown key {key!r}{did_you_mean(str(key), KEYS)}")
    return _checked(place, given)


def optional_config(path: Path_ | None = None) -> TwophotonConfig | None:
    """The settings as `load_config` finds them; None if no file is named and none is in the usual places.

    Raises
    ------
    FileNotFoundError
        If a file is named, by `path` or an environment variable, and missing.
    FormatError
        If the file is wrong.
    """
    places, named = _places(path)
    if not named and not any(place.is_file() for place in places):
        return None
    return load_config(path)


def _found(path: Path_ | None) -> Path:
    return _existing(_places(path)[0])


def _places(path: Path_ | None) -> tuple[list[Path], bool]:
    """Where settings are looked for, and whether somebody named the file."""
    if path is not None:
        return [Path(path).expanduser()], True
    for variable in (VARIABLE, OTHER_VARIABLE):
        if os.environ.get(variable):
            return [Path(os.environ[variable]).expanduser()], True
    return [Path.cwd() / FILE, user_folder() / FILE], False


def user_folder() -> Path:
    """The folder of the user's settings."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", "~")).expanduser() / "lumentrace"
    return Path(os.environ.get("XDG_CONFIG_HOME", "~/.config")).expanduser() / "lumentrace"


def _existing(places: list[Path]) -> Path:
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"no settings found; looked for {', '.join(map(str, places))}")


def _checked(place: Path, given: Mapping[str, Any]) -> TwophotonConfig:
    def text(key: str, value: Any) -> Path:
        if not isinstance(value, str) or not value.strip():
            raise FormatError(f"{place}: {key}: expected a path, found {shown(value)}")
        return Path(value).expanduser()

    def listed(key: str, required: bool) -> tuple[Path, ...]:
        values = given.get(key, [])
        if not isinstance(values, list) or (required and not values):
            raise FormatError(f"{place}: {key}: expected a list of paths, found {shown(values)}")
        return tuple(text(key, value) for value in values)

    for key in ("database_path", "data_paths", "analysis_output"):
        if key not in given:
            raise FormatError(f"{place}: {key}: expected a value, found none")
    access, caching, most = (
        given.get(key, default)
        for key, default in (("database_access", "copy"), ("analysis_caching", True), ("analysis_cache_max_gb", 33))
    )
    if access not in ACCESS:
        raise FormatError(f"{place}: database_access: expected {' or '.join(ACCESS)}, found {shown(access)}")
    if not isinstance(caching, bool):
        raise FormatError(f"{place}: analysis_caching: expected true or false, found {shown(caching)}")
    if isinstance(most, bool) or not isinstance(most, (int, float)) or not 0 < most < LARGEST_CACHE:
        raise FormatError(f"{place}: analysis_cache_max_gb: expected a positive number, found {shown(most)}")
    output = given["analysis_output"]
    calibration = given.get("pixel_calibration_path")
    return TwophotonConfig(
        text("database_path", given["database_path"]),
        listed("data_paths", required=True),
        "source" if output == "source" else text("analysis_output", output),
        access,
        caching,
        text("analysis_cache_dir", given.get("analysis_cache_dir", "~/.cache/lumentrace/recordings")),
        most * GIB,
        None if calibration is None else text("pixel_calibration_path", calibration),
        listed("custom_workflow_paths", required=False),
        place,
    )
