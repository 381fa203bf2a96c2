"""The live page: who may look, what viewers get, and that none of them holds the tracker up."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from devtools import MISSING, PROGRAM, Browser
from live_updates import WHEEL, tracer, update, updates
from lumentrace.pept.live import Page
from lumentrace.pept.live.addresses import address
from lumentrace.pept.live.events import Event
from lumentrace.pept.live.feed import OLDER, POINTS, RECENT, SAID, TRACERS, Feed
from lumentrace.pept.live.guard import Guard
from lumentrace.pept.live.viewers import WAITING
from lumentrace.pept.tracking.update import Update

EVIL = "<img src=x onerror=window.hit=1>"


@contextmanager
def served(**options: Any) -> Iterator[Page]:
    """A page whose feed makes a frame of every update."""
    page = Page("127.0.0.1", 0, **{"title": "wheel", **options})
    page._feed = Feed(clock=iter(range(10**9)).__next__)
    page._viewers._history = page._feed.history
    try:
        yield page
    finally:
        page.close()


def viewer(page: Page, **options: Any) -> AbstractContextManager[ClientConnection]:
    return connect(f"ws://{urlsplit(page.url).netloc}/socket", **options)


def heard(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    while True:
        message = json.loads(connection.recv(timeout=30))
        if message["kind"] == kind:
            return message


def until(true: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 30
        time.sleep(0.01)


def asked(page: Page, path: str = "/", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    place = urlsplit(page.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    with closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def at(time: float) -> Update:
    return update(time, [tracer(path, label, time) for label, path in enumerate(WHEEL)])


def test_a_viewer_gets_what_was_before_and_then_what_is_new():
    with served() as page:
        for each in updates(until=1000):
            page.show(each, [])
        with viewer(page) as connection:
            hello = heard(connection, "hello")
            frames = heard(connection, "history")["frames"]
            heard(connection, "live")
            page.show(at(1020.0), [Event("lost", "raised", 1020.0, "", (1,), 1, 2, EVIL)])
            new = heard(connection, "frame")
    assert hello["title"] == "wheel"
    assert [frame["time"] for frame in frames] == list(np.arange(20.0, 1001.0, 20.0))
    label, time, *place = new["points"][1][:5]
    assert (label, time) == (1, 1020.0)
    assert place == pytest.approx(WHEEL[1](np.array([1020.0]))[0], abs=1e-3)
    assert [each["text"] for each in new["said"]] == [EVIL]


def test_twenty_viewers_get_every_frame():
    with served() as page, ExitStack() as stack:
        viewers = [stack.enter_context(viewer(page)) for _ in range(20)]
        for each in viewers:
            heard(each, "live")
        assert page.viewers == 20
        for number in range(100):
            page.show(at(20.0 * number), [])
            time.sleep(0.01)
        got = [[heard(each, "frame")["i"] for _ in range(100)] for each in viewers]
        stack.close()
        until(lambda: page.viewers == 0)
    assert got == [list(range(1, 101))] * 20


HANDSHAKE = (
    "GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@contextmanager
def sleepy(page: Page) -> Iterator[Iterator[dict[str, Any]]]:
    """A viewer that reads nothing before it is asked for messages."""
    with socket.create_connection(("127.0.0.1", urlsplit(page.url).port), timeout=30) as connection:
        connection.sendall(HANDSHAKE.encode())
        with connection.makefile("rb") as file:
            while file.readline().strip():
                pass
            yield messages(file)


def messages(file: Any) -> Iterator[dict[str, Any]]:
    """Texts of a WebSocket, each in a frame of its own (RFC 6455, 5.2)."""
    while (head := file.read(2))[:1] == b"\x81":
        size = head[1] if head[1] < 126 else int.from_bytes(file.read(2 if head[1] == 126 else 8), "big")
        yield json.loads(file.read(size))


LONG = tuple(f"{number} {'x' * 60_000}" for number in range(SAID))
"""Notices that fill all buffers on the way within a few frames."""


def test_a_viewer_that_reads_nothing_holds_nobody_up_and_is_told_what_it_missed():
    with served() as page, viewer(page, max_size=None) as quick, sleepy(page) as slow:
        heard(quick, "live")
        until(lambda: page.viewers == 2)
        for number in range(2 * WAITING):
            page.show(update(20.0 * number, notices=LONG), [])
            assert heard(quick, "frame")["i"] == number + 1
        assert max(len(each.waiting) for each in page._viewers._all) == WAITING
        missed, got = 0, []
        for message in slow:
            missed += message.get("count", 0) if message["kind"] == "skipped" else 0
            got += [message["i"]] if message["kind"] == "frame" else []
            if got and got[-1] == 2 * WAITING:
                break
    assert missed == 2 * WAITING - len(got) > 0
    assert got == sorted(got)


def test_a_viewer_that_takes_nothing_is_cut_off(monkeypatch):
    monkeypatch.setattr("lumentrace.pept.live.viewers.CUT_OFF", 0.2)
    with served() as page, sleepy(page):
        until(lambda: page.viewers == 1)
        for number in range(10):
            page.show(update(20.0 * number, notices=LONG), [])
        until(lambda: page.viewers == 0)


def test_viewers_that_are_killed_are_forgotten_and_may_come_again():
    with served() as page:
        for _ in range(5):
            with viewer(page) as each:
                heard(each, "live")
                each.socket.shutdown(socket.SHUT_RDWR)
                until(lambda: page.viewers == 0)
        page.show(at(20.0), [])
        with viewer(page) as again:
            assert heard(again, "history")["frames"][0]["time"] == 20.0


def test_there_is_a_limit_to_viewers():
    with served(most=2) as page, viewer(page) as one, viewer(page) as two, viewer(page) as three:
        heard(one, "live")
        heard(two, "live")
        with pytest.raises(ConnectionClosed) as closed:
            three.recv(timeout=30)
    assert closed.value.rcvd.code == 1013


def test_a_message_that_is_too_long_ends_the_connection():
    with served() as page, viewer(page) as one:
        heard(one, "live")
        one.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            heard(one, "frame")
    assert closed.value.rcvd.code == 1009


def test_viewers_are_told_of_the_end():
    with served() as page, viewer(page) as one:
        heard(one, "live")
        page.show(at(20.0), [])
        page.close()
        assert heard(one, "frame")["time"] == 20.0
        heard(one, "end")
        page.show(at(40.0), [])


def test_everything_of_the_page_is_its_own():
    with served() as page:
        for path in ("/", "/live.js", "/base.css", "/live.css", "/icon.svg"):
            status, body, headers = asked(page, path)
            assert status == 200
            assert b"//" not in re.sub(rb"http://www.w3.org/2000/svg|^ *//.*$", b"", body, flags=re.MULTILINE)
            assert "default-src 'none'" in headers["content-security-policy"]
        assert asked(page, "/server.py")[0] == 404
        assert asked(page, "/../server.py")[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "localhost.evil.example:8321"])
def test_a_name_that_leads_here_is_refused(host):
    with served() as page:
        assert asked(page, "/", Host=host)[0] in (400, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
def test_pages_of_others_may_not_listen(origin):
    with served() as page, pytest.raises(InvalidStatus) as refused:
        viewer(page, origin=origin)
    assert refused.value.response.status_code == 403


def test_a_page_of_this_server_may_listen():
    with served() as page, viewer(page, origin=page.url.rstrip("/")) as one:
        assert heard(one, "hello")


def test_a_token_is_asked_for_on_page_and_socket():
    with served(token="correct horse") as page:
        assert page.url.endswith("/?token=correct%20horse")
        assert asked(page, "/?token=correct%20horse")[0] == 200
        for wrong in ("/", "/?token=", "/?token=correct%20hors", "/?token=correct%20horse%20"):
            assert asked(page, wrong)[0] == 403
        place = urlsplit(page.url)
        with pytest.raises(InvalidStatus):
            connect(f"ws://{place.netloc}/socket")
        with connect(f"ws://{place.netloc}/socket?token=correct%20horse") as one:
            heard(one, "hello")


def test_other_machines_always_need_a_token():
    assert Guard.of("127.0.0.1", None).token is None
    assert Guard.of("::1", None).token is None
    one, other = Guard.of("0.0.0.0", None), Guard.of("0.0.0.0", None)
    assert one.token != other.token
    assert len(one.token) > 16
    with pytest.raises(ValueError, match=r"--token: expected at least 8"):
        Guard.of("0.0.0.0", "short")


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_the_sixth_version_of_addresses():
    page = Page("::1", 0, title="wheel")
    assert page.url.startswith("http://[::1]:")
    assert asked(page, "/", Host=urlsplit(page.url).netloc)[0] == 200
    page.close()


def test_a_page_for_all_names_this_machine_and_asks_for_its_token():
    page = Page("0.0.0.0", 0, title="wheel")
    place = urlsplit(page.url)
    assert place.hostname == socket.gethostname().lower()
    assert len(place.query) > len("token=") + 16
    with closing(http.client.HTTPConnection("127.0.0.1", place.port, timeout=30)) as connection:
        for path, status in ((f"/?{place.query}", 200), ("/", 403)):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
    page.close()


def test_a_port_in_use_is_told_with_what_to_do():
    with served() as page:
        port = urlsplit(page.url).port
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port}: the port is in use; --serve 127\.0\.0\.1:{port + 1}"):
            Page("127.0.0.1", port, title="again")


@pytest.mark.parametrize("text", ["8321", "127.0.0.1", "a:b", "127.0.0.1:99999", ":1", "http://127.0.0.1:1", "a@b:1"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r"--serve: expected HOST:PORT"):
        address(text)


def test_a_host_of_another_machine_is_told():
    with pytest.raises(OSError, match=r"192\.0\.2\.1:8321: cannot be listened at"):
        Page("192.0.2.1", 8321, title="elsewhere", token="long enough")


def test_a_missing_extra_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError, match=r"pip install 'lumentrace\[live\]'"):
        Page("127.0.0.1", 0, title="wheel")


def test_what_is_remembered_is_bounded():
    feed = Feed(clock=iter(np.arange(0, 1e6, 0.1)).__next__)
    for number in range(20_000):
        feed.add(update(100.0 * number), [Event("lost", "raised", 0, "", (1,), 1, 2, "x")] * 3)
    history = feed.history()
    assert len(history) == RECENT + OLDER
    times = [frame["time"] for frame in history]
    assert times == sorted(times)
    assert times[-1] == 100.0 * 19_999
    assert 1.7e6 < times[-1] - times[0] < 1.9e6
    assert max(len(frame["said"]) for frame in history) == SAID


def test_a_frame_is_bounded_whatever_there_is():
    feed = Feed(clock=iter([0.0, 0.01, 0.02, 0.2]).__next__)
    many = [tracer(WHEEL[0], label, 20.0) for label in range(500)]
    frames = [feed.add(update(20.0, many)) for _ in range(4)]
    assert [frame is None for frame in frames] == [False, True, True, False]
    assert frames[3]["count"] == 500
    assert len(frames[3]["tracers"]) == TRACERS
    assert len(frames[3]["points"]) <= TRACERS * POINTS


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if PROGRAM is None:
        pytest.skip(MISSING)
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def wait(tab: Any, condition: str) -> None:
    until(lambda: bool(tab.run(condition)))


TEXT = "document.getElementById('{}').textContent"
PLACE = "document.querySelector('#tracers td:nth-child(2)')?.textContent"
SHOWN = "parseFloat(document.getElementById('time').value)"
SAME = """(() => { const seen = [...document.querySelectorAll('canvas')].map((each) => each.toDataURL());
const same = window.seen?.every((each, at) => each === seen[at]); window.seen = seen; return same; })()"""


def test_the_page_in_a_browser(browser, tmp_path):
    run = list(updates(until=40_000))
    with served(title=EVIL) as page:
        for each in run[:500]:
            page.show(each, [])
        tab = browser.open(page.url)
        wait(tab, f"{SHOWN} === 10")
        assert tab.run(TEXT.format("title")) == EVIL
        assert tab.run("document.querySelectorAll('#tracers tr').length") == 2
        assert float(tab.run(PLACE)) == pytest.approx(run[499].tracers[0].position[0], abs=0.06)
        assert tab.run(TEXT.format("status")) == "connected"

        page.show(run[520], [Event("lost", "raised", 1.0, "", (1,), 1, 2, EVIL)])
        wait(tab, f"{SHOWN} === 10.4")
        assert EVIL in tab.run(TEXT.format("said"))
        assert not tab.run("window.hit || document.querySelectorAll('img').length")
        assert float(tab.run(PLACE)) == pytest.approx(run[520].tracers[0].position[0], abs=0.06)

        tab.press("document.getElementById('pause')")
        wait(tab, f"{TEXT.format('status')}.startsWith('paused')")
        tab.run(SAME)
        for each in run[521:600]:
            page.show(each, [])
        wait(tab, "document.getElementById('at').max === '12000'")
        assert tab.run(SAME)
        assert tab.run(SHOWN) == 10.4

        tab.run("document.activeElement.blur()")
        for _ in range(2):
            tab.key("ArrowLeft")
        wait(tab, f"{SHOWN} === 8.4")
        assert float(tab.run(PLACE)) == pytest.approx(run[420].tracers[0].position[0], abs=0.06)
        assert not tab.run(SAME)
        tab.key("Home")
        wait(tab, f"{SHOWN} === 0")
        tab.key("End")
        wait(tab, f"{SHOWN} === 12")
        for width in (390, 1400):
            for scheme in ("light", "dark"):
                tab.look(width, scheme)
                assert tab.run("document.documentElement.scrollWidth") == width
        tab.look(390, "light")
        tab.visit(page.url)
        wait(tab, f"{SHOWN} === 12")
        assert tab.run("document.getElementById('scene').clientHeight") >= 300
        assert tab.errors() == []
        tab.close()


def test_a_browser_says_that_the_connection_is_lost_and_connects_again(browser):
    with served() as page:
        page.show(at(1000.0), [])
        port = urlsplit(page.url).port
        tab = browser.open(page.url)
        wait(tab, f"{TEXT.format('status')} === 'connected'")
    wait(tab, f"{TEXT.format('status')}.startsWith('the run is over')")
    again = Page("127.0.0.1", port, title="again")
    again.show(at(3000.0), [])
    wait(tab, f"{TEXT.format('title')} === 'again'")
    wait(tab, f"{SHOWN} === 3")
    again.close()
    tab.close()
