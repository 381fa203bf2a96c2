"""High-speed atomic force microscopy: image stacks, masks, and analyses that say what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.lazy import exports

if TYPE_CHECKING:
    from lumentrace.afm.analysis.base import AnalysisModule as AnalysisModule
    from lumentrace.afm.analysis.encoding import export_analysis_to_json as export_analysis_to_json
    from lumentrace.afm.analysis.pipeline import AnalysisPipeline as AnalysisPipeline
    from lumentrace.afm.stack import AFMImageStack as AFMImageStack

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "AFMImageStack": "lumentrace.afm.stack",
        "AnalysisModule": "lumentrace.afm.analysis.base",
        "AnalysisPipeline": "lumentrace.afm.analysis.pipeline",
        "export_analysis_to_json": "lumentrace.afm.analysis.encoding",
    },
)
