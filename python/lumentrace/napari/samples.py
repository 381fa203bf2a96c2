"""Examples for File > Open Sample, simulated when they are asked for; always the same."""

from __future__ import annotations

import numpy as np

from lumentrace.napari.layers import Layer


def trajectories() -> list[Layer]:
    """Two tracers on a wheel, found in simulated lines of a PET scanner."""
    from lumentrace.data.points import PointData
    from lumentrace.napari.tables import point_layers
    from lumentrace.pept import simulation
    from lumentrace.pept.tracking import LineTracker

    wheel = [simulation.Circle(), simulation.Circle(phase=np.pi)]
    lines = simulation.simulate(wheel, n=100_000, rate=50, noise=0.5, seed=1).lines
    return point_layers(PointData(LineTracker(2).fit(lines)), "tracers on a wheel")


def film() -> list[Layer]:
    """Particles that diffuse on a surface, seen by an atomic force microscope."""
    from lumentrace.afm.simulation import simulate_film
    from lumentrace.napari.films import film_layers

    stack, _ = simulate_film(seed=1)
    return film_layers(stack)


def stain() -> list[Layer]:
    """A section of tissue before and after it was stained."""
    from lumentrace.napari.images import image_layers
    from lumentrace.stain.simulation import simulate
    from lumentrace.storage import open_image

    pair = simulate(seed=1)
    pixels = np.stack([pair.pre, pair.post])
    return image_layers(open_image(pixels, axes="CYX", channels=("before", "after")))
