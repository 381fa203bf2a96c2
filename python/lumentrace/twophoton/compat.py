"""Flat names of modules under which documents and scripts know what is now in folders."""

from __future__ import annotations

MODULES = {
    "calibration": "regions.calibration",
    "crop": "read.crop",
    "dff": "measure.dff",
    "find": "read.find",
    "handoff": "exchange.handoff",
    "kernels": "respond.kernels",
    "maps": "respond.maps",
    "processing": "respond.processing",
    "recording": "read.recording",
    "responses": "respond.responses",
    "rois": "regions.rois",
    "timing": "measure.timing",
    "traces": "measure.traces",
    "trials": "respond.trials",
    "windows": "measure.windows",
}
