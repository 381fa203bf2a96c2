"""The scanner that a PETSIRD header describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.pept.scanners.panels import MOST
from lumentrace.pept.scanners.scanner import Scanner

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Detector:
    """A scanner, and how its file numbers detections.

    Attributes
    ----------
    scanner : Scanner
        The crystals of all types of modules; their `faces` are their middles.
    starts : list of int
        Where those of each type begin, and how many there are in all.
    energies : list of int
        Ranges of energy for each type: a detection is crystal * energies + range.
    """

    scanner: Scanner
    starts: list[int]
    energies: list[int]

    def crystals(self, kind: int, detections: Ints) -> Ints:
        """Numbers of the crystals of detections by one type of modules; -1 for those it does not have."""
        if kind >= len(self.energies):
            raise ValueError(f"events of modules of type {kind}, of {len(self.energies)} types from 0 on")
        crystals = self.starts[kind] + detections // self.energies[kind]
        return np.where(crystals < self.starts[kind + 1], crystals, -1)


def detector_of(information: Mapping[str, Any]) -> Detector:
    """What a header tells of the scanner.

    Parameters
    ----------
    information : dict
        The record `ScannerInformation`.

    Raises
    ------
    ValueError
        If there is no crystal, or too many.
    """
    modules = information["scannerGeometry"]["replicatedModules"]
    tables = [_middles(each) for each in modules]
    starts = np.cumsum([0, *map(len, tables)]).tolist()
    if not starts[-1]:
        raise ValueError("expected crystals, found none")
    energies = [len(each["edges"]) - 1 for each in information["eventEnergyBinEdges"]]
    if len(energies) != len(modules) or min(energies) < 1:
        raise ValueError(f"expected ranges of energy for {len(modules)} types of modules, found {energies[:9]}")
    middles = np.concatenate(tables)
    away = middles * [1.0, 1.0, 0.0]
    lengths = np.linalg.norm(away, axis=1, keepdims=True)
    outward = np.divide(away, lengths, out=np.tile([1.0, 0.0, 0.0], (len(away), 1)), where=lengths > 0)
    return Detector(Scanner(str(information["modelName"])[:80], middles, outward), starts, energies)


def _middles(modules: Mapping[str, Any]) -> Floats:
    """Middles of the boxes of one type of modules, those of the first module first, in mm."""
    elements = modules["object"]["detectingElements"]
    placed, inside = (each["transforms"]["matrix"].astype(np.float64) for each in (modules, elements))
    count = len(placed) * len(inside)
    if not 0 < count <= MOST:
        raise ValueError(f"expected from 1 to {MOST} crystals of a type, found {count}")
    corners = elements["object"]["shape"]["corners"]["c"].astype(np.float64)
    middle = inside @ np.append(corners.mean(axis=0), 1.0)
    middles: Floats = np.einsum("mij,ej->mei", placed[:, :, :3], middle) + placed[:, np.newaxis, :, 3]
    return middles.reshape(-1, 3)
