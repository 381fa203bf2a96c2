"""Panels for regions, with the titles of axes where they are needed."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

MOST_ROWS = 200
"""Of a table."""
PANEL = 190
"""Height of a row of panels."""


def first_rows(count: int) -> str:
    """What a caption says of a table that is cut."""
    return f" The first {MOST_ROWS} of {count}." if count > MOST_ROWS else ""


def tall(rows: int) -> int:
    """Height of a figure of so many rows of panels."""
    return 120 + PANEL * rows


def panels(titles: Sequence[str], columns: int) -> tuple[go.Figure, int, list[dict[str, int]]]:
    """Panels side by side; the number of rows, and the place of each panel."""
    columns = min(columns, max(len(titles), 1))
    rows = max(1, -(-len(titles) // columns))
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[html.escape(title) for title in titles],
        shared_xaxes="all",
        horizontal_spacing=0.22 / columns,
        vertical_spacing=0.22 / rows,
    )
    figure.update_annotations(font_size=13)
    return figure, rows, [{"row": number // columns + 1, "col": number % columns + 1} for number in range(len(titles))]


def axis_titles(figure: go.Figure, rows: int, places: Sequence[Mapping[str, int]], along: str, up: str) -> None:
    """Titles and numbers of axes at the left and lowest panels only."""
    lowest = {place["col"]: place["row"] for place in places}
    for place in places:
        low = place["row"] == lowest[place["col"]]
        figure.update_xaxes(showticklabels=low, title_text=along if low else None, **place)
        figure.update_yaxes(title_text=up if place["col"] == 1 else None, nticks=4, **place)
    figure.update_xaxes(tickfont_size=12, title_font_size=13, title_standoff=6, nticks=6)
    figure.update_yaxes(tickfont_size=12, title_font_size=13, title_standoff=6)
    figure.update_layout(margin={"l": 60, "r": 20, "t": 64, "b": 50}, legend={"y": 1 + 0.12 / rows})
