"""Series of pictures for films, drawn with matplotlib."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from lumentrace.base.files import replacing
from lumentrace.base.names import file_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 100


class Frames:
    """PNG files ``prefix0000.png``, ``prefix0001.png``, ... in a folder that is made if there is none.

    Parameters
    ----------
    directory : path
    prefix : str
    width, height : int
        Of each picture in pixels.
    """

    def __init__(self, directory: str | os.PathLike[str], prefix: str, width: int, height: int) -> None:
        for name, value in (("width", width), ("height", height)):
            if int(value) != value or value < 1:
                raise ValueError(f"`{name}`: expected a whole number of pixels, found {value}")
        file_name("prefix", f"{prefix}0")
        self.directory, self.prefix = Path(directory), prefix
        self.size = (width / DPI, height / DPI)
        self.paths: list[Path] = []

    def figure(self) -> Figure:
        """An empty matplotlib figure of the right size."""
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError("frames need matplotlib: pip install lumentrace[matplotlib]") from error
        return Figure(figsize=self.size, dpi=DPI, layout="constrained")

    def add(self, figure: Figure) -> None:
        """Write the next file."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{self.prefix}{len(self.paths):04d}.png"
        held = BytesIO()  # Pillow, which writes files by itself, passes over what a disk takes only a part of
        figure.savefig(held, format="png")
        with replacing(path) as file:
            file.write(held.getbuffer())
        self.paths.append(path)
