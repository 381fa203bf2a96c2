"""Coincidences that GATE simulated, in ROOT files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Names:
    """Branches of a version of GATE, without the 1 or 2 of the single, and what its times are to be multiplied with."""

    branches: dict[str, str]
    seconds: float = 1.0


_GATE = _Names(
    {
        **dict(zip(NEEDED, ("time", "globalPosX", "globalPosY", "globalPosZ"), strict=True)),
        "event": "eventID",
        **dict(zip(COUNTS, ("comptonPhantom", "comptonCrystal", "RayleighPhantom", "RayleighCrystal"), strict=True)),
    }
)
_GATE10 = _Names(
    {
        **dict(zip(NEEDED, ("GlobalTime", "PostPosition_X", "PostPosition_Y", "PostPosition_Z"), strict=True)),
        "event": "EventID",
    },
    1e-9,
)
"""Times in ns."""
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
    """Reads a tree block by block. What a damaged file makes of uproot becomes a `FormatError`."""

    def __init__(self, path: Path, tree: str) -> None:
        self._path, self._tree, self._names = path, tree, _GATE
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
        tree = root[self._name(root)]
        known = set(tree.keys())
        self._names = max(_GATE, _GATE10, key=lambda names: len(_both(names) & known))
        there = [name for name in self._names.branches if set(self._pair(name)) <= known]
        for name in NEEDED:
            if name not in there:
                raise FormatError(
                    f"{self._path}, tree {self._tree!r}: expected branches {' and '.join(self._pair(name))}, "
                    f"found {shown(sorted(known))}"
                )
        counts = COUNTS if set(COUNTS) <= set(there) else ()
        self.wanted = (*NEEDED, *(name for name in ("event",) if name in there), *counts)
        return tree

    def _name(self, root: Any) -> str:
        """As it is written in the file."""
        names: list[str] = sorted({name.split(";")[0] for name in root.keys(recursive=False)})
        alike = [name for name in names if name.lower() == self._tree.lower()]
        if self._tree in names:
            return self._tree
        if len(alike) != 1:
            raise FormatError(f"{self._path}: expected a tree {self._tree!r}, found {shown(names)}")
        return alike[0]

    def _pair(self, name: str) -> tuple[str, str]:
        """The branches of both singles."""
        branch = self._names.branches[name]
        return f"{branch}1", f"{branch}2"

    def _rows(self, tree: Any, advance: Any) -> Iterator[Floats]:
        names = [[self._pair(name)[single] for name in self.wanted] for single in (0, 1)]
        entries = int(tree.num_entries)
        share = self._path.stat().st_size / max(1, entries)
        for arrays in tree.iterate([*names[0], *names[1]], step_size=_ROWS, library="np"):
            first, second = (np.column_stack([arrays[name] for name in each]).astype(np.float64) for each in names)
            for number, single in enumerate((first, second), 1):
                if not np.isfinite(single).all():
                    raise FormatError(f"{self._path}, tree {self._tree!r}: expected finite numbers of single {number}")
            advance(int(share * len(first)))
            for single in (first, second):
                single[:, 0] *= self._names.seconds
            if len(first):
                yield line_rows(first, second, self.wanted)


def _both(names: _Names) -> set[str]:
    return {f"{branch}{single}" for branch in names.branches.values() for single in (1, 2)}
