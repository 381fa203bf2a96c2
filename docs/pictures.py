"""Draws the pictures of pages: ``python docs/pictures.py [NAME ...]``.

The Python of a page makes a matplotlib figure called ``figure``. Those of docs/pept/classes are written to
docs/images/classes/NAME.png, those of `OTHERS` to docs/images/NAME.png.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import matplotlib

HERE = Path(__file__).resolve().parent
OTHERS = [HERE / "pept" / name for name in ("errors.md", "tutorial.md")]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def names_of(page: Path) -> dict[str, object]:
    """What the Python of a page defines."""
    names: dict[str, object] = {}
    for code in BLOCK.findall(page.read_text("utf-8")):
        exec(compile(code, str(page), "exec"), names)  # the pages are our own, and running them is the point
    return names


def draw(page: Path) -> None:
    figure = names_of(page)["figure"]
    figure.savefig(picture(page), dpi=75, bbox_inches="tight")
    matplotlib.pyplot.close("all")


def picture(page: Path) -> Path:
    """Where the picture of a page is."""
    return HERE / "images" / ("" if page in OTHERS else "classes") / f"{page.stem}.png"


def main() -> None:
    matplotlib.use("Agg")
    pages = [*sorted((HERE / "pept" / "classes").glob("*.md")), *OTHERS]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for page in pages:
            if len(sys.argv) == 1 or page.stem in sys.argv[1:]:
                print(page.stem, flush=True)
                draw(page)


if __name__ == "__main__":
    main()
