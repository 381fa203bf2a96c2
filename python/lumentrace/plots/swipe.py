"""Two pictures of the same place under a slider, as a part of a report."""

from __future__ import annotations

import html

import numpy as np
from numpy.typing import NDArray

from .film import Bar, barred
from .pictures import address

Shown = tuple[str, NDArray[np.uint8]]


def swiped(one: Shown, other: Shown, title: str, caption: str, bar: Bar | None = None) -> str:
    """HTML of two pictures, of which the slider uncovers the first on its left, the other on its right."""
    left, right = (html.escape(name, quote=True) for name, _ in (one, other))
    covered, cover = (address(pixels) for _, pixels in (other, one))
    about = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure class="swipe"><h3>{html.escape(title)}</h3><div class="pair" style="--at: 50%">'
        f'<div><img src="{covered}" alt="{right}"><span>{right}</span>{barred(bar)}</div>'
        f'<div class="cover"><img src="{cover}" alt="{left}"><span>{left}</span>{barred(bar)}</div>'
        f'<input type="range" value="50" aria-label="{left} | {right}"></div>{about}</figure>'
    )
