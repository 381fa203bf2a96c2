"""Scanners of which the geometry is documented."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lumentrace.pept.scanners.panels import Panel
from lumentrace.pept.scanners.scanner import Scanner

_HALF = 250.0
"""From the axis to the faces of the modular camera, in mm."""
_BUCKET, _PLANE, _SEGMENT, _BLOCK = 95.0, 13.5, 6.25, 50.0 + 41.0
"""Distances of buckets, planes, segments and blocks of the modular camera, in mm."""


def forte(separation: float) -> Scanner:
    """The heads of an ADAC Forte as `adac_forte` places them, `separation` mm and 20 mm apart."""
    return Scanner.screens((-10.0, separation + 10.0), name="ADAC Forte")


def modular(depth: float = 0.0) -> Scanner:
    """The modular camera: 16 buckets of 4 blocks of 4 planes by 8 segments; the buckets of x = 250 mm come first."""
    panels = [
        panel for bucket in range(16) for panel in (_block(bucket // 4, 3 - bucket % 4, block) for block in range(4))
    ]
    return Scanner.from_panels("modular camera", panels, depth=depth)


def _block(face: int, bucket: int, block: int) -> Panel:
    """One block: segments along `right`, planes along y."""
    start = (2 - block) * _BLOCK - 20.5 - 3.125
    middle = start - 3.5 * _SEGMENT
    height = bucket * _BUCKET + 1.5 * _PLANE
    x, z = ((1, 0), (-1, 0), (0, -1), (0, 1))[face]
    right = (-z, 0, x)
    centre = (x * _HALF + right[0] * middle, height, z * _HALF + right[2] * middle)
    return Panel(centre, right, (0, 1, 0), (x, 0, z), (8, 4), (_SEGMENT, _PLANE))


_RINGS: dict[str, dict[str, Any]] = {
    "ecat962": {"name": "ECAT 962 (HR+)", "radius": 412.0, "rings": 32, "per_ring": 576, "pitch": 4.85, "depth": 7.0},
    "ecat966": {"name": "ECAT 966 (EXACT 3D)", "radius": 412.0, "rings": 48, "per_ring": 576, "pitch": 4.85}
    | {"depth": 7.0},
    "mmr": {"name": "Siemens mMR", "radius": 328.0, "rings": 64, "per_ring": 504, "pitch": 4.0625, "depth": 7.0},
}
"""From the table of scanners of STIR (Thielemans et al., Phys. Med. Biol. 57, 867, 2012)."""
_INVEON: dict[str, Any] = {"name": "Siemens Inveon", "radius": 80.5, "blocks": (16, 4), "crystals": (20, 20)}
"""Constantinescu and Mukherjee, Phys. Med. Biol. 54, 2885 (2009): rings of 161 mm, blocks of 20 x 20, pitch 1.59 mm."""


def _made(of: Callable[..., Scanner], usual: dict[str, Any], **settings: Any) -> Scanner:
    return of(**{**usual, **settings})


PRESETS: dict[str, Callable[..., Scanner]] = {
    **{name: partial(_made, Scanner.ring, usual) for name, usual in _RINGS.items()},
    "inveon": partial(_made, Scanner.blocks, {**_INVEON, "pitch": (1.59, 1.59)}),
    "modular": modular,
    "forte": forte,
}
