"""The figures of a colocalization report."""

from __future__ import annotations

import html

import numpy as np
import plotly.graph_objects as go  # untyped: its figures are Any
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray
from lumentrace.coloc.measure.line import least_squares
from lumentrace.plots.linked import each
from lumentrace.plots.outlines import joined, outlines
from lumentrace.plots.palette import NEUTRAL, PALETTE
from lumentrace.plots.pictures import picture, plane, reduced, step, stretched
from lumentrace.plots.scale_bars import add_scale_bar

GREEN, MAGENTA, YELLOW, WHITE = (0.0, 1.0, 0.35), (1.0, 0.0, 0.65), (1.0, 0.85, 0.2), (1.0, 1.0, 1.0)
BINS = 128
MOST_OUTLINED, MOST_NUMBERED = 500, 150
REGION = "region"
"""What regions are called where they are marked."""
THRESHOLD = PALETTE[1]


def merge(a: AnyArray, b: AnyArray) -> go.Figure:
    """Both channels over one another, in green and magenta; what both have is white."""
    first, second = (stretched(reduced(plane(channel))) for channel in (a, b))
    return _coloured([(first, GREEN), (second, MAGENTA)])


def add_regions(figure: go.Figure, labels: NDArray[np.int64]) -> None:
    """Outlines and numbers of regions over a picture; of many only outlines, of very many nothing."""
    flat = plane(labels)
    found = list(outlines(flat)) if len(np.unique(flat)) <= MOST_OUTLINED else []
    if not found:
        return
    side = step(flat.shape)
    x, y, regions = joined(found)
    style = {"showlegend": False, "hovertemplate": "region %{customdata}<extra></extra>"}
    line = {"color": "#ffffff", "width": 1.2}
    x, y = x / side - 0.5, y / side - 0.5
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, **style, **each(REGION, regions)))
    first = np.flatnonzero(np.diff(regions, prepend=-1))
    if len(first) <= MOST_NUMBERED:
        spans = zip(first, [*first[1:], len(regions)], strict=True)
        centres = np.array([[np.nanmean(x[a:b]), np.nanmean(y[a:b])] for a, b in spans])
        text = [f"<b>{region}</b>" for region in regions[first]]
        font = {"color": "#ffffff", "size": 12, "shadow": "auto"}
        marks = {"mode": "markers+text", "text": text, "textfont": font, "marker": {"size": 14, "opacity": 0}}
        figure.add_trace(go.Scatter(x=centres[:, 0], y=centres[:, 1], **marks, **style, **each(REGION, regions[first])))


