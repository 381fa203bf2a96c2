"""Names in files (of files, channels, regions, epochs, people) are text in every report, never elements or code."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.io import loadmat, savemat

from lumentrace import PointData, afm, stain, twophoton
from lumentrace.afm import run as afm_run
from lumentrace.coloc import run as coloc_run
from lumentrace.pept import run as pept_run
from lumentrace.pept import simulation
from lumentrace.pept.report.page import write_report
from lumentrace.pept.scanners import any_file
from lumentrace.stain import run as stain_run
from lumentrace.twophoton import run as twophoton_run
from pages import report_data, report_text
from twophoton_recording import make_recording

HARMLESS = "name"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\"&lt;"
FILES = {HARMLESS: "name", HOSTILE: "<script>alert(1)<img src=x onerror=alert(1)>'\"&lt;"}
"""The same as names of files, which hold no slash."""

ACTIVE = {"script", "img", "iframe", "object", "embed", "link", "base", "form", "svg", "style", "meta", "video", "a"}


class Elements(HTMLParser):
    """Elements of a page that load or run something, all names of attributes, and what is in scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: set[str] = set()
        self.scripts: list[tuple[str, str]] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in ACTIVE else []
        self.attributes |= {name for name, _ in attrs}
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append((dict(attrs).get("type") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            kind, text = self.scripts[-1]
            self.scripts[-1] = kind, text + data


def tracked(folder: Path, name: str) -> Path:
    lines = simulation.simulate([simulation.Static()], n=3000, noise=0.2, seed=1).lines
    path = folder / f"{FILES[name]}.npy"
    np.save(path, lines.lines)
    return pept_run.run(any_file.read(path)).report(folder / "report.html")


def located(folder: Path, name: str) -> Path:
    """A table of PEPT whose columns and units somebody has named."""
    points = PointData(np.random.default_rng(0).random((30, 5)), columns=["t", "x", "y", "z", name])
    points.units = {"x": name, name: name}
    return write_report(points, path=folder / "report.html", title=name, notes=[name])


def colocalized(folder: Path, name: str) -> Path:
    path = folder / f"{FILES[name]}.ome.tif"
    image = np.random.default_rng(1).poisson(40, (2, 40, 40)).astype(np.uint16)
    tifffile.imwrite(path, image, ome=True, metadata={"axes": "CYX", "Channel": {"Name": [name, f"{name}2"]}})
    return coloc_run.run(path, coloc_run.Settings(randomizations=2)).report(folder / "report.html")


def filmed(folder: Path, name: str) -> Path:
    frames = np.random.default_rng(2).random((3, 24, 24))
    film = afm.AFMImageStack(frames, 1.0, name, str(folder / f"{FILES[name]}.asd"))
    return afm_run.run(film).report(folder / "report.html")


def stained(folder: Path, name: str) -> Path:
    pair, paths = stain.simulate(size=160, scale=1.4, seed=3), []
    for image in (pair.post, pair.pre):
        paths.append(folder / f"{FILES[name]}{len(paths)}.tif")
        tifffile.imwrite(paths[-1], image)
    return stain_run.run(tuple(paths), stain_run.Settings(pad=0)).report(folder / "report.html")


def responded(folder: Path, name: str) -> Path:
    made = make_recording(folder / FILES[name])
    stimulus = made.folder / "stimulusData"
    epochs = loadmat(stimulus / "stimParams.mat", squeeze_me=True)["stimParams"]
    epochs["epochName"] = ["Gray Interleave", name]
    savemat(stimulus / "stimParams.mat", {"stimParams": epochs})
    savemat(stimulus / "runDetails.mat", {"flyId": 5, "genotype": name, "rigName": name, "runNumber": 1})
    path = twophoton.convert_recording(made.folder, folder / "out").path
    masks = np.stack([made.labels == label for label in (1, 2)])
    rois = twophoton.save_roi_set(twophoton.make_roi_set(masks, labels=[name, f"{name}2"]), folder / "rois.h5")
    return twophoton_run.run(path, twophoton_run.Settings(rois=str(rois))).report(folder / "report.html")


REPORTS: dict[str, Callable[[Path, str], Path]] = {
    "pept": tracked,
    "points": located,
    "coloc": colocalized,
    "afm": filmed,
    "stain": stained,
    "twophoton": responded,
}


@pytest.mark.parametrize("technique", REPORTS)
def test_names_are_text(tmp_path: Path, technique: str) -> None:
    pages: list[str] = []
    for number, name in enumerate((HARMLESS, HOSTILE)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = REPORTS[technique](folder, name)
        pages.append(path.read_text())
    harmless, hostile = map(Elements, pages)
    assert hostile.found == harmless.found
    assert not any(name.startswith("on") or "alert" in name for name in hostile.attributes)
    assert len(hostile.scripts) == len(harmless.scripts)
    for (kind, text), (_, other) in zip(hostile.scripts, harmless.scripts, strict=True):
        if "json" in kind:
            json.loads(text)
        elif "alert(1)" in text:
            raise AssertionError(f"code that a name brought: {text[:200]}")
        else:
            assert kind or text == other
    assert "alert(1)" in report_text(path)
    drawn = json.dumps(report_data(pages[1]), ensure_ascii=False)
    assert not any(mark in drawn for mark in ("<script", "<img")), drawn[max(drawn.find("<script") - 200, 0) :][:400]


def test_the_live_page_holds_no_names() -> None:
    live = pytest.importorskip("lumentrace.pept.live.server", reason="the live page needs lumentrace[live]")
    pages = live._assets()
    assert not any(b"{{" in content or b"{title}" in content for content in pages.values())
    for name, content in pages.items():
        if name.endswith(".js"):
            for sink in (b"innerHTML", b"outerHTML", b"insertAdjacentHTML", b"document.write", b"eval("):
                assert sink not in content, name
