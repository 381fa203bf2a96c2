"""How values are distributed, as a figure."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from .palette import PALETTE


def distribution(values: NDArray[np.float64], title: str) -> go.Figure:
    """A histogram."""
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite, bins=int(np.clip(np.sqrt(finite.size) * 1.5, 8, 80)))
    centres = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(go.Bar(x=centres, y=counts, width=np.diff(edges), marker={"color": PALETTE[0]}))
    figure.update_xaxes(title_text=title)
    figure.update_yaxes(title_text="number", dtick=1 if counts.max() <= 6 else None)
    figure.update_layout(bargap=0, showlegend=False)
    return figure
