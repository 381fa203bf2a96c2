"""Coincidences that GATE simulated, in ROOT files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.documents import regular
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.gate_lines import read_lines, with_provenance
from lumentrace.storage import guard

Floats = NDArray[np.float64]


_ROWS = "lumentrace.pept.scanners.root_rows:rows"


def gate_root(
    filepath: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    *,
    tree: str = "Coincidences",
    memory_map: bool | None = None,
) -> LineData:
    """Read lines of response from the ROOT output of a GATE simulation, without ROOT.

    Parameters
    ----------
    filepath : path
        The file, with a tree that has the branches time1, globalPosX1, globalPosY1, globalPosZ1 and the same of
        single 2, in s and mm [1]_; or, of GATE 10, GlobalTime1, PostPosition_X1, PostPosition_Y1, PostPosition_Z1 and
        the same of single 2, in ns and mm, as its sorter of coincidences gives them [2]_.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    tree : str, default 'Coincidences'
        Its name, in large or small letters; delayed coincidences have a tree of their own.
    memory_map : bool, optional
        Keep the lines in a temporary file rather than in memory; by default, from 256 MiB on.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), t2 (ms), and, 0 or 1, where the tree has what tells it, `random`
        (photons of different decays) and `scattered` (a photon was scattered on its way or in a detector).

    Raises
    ------
    ImportError
        If uproot is not installed; it comes with ``pip install "lumentrace[root]"``.
    FileNotFoundError
        If there is no such file.
    FormatError
        If it is no ROOT file, has no such tree or branch, or no coincidence.

    Warns
    -----
    UserWarning
        If times decrease.

    References
    ----------
    .. [1] OpenGATE collaboration, GATE documentation, "Data output".
    .. [2] OpenGATE collaboration, GATE 10 user guide, "Coincidences Sorter".

    Examples
    --------
    >>> from lumentrace.pept import scanners
    >>> scanners.gate_root("simulation.root", verbose=False)
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'simulation.root'
    """
    watch = provenance.Watch()
    path = Path(filepath)
    expected = f"coincidences in the tree {tree!r}"
    lines = read_lines([path], _Tree(path, tree), expected, (sample_size, overlap), verbose, memory_map)
    return with_provenance(lines, [path], "gate_root", {"filepath": str(path), "tree": tree}, watch)


class _Tree:
    """Reads a tree block by block, in a child process: uproot believes what a file says about sizes."""

    def __init__(self, path: Path, tree: str) -> None:
        self._path, self._tree = path, tree
        self.wanted: tuple[str, ...] = ()

    def blocks(self, advance: Any) -> Iterator[Floats]:
        if find_spec("uproot") is None:
            raise ImportError('uproot is not installed; get it with `pip install "lumentrace[root]"`')
        found = guard.read(_ROWS, regular(self._path), self._tree)
        told = next(found)
        self.wanted = tuple(told["wanted"])
        share = self._path.stat().st_size / max(1, told["entries"])
        for rows in found:
            advance(int(share * len(rows)))
            yield rows