def add_bar(figure: go.Figure, shape: tuple[int, ...], pixel_um: float | None) -> None:
    """A scale bar, if the size of a pixel is known."""
    if pixel_um:
        side = step(shape[-2:])
        tall, wide = (length // side for length in shape[-2:])
        add_scale_bar(figure, (wide, tall), pixel_um * side, "µm", (-0.5, -0.5))


def co_occurrence(
    above_a: NDArray[np.bool_], above_b: NDArray[np.bool_], inside: NDArray[np.bool_] | None
) -> go.Figure:
    """Pixels above the threshold of one channel or of both; what is outside of all regions is dark grey.

    Of stacks the share along the other axes is shown.
    """
    first, second, both = (_share(mask) for mask in (above_a, above_b, above_a & above_b))
    layers = [(first - both, GREEN), (second - both, MAGENTA), (both, YELLOW)]
    if inside is not None:
        layers.append((0.18 * (1 - _share(inside)), WHITE))
    return _coloured(layers)


def _share(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    return reduced(mask.mean(axis=tuple(range(mask.ndim - 2))))


def _coloured(layers: list[tuple[NDArray[np.float64], tuple[float, float, float]]]) -> go.Figure:
    mixed = sum(values[..., None] * np.array(colour) for values, colour in layers)
    return picture((255 * np.clip(mixed, 0, 1)).astype(np.uint8))


def scale_note(shape: tuple[int, ...], along: str) -> str:
    """How a picture was reduced; `along` says what is shown of the other axes of a stack."""
    side = step(shape[-2:])
    flat = "" if len(shape) == 2 else f"{along} along the other axes. "
    return flat + (f"One pixel shown stands for {side} x {side}." if side > 1 else "")


def joint_histogram(
    a: AnyArray, b: AnyArray, names: tuple[str, str], thresholds: tuple[float, float] | None
) -> go.Figure:
    """How often each pair of intensities occurs, with the least-squares line and the thresholds.

    Parameters
    ----------
    a, b : ndarray
        Flat channels.
    names : (str, str)
    thresholds : (float, float) or None
    """
    x, y = (values.astype(np.float64) for values in (a, b))
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    edges = [_edges(values) for values in (x, y)]
    counts = np.histogram2d(x, y, bins=edges)[0] if x.size else np.zeros((len(edges[0]) - 1, len(edges[1]) - 1))
    shown = np.log10(np.where(counts > 0, counts, np.nan)).T
    centres = [(edge[:-1] + edge[1:]) / 2 for edge in edges]
    decades = list(range(int(np.nanmax(shown)) + 1)) if np.isfinite(shown).any() else [0]
    figure = go.Figure(
        go.Heatmap(
            x=centres[0],
            y=centres[1],
            z=shown.astype(np.float32),
            colorscale="Viridis",
            colorbar={
                "title": "pixels",
                "tickvals": decades,
                "ticktext": [f"{10**decade:,}".replace(",", " ") for decade in decades],
            },
            hovertemplate=f"{html.escape(names[0])}: %{{x:.4g}}<br>{html.escape(names[1])}: %{{y:.4g}}<br>"
            "log10 of pixels: %{z:.2f}<extra></extra>",
        )
    )
    _add_line(figure, x, y, edges)
    if thresholds is not None and np.isfinite(thresholds).all():
        dash = {"color": THRESHOLD, "dash": "dash", "width": 2}
        figure.add_vline(x=thresholds[0], line=dash)
        figure.add_hline(y=thresholds[1], line=dash)
    figure.update_xaxes(title_text=html.escape(names[0]), range=[edges[0][0], edges[0][-1]])
    figure.update_yaxes(title_text=html.escape(names[1]), range=[edges[1][0], edges[1][-1]])
    figure.update_layout(showlegend=False)
    return figure


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most BINS bins; whole numbers fall into the middle of bins of equal content."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if low == high:
        return np.array([low - 0.5, low + 0.5])
    if (values == np.trunc(values)).all():
        width = max(1, -(-int(high - low + 1) // BINS))
        return np.arange(low - 0.5, high + width, width)
    return np.linspace(low, high, BINS + 1)


def _add_line(
    figure: go.Figure, x: NDArray[np.float64], y: NDArray[np.float64], edges: list[NDArray[np.float64]]
) -> None:
    slope, intercept = least_squares(x, y)
    if np.isnan(slope):
        return
    ends = np.array([edges[0][0], edges[0][-1]])
    line = slope * ends + intercept
    figure.add_trace(go.Scatter(x=ends, y=line, mode="lines", line={"color": PALETTE[4], "width": 2}, hoverinfo="skip"))


def null_histogram(null: NDArray[np.float64], observed: float) -> go.Figure:
    """Correlations of shuffled images, and the one observed."""
    counts, edges = np.histogram(null, bins=min(60, max(10, len(null) // 20)))
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2, y=counts, width=np.diff(edges), marker={"color": NEUTRAL}, name="shuffled"
        )
    )
    figure.add_vline(x=observed, line={"color": THRESHOLD, "width": 3}, annotation_text="observed")
    figure.update_xaxes(title_text="Pearson's r")
    figure.update_yaxes(title_text="shuffles")
    figure.update_layout(bargap=0, showlegend=False)
    return figure


def by_region(values: dict[str, NDArray[np.float64]], regions: NDArray[np.int64]) -> go.Figure:
    """The figures of all regions, one strip per measure."""
    figure = go.Figure()
    for number, (name, numbers) in enumerate(values.items()):
        colour, known = PALETTE[number % len(PALETTE)], np.isfinite(numbers)
        figure.add_trace(
            go.Box(
                y=numbers[known],
                hovertemplate=f"region %{{customdata}}, {html.escape(name)}: %{{y:.3g}}<extra></extra>",
                **each(REGION, regions[known]),
                name=name,
                boxpoints="all",
                pointpos=0,
                jitter=0.6,
                marker={"color": colour, "size": 5, "opacity": 0.6},
                line={"color": colour},
                fillcolor="rgba(0, 0, 0, 0)",
            )
        )
    figure.update_layout(showlegend=False)
    return figure
