"""Which of our classes can be kept in a container, under which name and version.

A class is entered here with a pair of functions: one turns an object into a dict of plain values, the other makes the
object again. When the dict of a class changes, its version goes up and `Stored.from_state` learns to read the older
dicts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from importlib import import_module
from typing import Any

from lumentrace.data.pept_object import PEPTObject
from lumentrace.storage import classes


def _state(value: Any) -> dict[str, Any]:
    state: dict[str, Any] = value.state()
    return state


def _from_state(cls: Any, state: dict[str, Any], version: int) -> Any:
    return cls.from_state(state)


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _from_fields(cls: Any, state: dict[str, Any], version: int) -> Any:
    return cls(**state)


def _attributes(value: Any) -> dict[str, Any]:
    return {**classes.place(type(value)), "attributes": dict(vars(value))}


def _from_attributes(cls: Any, state: dict[str, Any], version: int) -> Any:
    kind = classes.find(state["module"], state["name"])
    made = kind.__new__(kind)
    vars(made).update(state["attributes"])
    return made


@dataclasses.dataclass(frozen=True)
class Stored:
    """How one class is kept.

    Parameters
    ----------
    module : str
        The module that defines the class; imported only when an object of it is read.
    name : str
        The class's name, in Python and on disk.
    version : int
        Version of the dict that `to_state` returns.
    to_state : callable
        Object -> dict of values that the container can hold.
    from_state : callable
        (class, dict, version of the dict) -> object.
    """

    module: str
    name: str
    version: int = 1
    to_state: Callable[[Any], dict[str, Any]] = _state
    from_state: Callable[[Any, dict[str, Any], int], Any] = _from_state

    def cls(self) -> Any:
        """Import the class."""
        return getattr(import_module(self.module), self.name)

    def build(self, state: dict[str, Any], version: int) -> Any:
        """Make the object that `state` was taken from."""
        return self.from_state(self.cls(), state, version)


_BY_NAME: dict[str, Stored] = {}


def register(stored: Stored) -> None:
    """Let containers hold one more class."""
    _BY_NAME[stored.name] = stored


def named(name: str) -> Stored | None:
    """Find the entry for the class that is called `name` on disk."""
    return _BY_NAME.get(name)


def of(value: object) -> Stored | None:
    """Find the entry for the class of `value`; a subclass is another class.

    Transformers and their like, a user's too, share one entry.
    """
    kind = type(value)
    stored = _BY_NAME.get(kind.__name__)
    if stored is not None and stored.module == kind.__module__:
        return stored
    return NAMED if isinstance(value, PEPTObject) and not hasattr(kind, "from_state") else None


def names() -> list[str]:
    """List the names of all classes that can be kept."""
    return sorted(_BY_NAME)


NAMED = Stored("lumentrace.data.pept_object", "PEPTObject", to_state=_attributes, from_state=_from_attributes)
register(NAMED)
register(Stored("lumentrace.data.lines", "LineData"))
register(Stored("lumentrace.data.points", "PointData"))
register(Stored("lumentrace.data.pixels", "Pixels"))
register(Stored("lumentrace.data.voxels", "Voxels"))
register(Stored("lumentrace.data.samples", "TimeWindow", to_state=_fields, from_state=_from_fields))
register(Stored("lumentrace.data.samples", "AdaptiveWindow", to_state=_fields, from_state=_from_fields))
register(
    Stored(
        "lumentrace.base.provenance",
        "Provenance",
        to_state=lambda value: value.to_dict(),
        from_state=lambda cls, state, version: cls.from_dict(state),
    )
)
register(Stored("lumentrace.plots.grapher", "PlotlyGrapher"))
register(Stored("lumentrace.plots.grapher2d", "PlotlyGrapher2D"))
register(Stored("lumentrace.afm.stack", "AFMImageStack"))
register(Stored("lumentrace.afm.analysis.modules.particle_tracking", "TrackMasks"))
