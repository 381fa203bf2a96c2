"""Alarms of live runs: raised once when something happens, cleared once when it is over, silent otherwise."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from live_updates import WHEEL, tracer, update, updates
from lumentrace.pept import simulation
from lumentrace.pept.live import Alarms, Bounds, Record, watch
from lumentrace.pept.live.events import Event
from lumentrace.pept.live.webhooks import WAITING, Webhooks
from lumentrace.pept.tracking.update import Update

RNG = np.random.default_rng(0)
CIRCLE = simulation.Circle(radius=90)
STILL = simulation.Static()
STEP = 20.0


def told(run: Iterable[Update], bounds: Bounds | None = None, clock=time.monotonic) -> list[tuple[str, str, float]]:
    alarms = Alarms(bounds, clock)
    return [(event.kind, event.state, event.time_ms) for each in run for event in alarms.feed(each)]


def times(until: float, start: float = STEP) -> Iterator[float]:
    return (float(each) for each in np.arange(start, until + 1, STEP))


def test_a_run_without_fault_raises_nothing():
    assert told(updates(until=20_000), Bounds(tracers=2, stuck_below=0.01)) == []


def test_a_tracer_that_is_lost_is_told_once_and_cleared_by_the_next_one_seen():
    there = {0: (0, 1000), 1: (0, 5000), 2: (3000, 5000)}
    run = [
        update(t, [tracer(WHEEL[label % 2], label, t) for label, (first, last) in there.items() if first < t <= last])
        for t in times(5000)
    ]
    assert told(run) == [("lost", "raised", 1020.0), ("lost", "cleared", 3020.0)]


def test_a_tracer_that_comes_back_under_its_number_clears_its_own_alarm():
    """Both are lost; the second comes back first."""
    there = {0: [(0, 1000), (4000, 5000)], 1: [(0, 1500), (3000, 5000)]}
    run = [
        update(
            t, [tracer(WHEEL[label], label, t) for label, parts in there.items() if any(a < t <= b for a, b in parts)]
        )
        for t in times(5000)
    ]
    alarms = Alarms()
    events = [event for each in run for event in alarms.feed(each)]
    assert [(event.state, event.tracers) for event in events] == [
        ("raised", (0,)),
        ("raised", (1,)),
        ("cleared", (1,)),
        ("cleared", (0,)),
    ]
    assert events[2].message == "tracer 1 is seen again"
    assert alarms.now == []


def test_too_few_tracers_for_too_long_is_an_alarm():
    run = [update(t, [tracer(CIRCLE, 0, t)] if t > 3500 else []) for t in times(10_000)]
    assert told(run, Bounds(tracers=1)) == [("number", "raised", 2020.0), ("number", "cleared", 5520.0)]


def test_a_tracer_that_stops_is_stuck_until_it_goes_on():
    def path(t):
        return CIRCLE(np.where(t < 4000, t, np.where(t < 10_000, 4000, t - 6000)))

    run = [update(t, [tracer(path, 0, t, noise=RNG)]) for t in times(14_000)]
    (_, first, begins), (_, second, ends) = told(run, Bounds(stuck_below=0.01))
    assert (first, second) == ("raised", "cleared")
    assert 6000 < begins < 6600  # two seconds, and the quarter over which it is looked
    assert 10_000 < ends < 10_700


@pytest.mark.parametrize("radius", [3.0, 30.0])
def test_a_tracer_on_a_small_circle_is_not_stuck(radius):
    circle = simulation.Circle(radius=radius, rpm=240)  # back where it was after each quarter of a second
    run = [update(t, [tracer(circle, 0, t, sigma=0.1, noise=RNG)]) for t in times(10_000)]
    assert told(run, Bounds(stuck_below=0.01)) == []


def test_a_tracer_whose_uncertainty_is_too_large_to_tell_is_not_called_stuck():
    run = [update(t, [tracer(STILL, 0, t, sigma=5.0, noise=RNG)]) for t in times(10_000)]
    assert told(run, Bounds(stuck_below=0.01)) == []


def test_stuck_does_not_flicker_at_its_bound():
    slow = simulation.Line(velocity=(0.0105, 0, 0))
    run = [update(t, [tracer(slow, 0, t, sigma=0.1, noise=np.random.default_rng(2))]) for t in times(30_000)]
    assert len(told(run, Bounds(stuck_below=0.01))) <= 1


@pytest.mark.parametrize("name", ["rate", "explained"])
def test_a_fall_below_half_of_what_is_usual_is_an_alarm(name):
    high, low = {"rate": (100.0, 40.0), "explained": (0.5, 0.2)}[name]
    run = [update(t, [], **{name: low if 20_000 < t <= 90_000 else high}) for t in times(100_000)]
    assert told(run) == [(name, "raised", 22_020.0), (name, "cleared", 92_020.0)]


def test_a_rate_below_the_bound_is_an_alarm_from_the_beginning():
    run = [update(t, [], rate=8.0 if t < 5000 else 12.0) for t in times(10_000)]
    assert told(run, Bounds(rate_below=10.0)) == [("rate", "raised", 2020.0), ("rate", "cleared", 7000.0)]


def test_a_rate_that_wavers_about_its_bound_is_told_once():
    run = [update(t, [], rate=9.9 if int(t / 2500) % 2 else 10.1) for t in times(60_000)]
    run = [update(t, [], rate=9.0 if t < 3000 else each.rate) for t, each in zip(times(60_000), run, strict=True)]
    assert told(run, Bounds(rate_below=10.0)) == [("rate", "raised", 2020.0)]


def test_silence_goes_by_the_clock_on_the_wall():
    run = [update(100.0, [])] * 30 + [update(120.0, [])]
    assert told(run, clock=iter(np.arange(0.0, 1000.0, 0.1)).__next__) == [
        ("silent", "raised", 100.0),
        ("silent", "cleared", 120.0),
    ]


def test_dropped_lines_are_told_until_there_are_no_more():
    run = [update(t, [], dropped=int(max(0, min(t, 3000) - 1000))) for t in times(10_000)]
    assert told(run) == [("dropped", "raised", 1020.0), ("dropped", "cleared", 8020.0)]


def test_tracers_that_meet_are_merged_until_they_part():
    def other(t):
        return STILL(t) + np.stack([np.abs(t - 5000) / 100, 0 * t, 0 * t], axis=-1)

    run = [update(t, [tracer(STILL, 0, t), tracer(other, 1, t)]) for t in times(10_000)]
    # Nearer than 2 mm from 4800 to 5200 ms, further than 3 mm from 5300 ms on; a fifth of a second each.
    assert told(run) == [("merged", "raised", 5020.0), ("merged", "cleared", 5500.0)]


def test_a_tracer_lost_beside_another_is_merged_with_it():
    def near(t):
        return STILL(t) + np.array([3.0, 0, 0])

    run = [update(t, [tracer(STILL, 0, t), *([tracer(near, 1, t)] if t <= 1000 else [])]) for t in times(2000)]
    assert told(run) == [("lost", "raised", 1020.0), ("merged", "raised", 1020.0)]


def test_alarms_of_a_tracer_that_is_gone_are_cleared():
    run = [update(t, [tracer(STILL, 0, t, sigma=0.1)] if t <= 5000 else []) for t in times(6000)]
    kinds = [(kind, state) for kind, state, _ in told(run, Bounds(stuck_below=0.01))]
    assert kinds == [("stuck", "raised"), ("stuck", "cleared"), ("lost", "raised")]


def test_a_clock_that_is_set_back_stops_no_alarm():
    run = [update(t, []) for t in times(50_000, start=49_000)] + [update(t, []) for t in times(5000)]
    assert told(run, Bounds(tracers=1)) == [("number", "raised", 2020.0)]


@pytest.mark.parametrize(
    "wrong", [{"stuck_below": 0.0}, {"rate_below": -1.0}, {"fall": 1.0}, {"patience": float("nan")}]
)
def test_bounds_that_mean_nothing_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
        Bounds(**wrong)


def test_events_are_lines_of_json_beside_the_run(tmp_path):
    run = [update(t, [tracer(CIRCLE, 0, t)] if t <= 1000 else []) for t in times(2000)]
    watched = watch(run, record=Record(tmp_path, "test", {}))
    (line,) = (tmp_path / "alarms.jsonl").read_text("utf-8").splitlines()
    event = json.loads(line)
    assert watched.raised == 1
    assert (event["kind"], event["state"], event["tracers"], event["time_ms"]) == ("lost", "raised", [0], 1020.0)
    assert "tracer 0 is lost" in event["message"]
    assert event["wall_time"].endswith("+00:00")


EVENT = Event("lost", "raised", 10.0, "2026-01-01T00:00:00+00:00", (1,), float("nan"), 2.0, "tracer 1 is lost")


@contextmanager
def listening(status: int = 200, location: str | None = None) -> Iterator[tuple[str, list[dict]]]:
    """A web server on this machine, and what was posted to it."""
    found: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            found.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/alarm", found
        server.shutdown()
        thread.join()


def test_events_are_posted():
    with listening() as (address, found):
        hooks = Webhooks([address], pytest.fail)
        hooks.show(update(1.0), [EVENT] * 3)
        hooks.close(5.0)
    assert [each["message"] for each in found] == ["tracer 1 is lost"] * 3
    assert found[0]["value"] is None
    assert hooks.failed == 0


def test_an_address_that_fails_is_told_once_and_counted():
    with listening(500) as (address, found):
        said: list[str] = []
        hooks = Webhooks([address], said.append)
        for _ in range(5):
            hooks.post(EVENT)
        hooks.close(5.0)
    assert hooks.failed == len(found) == 5
    assert len(said) == 1
    assert address in said[0]


def test_a_redirection_is_not_followed():
    with listening() as (other, found), listening(307, other) as (address, _):
        said: list[str] = []
        hooks = Webhooks([address], said.append)
        hooks.post(EVENT)
        hooks.close(5.0)
    assert found == []
    assert hooks.failed == 1


def test_an_address_that_never_answers_holds_nothing_up():
    """The first event is in hand, a hundred wait, the others are counted at once."""
    hooks = Webhooks(["http://127.0.0.1:9/"], lambda _: None)
    inside, go = threading.Event(), threading.Event()

    def stall(*_):
        inside.set()
        go.wait(30)

    hooks._send = stall
    hooks.post(EVENT)
    assert inside.wait(10)
    for _ in range(WAITING + 7):
        hooks.post(EVENT)
    assert hooks.failed == 7
    go.set()


@pytest.mark.parametrize("address", ["http://example.org/", "https://10.0.0.1/x", "http://169.254.169.254/"])
def test_other_machines_are_refused(address):
    with pytest.raises(ValueError, match=r"--allow-remote"):
        Webhooks([address], print)
    Webhooks([address], print, remote=True)


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "127.0.0.1:80", "file:///etc/passwd", ""])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match=r"expected an address"):
        Webhooks([address], print, remote=True)
