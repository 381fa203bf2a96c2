"""Reports in a browser: nothing is too wide, nothing fails, tables sort and filter, marks are everywhere."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lumentrace.plots.packing import digest
from reported import RUNS, write_reports

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCRIPT = (Path(__file__).parent / "browsing.js").read_text("utf-8")
SCHEMES = {"dark": (0, 1400), "light": (1, 400)}
"""What Chromium calls the scheme, and how wide the window is."""
HARNESS = """<!DOCTYPE html><body><pre></pre>{frames}<script>
const found = [];
addEventListener("message", ({{ data }}) => {{
  found.push(data);
  if (found.length === {count}) document.querySelector("pre").textContent = JSON.stringify(found);
}});
</script>"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return write_reports(tmp_path_factory.mktemp("reports"))


@pytest.mark.parametrize("name", RUNS)
def test_simulated_reports_are_small(reports, name):
    assert reports[name].stat().st_size < 2_000_000


def probed(path):
    """A copy of a report that runs the script as well and tells what it found to the page around it."""
    text = path.read_text("utf-8")
    text = text.replace("script-src ", f"script-src {digest(SCRIPT)} ", 1)
    text = text.replace("<html ", f'<html data-name="{path.stem}" ', 1)
    copy = path.with_name(f"probed-{path.name}")
    copy.write_text(text.replace("<title>", f"<script>{SCRIPT}</script><title>", 1), "utf-8")
    return copy


@pytest.fixture(scope="module", params=SCHEMES)
def seen(request, reports, tmp_path_factory):
    """What the script found in each report, by name."""
    if BROWSER is None:
        pytest.skip("no chromium here to open reports with")
    folder = tmp_path_factory.mktemp(request.param)
    pages = [probed(path) for path in reports.values()]
    scheme, width = SCHEMES[request.param]
    frames = "".join(
        f'<iframe src="{page.as_uri()}" style="width: {width}px; height: 900px; border: 0"></iframe>' for page in pages
    )
    (folder / "all.html").write_text(HARNESS.format(frames=frames, count=len(pages)), "utf-8")
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--dump-dom"),
        *(f"--user-data-dir={folder / 'user'}", "--window-size=1500,1000", "--virtual-time-budget=60000"),
        f"--blink-settings=preferredColorScheme={scheme}",
    ]
    done = subprocess.run(
        [BROWSER, *options, (folder / "all.html").as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    told = re.search(r"<pre>(.+?)</pre>", done.stdout, flags=re.S)
    assert told is not None, done.stderr[-3000:]
    found = json.loads(html.unescape(told[1]))
    return request.param, {each["name"]: each for each in found}


@pytest.fixture(params=RUNS)
def page(request, seen):
    scheme, found = seen
    return {**found[request.param], "scheme": scheme}


def as_number(text):
    digits = re.match(r"[-+0-9.e\u202f]+", text.removeprefix("< "))
    return float(digits[0].replace("\u202f", "")) if digits else None


def check_order(told, number):
    keys = [as_number(text) if number else text for text in told["values"]]
    known = [key for key in keys if key is not None]
    assert keys[: len(known)] == known  # what is not known comes last
    if number:
        assert known == sorted(known, reverse=told["order"] == "descending")


def test_a_report_works(page):
    assert page["errors"] == []
    assert page["ready"]
    assert all(page["drawn"])
    assert page["page"] <= page["window"]
    assert page["wide"] == []
    assert page["clipped"] == 0
    assert (page["ground"] == "rgb(17, 21, 26)") == (page["scheme"] == "dark")
    assert page["unfolded"]
    assert page["sorts"]
    for sort in page["sorts"]:
        assert (sort["up"]["order"], sort["down"]["order"]) == ("ascending", "descending")
        check_order(sort["up"], sort["number"])
        check_order(sort["down"], sort["number"])
    filtered = page["filtered"]
    assert filtered["last"]
    assert 1 <= filtered["left"] < filtered["all"]


def test_what_is_selected_is_marked_everywhere_until_escape(page):
    marks = page["marks"]
    for way in ("click", "enter", "plot"):
        assert marks[way]["shown"], way
        assert set(marks[way]["rows"]) == {page["id"]}, way
        assert marks[way]["figures"] >= {"pept": 4, "coloc": 3, "afm": 1, "stain": 1, "twophoton": 4}[page["name"]], way
        assert (marks[way]["shapes"] > 0) == (page["name"] == "afm"), way
    assert marks["escape"] == {"shown": False, "rows": [], "shapes": 0, "figures": 0}


def test_sliders_tell_where_they_are(page):
    if page["name"] == "pept":
        assert page["slider"] == "180 to 200 ms"
    elif page["name"] == "afm":
        assert page["slider"].startswith("frame 1")
        assert page["frames"] == 1
    elif page["name"] == "stain":
        assert "slider" not in page
