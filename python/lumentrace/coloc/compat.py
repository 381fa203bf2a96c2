"""Documented names of modules that are in folders now."""

from __future__ import annotations

MODULES = {
    "autocorrelation": "measure.autocorrelation",
    "cooccurrence": "measure.cooccurrence",
    "metrics": "measure.metrics",
    "objects": "regions.objects",
    "randomization": "measure.randomization",
    "ripley": "measure.ripley",
    "shifts": "measure.shifts",
}
"""Where they are below the package."""
