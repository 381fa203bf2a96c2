"""Documented modules that moved into folders answer to their flat names too."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Moved(MetaPathFinder, Loader):
    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = homes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in self._homes else None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(self._homes[module.__name__])


def moved(package: str, homes: Mapping[str, str]) -> None:
    """Let ``import package.name`` give the module that is now at ``package.home``, the same object.

    Parameters
    ----------
    package : str
    homes : mapping
        Name by name, both below the package.
    """
    full = {f"{package}.{name}": f"{package}.{home}" for name, home in homes.items()}
    # The last of all: it is asked only for what is not where it was.
    sys.meta_path.append(_Moved(full))
