"""Plotly templates: of the report, for light and for dark ground, and of figures that stand alone."""

from __future__ import annotations

from .palette import PALETTE

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
CLEAR = "rgba(0, 0, 0, 0)"


def template(text: str, muted: str, grid: str, ground: str, paper: str = CLEAR) -> dict[str, object]:
    """A Plotly template.

    Parameters
    ----------
    text, muted, grid, ground : str
        Colours of text, of buttons, of axes and grid lines, and of the labels that appear under the pointer.
    paper : str, optional
        Colour of the ground; transparent by default.
    """
    axis = {
        "gridcolor": grid,
        "linecolor": grid,
        "zerolinecolor": grid,
        "zerolinewidth": 1,
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": 14}},
        "tickfont": {"size": 13},
        "exponentformat": "power",
        "minexponent": 6,
        "separatethousands": True,
    }
    space = {
        "gridcolor": grid,
        "gridwidth": 2,
        "linecolor": grid,
        "zerolinecolor": grid,
        "showbackground": False,
        "showspikes": False,
        "title": {"font": {"size": 14}},
        "tickfont": {"size": 11},
        "exponentformat": "power",
        "minexponent": 6,
        "separatethousands": True,
    }
    bar = {"colorbar": {"title": {"font": {"size": 14}}, "tickfont": {"size": 13}, "thickness": 16, "outlinewidth": 0}}
    layout = {
        "font": {"family": FONT, "size": 14, "color": text},
        "paper_bgcolor": paper,
        "plot_bgcolor": CLEAR,
        "colorway": list(PALETTE),
        "separators": ". ",
        "margin": {"l": 70, "r": 64, "t": 40, "b": 56},
        "hoverlabel": {"bgcolor": ground, "bordercolor": grid, "font": {"color": text}},
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yanchor": "bottom",
            "itemsizing": "constant",
            "traceorder": "normal",
        },
        "modebar": {"bgcolor": CLEAR, "color": muted, "activecolor": text},
        "annotationdefaults": {"font": {"color": text}},
        "xaxis": axis,
        "yaxis": axis,
        "coloraxis": bar,
        "scene": {"xaxis": space, "yaxis": space, "zaxis": space},
    }
    markers = [{"marker": bar}]
    bars = [{"marker": {"line": {"color": ground, "width": 0.5}}}]
    return {"layout": layout, "data": {"heatmap": [bar], "scatter": markers, "scatter3d": markers, "bar": bars}}


GROUNDS = {"light": "#ffffff", "dark": "#1a2027"}
"""Of figures in a report, as in `assets/report.css`."""
LIGHT = ("#1c232b", "#8a939e", "#dfe4e8", GROUNDS["light"])
TEMPLATES = {
    "light": template(*LIGHT),
    "dark": template("#e4e9ee", "#8a939e", "#36404b", GROUNDS["dark"]),
}
ALONE = template(*LIGHT, paper="#ffffff")
"""For figures whose ground is not known, as in notebooks."""
