"""What TrackMate calls columns, and what they are called here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Feature(NamedTuple):
    """A column of TrackMate: its key, its name, its short name, its unit, and what it is called here."""

    key: str
    name: str
    short: str
    unit: str
    column: str


CORE = (
    Feature("LABEL", "Label", "Label", "", ""),
    Feature("ID", "Spot ID", "Spot ID", "", "id"),
    Feature("TRACK_ID", "Track ID", "Track ID", "", "label"),
    Feature("QUALITY", "Quality", "Quality", "quality", "quality"),
    Feature("POSITION_X", "X", "X", "", "x"),
    Feature("POSITION_Y", "Y", "Y", "", "y"),
    Feature("POSITION_Z", "Z", "Z", "", "z"),
    Feature("POSITION_T", "T", "T", "", "t"),
    Feature("FRAME", "Frame", "Frame", "", "frame"),
    Feature("VISIBILITY", "Visibility", "Visibility", "", "visibility"),
)
"""Columns of every table, in order."""
RADIUS = Feature("RADIUS", "Radius", "R", "", "radius")
"""Another that TrackMate knows."""
WRITTEN = {"s": "sec", "µm": "micron"}
READ = {"sec": "s", "second": "s", "seconds": "s", "micron": "µm", "microns": "µm", "μm": "µm", "um": "µm"}
"""Names of units: those of ImageJ and ours."""


def features_of(columns: Sequence[str], label: str, units: Mapping[str, str]) -> list[Feature]:
    """The columns that TrackMate gets for those of a table.

    Raises
    ------
    ValueError
        If two of them have the same key.
    """
    own = {each.column for each in CORE if each.column != "label"}
    others = [RADIUS if name == "radius" else _other(name) for name in columns if name not in own and name != label]
    features = [_with_unit(each, units) for each in (*CORE, *others)]
    keys = [each.key for each in features]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"`points`: expected columns that differ in capitals too, found {', '.join(twice)} twice")
    return features


def _other(column: str) -> Feature:
    name = " ".join(column.split())
    return Feature(name.upper(), name, name, "", column)


def _with_unit(feature: Feature, units: Mapping[str, str]) -> Feature:
    unit = units.get(feature.column, "")
    return feature._replace(unit=WRITTEN.get(unit, unit) or feature.unit)


def column_of(key: str, name: str) -> str:
    """What a column of TrackMate is called here."""
    known = next((each.column for each in (*CORE, RADIUS) if each.key == key), None)
    if known is not None:
        return known
    column = name if name.upper() == key else key.lower()
    return key if any(each.column == column for each in CORE) else column


def unit_of(text: str) -> str:
    """A unit as it is called here."""
    unit = text.strip().removeprefix("(").removesuffix(")")
    return READ.get(unit, unit)
