"""A browser without a screen, told over a pipe what to open, to look at and to click on."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next(filter(None, map(shutil.which, NAMES)), None) if os.name == "posix" else None
MISSING = f"no browser here ({', '.join(NAMES)})"
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --enable-unsafe-swiftshader --hide-scrollbars --remote-debugging-pipe "
    "--no-first-run --disable-extensions --force-color-profile=srgb"
)
PATIENCE = 120
"""Seconds; on a busy machine the largest report takes 20."""
REDIRECT = """
import os, sys
for own, number in zip([os.dup(int(own)) for own in sys.argv[1:3]], (3, 4)):
    os.dup2(own, number)
    os.set_inheritable(number, True)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""The browser reads from its file number 3 and writes to number 4."""
KEYS = {"Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "Delete": 46}
VIEWS = {"1400-light": (1400, "light"), "400-dark": (400, "dark")}
"""Windows in which pages are looked at: a screen by day and a telephone by night."""


class Browser:
    """A running browser; leave the context to end it."""

    def __init__(self, folder: Path):
        (theirs, self._out), (self._in, answers) = os.pipe(), os.pipe()
        command = [PROGRAM, *OPTIONS.split(), f"--user-data-dir={folder}"]
        redirected = [sys.executable, "-c", REDIRECT, str(theirs), str(answers), *command]
        self._log = (folder / "log.txt").open("wb")
        self._process = subprocess.Popen(redirected, pass_fds=(theirs, answers), stderr=self._log, stdout=self._log)
        os.close(theirs)
        os.close(answers)
        self._number = 0
        self._buffer = b""
        self.events: list[dict] = []

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.send("Browser.close")
        self._process.wait(timeout=30)
        os.close(self._out)
        os.close(self._in)
        self._log.close()

    def send(self, method: str, session: str | None = None, **values: object) -> dict:
        """Have something done and wait for the answer; what happens meanwhile is kept as events."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": values}
        os.write(self._out, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _next(self) -> dict:
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], PATIENCE)[0]:
                raise TimeoutError(f"the browser has said nothing for {PATIENCE} s; see {self._log.name}")
            part = os.read(self._in, 1 << 20)
            if not part:
                raise RuntimeError(f"the browser ended; see {self._log.name}")
            self._buffer += part
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, url: str) -> Tab:
        """A page of its own."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        tab = Tab(self, target, self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        tab.visit(url)
        return tab


class Tab:
    """A page that is open."""

    def __init__(self, browser: Browser, target: str, session: str):
        self.browser, self.target, self.session = browser, target, session
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **values: object) -> dict:
        return self.browser.send(method, self.session, **values)

    def close(self) -> None:
        self.browser.send("Target.closeTarget", targetId=self.target)

    def visit(self, url: str) -> None:
        """Go to a page and wait until all of it is there."""
        self.send("Page.navigate", url=url)
        self.run("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))")

    def look(self, width: int, scheme: str, height: int = 900) -> None:
        """Take this width, and the light or the dark scheme."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script: str) -> object:
        """The value of an expression, awaited if it is a promise."""
        done = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(json.dumps(done["exceptionDetails"])[:3000])
        return done["result"].get("value")

    def click(self, x: float, y: float) -> None:
        """Move the mouse to a place in the window and press it."""
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, element: str) -> None:
        """Click into the middle of an element that an expression finds."""
        place = f"(({element}).scrollIntoView({{block: 'center'}}), ({element}).getBoundingClientRect())"
        x, y = self.run(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({place})")
        self.click(x, y)

    def type(self, text: str) -> None:
        """Write a text into what has the focus."""
        self.send("Input.insertText", text=text)

    def key(self, name: str) -> None:
        """Press one of `KEYS`."""
        known = {"key": name, "code": name, "windowsVirtualKeyCode": KEYS[name]}
        text = {"text": "\r"} if name == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **known, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **known)

    def picture(self, path: Path) -> None:
        """Keep the whole page as PNG."""
        taken = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def errors(self) -> list[str]:
        """What went wrong since the page was opened: exceptions, errors on the console, policies that were broken."""
        own = [each for each in self.browser.events if each.get("sessionId") == self.session]
        return [json.dumps(each["params"])[:500] for each in own if _is_error(each)]


def _is_error(event: dict) -> bool:
    if event["method"] == "Runtime.exceptionThrown":
        return True
    if event["method"] == "Runtime.consoleAPICalled":
        return event["params"]["type"] in ("error", "assert")
    return event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error"
