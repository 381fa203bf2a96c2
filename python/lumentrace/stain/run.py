"""A run: a pair of images registered, scaled and subtracted, with its images, spots and report."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lumentrace.engine.progress import Verbose
from lumentrace.stain.files.pair import RawPair
from lumentrace.stain.settings import Settings
from lumentrace.stain.stages.outcome import Outcome
from lumentrace.stain.stages.pipeline import run_stages
from lumentrace.stain.stages.task import LAST, Task

__all__ = ["Outcome", "RawPair", "Settings", "run"]

Raw = str | PathLike[str] | NDArray[Any]


def run(
    source: RawPair | tuple[Raw, Raw],
    settings: Settings | None = None,
    *,
    verbose: Verbose = False,
    run_dir: str | PathLike[str] | None = None,
    force: int | None = None,
    force_run: bool = False,
) -> Outcome:
    """Register, scale and subtract a pair of images.

    Parameters
    ----------
    source : RawPair, or tuple of two paths or arrays
        The pair of a sample and dye, ``RawPair.find("S001", "SybrGld", "raw")``; or the post- and the pre-stain image.
    settings : Settings, optional
    verbose : bool or callable, default False
        True for a progress bar.
    run_dir : path, optional
        A folder that keeps finished stages, and gets everything that `Outcome.save` writes: the same call goes on
        after them. Without it, images are in a temporary folder that lives as long as the outcome.
    force : int, optional
        Run this stage (1 to 4) and later ones again though they are done.
    force_run : bool, default False
        Go on though memory or disk seem too small.

    Returns
    -------
    Outcome

    Raises
    ------
    FormatError
        If a file is damaged.
    ValueError
        If the images cannot be registered, or too few pixels are bright enough in both.
    MemoryError, OSError
        If memory or disk do not suffice.

    Examples
    --------
    >>> from lumentrace import stain
    >>> from lumentrace.stain.run import Settings, run
    >>> pair = stain.simulate(size=256, scale=1.4, seed=3)
    >>> outcome = run((pair.post, pair.pre), Settings())
    >>> outcome.status, round(outcome.scales[0].value, 1), outcome.image("difference").shape
    ('complete', 1.4, (256, 256))
    >>> [step.name for step in outcome.provenance.steps]
    ['01_padded', '02_icp_aligned', '03_interior_aligned', '04_difference']
    """
    pair = source if isinstance(source, RawPair) else RawPair.of(*source)
    folder = Path(run_dir) if run_dir is not None else Path(tempfile.mkdtemp(prefix="lumentrace-"))
    task = Task(lambda: pair, folder, settings or Settings())
    try:
        outcome = Outcome.of(task, run_stages(task, LAST, verbose, force, force_run))
    except BaseException:
        if run_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if run_dir is None:
        weakref.finalize(outcome, shutil.rmtree, folder, ignore_errors=True)
    else:
        outcome.settle()
    return outcome
