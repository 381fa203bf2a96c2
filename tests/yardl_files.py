"""Files of Yardl written byte by byte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

BOX = np.array([[x, y, z] for x in (0, 20) for y in (0, 4) for z in (0, 4)], "<f4")


def number(value: int) -> bytes:
    """As many bytes as it needs, the lowest seven bits first."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def text(value: str) -> bytes:
    return number(len(value.encode())) + value.encode()


def vector(items: Sequence[bytes]) -> bytes:
    return number(len(items)) + b"".join(items)


def head(schema: Any) -> bytes:
    return b"yardl" + (1).to_bytes(4, "little") + text(json.dumps(schema))


def schema_of(types: Sequence[Any], header: Any, block: Any = "uint32") -> dict[str, Any]:
    """That of a file of PETSIRD."""
    steps = [{"name": "header", "type": header}, {"name": "timeBlocks", "type": {"stream": {"items": block}}}]
    return {"protocol": {"name": "PETSIRD", "sequence": steps}, "types": list(types)}


def record(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "fields": [{"name": each, "type": kind} for each, kind in fields.items()]}


def of(items: Any, **more: Any) -> dict[str, Any]:
    return {"vector": {"items": items, **more}}


def floats(*dimensions: int) -> dict[str, Any]:
    return {"array": {"items": "float32", "dimensions": [{"length": length} for length in dimensions]}}


TYPES = [
    record("Coordinate", {"c": floats(3)}),
    record("Box", {"corners": of("P.Coordinate", length=8)}),
    record("Volume", {"shape": "P.Box", "materialId": "uint32"}),
    record("Transform", {"matrix": floats(3, 4)}),
    {"typeParameters": ["T"], **record("Replicated", {"object": "T", "transforms": of("P.Transform")})},
    record("Module", {"detectingElements": {"name": "P.Replicated", "typeArguments": ["P.Volume"]}}),
    record("Geometry", {"replicatedModules": of({"name": "P.Replicated", "typeArguments": ["P.Module"]})}),
    record("Edges", {"edges": {"array": {"items": "float32", "dimensions": 1}}}),
    {"name": "Policy", "values": [{"symbol": "none", "value": 0}]},
    record(
        "Header",
        {"modelName": "string", "scannerGeometry": "P.Geometry", "eventEnergyBinEdges": of("P.Edges"), "p": "P.Policy"},
    ),
    record("Scanner", {"scanner": "P.Header", "exam": [None, {"map": {"keys": "string", "values": "float64"}}]}),
    record("Event", {"detectionBins": of("uint32", length=2), "tofIdx": "uint32"}),
    {"name": "Events", "type": of(of(of("P.Event")))},
    record("Interval", {"start": "uint32", "stop": "uint32"}),
    record(
        "EventTimeBlock",
        {"timeInterval": "P.Interval"}
        | {f"{kind}Events": "P.Events" for kind in ("prompt", "delayed", "triple", "quadruple")},
    ),
    record("Dead", {"share": {"array": {"items": of("float32")}}}),
    {
        "name": "TimeBlock",
        "type": [{"tag": "EventTimeBlock", "type": "P.EventTimeBlock"}, {"tag": "Dead", "type": "P.Dead"}],
    },
]


def moved(*shift: float) -> bytes:
    return np.column_stack([np.eye(3), shift]).astype("<f4").tobytes()


def write_petsird_by_hand(path: Path) -> None:
    """Eight events between two crystals in each of four modules, and a block of another kind."""
    elements = BOX.tobytes() + number(1) + vector([moved(0, 5 * k, 0) for k in range(2)])
    modules = vector([elements + vector([moved(0, 0, 30 * k) for k in range(4)])])
    edges = vector([number(2) + np.array([400, 600], "<f4").tobytes()])
    header = text("by hand") + modules + edges + number(0) + b"\1" + vector([text("key") + np.float64(2).tobytes()])
    events = [number(first) + number((first + 3) % 8) + number(0) for first in range(8)]
    block = b"\0" + number(5) + number(300) + vector([vector([vector(events)])]) + 3 * vector([])
    dead = b"\1" + number(2) + number(1) + number(2) + vector([bytes(4)]) + vector([])
    content = header + vector([block, dead]) + number(0)
    path.write_bytes(head(schema_of(TYPES, "P.Scanner", "P.TimeBlock")) + content)
