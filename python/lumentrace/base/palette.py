"""Colours that stay apart on white and on dark ground, for all common kinds of colour vision.

The first six are from Okabe & Ito, "Color Universal Design" (2008); the others were chosen to keep the smallest CIELAB
distance large under simulated protanopia, deuteranopia and tritanopia.
"""

from __future__ import annotations

PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8A1AF9",
    "#E50649",
    "#883A69",
    "#6349CA",
)
NEUTRAL = "#8A939E"
"""For what belongs to nothing."""
