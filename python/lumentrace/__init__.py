"""From raw detector events and image stacks to trajectories, traces and tables.

The techniques are `lumentrace.pept`, `lumentrace.coloc`, `lumentrace.afm`, `lumentrace.stain` and
`lumentrace.twophoton`; the shared classes are on this page. Everything is imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace._core import __version__ as __version__
from lumentrace.base import doors
from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace import afm as afm
    from lumentrace import coloc as coloc
    from lumentrace import pept as pept
    from lumentrace import stain as stain
    from lumentrace import twophoton as twophoton
    from lumentrace.base.errors import FormatError as FormatError
    from lumentrace.data.lines import LineData as LineData
    from lumentrace.data.pixels import Pixels as Pixels
    from lumentrace.data.points import PointData as PointData
    from lumentrace.data.samples import AdaptiveWindow as AdaptiveWindow
    from lumentrace.data.samples import TimeWindow as TimeWindow
    from lumentrace.data.voxels import Voxels as Voxels
    from lumentrace.engine.samples.pipeline import Pipeline as Pipeline
    from lumentrace.storage import load as load
    from lumentrace.storage import save as save

doors.lead("arrow_schema", "lumentrace.storage.arrow")
doors.lead("arrow_stream", "lumentrace.storage.arrow")
doors.lead("image_to_xarray", "lumentrace.storage.images.xarray_image", "to_xarray")
doors.lead("load", "lumentrace.storage")
doors.lead("save", "lumentrace.storage")
doors.lead("to_csv", "lumentrace.storage")
doors.lead("to_pandas", "lumentrace.storage")
doors.lead("to_polars", "lumentrace.storage")
doors.lead("to_xarray", "lumentrace.storage")

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "AdaptiveWindow": "lumentrace.data.samples",
        "FormatError": "lumentrace.base.errors",
        "LineData": "lumentrace.data.lines",
        "Pipeline": "lumentrace.engine.samples.pipeline",
        "Pixels": "lumentrace.data.pixels",
        "PointData": "lumentrace.data.points",
        "TimeWindow": "lumentrace.data.samples",
        "Voxels": "lumentrace.data.voxels",
        "afm": "lumentrace.afm",
        "coloc": "lumentrace.coloc",
        "load": "lumentrace.storage",
        "pept": "lumentrace.pept",
        "save": "lumentrace.storage",
        "stain": "lumentrace.stain",
        "twophoton": "lumentrace.twophoton",
    },
)
