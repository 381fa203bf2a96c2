"""Readers of scanner files. Everything is imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.scanners.forte import adac_forte as adac_forte
    from lumentrace.pept.scanners.gate import gate_coincidences as gate_coincidences
    from lumentrace.pept.scanners.geometric_efficiency import ADACGeometricEfficiency as ADACGeometricEfficiency
    from lumentrace.pept.scanners.modular import modular_camera as modular_camera
    from lumentrace.pept.scanners.screens import parallel_screens as parallel_screens
    from lumentrace.pept.scanners.tables import lines as lines

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ADACGeometricEfficiency": "lumentrace.pept.scanners.geometric_efficiency",
        "adac_forte": "lumentrace.pept.scanners.forte",
        "gate_coincidences": "lumentrace.pept.scanners.gate",
        "lines": "lumentrace.pept.scanners.tables",
        "modular_camera": "lumentrace.pept.scanners.modular",
        "parallel_screens": "lumentrace.pept.scanners.screens",
    },
)
