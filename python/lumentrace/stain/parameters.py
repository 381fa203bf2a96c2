"""Settings of the pipeline, and how those that differ from the default become part of file names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from lumentrace.base.errors import did_you_mean

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

WITHOUT_EFFECT = (
    "use_edges",
    "boundary_width",
    "boundary_smooth",
    "multiscale",
    "max_translation",
    "max_rotation",
    "max_scale_delta",
    "max_scale_diff",
    "fine_ecc",
    "stopit",
    "stopdelta",
    "interior_blur_base",
    "interior_max_correction",
    "interior_min_inlier_ratio",
)
"""Settings of the boundary alignment, ICP and SIFT of other tools, which this registration does without."""


@dataclass(frozen=True)
class StainParameters:
    """Settings of the pipeline.

    Those in `WITHOUT_EFFECT` are known so that existing scripts run; they are part of file names, nothing more.

    Attributes
    ----------
    pad : int
        Border of the canvases that are written, in pixels.
    rotation_search, angle_range, angle_step : bool, float, float
        Whether rotations are tried, and which first, in degrees; if none of these fits, all others.
    scale_search, scale_min, scale_max, scale_step : bool, float, float, float
        Whether magnifications other than 1 are tried, and which.
    down_scale : float
        Share of the full size at which the first alignment is made.
    save_all_intermediates : bool
        Also write the image after the first rough alignment.
    interior_ecc : bool
        Whether the first alignment is refined at full size.
    local_model : {'auto', True, False}
        Whether local deformations are followed.
    scale_percentile : float, optional
        Also subtract with the percentile of the ratios as scale.
    manual_scale : float, optional
        Also subtract with this scale.
    histogram : {'unbiased', 'peer'}
        How ratios are counted for the scale.
    offset : bool
        Fit post = scale * pre + offset, for detectors with an offset or stain that binds everywhere.
    """

    pad: int = 2000
    use_edges: bool = True
    boundary_width: int = 15
    boundary_smooth: int = 10
    rotation_search: bool = True
    angle_range: float = 20
    angle_step: float = 1
    scale_search: bool = True
    scale_min: float = 0.85
    scale_max: float = 1.15
    scale_step: float = 0.05
    multiscale: bool = True
    down_scale: float = 0.3
    max_translation: float = 200
    max_rotation: float = 5.0
    max_scale_delta: float = 0.2
    max_scale_diff: float = 0.15
    fine_ecc: bool = False
    save_all_intermediates: bool = False
    stopit: int = 500
    stopdelta: float = 1e-6
    interior_ecc: bool = True
    interior_blur_base: float = 8.0
    interior_max_correction: float = 500
    interior_min_inlier_ratio: float = 0.4
    scale_percentile: float | None = None
    manual_scale: float | None = None
    local_model: bool | str = "auto"
    histogram: str = "unbiased"
    offset: bool = False

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            expected = self._wrong(item.name, item.default, value)
            if expected:
                raise ValueError(f"`{item.name}`: expected {expected}, found {value!r}")

    def _wrong(self, name: str, default: Any, value: Any) -> str:
        """What was expected instead of a value; empty if it is fine."""
        if name in CHOICES:
            return "" if value in CHOICES[name] and type(value) in (bool, str) else f"one of {CHOICES[name]}"
        if isinstance(default, bool):
            return "" if isinstance(value, bool) else "True or False"
        if default is None and value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return "a finite number"
        low, high = RANGES.get(name, (0, math.inf))
        whole = name in WHOLE and value != int(value)
        if whole or not low <= value <= high:
            kind = "a whole number" if name in WHOLE else "a number"
            return f"{kind} from {low:g}" + (f" to {high:g}" if math.isfinite(high) else " on")
        return ""

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
        """Name and value of each, in the order of suffixes."""
        own = asdict(self)
        return {name: own[name] for name in ABBREVIATIONS}


CHOICES: dict[str, tuple[Any, ...]] = {"local_model": ("auto", True, False), "histogram": ("unbiased", "peer")}
WHOLE = ("pad", "boundary_width", "boundary_smooth", "stopit")
RANGES = {
    "pad": (0, 1_000_000),
    "angle_range": (0, 180),
    "angle_step": (1e-3, 180),
    "scale_min": (0.01, 100),
    "scale_max": (0.01, 100),
    "scale_step": (1e-4, 100),
    "down_scale": (1e-3, 1),
    "scale_percentile": (0, 100),
    "interior_min_inlier_ratio": (0, 1),
}
DEFAULTS = StainParameters().to_dict()


def differing(params: Mapping[str, Any], stage: int | None = None) -> dict[str, Any]:
    """Parameters that differ from the default and count for a stage, or for any."""
    return {
        name: params[name]
        for name, (_, first) in ABBREVIATIONS.items()
        if name in params and params[name] != DEFAULTS[name] and (stage is None or first <= stage)
    }


def build_suffix(params: Mapping[str, Any], stage: int) -> str:
    """The part of a file name that tells parameters other than the default, of this stage or an earlier one.

    Examples
    --------
    >>> from lumentrace import stain
    >>> stain.build_suffix({"boundary_width": 20, "manual_scale": 1.5}, 4)
    '_bw20_msc1.5'
    """
    return "".join(f"_{ABBREVIATIONS[name][0]}{_text(value)}" for name, value in differing(params, stage).items())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def params_from_suffix(text: str) -> dict[str, Any]:
    """Read a suffix that `build_suffix` made; parts that are none are passed over.

    Examples
    --------
    >>> from lumentrace import stain
    >>> stain.params_from_suffix("_bw20_msc1.5")
    {'boundary_width': 20, 'manual_scale': 1.5}
    """
    longest = sorted(ABBREVIATIONS.items(), key=lambda item: -len(item[1][0]))
    found = {}
    for part in text.split("_"):
        for name, (short, _) in longest:
            if part.startswith(short) and len(part) > len(short):
                value = _value(DEFAULTS[name], part[len(short) :])
                if value is not None:
                    found[name] = value
                break
    return found


def _value(default: Any, text: str) -> Any:
    if isinstance(default, bool):
        return text == "1"
    if isinstance(default, str):
        return {"1": True, "0": False}.get(text, text)
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            pass
    try:
        return float(text)
    except ValueError:
        return None
