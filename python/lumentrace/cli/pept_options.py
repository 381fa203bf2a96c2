"""Options of several commands of `lumentrace pept`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Scanner(StrEnum):
    """Kinds of files with lines of response."""

    auto = "auto"
    adac = "adac"
    modular = "modular"
    screens = "screens"
    lines = "lines"
    gate = "gate"
    gate_singles = "gate-singles"
    gate_root = "gate-root"
    ecat962 = "ecat962"
    ecat966 = "ecat966"
    petlink = "petlink"
    inveon = "inveon"
    petsird = "petsird"


class RecipeName(StrEnum):
    """Recipes of `lumentrace.pept.recipes`."""

    lines = "lines"
    peptml = "peptml"
    birmingham = "birmingham"
    minpoints = "minpoints"
    fpi = "fpi"


Files = Annotated[list[Path], typer.Argument(help="Files of one acquisition each.", show_default=False)]
ScannerOption = Annotated[
    Scanner,
    typer.Option(
        help="**adac**: ADAC Forte list mode (.da01). **modular**: list mode of the modular camera. **screens**: text "
        "with t, x1, y1, x2, y2 of two parallel screens. **lines**: any table t, x1, y1, z1, x2, y2, z2 as text "
        "(spaces or commas, with or without names of columns), .npy, .h5 or .parquet. **gate**, **gate-singles**, "
        "**gate-root**: coincidences or singles of GATE as text, or its trees. **ecat962**, **ecat966**: list mode of "
        "these ECAT. **petlink**: ECAT 8 list mode (.l with .l.hdr). **inveon**: Siemens Inveon (.lst). **petsird**: "
        "PETSIRD. **auto** looks at the file."
    ),
]
Reader = Annotated[
    list[str] | None,
    typer.Option(
        "--reader",
        metavar="NAME=VALUE",
        help="What else the reader of such files is told, as often as needed: mask='0 1 ...' for gate, delayeds=yes or "
        "depth=7 for list mode. A wrong name tells all of them.",
        show_default=False,
    ),
]
Separation = Annotated[
    float | None,
    typer.Option(help="Distance of the two screens, in mm; read from the header of Birmingham sample files."),
]
Lenient = Annotated[
    bool,
    typer.Option(
        "--lenient",
        help="Leave out damaged lines of text and count them, rather than refuse the file. A last line that is cut off "
        "is always left out.",
    ),
]
Recipe = Annotated[
    RecipeName | None,
    typer.Option(
        help="**lines**, the default: any number of tracers, one model of all lines, with uncertainties. "
        "**peptml**: any number, from points near two lines. **birmingham**: exactly one. **minpoints**: like "
        "peptml, from points near three lines. **fpi**: any number, from the peaks of voxelised lines.",
        show_default=False,
    ),
]
