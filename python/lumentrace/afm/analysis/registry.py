"""Analysis modules by name: those that come with lumentrace, and those of plugins."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from lumentrace.base.errors import did_you_mean

from ..plugins import entries, loaded
from .base import AnalysisModule

BUILT_IN = {
    "bump_mask": "lumentrace.afm.analysis.modules.bump_mask:BumpMask",
    "bump_positions": "lumentrace.afm.analysis.modules.bump_positions:BumpPositions",
    "count_nonzero": "lumentrace.afm.analysis.modules.count_nonzero:CountNonzero",
    "dbscan_clustering": "lumentrace.afm.analysis.modules.dbscan_clustering:DBSCANClustering",
    "feature_detection": "lumentrace.afm.analysis.modules.feature_detection:FeatureDetection",
    "k_means_clustering": "lumentrace.afm.analysis.modules.k_means_clustering:KMeansClustering",
    "log_blob_detection": "lumentrace.afm.analysis.modules.log_blob_detection:LoGBlobDetection",
    "particle_region_extraction": (
        "lumentrace.afm.analysis.modules.particle_region_extraction:ParticleRegionExtraction"
    ),
    "particle_tracking": "lumentrace.afm.analysis.modules.particle_tracking:ParticleTracking",
    "track_statistics": "lumentrace.afm.analysis.modules.track_statistics:TrackStatistics",
    "tracked_particle_boundary_size": (
        "lumentrace.afm.analysis.modules.tracked_particle_boundary_size:TrackedParticleBoundarySize"
    ),
    "x_means_clustering": "lumentrace.afm.analysis.modules.x_means_clustering:XMeansClustering",
}
GROUPS = ("lumentrace.afm.analysis", "playnano.analysis", "playNano.analysis")
"""Groups of entry points in which plugins are looked for."""


def load_analysis_module(name: str) -> AnalysisModule:
    """A new analysis module.

    Raises
    ------
    ValueError
        If there is no such module; the message names the nearest.
    RuntimeError
        If a plugin cannot be imported or its module not be made.
    TypeError
        If a plugin gives something else.

    Examples
    --------
    >>> from lumentrace.afm.analysis.registry import load_analysis_module
    >>> load_analysis_module("count_nonzero").name
    'count_nonzero'
    """
    if name in BUILT_IN:
        module, attribute = BUILT_IN[name].split(":")
        made: AnalysisModule = getattr(import_module(module), attribute)()
        return made
    plugins = entries(entry_points, GROUPS)
    for entry in plugins:
        if entry.name == name:
            return _from_plugin(name, entry)
    known = [*BUILT_IN, *(entry.name for entry in plugins)]
    hint = did_you_mean(name, known)
    raise ValueError(f"analysis module: expected one of {', '.join(known)}, found {name!r}{hint}")


def _from_plugin(name: str, entry: EntryPoint) -> AnalysisModule:
    make = loaded("analysis module", entry, "a class")
    try:
        made = make()
    except Exception as error:
        # Plugins raise what they like; the cause is kept.
        raise RuntimeError(f"analysis module {name!r}: the plugin cannot be made ({error})") from error
    if not isinstance(made, AnalysisModule):
        raise TypeError(f"analysis module {name!r}: expected an AnalysisModule, found {type(made).__name__}")
    return made
