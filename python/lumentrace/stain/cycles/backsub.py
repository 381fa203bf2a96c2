"""Background subtraction for MCMICRO: cycles and `markers.csv` in, a pyramid and the markers in it out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.json_text import json_text
from lumentrace.base.polars import pl
from lumentrace.engine.progress import Progress, Verbose
from lumentrace.stain.cycles.factors import HOW, Estimates, Factor, How, by_exposure
from lumentrace.stain.cycles.markers import Marker, read_markers, write_markers
from lumentrace.stain.cycles.planes import Cycles, open_cycles
from lumentrace.storage.images.ome import Described
from lumentrace.storage.tile_layout import Layout
from lumentrace.storage.tiled import tiled_tiff

Path_ = str | os.PathLike[str]

STEPS = Layout(step=2)
"""Tiles and copies as Backsub makes them."""
ENDINGS = (".tif", ".tiff")


def subtract_cycles(
    images: Path_ | Sequence[Path_],
    markers: Path_,
    output: Path_,
    marker_output: Path_,
    *,
    scale: How = "exposure",
    register_by: str | None = None,
    pixel_size: float | None = None,
    layout: Layout = STEPS,
    verbose: Verbose = False,
) -> pl.DataFrame:
    r"""Take background channels from the markers of a multiplexed image, as Backsub does in MCMICRO.

    Each marker that names a background becomes marker - factor * background, without digits behind the point and 0
    where it would be negative. Pixels are read and written band by band, whatever the size of the image.

    Parameters
    ----------
    images : path or sequence of path
        OME-TIFF, OME-Zarr or another image that `open_image` reads, with all channels, or one file per cycle.
    markers : path
        A row for each channel, see `read_markers`.
    output : path
        OME-TIFF to write, ending in .tif or .tiff.
    marker_output : path
        CSV file to write: the rows of the channels in `output`.
    scale : {'exposure', 'estimated'}, default 'exposure'
        The factor: the ratio of the exposures, as Backsub has it, or the most frequent ratio of the pixels, with its
        standard error.
    register_by : str, optional
        What the name of one channel in each cycle begins with, such as ``'DNA'``: cycles in files of their own are
        registered on it with the first one. Without it they are taken to lie on one grid.
    pixel_size : float, optional
        Micrometres, in place of what the image says.
    layout : Layout, optional
        Tiles, smaller copies and compression of the output.
    verbose : bool or callable, default False
        True for a progress bar.

    Returns
    -------
    polars.DataFrame
        A row for each channel: ``marker_name``, ``background``, ``factor``, ``factor_error`` (null where it is not
        known), ``exposure_ratio``, ``status``, ``clipped`` (share of the pixels that would be negative), ``kept``,
        ``registration_ok``, ``registration_error_px`` (null where nothing was registered).

    Raises
    ------
    FormatError
        If an image or the table is damaged, or they do not fit each other.
    ValueError
        If a setting is out of range, all channels are removed, a cycle cannot be registered or a factor not estimated.
    OSError
        If a file cannot be read or written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from lumentrace import stain
    >>> from lumentrace.storage import open_image, write_image
    >>> folder = tempfile.TemporaryDirectory()
    >>> place = Path(folder.name)
    >>> pixels = np.stack([np.full((64, 64), 10, "uint16"), np.full((64, 64), 100, "uint16")])
    >>> _ = write_image(place / "in.ome.tif", pixels, axes="CYX", spacing={"X": 0.5, "Y": 0.5})
    >>> _ = (place / "markers.csv").write_text("marker_name,background,exposure,remove\nAF,,100,TRUE\nCD8,AF,250,\n")
    >>> table = stain.subtract_cycles(
    ...     place / "in.ome.tif", place / "markers.csv", place / "out.ome.tif", place / "out.csv"
    ... )
    >>> with open_image(place / "out.ome.tif") as image:
    ...     image.channel_names, int(image.read(Y=0, X=0)), table["factor"].to_list()
    (('CD8',), 75, [None, 2.5])
    >>> folder.cleanup()
    """
    paths = [images] if isinstance(images, (str, os.PathLike)) else list(images)
    known = read_markers(markers)
    _check([*paths, markers], output, marker_output, scale, register_by, pixel_size, known)
    with open_cycles(paths, [marker.name for marker in known], register_by) as cycles:
        spacing = cycles.spacing if pixel_size is None else dict.fromkeys("XY", float(pixel_size))
        if not spacing:
            warnings.warn(f"{paths[0]}: no size of pixels; the output says none either", stacklevel=2)
        factors = _factors(known, cycles, scale)
        clipped = _write(output, known, cycles, factors, spacing, layout, verbose)
    write_markers(marker_output, known)
    return _table(known, factors, clipped, cycles)


def _check(
    inputs: Sequence[Path_],
    output: Path_,
    marker_output: Path_,
    scale: str,
    register_by: str | None,
    pixel_size: float | None,
    markers: Sequence[Marker],
) -> None:
    """Refuse what cannot be done, before anything is read."""
    if len(inputs) < 2:
        raise ValueError("`images`: expected an image, found none")
    if scale not in HOW:
        raise ValueError(f"`scale`: expected one of {', '.join(HOW)}, found {scale!r}")
    if pixel_size is not None and not 0 < pixel_size < np.inf:
        raise ValueError(f"`pixel_size`: expected micrometres above 0, found {pixel_size}")
    if register_by is not None and len(inputs) < 3:
        raise ValueError("`register_by`: expected a file for each cycle, found a single one")
    if Path(output).suffix.lower() not in ENDINGS:
        raise ValueError(f"`output`: expected a name that ends with .tif or .tiff, found {Path(output).name!r}")
    for name, path in (("output", output), ("marker_output", marker_output)):
        if not Path(path).resolve().parent.is_dir():
            raise FileNotFoundError(2, f"`{name}`: no such folder", str(Path(path).parent))
    used = [os.path.realpath(path) for path in (*inputs, output, marker_output)]
    for place in (-2, -1):
        if used.count(used[place]) > 1:
            raise ValueError(f"`output`: expected a file of its own, found {used[place]}, which is used twice")
    if not any(marker.kept for marker in markers):
        raise ValueError(f"`markers`: expected a channel that is not removed in {inputs[-1]}, found none")


def _factors(markers: Sequence[Marker], cycles: Cycles, scale: How) -> dict[int, Factor]:
    """By the number of the channel, of those that have a background and are kept."""
    found, estimates = {}, Estimates()
    for number, marker in enumerate(markers):
        if marker.background is None or not marker.kept:
            continue
        other = marker.background
        if scale == "exposure":
            found[number] = by_exposure(marker, markers[other])
        else:
            found[number] = estimates.of(marker, markers[other], cycles.channels[number], cycles.channels[other])
    return found


def _write(
    output: Path_,
    markers: Sequence[Marker],
    cycles: Cycles,
    factors: Mapping[int, Factor],
    spacing: Mapping[str, float],
    layout: Layout,
    verbose: Verbose,
) -> dict[int, float]:
    """Write the image; the share of pixels of each marker that would be negative."""
    kept = [number for number, marker in enumerate(markers) if marker.kept]
    about = Described(
        "CYX",
        (len(kept), *cycles.shape),
        cycles.dtype,
        Path(output).name.split(".")[0],
        tuple(markers[number].name for number in kept),
        spacing=spacing,
    )
    note = {
        "background": {
            markers[number].name: {"from": markers[markers[number].background or 0].name, **asdict(factor)}
            for number, factor in factors.items()
        }
    }
    negative = {}
    with (
        tiled_tiff(output, about, json_text(note), layout=layout) as tiff,
        Progress(verbose, len(kept) * cycles.shape[0], "subtract", "row") as progress,
    ):
        for number in kept:
            below = 0
            for rows, count in _rows(markers[number], number, cycles, factors):
                tiff.add(rows)
                below += count
                progress.reach(progress.done + len(rows))
            negative[number] = below / (cycles.shape[0] * cycles.shape[1])
    return negative


def _rows(
    marker: Marker, number: int, cycles: Cycles, factors: Mapping[int, Factor]
) -> Iterator[tuple[NDArray[Any], int]]:
    """The rows of a channel as they are written, and how many of their pixels would be negative."""
    own = cycles.channels[number]
    if number not in factors:
        yield from ((rows, 0) for rows in own.blocks())
        return
    assert marker.background is not None
    other = cycles.channels[marker.background]
    for rows, taken in zip(own.blocks(), other.blocks(), strict=True):
        yield less(rows, taken, factors[number].value)


def less(signal: NDArray[Any], background: NDArray[Any], factor: float) -> tuple[NDArray[Any], int]:
    """The signal less a multiple of its background, as Backsub has it; how many pixels were below 0 and became it.

    Backsub computes with 32-bit floats and cuts what is behind the point. Numbers of 32 bits do not fit into those:
    they are computed with 64.
    """
    wide: Any = np.float64 if signal.dtype.itemsize == 4 and signal.dtype.kind == "u" else np.float32
    found: NDArray[Any] = signal.astype(wide) - background.astype(wide) * wide(factor)
    below = int(np.count_nonzero(found < 0))
    np.maximum(found, 0, out=found)
    return found.astype(signal.dtype), below


def _table(
    markers: Sequence[Marker], factors: Mapping[int, Factor], clipped: Mapping[int, float], cycles: Cycles
) -> pl.DataFrame:
    rows = []
    for number, marker in enumerate(markers):
        factor, map_ = factors.get(number), cycles.registrations.get(cycles.cycles[number])
        rows.append(
            {
                "marker_name": marker.name,
                "background": None if marker.background is None else markers[marker.background].name,
                "factor": None if factor is None else factor.value,
                "factor_error": None if factor is None or np.isnan(factor.error) else factor.error,
                "exposure_ratio": None if factor is None else factor.exposures,
                "status": None if factor is None else factor.status,
                "clipped": None if factor is None else clipped[number],
                "kept": marker.kept,
                "registration_ok": None if map_ is None else map_.ok,
                "registration_error_px": None if map_ is None or np.isnan(map_.error_px) else map_.error_px,
            }
        )
    kinds = {"factor": pl.Float64, "factor_error": pl.Float64, "exposure_ratio": pl.Float64, "clipped": pl.Float64}
    more = {"registration_ok": pl.Boolean, "registration_error_px": pl.Float64, "background": pl.String}
    return pl.DataFrame(rows, schema_overrides={**kinds, **more, "status": pl.String})
