"""Which files are which: names of raw images, the layout of the raw folder, pairs to work on."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

from lumentrace.base.errors import did_you_mean

SUFFIXES = (".tif", ".tiff")
ZARR = (".zarr",)
IMAGES = (*SUFFIXES, *ZARR, ".svs", ".ndpi", ".scn", ".qptiff", ".czi", ".lif", ".nd2")
"""What names of raw images end with."""
RESOURCE_FORK = "._"
RUN_TAG = re.compile(r"\d|(run|rep|scan|tile|fov)\d+", re.IGNORECASE)
"""What may follow the word with pre or post without belonging to the dye."""
SHOWN_FILES, SHOWN_FOLDERS = 5, 10
RULES = "letters, digits and blanks, but no underscore"

Path_ = str | os.PathLike[str]
Sides = dict[str, list[str]]

LAYOUT = """Expected layout, one folder per sample:

    raw/
        Sample001/
            Sample001_PreStain_SybrGld.tif
            Sample001_PostStain_SybrGld.tif
            Sample001_PreStain_DAPI.tif
            Sample001_PostStain_DAPI.tif
        Sample002/
            Sample002_PreStain_SybrGld.tif
            Sample002_PostStain_SybrGld.tif

Rules for file names:
    1. They end in .tif or .tiff, or in .zarr, .svs, .ndpi, .scn, .qptiff, .czi, .lif or .nd2.
    2. Somewhere they say either pre or post, in any case, not both.
    3. The dye comes after the last underscore, and has none itself.
    4. A sample has one pre and one post file for each dye."""


class Layout(TypedDict):
    """What `diagnose_raw_layout` found."""

    ok: bool
    message: str
    raw_dir: Any
    exists: bool
    subdirs: list[str]
    loose_tiffs: list[str]
    empty_subdirs: list[str]


class Tasks(TypedDict):
    """What `discover_tasks` found."""

    present: list[tuple[str, str]]
    skipped: list[tuple[str, str, str]]
    warnings: list[tuple[str, str]]
    layout_ok: bool


def _is_image(path: str) -> bool:
    """Whether a name is that of an image; those of OME-Zarr are folders."""
    name = os.path.basename(path)
    if name.startswith(RESOURCE_FORK) or not name.lower().endswith(IMAGES):
        return False
    return os.path.isdir(path) == name.lower().endswith(ZARR)


def classify_raw_files(sample_dir: Path_, strip_ome: bool = True) -> tuple[dict[str, Sides], list[str]]:
    """Sort the images of a sample's folder into dyes, and each dye's into pre and post.

    A name says `pre` or `post`, in any case and anywhere; the dye comes after its last underscore.

    Parameters
    ----------
    sample_dir : path
        Files in folders below are not looked at.
    strip_ome : bool, default True
        Take ``.ome`` off the end of a dye.

    Returns
    -------
    pairs : dict
        ``{dye: {'pre': [paths], 'post': [paths]}}`` in the order of first sight. A list has one path if all is well.
    warnings : list of str
        One for each file that is left out or looks wrong; it begins with its kind: AMBIGUOUS, NO STAIN MARKER, NO
        UNDERSCORE, EMPTY DYE or DYE UNDERSCORE (the file is kept).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace import stain
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("S1_PreStain_DAPI.tif", "S1_PostStain_DAPI.tif", "S1_DAPI.tif"):
    ...         Path(folder, name).touch()
    ...     pairs, warnings = stain.classify_raw_files(folder)
    >>> sorted(pairs["DAPI"]), warnings[0].split(":")[0]
    (['post', 'pre'], 'NO STAIN MARKER')
    """
    folder = str(sample_dir)
    if not os.path.isdir(folder):
        return {}, [f"{folder}: not a directory"]
    pairs: dict[str, Sides] = {}
    warnings: list[str] = []
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    for path in paths:
        name = os.path.basename(path)
        if not _is_image(path):
            continue
        found, warning = _parsed(name, strip_ome)
        if warning:
            warnings.append(warning)
        if found is not None:
            side, dye = found
            pairs.setdefault(dye, {"pre": [], "post": []})[side].append(path)
    return pairs, warnings


def _parsed(name: str, strip_ome: bool) -> tuple[tuple[str, str] | None, str]:
    """Side and dye of a file, and a warning."""
    stem = os.path.splitext(name)[0]
    if strip_ome and stem.lower().endswith(".ome"):
        stem = stem[:-4]
    low = stem.lower()
    has_pre, has_post = "pre" in low, "post" in low
    if has_pre and has_post:
        words = ", ".join(repr(word) for word in re.findall(r"[a-zA-Z]*(?:pre|post)[a-zA-Z]*", stem, re.IGNORECASE))
        return None, f"AMBIGUOUS: {name} says both pre and post (in {words}); rename it so that it says only one"
    if not has_pre and not has_post:
        return None, f"NO STAIN MARKER: {name} says neither pre nor post; rename it, as in Sample_PreStain_Dye.tif"
    if "_" not in stem:
        return None, f"NO UNDERSCORE: {name} has no underscore before the dye; rename it, as in Sample_PreStain_Dye.tif"
    dye = stem.rsplit("_", 1)[1]
    if not dye:
        return None, f"EMPTY DYE: {name} has no dye after its last underscore; add one ({RULES})"
    side = "pre" if has_pre else "post"
    tokens = stem.split("_")
    marked = next(place for place, token in enumerate(tokens) if side in token.lower())
    rest = [token for token in tokens[marked + 1 :] if token]
    if len(rest) >= 2 and not RUN_TAG.match(rest[0]):
        whole = "_".join(rest)
        told = f"DYE UNDERSCORE: {name} was read as dye {dye!r}; if the dye is {whole!r}, rename it without underscore"
        return (side, dye), told
    return (side, dye), ""


def diagnose_raw_layout(raw_dir: Path_ = "raw") -> Layout:
    """Say whether a raw folder is laid out as expected, and if not, how to mend it.

    Parameters
    ----------
    raw_dir : path, default 'raw'
        Folder that holds a folder per sample.

    Returns
    -------
    dict
        ``ok``, ``message`` (for people), ``raw_dir``, ``exists``, ``subdirs``, ``loose_tiffs``, ``empty_subdirs``.

    Examples
    --------
    >>> from lumentrace import stain
    >>> stain.diagnose_raw_layout("no such folder")["ok"]
    False
    """
    report = Layout(ok=False, message="", raw_dir=raw_dir, exists=False, subdirs=[], loose_tiffs=[], empty_subdirs=[])
    folder = Path(raw_dir)
    if not folder.exists():
        report["message"] = (
            f"Raw folder {str(raw_dir)!r} was not found. A relative path is looked for below the working directory, "
            f"{Path.cwd()}.\nMake it there, or say where it is: raw_dir='/path/to/raw'.\n\n{LAYOUT}"
        )
        return report
    if not folder.is_dir():
        report["message"] = f"{str(raw_dir)!r} is not a directory but a file.\n\n{LAYOUT}"
        return report
    report["exists"] = True
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    report["subdirs"] = [entry.name for entry in entries if entry.is_dir() and not _is_image(str(entry))]
    report["loose_tiffs"] = [entry.name for entry in entries if _is_image(str(entry))]
    report["empty_subdirs"] = [name for name in report["subdirs"] if not _has_tiff(folder / name)]
    report["ok"], report["message"] = _judged(report, bool(entries))
    return report


def _judged(report: Layout, any_entries: bool) -> tuple[bool, str]:
    raw, loose = str(report["raw_dir"]), report["loose_tiffs"]
    filled = len(report["subdirs"]) - len(report["empty_subdirs"])
    if not report["subdirs"] and not loose:
        what = "holds no TIFF images and no sample folders" if any_entries else "is empty"
        return False, f"Raw folder {raw!r} {what}.\n\n{LAYOUT}"
    if not report["subdirs"]:
        return False, (
            f"{len(loose)} TIFF files lie directly in {raw!r}: {_some(loose, SHOWN_FILES)}.\n"
            f"Make a folder for each sample and move its files there.\n\n{LAYOUT}"
        )
    if not filled:
        also = f" ({len(loose)} lie directly in {raw!r}: {_some(loose, SHOWN_FILES)}.)" if loose else ""
        return False, (
            f"None of the {len(report['subdirs'])} folders in {raw!r} holds TIFF files: "
            f"{_some(report['subdirs'], SHOWN_FOLDERS)}.{also}\n"
            f"Files in folders below them are not looked at.\n\n{LAYOUT}"
        )
    if loose:
        return True, (
            f"Warning: {len(loose)} TIFF files lie directly in {raw!r} and are ignored: "
            f"{_some(loose, SHOWN_FILES)}.\n\n{LAYOUT}"
        )
    empty = len(report["empty_subdirs"])
    return True, f"{raw}: {filled} sample folders with TIFF files, {empty} without"


def _has_tiff(folder: Path) -> bool:
    return any(_is_image(str(entry)) for entry in folder.iterdir())


def _some(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def discover_tasks(samples: Sequence[str] | str, dyes: Sequence[str] | str, raw_dir: Path_ = "raw") -> Tasks:
    """Find which pairs of sample and dye have exactly one pre and one post file.

    Parameters
    ----------
    samples, dyes : sequence of str, or str
        All combinations are looked for. Dyes are case-sensitive.
    raw_dir : path, default 'raw'

    Returns
    -------
    dict
        ``present`` [(sample, dye)], ``skipped`` [(sample, dye, reason)], ``warnings`` [(sample, text)], ``layout_ok``.
    """
    layout = diagnose_raw_layout(raw_dir)
    tasks = Tasks(present=[], skipped=[], warnings=[], layout_ok=layout["ok"])
    if not layout["ok"]:
        tasks["warnings"].append(("(layout)", layout["message"]))
        return tasks
    for sample in _listed(samples):
        folder = os.path.join(str(raw_dir), sample)
        if not os.path.isdir(folder):
            reason = f"no folder {folder}{did_you_mean(sample, layout['subdirs'])}"
            tasks["skipped"] += [(sample, dye, reason) for dye in _listed(dyes)]
            continue
        pairs, warnings = classify_raw_files(folder)
        tasks["warnings"] += [(sample, text) for text in warnings]
        for dye in _listed(dyes):
            reason = _missing(dye, pairs)
            if reason:
                tasks["skipped"].append((sample, dye, reason))
            else:
                tasks["present"].append((sample, dye))
    return tasks


def _listed(names: Sequence[str] | str) -> list[str]:
    return [names] if isinstance(names, str) else list(dict.fromkeys(names))


def _missing(dye: str, pairs: dict[str, Sides]) -> str:
    """Why a dye cannot be worked on; empty if it can."""
    if dye not in pairs:
        if not pairs:
            return f"no valid file for dye {dye!r}: the folder holds none at all"
        return f"no file for dye {dye!r}; dyes present: {', '.join(sorted(pairs))}{_nearest(dye, pairs)}"
    counts = {side: len(paths) for side, paths in pairs[dye].items()}
    told = f"{counts['pre']} pre and {counts['post']} post files"
    for side in ("pre", "post"):
        if not counts[side]:
            return f"the {side} file is missing ({told})"
    return f"more than one file on a side ({told})" if max(counts.values()) > 1 else ""


def _nearest(dye: str, pairs: dict[str, Sides]) -> str:
    same = [known for known in pairs if known.lower() == dye.lower()]
    return f"; did you mean {same[0]!r}?" if same else did_you_mean(dye, pairs)
