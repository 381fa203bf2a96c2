"""Experiments whose truth is known. Everything is imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lumentrace.pept.simulation.adac_file import write_adac as write_adac
    from lumentrace.pept.simulation.experiment import Experiment as Experiment
    from lumentrace.pept.simulation.experiment import Simulated as Simulated
    from lumentrace.pept.simulation.experiment import simulate as simulate
    from lumentrace.pept.simulation.paths import Circle as Circle
    from lumentrace.pept.simulation.paths import Helix as Helix
    from lumentrace.pept.simulation.paths import Line as Line
    from lumentrace.pept.simulation.paths import Path as Path
    from lumentrace.pept.simulation.paths import Static as Static
    from lumentrace.pept.simulation.paths import Wander as Wander

_HOMES = {
    "Circle": "paths",
    "Experiment": "experiment",
    "Helix": "paths",
    "Line": "paths",
    "Path": "paths",
    "Simulated": "experiment",
    "Static": "paths",
    "Wander": "paths",
    "simulate": "experiment",
    "write_adac": "adac_file",
}

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"lumentrace.pept.simulation.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'lumentrace.pept.simulation' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
