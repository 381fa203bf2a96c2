"""Settings of a run, and what each of them means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from lumentrace.base.errors import did_you_mean
from lumentrace.engine import settings
from lumentrace.engine.settings import setting

FORMATS = ("tiff", "fits", "both")
HISTOGRAMS = ("unbiased", "exo2micro")
OLD_HISTOGRAMS = {"peer": "exo2micro"}


@dataclass(frozen=True)
class Settings(settings.Settings):
    """How a pair of images is registered, scaled and subtracted; `lumentrace stain run -p name=value` takes each.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    pad: int = setting(0, "border of the images that are written, pixels; 0: every image has its own frame")
    rotation_search: bool = setting(True, "try rotations")
    angle_range: float = setting(20, "rotations that are tried first, degrees; if none of these fits, all others are")
    angle_step: float = setting(1, "degrees between them, at least 6")
    scale_search: bool = setting(True, "try magnifications other than 1")
    scale_min: float = setting(0.85, "the smaller magnification that is tried")
    scale_max: float = setting(1.15, "the larger magnification that is tried")
    down_scale: float = setting(0.3, "share of the full size at which the first alignment is made")
    save_all_intermediates: bool = setting(False, "also write the image after the first rough alignment")
    interior_ecc: bool = setting(True, "refine the first alignment at full size")
    scale_percentile: float | None = setting(None, "also subtract with this percentile of the ratios as scale")
    manual_scale: float | None = setting(None, "also subtract with this scale")
    local_model: bool | str = setting("auto", "follow local deformations: true, false, or auto if they are clear")
    histogram: str = setting("unbiased", "how ratios are counted for the scale: unbiased, or as exo2micro does")
    offset: bool = setting(False, "fit post = scale * pre + offset: a detector's offset, stain that binds everywhere")
    checkpoint_format: str = setting("tiff", "format of the images that are written: tiff, fits or both")

    _CHOICES: ClassVar[dict[str, tuple[bool | str, ...]]] = {
        "local_model": ("auto", True, False),
        "histogram": HISTOGRAMS,
        "checkpoint_format": FORMATS,
    }
    _WHOLE: ClassVar[tuple[str, ...]] = ("pad",)
    _RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        "pad": (0, 1_000_000),
        "angle_range": (0, 180),
        "angle_step": (1e-3, 180),
        "scale_min": (0.01, 100),
        "scale_max": (0.01, 100),
        "down_scale": (1e-3, 1),
        "scale_percentile": (0, 100),
    }

    def __post_init__(self) -> None:
        if isinstance(self.histogram, str):
            object.__setattr__(self, "histogram", OLD_HISTOGRAMS.get(self.histogram, self.histogram))
        for item in fields(self):
            value = getattr(self, item.name)
            expected = self._wrong(item.name, item.default, value)
            if expected:
                raise ValueError(f"`{item.name}`: expected {expected}, found {value!r}")

    @classmethod
    def _wrong(cls, name: str, default: Any, value: Any) -> str:
        """What was expected instead of a value; empty if it is fine."""
        if name in cls._CHOICES:
            choices = cls._CHOICES[name]
            return "" if value in choices and type(value) in (bool, str) else f"one of {choices}"
        if isinstance(default, bool):
            return "" if isinstance(value, bool) else "True or False"
        if default is None and value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return "a finite number"
        low, high = cls._RANGES.get(name, (0, math.inf))
        whole = name in cls._WHOLE and value != int(value)
        if whole or not low <= value <= high:
            kind = "a whole number" if name in cls._WHOLE else "a number"
            return f"{kind} from {low:g}" + (f" to {high:g}" if math.isfinite(high) else " on")
        return ""

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], source: str = "settings") -> Self:
        """Settings from names and values.

        Raises
        ------
        ValueError
            If a name is unknown, or a value out of range.
        """
        known = [item.name for item in fields(cls)]
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known) or f"; the settings are {', '.join(known)}"
                raise ValueError(f"{source}: unknown setting {name!r}{hint}")
        try:
            return cls(**given)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from None

    @property
    def scales(self) -> int:
        """Number of scales that are subtracted with."""
        return 1 + (self.scale_percentile is not None) + (self.manual_scale is not None)

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats that are written."""
        return ("tiff", "fits") if self.checkpoint_format == "both" else (self.checkpoint_format,)
