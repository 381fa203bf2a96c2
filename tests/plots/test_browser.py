"""Reports in a browser, large and small, light and dark: what is seen, and what happens when it is clicked on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devtools import MISSING, PROGRAM, VIEWS, Browser
from pages import report_data
from reported import RUNS, write_reports

HERE = Path(__file__).parent
SCRIPTS = [HERE.parent / "looking.js", HERE / "browsing.js"]
GROUNDS = {"light": "rgb(246, 247, 248)", "dark": "rgb(17, 21, 26)"}
UNIT = re.compile(
    r"(?<!\w)(mm|ms|m/s|nm|nm²|nm³|nm/s|s|px|%|counts|pixels|frames|dF/F)(?!\w)|number|per|log10|ratio|region|spot|"
    r"actin|myosin"
)
"""Units, and words for what has none: numbers, ratios, names, and intensities of images."""
FIGURES = {"pept": 4, "coloc": 3, "afm": 1, "stain": 1, "twophoton": 4}
"""In how many figures at least what is selected is marked."""


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return write_reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if PROGRAM is None:
        pytest.skip(MISSING)
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module", params=RUNS)
def opened(request, reports, browser):
    """A report in the browser."""
    tab = browser.open(reports[request.param].as_uri())
    for script in SCRIPTS:
        tab.run(script.read_text("utf-8"))
    yield request.param, tab
    tab.close()


@pytest.fixture(scope="module", params=VIEWS)
def page(request, opened):
    """A report in a window: its name, itself, and the scheme."""
    name, tab = opened
    width, scheme = VIEWS[request.param]
    tab.look(width, scheme)
    tab.run("report.settled()")
    return name, tab, scheme


@pytest.fixture(autouse=True)
def without_errors(request):
    """What the tests do with a page causes no error there."""
    yield
    if "page" in request.fixturenames:
        assert request.getfixturevalue("page")[1].errors() == []


@pytest.mark.parametrize("name", RUNS)
def test_simulated_reports_are_small(reports, name):
    assert reports[name].stat().st_size < 2_000_000


@pytest.mark.parametrize("name", RUNS)
def test_tooltips_tell_units(reports, name):
    drawn = [trace for figure in report_data(reports[name].read_text("utf-8"))["figures"] for trace in figure["data"]]
    shown = [trace for trace in drawn if trace.get("hoverinfo") != "skip" and trace["type"] != "image"]
    assert shown
    for trace in shown:
        template = trace["hovertemplate"].split("<extra>")[0].replace("%{text}", str(trace.get("text", [""])[0]))
        for line in template.split("<br>"):
            assert UNIT.search(re.sub(r"%{.*?}", "", line)), template


def test_the_eye_sees_what_is_wrong(browser, tmp_path):
    """A page with one text over another, one too faint, one too wide, and one that is all right."""
    style = "position: absolute; top: 0; left: 0"
    (tmp_path / "bad.html").write_text(
        f'<body style="background: #fff"><p style="{style}">one text</p><p style="{style}">other text</p>'
        '<p style="margin-top: 90px; color: #999">faint</p><p style="width: 900px">wide</p><p>good</p>'
    )
    tab = browser.open((tmp_path / "bad.html").as_uri())
    tab.look(400, "light")
    tab.run(SCRIPTS[0].read_text("utf-8"))
    seen = tab.run("looked()")
    assert seen["overlaps"] == ["one text | other text"]
    assert seen["faint"] == ["2.85: faint"]
    assert seen["wide"] == ["P."]
    assert seen["page"] > seen["window"]


def test_a_figure_is_drawn_once_at_a_time(reports, browser):
    tab = browser.open(reports["afm"].as_uri())
    for script in SCRIPTS:
        tab.run(script.read_text("utf-8"))
    tab.run("report.settled()")
    assert tab.run("report.overlapping()") == 1
    tab.close()


def test_a_report_can_be_read(page):
    _, tab, scheme = page
    state = tab.run("report.state()")
    assert state["ready"]
    assert all(state["drawn"])
    assert state["ground"] == GROUNDS[scheme]
    assert (state["clipped"], state["units"]) == (0, [])
    seen = tab.run("looked()")
    assert seen["texts"] > 200
    assert seen["page"] <= seen["window"]
    assert {kind: seen[kind] for kind in ("wide", "overlaps", "cut", "faint")} == {
        "wide": [],
        "overlaps": [],
        "cut": [],
        "faint": [],
    }


def test_tables_sort_and_filter(page):
    _, tab, _ = page
    for number in range(tab.run("report.tables().length")):
        table = f"report.tables()[{number}]"
        tab.run(f"report.heading({table}).removeAttribute('aria-sort')")
        for order in ("ascending", "descending"):
            tab.press(f"report.heading({table}).querySelector('button')")
            told = tab.run(f"report.order({table})")
            assert told["order"] == order
            check_order(told)
    tab.press("document.querySelector('.filter input')")
    tab.type(tab.run("[...report.filterable().tBodies[0].rows].at(-1).textContent.trim().slice(0, 12)"))
    left = tab.run("report.left()")
    assert left[-1]
    assert 1 <= sum(left) < len(left)
    tab.run("document.querySelector('.filter input').select()")
    tab.key("Delete")
    assert all(tab.run("report.left()"))


def check_order(told):
    keys = [as_number(text) if told["number"] else text for text in told["values"]]
    known = [key for key in keys if key is not None]
    assert keys[: len(known)] == known  # what is not known comes last
    if told["number"]:
        assert known == sorted(known, reverse=told["order"] == "descending")


def as_number(text):
    digits = re.match(r"[-+0-9.e\u202f]+", text.removeprefix("< "))
    return float(digits[0].replace("\u202f", "")) if digits else None


def test_what_is_clicked_on_is_marked_everywhere_until_escape(page):
    name, tab, scheme = page
    chosen = tab.run("report.row().dataset.id")
    for way in ("row" if scheme == "light" else "key", "figure"):
        if way == "row":
            tab.press("report.row().cells[0]")
        elif way == "key":
            tab.run("report.row().focus()")
            tab.key("Enter")
        else:
            tab.click(*tab.run(f"report.place('{chosen}')"))
        marks = tab.run("report.marks(true)")
        assert marks["shown"], way
        assert set(marks["rows"]) == {chosen}, way
        assert marks["figures"] >= FIGURES[name], way
        assert (marks["shapes"] > 0) == (name == "afm"), way
        assert tab.run("document.querySelector('.chosen').getBoundingClientRect().right <= innerWidth")
        tab.key("Escape")
        assert tab.run("report.marks(false)") == {"shown": False, "rows": [], "shapes": 0, "figures": 0}


def test_sections_fold_and_links_unfold_them(page):
    _, tab, _ = page
    section = "document.querySelector('details')"
    tab.press(f"{section}.querySelector('summary')")
    assert not tab.run(f"{section}.open")
    tab.press("document.querySelector('nav a')")
    assert tab.run(f"{section}.open")


def test_sliders_and_swipes_show_where_they_are(page):
    name, tab, _ = page
    checks = {"pept": check_times, "afm": check_frames, "stain": check_swipe}
    assert tab.run("document.querySelector('.slider, .pair') !== null") == (name in checks)
    if name in checks:
        checks[name](tab)


def check_times(tab):
    tab.press("document.querySelector('.slider input')")
    start, end = map(int, re.fullmatch(r"(\d+) to (\d+) ms", tab.run("report.told('all times', false)")).groups())
    assert end - start == 20
    assert 190 <= end <= 210
    tab.press("document.querySelector('.slider button')")
    assert tab.run("report.told('all times', true)") == "all times"


def check_frames(tab):
    assert tab.run("report.frames()") == 1
    tab.press("document.querySelector('.slider input')")
    assert re.match(r"frame 1[45],", tab.run("report.told()"))
    assert tab.run("report.frames()") == 1


def check_swipe(tab):
    tab.press("document.querySelector('.pair input')")
    middle = tab.run("report.pair()")
    tab.key("Home")
    start = tab.run("report.pair()")
    assert start["at"] == "0%"
    assert start["clip"] != middle["clip"]
