"""Colours that stay apart for all common kinds of colour vision.

The first six are from Okabe & Ito, "Color Universal Design" (2008). The others and the grey were chosen from a grid of
colours to be as far from all others as these six are from each other: at least 10.8 of CIEDE2000 for normal vision and
for protanopia, deuteranopia and tritanopia as Machado et al. (2009) simulate them, and at least 16 from the light and
the dark ground of reports.
"""

from __future__ import annotations

PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#A569FF",
    "#B40000",
    "#3C693C",
    "#694B78",
)
NEUTRAL = "#68717C"
"""For what belongs to nothing."""
