"""Units of values: lengths become nm, all others stay as they are."""

from __future__ import annotations

SCALES: dict[str, tuple[str, float]] = {
    "m": ("nm", 1e9),
    "mm": ("nm", 1e6),
    "um": ("nm", 1e3),
    "µm": ("nm", 1e3),
    "~m": ("nm", 1e3),
    "nm": ("nm", 1.0),
    "Å": ("nm", 0.1),
    "pm": ("nm", 1e-3),
    "deg": ("deg", 1.0),
    "°": ("deg", 1.0),
    "º": ("deg", 1.0),
    "V": ("V", 1.0),
    "mV": ("mV", 1.0),
    "A": ("A", 1.0),
    "nA": ("nA", 1.0),
    "Hz": ("Hz", 1.0),
}
"""Unit that values get, and the factor, by the unit of the file."""
