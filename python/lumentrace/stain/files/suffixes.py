"""Names of files: settings that differ from their default become part of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lumentrace.stain.compat import ABBREVIATIONS, DEFAULTS
from lumentrace.stain.settings import OLD_HISTOGRAMS


def differing(
    params: Mapping[str, Any], stage: int | None = None, defaults: Mapping[str, Any] = DEFAULTS
) -> dict[str, Any]:
    """Parameters that differ from the default and count for a stage, or for any."""
    return {
        name: params[name]
        for name, (_, first) in ABBREVIATIONS.items()
        if name in params and params[name] != defaults[name] and (stage is None or first <= stage)
    }


def build_suffix(params: Mapping[str, Any], stage: int, defaults: Mapping[str, Any] = DEFAULTS) -> str:
    """The part of a file name that tells parameters other than the default, of this stage or an earlier one.

    Examples
    --------
    >>> from lumentrace import stain
    >>> stain.build_suffix({"boundary_width": 20, "manual_scale": 1.5}, 4)
    '_bw20_msc1.5'
    """
    own = differing(params, stage, defaults)
    return "".join(f"_{ABBREVIATIONS[name][0]}{_text(value)}" for name, value in own.items())


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
        return {"1": True, "0": False, **OLD_HISTOGRAMS}.get(text, text)
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            pass
    try:
        return float(text)
    except ValueError:
        return None
