"""Pictures that a browser has to draw: reports, and results as they show themselves in notebooks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from lumentrace import coloc
from lumentrace.coloc.run import Settings, run

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
TALL = 2400
"""Pixels in which every page ends that is shown whole."""
SCHEMES = {"dark": 0, "light": 1}
"""How the browser numbers them."""


@dataclass(frozen=True)
class Shot:
    """A page and how much of it is shown.

    Attributes
    ----------
    page : callable
        Writes the page into the current folder and says where.
    width : int
        Of the window, in pixels.
    height : int or None
        None for the whole page.
    top : int
        Pixels that are left out above.
    dark : bool
        Draw it in dark colours too, for docs/index.md.
    """

    page: Callable[[], Path]
    width: int = 900
    height: int | None = 1300
    top: int = 0
    dark: bool = True


def commands(report: str, *lines: str) -> Callable[[], Path]:
    """A report that commands write."""

    def page() -> Path:
        for line in lines:
            subprocess.run([sys.executable, "-m", "lumentrace", *line.split()], check=True, stdout=subprocess.DEVNULL)
        return Path(report)

    return page


def colocalization() -> Path:
    (a, *_), (b, *_) = coloc.make_sample_data()
    settings = Settings(metrics=("pcc", "srcc", "icq", "mcc", "randomization"))
    return run({"actin": a, "myosin": b}, settings).report(Path("coloc.html"))


def shown(value: Any) -> Callable[[], Path]:
    """A value as the last of a notebook cell."""

    def page() -> Path:
        style = "margin:8px;font:14px sans-serif;width:fit-content;max-width:930px"
        html = f'<body style="{style}">{value._repr_html_()}</body>'
        Path("cell.html").write_text(f"<!doctype html><meta charset=utf-8>{html}", "utf-8")
        return Path("cell.html")

    return page


SHOTS = {
    "report": Shot(commands("demo/report.html", "demo --out demo"), 1000, 1440),
    "occupancy": Shot(
        commands("maps/occupancy-xy.html", "demo --out demo", "pept occupancy demo/trajectories.parquet --out maps"),
        1200,
        1450,
        dark=False,
    ),
    "coloc-report": Shot(colocalization, height=1150),
    "afm-report": Shot(commands("film/report.html", "afm simulate --out film.asd", "afm run film.asd --out film")),
    "stain-report": Shot(
        commands(
            "processed/S001/SybrGld/pipeline_output/report.html", "stain simulate --samples 1", "stain run S001 SybrGld"
        )
    ),
    "twophoton-report": Shot(
        commands(
            "fly/report.html",
            "twophoton simulate",
            "twophoton run lab/data/simulated/epochs/2026/03_02/09_00_00 --maps --out fly",
        )
    ),
    "twophoton-raw": Shot(
        commands(
            "cells/report.html",
            "twophoton simulate --raw --rows 128 --columns 128 --cells 20 --repeats 6 --out raw",
            "twophoton run raw/raw.tif --epochs raw/epochs.csv --frame-rate 10 --motion nonrigid --rois cells "
            "--neuropil fit --spikes ar1 --tuning direction --out cells",
        ),
        1000,
        1240,
        top=9255,
        dark=False,
    ),
}


def browser() -> str | None:
    """The browser of this computer that can draw without a screen."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def take(shot: Shot, picture: Path) -> None:
    """Draw a page into a PNG file, and into NAME-dark.png if that is asked for."""
    page = shot.page().resolve()
    draw(page, shot, picture, "light")
    if shot.dark:
        draw(page, shot, picture.with_stem(f"{picture.stem}-dark"), "dark")


def draw(page: Path, shot: Shot, picture: Path, scheme: str) -> None:
    program = browser()
    assert program is not None
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=8000"),
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        f"--window-size={shot.width},{shot.top + (shot.height or TALL)}",
        f"--screenshot={picture}",
    ]
    subprocess.run([program, *options, page.as_uri()], check=True, stderr=subprocess.DEVNULL)
    image = Image.open(picture).convert("RGB")
    image = image.crop((0, shot.top, image.width, image.height))
    if shot.height is None:
        image = trimmed(image)
    image.save(picture, optimize=True)


def trimmed(image: Image.Image) -> Image.Image:
    """Without what has the colour of the last pixel below and to the right."""
    ground = Image.new("RGB", image.size, image.getpixel((image.width - 1, image.height - 1)))
    box = ImageChops.difference(image, ground).getbbox()
    return image if box is None else image.crop((0, 0, min(box[2] + 8, image.width), min(box[3] + 8, image.height)))
