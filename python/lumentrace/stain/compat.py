"""What scripts and file names of exo2micro know: its parameters, also those without effect here, and short names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Self

from lumentrace.base.errors import did_you_mean
from lumentrace.engine.settings import setting
from lumentrace.stain.settings import Settings

ABBREVIATIONS = {
    "pad": ("pad", 1),
    "use_edges": ("ue", 2),
    "boundary_width": ("bw", 2),
    "boundary_smooth": ("bs", 2),
    "rotation_search": ("rs", 2),
    "angle_range": ("ar", 2),
    "angle_step": ("astep", 2),
    "scale_search": ("ss", 2),
    "scale_min": ("smin", 2),
    "scale_max": ("smax", 2),
    "scale_step": ("sstep", 2),
    "multiscale": ("ms", 2),
    "down_scale": ("ds", 2),
    "max_translation": ("mtr", 2),
    "max_rotation": ("mrot", 2),
    "max_scale_delta": ("msd", 2),
    "max_scale_diff": ("msdf", 2),
    "save_all_intermediates": ("sai", 2),
    "fine_ecc": ("fecc", 2),
    "stopit": ("sit", 2),
    "stopdelta": ("sdl", 2),
    "interior_ecc": ("iecc", 3),
    "interior_blur_base": ("iblur", 3),
    "interior_max_correction": ("imc", 3),
    "interior_min_inlier_ratio": ("imir", 3),
    "local_model": ("lm", 3),
    "scale_percentile": ("sp", 4),
    "manual_scale": ("msc", 4),
    "histogram": ("hist", 4),
    "offset": ("off", 4),
}
"""Abbreviation and stage of each parameter, in the order of suffixes."""


def _without_effect(default: Any) -> Any:
    return setting(default, "no effect on this registration; part of file names")


@dataclass(frozen=True)
class StainParameters(Settings):
    """`lumentrace.stain.run.Settings`, and the settings of boundary alignment, ICP and SIFT of exo2micro.

    This registration does without the latter: they are known so that existing scripts run, and are part of file names,
    nothing more. Images get the border of exo2micro, 2000 pixels, unless `pad` says otherwise.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> from lumentrace import stain
    >>> own = stain.StainParameters(pad=500).with_changes({"boundary_width": 20})
    >>> stain.build_suffix(own.to_dict(), 4)
    '_pad500_bw20'
    """

    pad: int = setting(2000, "border of the images that are written, pixels; 0: every image has its own frame")
    use_edges: bool = _without_effect(True)
    boundary_width: int = _without_effect(15)
    boundary_smooth: int = _without_effect(10)
    scale_step: float = _without_effect(0.05)
    multiscale: bool = _without_effect(True)
    max_translation: float = _without_effect(200)
    max_rotation: float = _without_effect(5.0)
    max_scale_delta: float = _without_effect(0.2)
    max_scale_diff: float = _without_effect(0.15)
    fine_ecc: bool = _without_effect(False)
    stopit: int = _without_effect(500)
    stopdelta: float = _without_effect(1e-6)
    interior_blur_base: float = _without_effect(8.0)
    interior_max_correction: float = _without_effect(500)
    interior_min_inlier_ratio: float = _without_effect(0.4)

    _WHOLE: ClassVar[tuple[str, ...]] = (*Settings._WHOLE, "boundary_width", "boundary_smooth", "stopit")
    _RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        **Settings._RANGES,
        "scale_step": (1e-4, 100),
        "interior_min_inlier_ratio": (0, 1),
    }

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """The same with other values.

        Raises
        ------
        ValueError
            If a name is unknown or a value out of range.
        """
        for name in changes:
            if name not in ABBREVIATIONS:
                known = ", ".join(ABBREVIATIONS)
                raise ValueError(f"unknown parameter {name!r}{did_you_mean(name, ABBREVIATIONS)}; known are {known}")
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Name and value of each: those of file names in the order of suffixes, then the others."""
        own = asdict(self)
        return {name: own[name] for name in [*ABBREVIATIONS, *(name for name in own if name not in ABBREVIATIONS)]}

    def plain(self) -> Settings:
        """The settings that have an effect; all, if one of the others is not at its default."""
        if ignored(self):
            return self
        return Settings(**{item.name: getattr(self, item.name) for item in fields(Settings)})


DEFAULTS = StainParameters().to_dict()
WITHOUT_EFFECT = tuple(name for name in ABBREVIATIONS if name not in Settings().to_dict())
"""Parameters that are part of file names, nothing more."""


def ignored(settings: Settings) -> list[str]:
    """Parameters without effect that are not at their defaults."""
    own = settings.to_dict()
    return [name for name in WITHOUT_EFFECT if name in own and own[name] != DEFAULTS[name]]
