"""Scale bars are as long as they say, in reports of images whose files tell the size of a pixel."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from lumentrace import stain
from lumentrace.coloc.run import Settings, run
from lumentrace.stain.run import run as stain_run
from pages import report_data

PIXEL = 0.65


def bars(path):
    """The length in pixels and the text of each bar in the figures of a report."""
    traces = [trace for figure in report_data(path.read_text("utf-8"))["figures"] for trace in figure["data"]]
    return [(np.ptp(trace["x"]), trace["text"][0]) for trace in traces if trace.get("mode") == "lines+text"]


@pytest.mark.parametrize("side", [200, 2100])
def test_bars_of_channels_are_as_long_as_they_say(tmp_path, side):
    """The larger image is shown with every third pixel."""
    pixels = np.random.default_rng(0).poisson(30, (2, side, side)).astype(np.uint16)
    size = {"PhysicalSizeX": PIXEL, "PhysicalSizeY": PIXEL}
    path = tmp_path / "cells.ome.tif"
    tifffile.imwrite(path, pixels, metadata={"axes": "CYX", "Channel": {"Name": ["dna", "tub"]}, **size})
    outcome = run(path, Settings(metrics=("pcc", "mcc"), threshold="otsu"))
    found = bars(outcome.report(tmp_path / "report.html"))
    assert len(found) == 2
    shown = PIXEL * (3 if side > 1024 else 1)
    for length, text in found:
        assert text == {200: "20 µm", 2100: "200 µm"}[side]
        assert length * shown == pytest.approx(float(text.split()[0]))


def test_bars_of_stained_samples_are_as_long_as_they_say(tmp_path):
    pair = stain.simulate(size=256, seed=3)
    paths = [tmp_path / f"{name}.tif" for name in ("post", "pre")]
    for path, pixels in zip(paths, (pair.post, pair.pre), strict=True):
        tifffile.imwrite(path, pixels, imagej=True, resolution=(1 / PIXEL, 1 / PIXEL), metadata={"unit": "um"})
    report = stain_run(tuple(paths)).report(tmp_path / "report.html")
    found = bars(report)
    assert len(found) == 3
    for length, text in found:
        assert length * PIXEL == pytest.approx(float(text.split()[0]))
    share = float(text.split()[0]) / (PIXEL * pair.post.shape[1])
    assert report.read_text("utf-8").count(f'class="bar" style="width: {share:.2%}">{text}<') == 2


def test_without_a_size_there_is_no_bar(tmp_path):
    channels = dict(zip("ab", np.random.default_rng(0).poisson(30, (2, 40, 40)), strict=True))
    assert bars(run(channels, Settings(metrics=("pcc",))).report(tmp_path / "report.html")) == []
