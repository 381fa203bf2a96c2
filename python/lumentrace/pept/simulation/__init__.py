"""Experiments whose truth is known. Everything is imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.simulation.adac_file import write_adac as write_adac
    from lumentrace.pept.simulation.camera import Camera as Camera
    from lumentrace.pept.simulation.camera import Screens as Screens
    from lumentrace.pept.simulation.experiment import Experiment as Experiment
    from lumentrace.pept.simulation.experiment import Simulated as Simulated
    from lumentrace.pept.simulation.experiment import simulate as simulate
    from lumentrace.pept.simulation.paths import Circle as Circle
    from lumentrace.pept.simulation.paths import Helix as Helix
    from lumentrace.pept.simulation.paths import Line as Line
    from lumentrace.pept.simulation.paths import Path as Path
    from lumentrace.pept.simulation.paths import Static as Static
    from lumentrace.pept.simulation.paths import Wander as Wander
    from lumentrace.pept.simulation.ring import Ring as Ring
    from lumentrace.pept.simulation.shape import Shape as Shape
    from lumentrace.pept.simulation.simulator import Simulator as Simulator

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Camera": "lumentrace.pept.simulation.camera",
        "Circle": "lumentrace.pept.simulation.paths",
        "Experiment": "lumentrace.pept.simulation.experiment",
        "Helix": "lumentrace.pept.simulation.paths",
        "Line": "lumentrace.pept.simulation.paths",
        "Path": "lumentrace.pept.simulation.paths",
        "Ring": "lumentrace.pept.simulation.ring",
        "Screens": "lumentrace.pept.simulation.camera",
        "Shape": "lumentrace.pept.simulation.shape",
        "Simulated": "lumentrace.pept.simulation.experiment",
        "Simulator": "lumentrace.pept.simulation.simulator",
        "Static": "lumentrace.pept.simulation.paths",
        "Wander": "lumentrace.pept.simulation.paths",
        "simulate": "lumentrace.pept.simulation.experiment",
        "write_adac": "lumentrace.pept.simulation.adac_file",
    },
)
