"""High-speed atomic force microscopy: from the instrument's file to tracks, saying what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base import doors
from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.afm import run as run
    from lumentrace.afm.analysis.base import AnalysisModule as AnalysisModule
    from lumentrace.afm.analysis.pipeline import AnalysisPipeline as AnalysisPipeline
    from lumentrace.afm.analysis.pipeline import AnalysisRecord as AnalysisRecord
    from lumentrace.afm.analysis.utils.common import export_analysis_to_json as export_analysis_to_json
    from lumentrace.afm.loaders import info as info
    from lumentrace.afm.loaders import load as load
    from lumentrace.afm.processing.pipeline import ProcessingPipeline as ProcessingPipeline
    from lumentrace.afm.report.page import write_report as write_report
    from lumentrace.afm.stack import AFMImageStack as AFMImageStack

doors.lead("load_film", "lumentrace.afm.loaders", "load")
doors.lead("apply_stateless", "lumentrace.afm.processing.pipeline")
doors.lead("find_step", "lumentrace.afm.processing.registry")
doors.lead("export_analysis_to_json", "lumentrace.afm.analysis.utils.common")

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "AFMImageStack": "lumentrace.afm.stack",
        "AnalysisModule": "lumentrace.afm.analysis.base",
        "AnalysisPipeline": "lumentrace.afm.analysis.pipeline",
        "AnalysisRecord": "lumentrace.afm.analysis.pipeline",
        "ProcessingPipeline": "lumentrace.afm.processing.pipeline",
        "export_analysis_to_json": "lumentrace.afm.analysis.utils.common",
        "info": "lumentrace.afm.loaders",
        "load": "lumentrace.afm.loaders",
        "write_report": "lumentrace.afm.report.page",
        "run": "lumentrace.afm.run",
    },
)
