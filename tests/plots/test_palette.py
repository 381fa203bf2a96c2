"""Colours of figures stay apart on both grounds, whatever colours a reader can tell apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from lumentrace.plots.palette import NEUTRAL, PALETTE
from lumentrace.plots.theme import GROUNDS

VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""Linear RGB as it is seen: Machado, Oliveira & Fernandes, IEEE TVCG 15 (2009), table of severity 1.0."""
APART, FROM_GROUND = 10.8, 16.0
"""Of CIEDE2000, where 1 is just noticeable side by side: what the docstring of the palette promises."""


def linear(colour):
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def lab(colour, vision):
    seen = np.clip(VISION[vision] @ linear(colour), 0, 1)
    return rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055))


def distance(one, other, vision):
    return float(deltaE_ciede2000(lab(one, vision), lab(other, vision)))


@pytest.mark.parametrize("vision", VISION)
def test_colours_stay_apart(vision):
    least = min(
        (distance(one, other, vision), one, other) for one, other in itertools.combinations([*PALETTE, NEUTRAL], 2)
    )
    assert least[0] > APART, least


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("scheme", GROUNDS)
def test_colours_are_seen_on_the_ground(scheme, vision):
    least = min((distance(colour, GROUNDS[scheme], vision), colour) for colour in [*PALETTE, NEUTRAL])
    assert least[0] > FROM_GROUND, least


def test_the_simulation_takes_apart_what_it_should():
    """Red and green of equal lightness: far apart for most, close for who has no green cones, not for tritanopia."""
    red, green = "#C04040", "#5A7A1E"
    assert distance(red, green, "normal") > 40
    assert distance(red, green, "deuteranopia") < 15
    assert distance(red, green, "tritanopia") > 30
