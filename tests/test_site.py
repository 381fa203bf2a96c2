"""The documentation in a browser, large and small, light and dark, as a visitor finds it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from devtools import MISSING, PROGRAM, VIEWS, Browser

ROOT = Path(__file__).parent.parent
LOOKING = (Path(__file__).parent / "looking.js").read_text("utf-8")
TUTORIALS = [f"{technique}/tutorial/" for technique in ("pept", "coloc", "afm", "stain", "twophoton")]
PAGES = ["", "install/", "pept/which-recipe/", "coloc/which-metric/", *TUTORIALS]
SCHEMES = {"light": "default", "dark": "slate"}

TAKE = """window.take = async (scheme) => {
  const button = () => document.querySelector("[data-md-component=palette] label:not([hidden])");
  const until = async (condition) => {
    for (let waited = 0; !condition() && waited < 100; waited++) await new Promise((done) => setTimeout(done, 20));
  };
  await until(button);
  if (document.body.dataset.mdColorScheme !== scheme) button().click(); // the site remembers the one before
  await until(() => document.body.dataset.mdColorScheme === scheme);
  await Promise.all(document.getAnimations().map((each) => each.finished)); // colours that fade over
}"""
PICTURES = """(async () => {
  const pictures = [...document.querySelectorAll("article img")];
  await Promise.allSettled(pictures.map((each) => each.decode()));
  return pictures.filter((each) => !each.naturalWidth).map((each) => each.src);
})()"""
DEAD = """(async () => {
  const links = [...new Set([...document.querySelectorAll(".grid.cards a")].map((each) => each.href))];
  const dead = async (link) => {
    const found = await fetch(link);
    const id = new URL(link).hash.slice(1);
    return !found.ok || (id && !link.includes("/images/") && !(await found.text()).includes(`id="${id}"`));
  };
  const wrong = await Promise.all(links.map(dead));
  return [links.length, links.filter((_, place) => wrong[place])];
})()"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of the documentation, built and served."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("mkdocs, which builds the documentation, is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert built.returncode == 0, built.stderr[-3000:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def tab(site, tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        browser.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        yield browser.open(site)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_read(page, site, tab):
    tab.visit(f"{site}{page}")
    tab.run(LOOKING)
    tab.run(TAKE)
    for width, scheme in VIEWS.values():
        tab.look(width, scheme)
        tab.run(f"take('{SCHEMES[scheme]}')")
        assert tab.run("document.body.dataset.mdColorScheme") == SCHEMES[scheme]
        seen = tab.run("looked()")
        assert seen["texts"] > 50
        assert seen["page"] <= seen["window"]
        assert {kind: seen[kind] for kind in ("wide", "overlaps", "faint")} == {"wide": [], "overlaps": [], "faint": []}
    assert tab.run(PICTURES) == []
    assert tab.errors() == []


def test_the_chooser_leads_somewhere(site, tab):
    tab.visit(site)
    count, dead = tab.run(DEAD)
    assert count > 15
    assert dead == []


def test_commands_can_be_copied(site, tab):
    tab.visit(site)
    tab.look(1400, "light")
    block = "document.querySelector('article .highlight')"
    tab.press(f"{block}.querySelector('button[data-clipboard-target], .md-code__button, .md-clipboard')")
    assert (
        tab.run("navigator.clipboard.readText()").strip() == tab.run(f"{block}.querySelector('code').innerText").strip()
    )
