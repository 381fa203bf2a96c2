"""Analysis modules by name, under their documented place."""

from __future__ import annotations

from ..registry import load_analysis_module

__all__ = ["load_analysis_module"]
