"""Draws the pictures of the pages in docs/pept/classes: ``python docs/pictures.py [NAME ...]``.

Each page's Python makes a matplotlib figure called ``figure``; it is written to docs/images/classes/NAME.png.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import matplotlib

HERE = Path(__file__).resolve().parent
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def draw(page: Path) -> None:
    names: dict[str, object] = {}
    for code in BLOCK.findall(page.read_text("utf-8")):
        # The pages are our own, and running them is the point.
        exec(compile(code, str(page), "exec"), names)
    figure = names["figure"]
    figure.savefig(HERE / "images" / "classes" / f"{page.stem}.png", dpi=75, bbox_inches="tight")
    matplotlib.pyplot.close("all")


def main() -> None:
    matplotlib.use("Agg")
    pages = sorted((HERE / "pept" / "classes").glob("*.md"))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for page in pages:
            if len(sys.argv) == 1 or page.stem in sys.argv[1:]:
                print(page.stem, flush=True)
                draw(page)


if __name__ == "__main__":
    main()
