"""The picture of the live page: a simulated wheel that is tracked while its lines come, as a browser shows it."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lumentrace.pept import simulation
from lumentrace.pept.live import Alarms, Bounds, Page, watch
from lumentrace.pept.tracking import LineTracker

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from devtools import Browser

SECONDS, RATE, BLOCK = 20, 80, 0.02
"""How long lines come, how many in a ms, and seconds between two blocks of them."""
WIDTH, HEIGHT, SMALLER = 1250, 1160, 0.8
"""The window, and how much smaller its picture is."""
SETTLE = 3
"""Seconds until the page shows what came before it was opened."""


def take(picture: Path) -> None:
    """Draw the page into a PNG file while lines come."""
    page = Page("127.0.0.1", 0, title="tcp://127.0.0.1:9321")
    updates = LineTracker(2).stream(lines(lambda: look(page.url, picture)))
    watch(updates, alarms=Alarms(Bounds(tracers=2, rate_below=RATE + 5)), views=[page])


def lines(then: Callable[[], None]) -> Iterator[NDArray[np.float64]]:
    """Blocks of simulated lines, not faster than a scanner would give them, and what is done after the last one."""
    wheel = [simulation.Circle(), simulation.Circle(phase=np.pi)]
    count = 1000 * SECONDS * RATE
    rows = simulation.simulate(wheel, n=count, rate=RATE, noise=0.6, seed=1).lines.lines
    for block in np.array_split(rows, round(SECONDS / BLOCK)):
        time.sleep(BLOCK)
        yield block
    then()


def look(address: str, picture: Path) -> None:
    """Open an address in a browser and keep what it shows."""
    with tempfile.TemporaryDirectory() as folder, Browser(Path(folder)) as browser:
        tab = browser.open("about:blank")
        tab.look(WIDTH, "light", HEIGHT)
        tab.visit(address)
        time.sleep(SETTLE)
        tab.picture(picture)
    image = Image.open(picture).convert("RGB")
    size = (round(image.width * SMALLER), round(image.height * SMALLER))
    image.resize(size, Image.Resampling.LANCZOS).quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)
