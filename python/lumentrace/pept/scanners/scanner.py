"""The geometry of a scanner: where its crystals are, and the lines between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.checks import whole
from lumentrace.base.errors import did_you_mean
from lumentrace.base.masked import unmasked
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners import panels as grids
from lumentrace.pept.scanners.crystals import Crystals
from lumentrace.pept.scanners.panels import Panel

if TYPE_CHECKING:
    from lumentrace.plots import PlotlyGrapher

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Scanner(Crystals):
    """Where the crystals of a scanner are.

    Scanners are made by `ring`, `blocks`, `from_panels` and `screens`, or by `named`. Crystals of rings are numbered
    along a ring first: number = ring * `per_ring` + place.

    Attributes
    ----------
    name : str
    faces : (N, 3) array
        Middle of the face of each crystal that photons enter, in mm.
    outward : (N, 3) array
        Unit vector from there into the crystal.
    depth : float, default 0
        How deep in a crystal photons are taken to interact, in mm.
    per_ring : int, default 0
        Crystals of a ring; 0 if the scanner has no rings.

    Raises
    ------
    ValueError
        If the arrays are not (N, 3), or numbers are not finite.

    Examples
    --------
    >>> from lumentrace.pept.scanners import Scanner
    >>> scanner = Scanner.ring("small", radius=50, rings=2, per_ring=4, pitch=5)
    >>> scanner.positions([0, 1, 4]).round(6).tolist()
    [[50.0, 0.0, -2.5], [0.0, 50.0, -2.5], [50.0, 0.0, 2.5]]
    >>> scanner.lines([0.5], [0], [6]).lines.round(6).tolist()
    [[0.5, 50.0, 0.0, -2.5, -50.0, 0.0, 2.5]]
    """

    @classmethod
    def ring(
        cls,
        name: str,
        *,
        radius: float,
        rings: int,
        per_ring: int,
        pitch: float,
        depth: float = 0.0,
        start: float = 0.0,
        clockwise: bool = False,
    ) -> Self:
        """Crystals spread evenly over circles about z.

        Parameters
        ----------
        name : str
        radius : float
            From the axis to the faces, in mm.
        rings, per_ring : int
        pitch : float
            Distance of neighbouring rings in mm; z = 0 is in the middle.
        depth : float, default 0
            In mm.
        start : float, default 0
            Where crystal 0 is: its angle from x towards y, in degrees.
        clockwise : bool, default False
            Whether numbers grow from y towards x.
        """
        places = grids.count("per_ring", per_ring, rings)
        faces, outward = grids.ring(
            grids.positive("radius", radius),
            places,
            grids.heights(whole("rings", rings, 1), grids.positive("pitch", pitch)),
            math.radians(grids.finite("start", start)),
            -1 if clockwise else 1,
        )
        return cls(name, faces, outward, depth, places)

    @classmethod
    def blocks(
        cls,
        name: str,
        *,
        radius: float,
        blocks: tuple[int, int],
        crystals: tuple[int, int],
        pitch: tuple[float, float],
        gap: float = 0.0,
        depth: float = 0.0,
        start: float = 0.0,
        clockwise: bool = False,
    ) -> Self:
        """Rings of flat blocks of crystals.

        Parameters
        ----------
        name : str
        radius : float
            From the axis to the middle of the face of a block, in mm.
        blocks : (2,) tuple of int
            Around the axis and along it.
        crystals : (2,) tuple of int
            Of a block, around the axis and along it.
        pitch : (2,) tuple of float
            Distance of neighbouring crystals in mm, around the axis and along it.
        gap : float, default 0
            What there is between blocks along the axis beside the pitch, in mm.
        depth : float, default 0
            In mm.
        start : float, default 0
            Angle of the middle of block 0, in degrees.
        clockwise : bool, default False
            Whether numbers grow from y towards x.
        """
        rings = whole("blocks", blocks[1], 1) * whole("crystals", crystals[1], 1)
        places = grids.count("blocks", whole("blocks", blocks[0], 1) * whole("crystals", crystals[0], 1), rings)
        faces, outward = grids.block_ring(
            grids.positive("radius", radius),
            blocks[0],
            crystals[0],
            grids.positive("pitch", pitch[0]),
            grids.heights(rings, grids.positive("pitch", pitch[1]), crystals[1], grids.finite("gap", gap)),
            math.radians(grids.finite("start", start)),
            -1 if clockwise else 1,
        )
        return cls(name, faces, outward, depth, places)

    @classmethod
    def from_panels(cls, name: str, panels: Sequence[Panel], *, depth: float = 0.0) -> Self:
        """Flat panels; the crystals of the first one are numbered first."""
        if not panels:
            raise ValueError("`panels`: expected at least one, found none")
        grids.count("panels", sum(panel.shape[0] * panel.shape[1] for panel in panels), 1)
        tables = [panel.crystals() for panel in panels]
        return cls(name, np.concatenate([t[0] for t in tables]), np.concatenate([t[1] for t in tables]), depth)

    @classmethod
    def screens(
        cls,
        separation: float | tuple[float, float],
        xlim: tuple[float, float] = (111.78, 491.78),
        ylim: tuple[float, float] = (46.78, 556.78),
        *,
        shape: tuple[int, int] = (1, 1),
        name: str = "screens",
    ) -> Self:
        """Two parallel screens across z, each a grid of `shape` equal fields.

        Parameters
        ----------
        separation : float or (2,) tuple of float
            Distance of the screens, of which one is at z = 0; or both places, in mm.
        xlim, ylim : (2,) tuple of float
            Limits of the screens in mm; those of an ADAC Forte by default.
        shape : (2,) tuple of int, default (1, 1)
            Fields along x and y.
        name : str
        """
        low, high = (0.0, separation) if isinstance(separation, (int, float)) else separation
        middle = ((xlim[0] + xlim[1]) / 2, (ylim[0] + ylim[1]) / 2)
        pitch = ((xlim[1] - xlim[0]) / shape[0], (ylim[1] - ylim[0]) / shape[1])
        first = Panel((*middle, grids.finite("separation", low)), (1, 0, 0), (0, 1, 0), (0, 0, -1), shape, pitch)
        second = Panel((*middle, grids.finite("separation", high)), (1, 0, 0), (0, 1, 0), (0, 0, 1), shape, pitch)
        return cls.from_panels(name, [first, second])

    @classmethod
    def named(cls, name: str, **settings: Any) -> Scanner:
        """A scanner that lumentrace knows, with documented numbers.

        Parameters
        ----------
        name : str
            'ecat962' (HR+), 'ecat966' (EXACT 3D), 'mmr', 'inveon', 'modular', or 'forte', which takes `separation`.
        **settings
            Other values for `depth`, `start` or `clockwise`, where the scanner has rings.

        Raises
        ------
        ValueError
            If there is no such scanner.

        Examples
        --------
        >>> from lumentrace.pept.scanners import Scanner
        >>> Scanner.named("ecat962")
        Scanner('ECAT 962 (HR+)', 18432 crystals, 32 rings of 576, depth 7 mm)
        """
        from lumentrace.pept.scanners.presets import PRESETS

        if name not in PRESETS:
            hint = did_you_mean(str(name), PRESETS)
            raise ValueError(f"`name`: expected one of {', '.join(PRESETS)}, found {name!r}{hint}")
        made: Scanner = PRESETS[name](**settings)
        return made

    @unmasked
    def lines(
        self,
        times: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        *,
        depths: tuple[ArrayLike, ArrayLike] | None = None,
        sample_size: Any = None,
        overlap: Any = None,
    ) -> LineData:
        """Lines between pairs of crystals.

        Parameters
        ----------
        times : (N,) array-like
            In ms.
        first, second : (N,) array-like of int
            Numbers of crystals.
        depths : two of float or (N,) array-like, optional
            Depths of interaction of each photon in mm, where they were measured.
        sample_size, overlap
            How the lines are cut into samples; see `lumentrace.LineData`.

        Returns
        -------
        LineData
            Columns t (ms), x1, y1, z1, x2, y2, z2 (mm).

        Raises
        ------
        ValueError
            If there is no such crystal, or the lengths differ.
        """
        inside = depths or (None, None)
        ends = [self.positions(n, d) for n, d in zip((first, second), inside, strict=True)]
        moments = np.asarray(times, dtype=np.float64)
        if not moments.shape == ends[0].shape[:1] == ends[1].shape[:1]:
            lengths = f"{moments.shape}, {len(ends[0])}, {len(ends[1])}"
            raise ValueError(f"`times`, `first`, `second`: expected equal lengths, found {lengths}")
        return LineData(np.column_stack([moments, *ends]), sample_size, overlap)

    def plot(self, lines: Any = None, *, most: int = 20_000) -> PlotlyGrapher:
        """Draw the crystals in 3-D, coloured by their number, and lines of response between them.

        Parameters
        ----------
        lines : LineData, optional
            Drawn too; take a few hundred.
        most : int, default 20000
            Crystals that are drawn; of more, every second, third, ... one.

        Returns
        -------
        PlotlyGrapher

        Examples
        --------
        >>> from lumentrace.pept.scanners import Scanner
        >>> grapher = Scanner.named("modular").plot()
        >>> len(grapher.fig.data[0].x)
        2048
        """
        from lumentrace.plots import PlotlyGrapher

        step = -(-len(self) // whole("most", most, 1))
        numbers = np.arange(0, len(self), step)
        crystals = np.column_stack([np.zeros(len(numbers)), self.positions(numbers), numbers])
        grapher = PlotlyGrapher().add_points(crystals, colorbar_title="crystal")
        return grapher if lines is None else grapher.add_lines(lines, colorbar=False)
