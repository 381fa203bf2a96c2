"""Measuring the motion of a movie."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance, Watch
from lumentrace.engine.progress import Progress, Verbose
from lumentrace.twophoton.align.corrected import middles
from lumentrace.twophoton.align.films import Film, film_of
from lumentrace.twophoton.align.line_offset import LineOffset, line_offset
from lumentrace.twophoton.align.motion import Motion, MotionSettings, common_crop
from lumentrace.twophoton.align.noise import photon_noise
from lumentrace.twophoton.align.reference import Comparison
from lumentrace.twophoton.align.rounds import Rounds

Floats = NDArray[np.float64]


@unmasked
def estimate_motion(
    movie: Any, settings: MotionSettings | None = None, *, threads: int = 0, verbose: Verbose = False
) -> Motion:
    """How the sample moved in each frame, with standard errors; frames that cannot be told are flagged.

    A frame is compared with the reference by the likelihood of its photons, at every shift in reach: first as a whole
    and coarser, by Fourier transforms; then block by block, with pixels of twice the size and at full resolution around
    the peak there, which lies between pixels. Shifts of blocks are those of the most probable field, given how much
    neighbours differ in this movie, how much each block knows and which of its pixels know it; blocks without a peak
    are looked for where that field has them. They are means over the block, and so are their standard errors. The
    reference is the mean of frames spread over the movie that are aligned to it, again and again. Frames come in
    blocks: memory does not grow with the length of the movie, and results do not depend on `threads`.

    Parameters
    ----------
    movie : path or array_like
        (frames, rows, columns): TIFF files, an array, a memory map, or a lazy movie that can be sliced.
    settings : MotionSettings, optional
    threads : int, default 0
        One per core if 0.
    verbose : bool or callable, default False

    Returns
    -------
    Motion

    Raises
    ------
    ValueError
        If it is no movie, or frames are smaller than 16 pixels.
    TypeError
        If its numbers are not real.
    FormatError
        If a file is damaged.

    Notes
    -----
    The variance of photons is fitted to the movie (`Noise`). The likelihood of a shift, given counts of Poisson, and
    its bound for errors are those of Snyder & Miller, *Random Point Processes in Time and Space* (1991); reference and
    blocks follow Pachitariu & al. (2017, doi:10.1101/061507) and Pnevmatikakis & Giovannucci (2017,
    doi:10.1016/j.jneumeth.2017.07.031).

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> made = twophoton.simulate_raw(twophoton.RawScene(frames=40, rows=64, columns=64, cells=6), seed=1)
    >>> motion = twophoton.estimate_motion(made.movie, twophoton.MotionSettings(mode="rigid"))
    >>> away = motion.shifts - made.truth.motion.shifts
    >>> bool(np.median(np.abs(away - np.median(away, axis=0))) < 0.1), int(motion.flags.sum())
    (True, 0)
    """
    watch = Watch()
    own, film = settings or MotionSettings(), film_of(movie)
    offset = _line_offset(film, own)
    full = film.full() if own.saturation is None else own.saturation
    comparison = Comparison(own, photon_noise(film, full), offset.used, full)
    rounds = Rounds(film, comparison, threads)
    found = _measured(film, comparison, rounds, threads, verbose)
    history = watch.after(Provenance(_identity(film)), "motion", asdict(own))
    return _motion(film, comparison, offset, rounds, found, history)


def _line_offset(film: Film, settings: MotionSettings) -> LineOffset:
    if settings.line_offset_px is not None:
        return LineOffset(settings.line_offset_px, 0.0, settings.line_offset_px)
    return line_offset(film)


@dataclass(frozen=True)
class _Found:
    """Codes, shifts, errors and contrast of frames, and shifts and errors of their blocks."""

    codes: NDArray[np.uint8]
    shifts: Floats
    sigma: Floats
    contrast: Floats
    blocks: NDArray[np.float32]


def _measured(film: Film, comparison: Comparison, rounds: Rounds, threads: int, verbose: Verbose) -> _Found:
    """Motion of all frames, block by block; blocks of which nothing is known move as the whole."""
    template, count = rounds.template(), film.shape[0]
    rigid = comparison.settings.mode == "rigid"
    apart = rounds.roughness.pixels if rounds.roughness else 0.0
    tiles = (1, 1) if rigid else comparison.tiles(rounds.shape)
    pairs = np.full((count, 2), np.nan)
    found = _Found(
        np.zeros(count, np.uint8),
        pairs,
        pairs.copy(),
        np.full(count, np.nan),
        np.full((count, *tiles, 4), np.nan, np.float32),
    )
    with Progress(verbose, count, "Measuring motion", "frame") as progress:
        for start, frames in film.blocks():
            part = slice(start, start + len(frames))
            codes, shifts, sigma, contrast, blocks = template.estimate(frames, threads)
            found.codes[part], found.contrast[part] = codes, contrast
            found.shifts[part], found.sigma[part] = shifts, sigma
            whole = np.concatenate([shifts, np.hypot(sigma, apart)], axis=1)
            own = whole[:, None] if rigid else np.where(np.isfinite(blocks), blocks, whole[:, None])
            found.blocks[part] = own.reshape(len(frames), *tiles, 4)
            progress.reach(part.stop)
    return found


def _motion(
    film: Film, comparison: Comparison, offset: LineOffset, rounds: Rounds, found: _Found, history: Provenance
) -> Motion:
    shape, blocks = (film.shape[1], film.shape[2]), found.blocks
    rows, columns = middles(shape, (blocks.shape[1], blocks.shape[2]))
    return Motion(
        shape,
        comparison.settings,
        found.shifts,
        found.sigma,
        rows,
        columns,
        blocks[..., :2],
        blocks[..., 2:],
        found.contrast,
        found.codes,
        rounds.reference,
        rounds.unaligned,
        common_crop(shape, blocks[..., :2], offset.used),
        comparison.noise,
        offset,
        provenance=history,
    )


def _identity(film: Film) -> dict[str, Any]:
    """What is known of a movie without reading all of it."""
    path = getattr(film.movie, "path", None)
    about = {"movie": list(film.shape), "dtype": film.dtype.name}
    return about if path is None else {"path": str(path), **about}
