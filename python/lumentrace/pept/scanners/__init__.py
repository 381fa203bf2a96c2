"""Readers of scanner files, and the geometry of scanners. Everything is imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.scanners.ecat import ecat_list_mode as ecat_list_mode
    from lumentrace.pept.scanners.forte import adac_forte as adac_forte
    from lumentrace.pept.scanners.gate import gate_coincidences as gate_coincidences
    from lumentrace.pept.scanners.geometric_efficiency import ADACGeometricEfficiency as ADACGeometricEfficiency
    from lumentrace.pept.scanners.inveon import inveon_list_mode as inveon_list_mode
    from lumentrace.pept.scanners.modular import modular_camera as modular_camera
    from lumentrace.pept.scanners.panels import Panel as Panel
    from lumentrace.pept.scanners.petlink import petlink_list_mode as petlink_list_mode
    from lumentrace.pept.scanners.petsird import petsird_events as petsird_events
    from lumentrace.pept.scanners.petsird import petsird_scanner as petsird_scanner
    from lumentrace.pept.scanners.root_trees import gate_root as gate_root
    from lumentrace.pept.scanners.scanner import Scanner as Scanner
    from lumentrace.pept.scanners.screens import parallel_screens as parallel_screens
    from lumentrace.pept.scanners.singles import gate_singles as gate_singles
    from lumentrace.pept.scanners.tables import lines as lines

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ADACGeometricEfficiency": "lumentrace.pept.scanners.geometric_efficiency",
        "Panel": "lumentrace.pept.scanners.panels",
        "Scanner": "lumentrace.pept.scanners.scanner",
        "adac_forte": "lumentrace.pept.scanners.forte",
        "ecat_list_mode": "lumentrace.pept.scanners.ecat",
        "gate_coincidences": "lumentrace.pept.scanners.gate",
        "gate_root": "lumentrace.pept.scanners.root_trees",
        "gate_singles": "lumentrace.pept.scanners.singles",
        "inveon_list_mode": "lumentrace.pept.scanners.inveon",
        "lines": "lumentrace.pept.scanners.tables",
        "modular_camera": "lumentrace.pept.scanners.modular",
        "parallel_screens": "lumentrace.pept.scanners.screens",
        "petlink_list_mode": "lumentrace.pept.scanners.petlink",
        "petsird_events": "lumentrace.pept.scanners.petsird",
        "petsird_scanner": "lumentrace.pept.scanners.petsird",
    },
)
