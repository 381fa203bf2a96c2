"""Records as JSON, under their documented place."""

from __future__ import annotations

from .utils.common import export_analysis_to_json

__all__ = ["export_analysis_to_json"]
