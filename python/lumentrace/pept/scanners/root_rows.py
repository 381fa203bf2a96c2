"""Rows of lines in ROOT files: what the child process does that reads them (`lumentrace.storage.guard`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError, shown
from lumentrace.pept.scanners.gate_columns import COUNTS, NEEDED
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


def rows(path: str, tree: str) -> Iterator[Any]:
    """Read a tree block by block.

    Parameters
    ----------
    path : str
    tree : str
        Its name, in large or small letters.

    Yields
    ------
    dict, then (N, M) arrays
        The variables of each single (`wanted`) and the number of `entries`; rows of lines.

    Raises
    ------
    FormatError
        If there is no such tree or branch; also for whatever a damaged file makes of uproot.
    """
    import uproot

    try:
        with open(path, "rb") as file, uproot.open(file) as root:
            yield from _Tree(path, tree).rows(root)
    except (FormatError, MemoryError):
        raise
    except Exception as error:  # uproot raises whatever a damaged file leads to
        if isinstance(error, OSError) and error.filename is not None:
            raise
        found = " ".join(str(error).split())[:120]
        text = f"{path}: expected a ROOT file with a tree {tree!r}, found {type(error).__name__}: {found}"
        raise FormatError(text) from error


class _Tree:
    """A tree by name, whose branches are those of a version of GATE."""

    def __init__(self, path: str, tree: str) -> None:
        self._path, self._tree, self._names = path, tree, _GATE

    def rows(self, root: Any) -> Iterator[Any]:
        """What was found, and the rows."""
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
        wanted = (*NEEDED, *(name for name in ("event",) if name in there), *counts)
        yield {"wanted": wanted, "entries": int(tree.num_entries)}
        yield from self._blocks(tree, wanted)

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

    def _blocks(self, tree: Any, wanted: tuple[str, ...]) -> Iterator[Floats]:
        names = [[self._pair(name)[single] for name in wanted] for single in (0, 1)]
        for arrays in tree.iterate([*names[0], *names[1]], step_size=_ROWS, library="np"):
            first, second = (np.column_stack([arrays[name] for name in each]).astype(np.float64) for each in names)
            for number, single in enumerate((first, second), 1):
                if not np.isfinite(single).all():
                    raise FormatError(f"{self._path}, tree {self._tree!r}: expected finite numbers of single {number}")
                single[:, 0] *= self._names.seconds
            if len(first):
                yield line_rows(first, second, wanted)


def _both(names: _Names) -> set[str]:
    return {f"{branch}{single}" for branch in names.branches.values() for single in (1, 2)}
