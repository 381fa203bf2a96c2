"""Maps, fields and mixing from trajectories. Everything is imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.processing.autocorrelation import AutoCorrelation as AutoCorrelation
    from lumentrace.pept.processing.circles import circles2d as circles2d
    from lumentrace.pept.processing.circles import spheres3d as spheres3d
    from lumentrace.pept.processing.dynamic_probability import DynamicProbability2D as DynamicProbability2D
    from lumentrace.pept.processing.dynamic_probability import DynamicProbability3D as DynamicProbability3D
    from lumentrace.pept.processing.lacey import LaceyColors as LaceyColors
    from lumentrace.pept.processing.lacey import LaceyColorsLinear as LaceyColorsLinear
    from lumentrace.pept.processing.occupancy import occupancy2d as occupancy2d
    from lumentrace.pept.processing.occupancy import occupancy3d as occupancy3d
    from lumentrace.pept.processing.projections import SpatialProjections as SpatialProjections
    from lumentrace.pept.processing.relative_deviations import RelativeDeviations as RelativeDeviations
    from lumentrace.pept.processing.relative_deviations import RelativeDeviationsLinear as RelativeDeviationsLinear
    from lumentrace.pept.processing.residence import ResidenceDistribution2D as ResidenceDistribution2D
    from lumentrace.pept.processing.residence import ResidenceDistribution3D as ResidenceDistribution3D
    from lumentrace.pept.processing.vector_field import VectorField2D as VectorField2D
    from lumentrace.pept.processing.vector_field import VectorField3D as VectorField3D
    from lumentrace.pept.processing.vector_grid import VectorGrid2D as VectorGrid2D
    from lumentrace.pept.processing.vector_grid import VectorGrid3D as VectorGrid3D

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "AutoCorrelation": "lumentrace.pept.processing.autocorrelation",
        "DynamicProbability2D": "lumentrace.pept.processing.dynamic_probability",
        "DynamicProbability3D": "lumentrace.pept.processing.dynamic_probability",
        "LaceyColors": "lumentrace.pept.processing.lacey",
        "LaceyColorsLinear": "lumentrace.pept.processing.lacey",
        "RelativeDeviations": "lumentrace.pept.processing.relative_deviations",
        "RelativeDeviationsLinear": "lumentrace.pept.processing.relative_deviations",
        "ResidenceDistribution2D": "lumentrace.pept.processing.residence",
        "ResidenceDistribution3D": "lumentrace.pept.processing.residence",
        "SpatialProjections": "lumentrace.pept.processing.projections",
        "VectorField2D": "lumentrace.pept.processing.vector_field",
        "VectorField3D": "lumentrace.pept.processing.vector_field",
        "VectorGrid2D": "lumentrace.pept.processing.vector_grid",
        "VectorGrid3D": "lumentrace.pept.processing.vector_grid",
        "circles2d": "lumentrace.pept.processing.circles",
        "occupancy2d": "lumentrace.pept.processing.occupancy",
        "occupancy3d": "lumentrace.pept.processing.occupancy",
        "spheres3d": "lumentrace.pept.processing.circles",
    },
)
