"""Coincidences that GATE simulated, in ROOT files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError, shown
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.gate_columns import COUNTS, NEEDED
from lumentrace.pept.scanners.gate_lines import read_lines, with_provenance
from lumentrace.pept.scanners.gate_rows import line_rows

Floats = NDArray[np.float64]
_BRANCHES = {
    **dict(zip(NEEDED, ("time", "globalPosX", "globalPosY", "globalPosZ"), strict=True)),
    "event": "eventID",
    **dict(zip(COUNTS, ("comptonPhantom", "comptonCrystal", "RayleighPhantom", "RayleighCrystal"), strict=True)),
}
"""Names of the branches without the 1 or 2 of the single."""
_ROWS = 2**18


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
        single 2, in s and mm [1]_.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    tree : str, default 'Coincidences'
        Its name; delayed coincidences have a tree of their own.
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
    """Reads a tree block by block. What a damaged file makes of uproot becomes a `FormatError`."""

    def __init__(self, path: Path, tree: str) -> None:
        self._path, self._tree = path, tree
        self.wanted: tuple[str, ...] = ()

    def blocks(self, advance: Any) -> Iterator[Floats]:
        try:
            import uproot
        except ImportError as error:
            raise ImportError('uproot is not installed; get it with `pip install "lumentrace[root]"`') from error
        try:
            with open(regular(self._path), "rb") as file, uproot.open(file) as root:
                yield from self._rows(self._found(root), advance)
        except (FormatError, ImportError):
            raise
        except OSError as error:
            if error.filename is not None:
                raise
            raise self._damage(error) from error
        except Exception as error:  # uproot raises whatever a damaged file leads to
            raise self._damage(error) from error

    def _damage(self, error: Exception) -> FormatError:
        found = " ".join(str(error).split())[:120]
        return FormatError(
            f"{self._path}: expected a ROOT file with a tree {self._tree!r}, found {type(error).__name__}: {found}"
        )

    def _found(self, root: Any) -> Any:
        names = {name.split(";")[0] for name in root.keys(recursive=False)}
        if self._tree not in names:
            raise FormatError(f"{self._path}: expected a tree {self._tree!r}, found {shown(sorted(names))}")
        tree = root[self._tree]
        known = set(tree.keys())
        there = [name for name in _BRANCHES if {_branch(name, 1), _branch(name, 2)} <= known]
        for name in NEEDED:
            if name not in there:
                raise FormatError(
                    f"{self._path}, tree {self._tree!r}: expected branches {_branch(name, 1)} and {_branch(name, 2)}, "
                    f"found {shown(sorted(known))}"
                )
        counts = COUNTS if set(COUNTS) <= set(there) else ()
        self.wanted = (*NEEDED, *(name for name in ("event",) if name in there), *counts)
        return tree

    def _rows(self, tree: Any, advance: Any) -> Iterator[Floats]:
        names = [[_branch(name, number) for name in self.wanted] for number in (1, 2)]
        entries = int(tree.num_entries)
        share = self._path.stat().st_size / max(1, entries)
        for arrays in tree.iterate([*names[0], *names[1]], step_size=_ROWS, library="np"):
            first, second = (np.column_stack([arrays[name] for name in each]).astype(np.float64) for each in names)
            for number, single in enumerate((first, second), 1):
                if not np.isfinite(single).all():
                    raise FormatError(f"{self._path}, tree {self._tree!r}: expected finite numbers of single {number}")
            advance(int(share * len(first)))
            if len(first):
                yield line_rows(first, second, self.wanted)


def _branch(name: str, single: int) -> str:
    return f"{_BRANCHES[name]}{single}"
