"""What is shown under the pointer: quantities with their names and units, as the axes tell them."""

from __future__ import annotations

from collections.abc import Mapping

DRAWN = {"scatter": "xy", "bar": "xy", "scatter3d": "xyz"}


def told(trace: Mapping[str, object], layout: Mapping[str, object]) -> dict[str, object]:
    """The trace, with a text for its points unless it has one or wants none."""
    axes = DRAWN.get(str(trace.get("type", "scatter")), "")
    if not axes or "hovertemplate" in trace or trace.get("hoverinfo") == "skip":
        return dict(trace)
    lines = [f"{_title(trace, layout, axis)}: %{{{axis}}}" for axis in axes]
    return {**trace, "hovertemplate": f"{'<br>'.join(lines)}<extra>{trace.get('name') or ''}</extra>"}


def _title(trace: Mapping[str, object], layout: Mapping[str, object], axis: str) -> str:
    place = _part(layout, str(trace.get("scene", "scene"))) if trace.get("type") == "scatter3d" else layout
    own = _part(place, f"{axis}axis{str(trace.get(f'{axis}axis', axis))[1:]}")
    while not _part(own, "title") and isinstance(own.get("matches"), str):
        leader = _part(place, f"{axis}axis{str(own['matches'])[1:]}")
        if leader is own:
            break
        own = leader
    return str(_part(own, "title").get("text") or axis)


def _part(node: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = node.get(name)
    return found if isinstance(found, Mapping) else {}
