"""The documented simulator of a camera with two parallel screens."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.files import is_open, replacing
from lumentrace.data.pept_object import PEPTObject
from lumentrace.pept.checks import shaped
from lumentrace.pept.simulation.shape import Shape

Floats = NDArray[np.float64]

_TRIES = 100


class Simulator(PEPTObject):
    """Simulate the lines of response of a tracer between two parallel screens, at z = 0 and z = `separation`.

    For each time the tracer is where the trajectory says, and the decay somewhere in its shape; the positron flies on
    by a normal step [1]_, and two photons leave in opposite directions. `lumentrace.pept.simulation.simulate` is a more
    faithful model, for several tracers, with scattered photons and random coincidences.

    Parameters
    ----------
    trajectory : (N, 4) array-like
        Rows t, x, y, z in ms and mm, in order of time.
    sampling_times : (M,) array-like
        Times of the decays in ms; each takes the first row of the trajectory that is not earlier, or the last one.
    shape_function : callable
        Returns where in the tracer a decay takes place, as an offset (3,) in mm: a function of no arguments, or a
        method of `Shape`.
    separation : float, default 712
        Distance of the screens in mm.
    decay_energy : float, default 0.6335
        Largest energy of the positrons in MeV; that of fluorine-18.
    Zeff, Aeff : float, default 7.22, 13
        Effective atomic number and mass of what surrounds the tracer; those of water.
    x_max, y_max : float, default 500
        The screens reach from 0 to these, in mm.
    seed : int, optional
        The same seed gives the same lines.
    isotropic : bool, default False
        Draw directions evenly over the sphere. The documented model draws two angles evenly, which favours directions
        along y.

    Attributes
    ----------
    pept_data, pept_data_with_noise : (K, 5) ndarray or None
        Rows t, x1, y1, x2, y2 that `simulate`, and `add_noise` and `add_spread`, made last.
    lost : int
        Times whose photons missed the screens 100 times: they have no line.

    Raises
    ------
    ValueError
        If an argument has the wrong shape or is out of its range.

    References
    ----------
    .. [1] Palmer M. R., Zhu X., Parker J. A., Modeling and simulation of positron range effects for high resolution PET
       imaging, IEEE Transactions on Nuclear Science 52 (2005) 1391-1395.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept import scanners, simulation
    >>> t = np.linspace(0, 100, 50)
    >>> circle = np.column_stack([t, 250 + 80 * np.cos(t / 20), 250 + 80 * np.sin(t / 20), np.full(50, 356)])
    >>> simulator = simulation.Simulator(circle, np.linspace(0, 100, 1000), simulation.Shape().sphere, seed=1)
    >>> lines = scanners.parallel_screens(simulator.add_noise(0.5), 712, sample_size=100)
    >>> len(simulator.pept_data), len(lines.lines)
    (1000, 1500)
    """

    def __init__(
        self,
        trajectory: ArrayLike,
        sampling_times: ArrayLike,
        shape_function: Callable[[], Any],
        separation: float = 712,
        decay_energy: float = 0.6335,
        Zeff: float = 7.22,
        Aeff: float = 13,
        x_max: float = 500,
        y_max: float = 500,
        *,
        seed: int | None = None,
        isotropic: bool = False,
    ) -> None:
        settings = {"separation": separation, "decay_energy": decay_energy, "Zeff": Zeff, "Aeff": Aeff}
        for name, value in {**settings, "x_max": x_max, "y_max": y_max}.items():
            if not 0 < value < np.inf:
                raise ValueError(f"`{name}`: expected a positive number, found {value}")
        self.separation, self.decay_energy = float(separation), float(decay_energy)
        self.Zeff, self.Aeff = float(Zeff), float(Aeff)
        self.x_max, self.y_max, self.isotropic = float(x_max), float(y_max), bool(isotropic)
        self._rng = np.random.default_rng(seed)
        self.change_trajectory(trajectory)
        self.change_sampling_times(sampling_times)
        self.change_shape(shape_function)
        self.pept_data: Floats | None = None
        self.pept_data_with_noise: Floats | None = None
        self.lost = 0

    def change_trajectory(self, new_trajectory: ArrayLike) -> None:
        """Take another trajectory: rows t, x, y, z."""
        rows = np.asarray(new_trajectory, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] < 4 or not len(rows):
            raise ValueError(f"`trajectory`: expected rows t, x, y, z, found shape {rows.shape}")
        if not np.isfinite(rows[:, :4]).all() or (np.diff(rows[:, 0]) < 0).any():
            raise ValueError("`trajectory`: expected finite numbers in order of time")
        self.trajectory = rows[:, :4]

    def change_sampling_times(self, new_sampling_times: ArrayLike) -> None:
        """Take other times."""
        times = np.asarray(new_sampling_times, dtype=np.float64)
        if times.ndim != 1 or not np.isfinite(times).all():
            raise ValueError(f"`sampling_times`: expected finite times of shape (M,), found shape {times.shape}")
        self.sampling_times = times

    def change_shape(self, new_shape_function: Callable[[], Any]) -> None:
        """Take another shape."""
        if not callable(new_shape_function):
            raise ValueError(f"`shape_function`: expected something to call, found {new_shape_function!r}")
        self.shape_function = new_shape_function

    def simulate(self) -> Floats:
        """Make the lines of response; returns rows t, x1, y1, x2, y2 and keeps them as `pept_data`."""
        rows = np.searchsorted(self.trajectory[:, 0], self.sampling_times).clip(max=len(self.trajectory) - 1)
        decays = self.trajectory[rows, 1:] + self._offsets(len(rows))
        decays += self._rng.normal(0, self._positron_range()[:, None] / 2, (len(rows), 3))
        screens = np.full((len(rows), 4), np.nan)
        missing = np.arange(len(rows))
        for _ in range(_TRIES):
            if not len(missing):
                break
            tried = self._photons(decays[missing])
            limits = np.array([self.x_max, self.y_max] * 2)
            seen = ((tried > 0) & (tried < limits)).all(axis=1)
            screens[missing[seen]] = tried[seen]
            missing = missing[~seen]
        self.lost = len(missing)
        kept = np.isfinite(screens).all(axis=1)
        self.pept_data = np.column_stack([self.sampling_times, screens])[kept]
        self.pept_data_with_noise = None
        return self.pept_data

    def add_noise(self, noise_ratio: float) -> Floats:
        """Insert random lines, `noise_ratio` times as many as there are times; kept as `pept_data_with_noise`."""
        if not 0 <= noise_ratio < np.inf:
            raise ValueError(f"`noise_ratio`: expected a number >= 0, found {noise_ratio}")
        signal = self._signal()
        count = int(noise_ratio * len(self.sampling_times))
        first, last = self.trajectory[[0, -1], 0]
        noise = self._rng.uniform([first, 0, 0, 0, 0], [last, *[self.x_max, self.y_max] * 2], (count, 5))
        rows = np.concatenate([signal, noise])
        self.pept_data_with_noise = rows[np.argsort(rows[:, 0], kind="stable")]
        return self.pept_data_with_noise

    def add_spread(self, max_spread: float = 4, depth: float = 16) -> Floats:
        """Blur where the screens see photons; kept as `pept_data_with_noise`, which is blurred if there is noise.

        Parameters
        ----------
        max_spread : float, default 4
            Largest error of each coordinate in mm.
        depth : float, default 16
            Thickness of the screens in mm: photons are seen somewhere within, along their line.
        """
        for name, value in (("max_spread", max_spread), ("depth", depth)):
            if not 0 <= value < np.inf:
                raise ValueError(f"`{name}`: expected a number >= 0, found {value}")
        rows = (self._signal() if self.pept_data_with_noise is None else self.pept_data_with_noise).copy()
        rows[:, 1:] += self._rng.uniform(-max_spread, max_spread, (len(rows), 4))
        slope = (rows[:, 3:5] - rows[:, 1:3]) / self.separation
        rows[:, 1:3] -= slope * depth * self._rng.random((len(rows), 1))
        rows[:, 3:5] += slope * depth * self._rng.random((len(rows), 1))
        self.pept_data_with_noise = rows
        return rows

    def add_noise_and_spread(self, noise_ratio: float, max_spread: float = 4, depth: float = 16) -> Floats:
        """`add_noise`, then `add_spread`."""
        self.add_noise(noise_ratio)
        return self.add_spread(max_spread, depth)

    def write_csv(self, fname: Any) -> None:
        """Write `pept_data` as text, which `lumentrace.pept.scanners.parallel_screens` reads."""
        _write(fname, self._signal())

    def write_noise_csv(self, fname: Any) -> None:
        """Write `pept_data_with_noise` as text.

        Raises
        ------
        ValueError
            If neither noise nor spread was added.
        """
        if self.pept_data_with_noise is None:
            raise ValueError("expected noise or spread, found none: call `add_noise` or `add_spread` first")
        _write(fname, self.pept_data_with_noise)

    def _signal(self) -> Floats:
        return self.simulate() if self.pept_data is None else self.pept_data

    def _offsets(self, count: int) -> Floats:
        owner = getattr(self.shape_function, "__self__", None)
        if isinstance(owner, Shape):
            return owner.offsets(self.shape_function.__name__, count, self._rng)
        drawn = [shaped("shape_function", self.shape_function(), (3,)) for _ in range(count)]
        return np.array(drawn).reshape(count, 3)

    def _positron_range(self) -> Floats:
        energy = self._rng.normal(self.decay_energy / 2, self.decay_energy / 6, len(self.sampling_times)).clip(min=0)
        b1 = 4.569 * self.Aeff / self.Zeff**1.209
        b2 = 1 / (2.873 - 0.02309 * self.Zeff)
        reach: Floats = b1 * energy**2 / (b2 + energy)
        return reach

    def _photons(self, decays: Floats) -> Floats:
        """Where lines through `decays` in random directions meet the screens: x1, y1, x2, y2."""
        if self.isotropic:
            direction = self._rng.normal(size=(len(decays), 3))
            slope_x, slope_y = direction[:, 0] / direction[:, 2], direction[:, 1] / direction[:, 2]
        else:
            phi, theta = self._rng.uniform(0, np.pi, (2, len(decays)))
            slope_x, slope_y = np.tan(phi), np.tan(theta) / np.cos(phi)
        x, y, z = decays.T
        beyond = self.separation - z
        return np.column_stack([x - z * slope_x, y - z * slope_y, x + beyond * slope_x, y + beyond * slope_y])


def _write(target: Any, rows: Floats) -> None:
    """Write rows as text; a file appears whole or not at all, and is packed if its name ends in .gz."""
    if is_open(target):
        np.savetxt(target, rows, delimiter="   ")
        return
    with replacing(target) as file:
        if Path(target).suffix != ".gz":
            np.savetxt(file, rows, delimiter="   ")
            return
        with gzip.open(file, "wb") as packed:
            np.savetxt(packed, rows, delimiter="   ")
