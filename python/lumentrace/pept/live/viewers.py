"""Those who look at a live page: each gets what it can take, and none holds the others up."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lumentrace.pept.live.feed import encoded

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

WAITING = 20
"""Frames that wait for a viewer, at most; 2 s."""
CUT_OFF = 10.0
"""Seconds in which a viewer has to take a message."""
CHUNK = 100
"""Frames of the history in a message."""
FULL, OVER = 1013, 1001
"""WebSocket codes: try again later, and going away."""


class Viewer:
    """A queue of messages; the oldest go when it is full."""

    def __init__(self) -> None:
        self.waiting: deque[str] = deque()
        self.skipped = 0
        self.over = False
        self.news = asyncio.Event()

    def put(self, text: str) -> None:
        """Add a message."""
        if len(self.waiting) == WAITING:
            self.waiting.popleft()
            self.skipped += 1
        self.waiting.append(text)
        self.news.set()

    def end(self) -> None:
        """Nothing more will come."""
        self.over = True
        self.news.set()


class Viewers:
    """All viewers of a page.

    Parameters
    ----------
    hello : str
        Their first message.
    history : callable
        Frames that they get after it.
    most : int
        How many there may be.
    """

    def __init__(self, hello: str, history: Callable[[], list[dict[str, Any]]], most: int) -> None:
        self._hello, self._history, self._most = hello, history, most
        self._all: set[Viewer] = set()
        self._lock = threading.Lock()
        self._new: deque[str] = deque(maxlen=WAITING)

    def __len__(self) -> int:
        return len(self._all)

    def put(self, text: str) -> bool:
        """Leave a message for all, from any thread; whether `send` has to be called in the loop for it."""
        with self._lock:
            self._new.append(text)
            return len(self._new) == 1

    def send(self) -> None:
        """Hand over what was left."""
        with self._lock:
            new = list(self._new)
            self._new.clear()
        for viewer in self._all:
            for text in new:
                viewer.put(text)

    def end(self) -> None:
        """Tell all that it is over."""
        self.send()
        for viewer in self._all:
            viewer.end()

    async def meet(self, socket: WebSocket) -> None:
        """Serve one viewer until it goes, or takes nothing any more."""
        await socket.accept()
        if len(self._all) >= self._most:
            await socket.close(FULL, f"there are {self._most} viewers already")
            return
        viewer = Viewer()
        self._all.add(viewer)
        tasks = [asyncio.ensure_future(work) for work in (self._talk(socket, viewer), _listen(socket))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except (TimeoutError, _gone()):
            return
        finally:
            self._all.discard(viewer)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self, socket: WebSocket, viewer: Viewer) -> None:
        await _say(socket, self._hello)
        frames = self._history()
        for start in range(0, len(frames), CHUNK):
            await _say(socket, encoded("history", frames=frames[start : start + CHUNK]))
        await _say(socket, encoded("live"))
        while viewer.waiting or not viewer.over:
            if viewer.skipped:
                count, viewer.skipped = viewer.skipped, 0
                await _say(socket, encoded("skipped", count=count))
            elif viewer.waiting:
                await _say(socket, viewer.waiting.popleft())
            else:
                viewer.news.clear()
                await viewer.news.wait()
        await _say(socket, encoded("end"))
        await socket.close(OVER)


async def _say(socket: WebSocket, text: str) -> None:
    await asyncio.wait_for(socket.send_text(text), CUT_OFF)


async def _listen(socket: WebSocket) -> None:
    """Wait until the viewer goes; what it says is not looked at."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _gone() -> type[Exception]:
    """What Starlette raises when a viewer is gone."""
    from starlette.websockets import WebSocketDisconnect

    return WebSocketDisconnect
