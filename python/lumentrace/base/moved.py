"""Modules that moved into folders and still answer under the paths that documents give them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_homes: dict[str, str] = {}


class _Moved(MetaPathFinder, Loader):
    """Finds a module under its earlier path; it is the same object as under the present one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in _homes else None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(_homes[module.__name__])


def answer(homes: Mapping[str, str]) -> None:
    """Let each earlier path of a module import what is at its present one.

    Parameters
    ----------
    homes : dict
        Present paths by earlier ones.
    """
    _homes.update(homes)
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)


_finder = _Moved()
