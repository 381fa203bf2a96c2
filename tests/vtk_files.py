"""A small reader of VTK's XML files, independent of the writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np


def read_vtp(path: Path) -> dict[tuple[str, str], Any]:
    """Arrays of a PolyData file with appended raw data, by section and name, and their units."""
    head, _, tail = path.read_bytes().partition(b'<AppendedData encoding="raw">\n_')
    tree = ElementTree.fromstring(head + b"</VTKFile>")
    assert tree.get("byte_order") == "LittleEndian"
    assert tree.get("header_type") == "UInt64"
    arrays, end = {}, 0
    for section in tree.find("PolyData/Piece"):
        for element in section:
            start = int(element.get("offset"))
            assert start == end
            size = int.from_bytes(tail[start : start + 8], "little")
            end = start + 8 + size
            kind = {"Float64": "<f8", "Int64": "<i8"}[element.get("type")]
            values = np.frombuffer(tail[start + 8 : end], kind)
            width = int(element.get("NumberOfComponents"))
            key = element.find("InformationKey")
            arrays[section.tag, element.get("Name")] = values.reshape(-1, width) if width > 1 else values
            if key is not None:
                arrays["unit", element.get("Name")] = key.text
    assert tail[end:].strip() == b"</AppendedData>\n</VTKFile>"
    counts = {name.removeprefix("NumberOf"): int(n) for name, n in tree.find("PolyData/Piece").attrib.items()}
    assert len(arrays["Points", "Points"]) == counts["Points"]
    assert len(arrays["Verts", "offsets"]) == counts["Verts"]
    assert len(arrays["Lines", "offsets"]) == counts["Lines"]
    return arrays


def cells(arrays: dict[tuple[str, str], Any], kind: str) -> list[list[int]]:
    """The points of each cell."""
    ends = arrays[kind, "offsets"]
    return [arrays[kind, "connectivity"][a:b].tolist() for a, b in zip([0, *ends], ends, strict=False)]


def read_pvd(path: Path) -> list[tuple[float, Path]]:
    """Times and files of a series."""
    tree = ElementTree.fromstring(path.read_text())
    assert (tree.tag, tree.get("type")) == ("VTKFile", "Collection")
    entries = tree.findall("Collection/DataSet")
    assert {(entry.get("group"), entry.get("part")) for entry in entries} <= {("", "0")}
    return [(float(str(entry.get("timestep"))), path.parent / str(entry.get("file"))) for entry in entries]
