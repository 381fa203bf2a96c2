"""Draws the pictures of pages: ``python docs/pictures.py [NAME ...]``.

The Python of a page makes a matplotlib figure called ``figure``. Those of docs/pept/classes are written to
docs/images/classes/NAME.png, those of `OTHERS` to docs/images/NAME.png. Reports, results in notebooks and the live page
are drawn by a browser (`browser.py`); without one their pictures are left as they are.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import browser
import live_page
import matplotlib

HERE = Path(__file__).resolve().parent
OTHERS = [HERE / "pept" / name for name in ("errors.md", "tutorial.md")]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
CELLS = ("lines", "outcome", "pipeline")
"""What docs/notebooks.md shows."""


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


def take(name: str) -> None:
    """A picture that needs a browser."""
    shot = browser.SHOTS.get(name) or notebook(name.removeprefix("notebook-"))
    browser.take(shot, HERE / "images" / f"{name}.png")


def notebook(name: str) -> browser.Shot:
    return browser.Shot(browser.shown(names_of(HERE / "notebooks.md")[name]), 950, None, dark=False)


def pictures() -> dict[str, Callable[[], None]]:
    """How each picture is drawn, by its name."""
    pages = [*sorted((HERE / "pept" / "classes").glob("*.md")), *OTHERS]
    drawn = {page.stem: lambda page=page: draw(page) for page in pages}
    shots = {name: partial(take, name) for name in (*browser.SHOTS, *(f"notebook-{name}" for name in CELLS))}
    shots["live"] = partial(live_page.take, HERE / "images" / "live.png")
    if browser.browser() is None:
        print(f"No browser ({', '.join(browser.NAMES)}): left as they are: {', '.join(shots)}")
        return drawn
    return drawn | shots


def main() -> None:
    matplotlib.use("Agg")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, make in pictures().items():
            if len(sys.argv) == 1 or name in sys.argv[1:]:
                print(name, flush=True)
                make()


if __name__ == "__main__":
    main()
