"""Classes by name: which a file may speak of, how they are written down, and how they are found again.

Transformers, pipelines and other objects of ours are kept as the name of their class and their attributes. A file can
name only subclasses of `PEPTObject` (a user's must be importable) and the interpolators of scipy; nothing in it is
executed.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.data.pept_object import PEPTObject

OURS = "lumentrace."
INTERPOLATORS = "scipy.interpolate"


def place(cls: type) -> dict[str, str]:
    """Where a class can be imported from; for ours the package that shows it, so that modules can move.

    Raises
    ------
    TypeError
        If it cannot be imported.
    """
    module, name = cls.__module__, cls.__qualname__
    if module.startswith((OURS, INTERPOLATORS)):
        module = _shown(module, name, cls)
    try:
        found = _look(module, name)
    except (ImportError, AttributeError):
        found = None
    if found is not cls:
        raise TypeError(f"`{name}` of `{module}`: expected a class that can be imported, to find it again when loading")
    return {"module": module, "name": name}


def find(module: str, name: str) -> Any:
    """The class that `place` described.

    Raises
    ------
    FormatError
        If there is none, or it is not one that a file may name.
    """
    try:
        found = _look(module, name)
    except (ImportError, AttributeError) as error:
        raise FormatError(f"it holds a {name} of the module {module}, which cannot be imported ({error})") from None
    if not may_be_named(found):
        raise FormatError(f"it names {name} of the module {module}: expected a Transformer or a class like it")
    return found


def may_be_named(value: Any) -> bool:
    """Whether `value` is a class that a file may name."""
    if not isinstance(value, type):
        return False
    return issubclass(value, PEPTObject) or value.__module__.startswith(INTERPOLATORS)


def _shown(module: str, name: str, cls: type) -> str:
    package = module.rpartition(".")[0]
    return package if getattr(import_module(package), name, None) is cls else module


def _look(module: str, name: str) -> Any:
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found
