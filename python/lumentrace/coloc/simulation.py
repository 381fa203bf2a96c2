"""Simulated images of two channels whose overlap is known."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing
from lumentrace.base.polars import pl
from lumentrace.storage.sink import replaced_through_sink

NAMES = ("a", "b")
BRIGHTEST = 4000
"""Counts of the brightest structure, without noise: far from the limit of 16 bits. There is no background: it would be
part of M1 and M2, which the truth is about."""
WIDTHS, SHIFT = (0.08, 0.12), 0.2
"""Standard deviations of structures and the most they are off the centre of their cell, as shares of the cell's side:
so that no structure reaches into the cell of another, and all overlap is meant."""
PIXEL = 0.1
"""Micrometres."""
MEANINGS = {
    "structures": "in each channel",
    "shared": "structures that both channels have",
    "pcc": "Pearson's r without noise",
    "m1": "share of the signal of a in structures that b has too",
    "m2": "share of the signal of b in structures that a has too",
}


@dataclass(frozen=True, eq=False)
class Simulated:
    """An image and the truth about it.

    Attributes
    ----------
    channels : dict
        uint16 pixels by name, (size, size) each.
    truth : dict
        Figures by the names of `MEANINGS`.
    """

    channels: dict[str, NDArray[np.uint16]] = field(repr=False)
    truth: dict[str, float]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write an OME-TIFF, and a table ``NAME.truth.csv`` beside it.

        Returns
        -------
        path
            The table.
        """
        import tifffile

        place = Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        spacing = {"PhysicalSizeX": PIXEL, "PhysicalSizeY": PIXEL}
        metadata = {"axes": "CYX", "Channel": {"Name": list(self.channels)}, **spacing}
        with replaced_through_sink(place) as file:
            pixels = np.stack(list(self.channels.values()))
            tifffile.imwrite(file, pixels, ome=True, photometric="minisblack", metadata=metadata)
        beside = place.with_name(f"{place.name.split('.')[0]}.truth.csv")
        rows = [(name, value, MEANINGS[name]) for name, value in self.truth.items()]
        with replacing(beside) as file:
            pl.DataFrame(rows, schema=["measure", "value", "meaning"], orient="row").write_csv(file)
        return beside


def simulate(
    size: int = 256, structures: int = 40, shared: float = 0.6, noise: float = 0.05, seed: int = 0
) -> Simulated:
    """Simulate two channels with Gaussian structures, some of which they share.

    Parameters
    ----------
    size : int, default 256
        Side of the image, pixels.
    structures : int, default 40
        In each channel.
    shared : float, default 0.6
        Share of them that are in both channels, in the same place and equally bright.
    noise : float, default 0.05
        Standard deviation of a pixel of the brightest structure, as a share of it: the noise of counted photons.
    seed : int, default 0

    Raises
    ------
    ValueError
        If a number is out of range, or the structures do not fit in.

    Examples
    --------
    >>> from lumentrace import coloc
    >>> from lumentrace.coloc.simulation import simulate
    >>> made = simulate(shared=0.5, seed=1)
    >>> round(made.truth["pcc"], 2), round(coloc.pearson(*made.channels.values())[0], 2)
    (0.5, 0.5)
    """
    cells = _checked(size, structures, shared, noise)
    random = np.random.default_rng(seed)
    common = round(shared * structures)
    chosen = random.permutation(cells**2)[: 2 * structures - common]
    parts = [chosen[:common], chosen[common:structures], chosen[structures:]]
    both, only_a, only_b = (_drawn(size, cells, part, random) for part in parts)
    signals = [both + only_a, both + only_b]
    truth = {
        "structures": structures,
        "shared": common,
        "pcc": float(np.corrcoef(signals[0].ravel(), signals[1].ravel())[0, 1]),
        "m1": float(both.sum() / signals[0].sum()),
        "m2": float(both.sum() / signals[1].sum()),
    }
    return Simulated({name: _seen(signal, noise, random) for name, signal in zip(NAMES, signals, strict=True)}, truth)


def _checked(size: int, structures: int, shared: float, noise: float) -> int:
    """Cells along a side, each for one structure."""
    if structures < 1:
        raise ValueError(f"`structures`: expected a whole number from 1 on, found {structures}")
    for name, value in (("shared", shared), ("noise", noise)):
        if not 0 <= value <= 1:
            raise ValueError(f"`{name}`: expected a number from 0 to 1, found {value}")
    cells = math.ceil(math.sqrt(2 * structures - round(shared * structures)))
    if size < 16 * cells:
        raise ValueError(f"`size`: expected at least {16 * cells} pixels for {structures} structures, found {size}")
    return cells


def _drawn(size: int, cells: int, chosen: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.float64]:
    """A structure in each of the chosen cells."""
    image, side = np.zeros((size, size)), size / cells
    at = np.arange(size)
    for cell in chosen:
        centre = (np.array(divmod(int(cell), cells)) + 0.5 + random.uniform(-SHIFT, SHIFT, 2)) * side
        width, height = random.uniform(*WIDTHS) * side, random.uniform(0.5, 1.0)
        y, x = (np.exp(-((at - place) ** 2) / (2 * width**2)) for place in centre)
        image += height * np.outer(y, x)
    return image


def _seen(signal: NDArray[np.float64], noise: float, random: np.random.Generator) -> NDArray[np.uint16]:
    counted = random.poisson(signal / noise**2) * noise**2 if noise else signal
    return np.clip(np.rint(BRIGHTEST * counted), 0, 2**16 - 1).astype(np.uint16)
