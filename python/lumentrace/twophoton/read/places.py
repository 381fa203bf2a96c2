"""Where the converted recording of a recording folder goes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from lumentrace.twophoton.config import TwophotonConfig, load_config, optional_config

FOLDER = "lumentrace"
EXTERNAL = "_external"
DIGITS = 16

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class Place:
    """Where results of a recording go.

    Attributes
    ----------
    folder : path
    config : TwophotonConfig or None
        The settings, if there are any.
    cached : bool
        Whether the folder is part of the cache.
    """

    folder: Path
    config: TwophotonConfig | None
    cached: bool


def output_place(session_dir: Path, output_dir: Path_ | None = None, config_path: Path_ | None = None) -> Place:
    r"""The folder for results of a recording: the one that is asked for, else in the cache, else as the settings say.

    In the cache a recording has the path that it has below its data folder; one from elsewhere has a folder in
    ``_external``, named after it and its whole path. Without a cache results go to ``lumentrace`` in the recording
    folder (``analysis_output: source``), or to the recording's path below the folder that is given there.

    Parameters
    ----------
    session_dir : path
    output_dir : path, optional
    config_path : path, optional
        Looked for as `config.load_config` does by default; without `output_dir` there must be one.

    Raises
    ------
    FileNotFoundError
        If settings are needed or named, and missing; the message lists where they were looked for.
    FormatError
        If the settings are wrong.
    ValueError
        If results go to a root and the recording is in none of the data folders.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from lumentrace.twophoton.read.places import output_place
    >>> with TemporaryDirectory() as lab:
    ...     text = "database_path: db\nanalysis_caching: false\nanalysis_output: out\ndata_paths: ['{}']"
    ...     _ = (Path(lab) / "config.yml").write_text(text.format(lab))
    ...     output_place(Path(lab) / "fly" / "run", config_path=Path(lab) / "config.yml").folder.as_posix()
    'out/fly/run'
    """
    if output_dir is not None:
        return Place(Path(output_dir).expanduser(), optional_config(config_path), cached=False)
    config = _settings(config_path)
    relative = next(iter(relative_paths(session_dir, config)), None)
    if config.analysis_caching:
        inside = relative or Path(EXTERNAL) / _external_name(session_dir)
        return Place(config.analysis_cache_dir / inside, config, cached=True)
    if config.analysis_output == "source":
        return Place(session_dir / FOLDER, config, cached=False)
    if relative is None:
        roots = ", ".join(map(str, config.data_paths))
        raise ValueError(f"{session_dir}: expected a recording below one of the data folders {roots} of {config.path}")
    return Place(config.analysis_output / relative, config, cached=False)


def _settings(config_path: Path_ | None) -> TwophotonConfig:
    try:
        return load_config(config_path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}; without settings, name a folder as `output_dir`") from error


def relative_paths(session_dir: Path, config: TwophotonConfig) -> list[Path]:
    """Paths of a recording below the data folders it is in, in their order."""
    folder = session_dir.resolve()
    roots = [root.resolve() for root in config.data_paths]
    return [folder.relative_to(root) for root in roots if root in folder.parents]


def _external_name(session_dir: Path) -> str:
    folder = session_dir.resolve()
    return f"{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:DIGITS]}"
