"""A page that shows a live run in browsers, served by a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from lumentrace import __version__
from lumentrace.base.palette import NEUTRAL, PALETTE
from lumentrace.pept.live.addresses import listener, shown
from lumentrace.pept.live.events import Event
from lumentrace.pept.live.feed import Feed, encoded
from lumentrace.pept.live.guard import Guard
from lumentrace.pept.live.viewers import Viewers
from lumentrace.pept.tracking.update import Update

BASE = "base.css"
"""What all pages of the house have in common."""
MISSING = "the live page needs Starlette, uvicorn and websockets: pip install 'lumentrace[live]'"
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
LARGEST = 4096
"""Bytes that a viewer may send at a time; pages send nothing."""
PATIENCE = 0.5
"""Seconds for viewers to be told that it is over."""


class Page:
    """Shows a live run to everybody who opens its address.

    The tracker never waits for a viewer: each has a queue of 20 frames, misses frames when it is slower than they come,
    and is cut off when it takes none for 10 s.

    Parameters
    ----------
    host : str
        127.0.0.1 for this machine alone. Others have to know a token.
    port : int
        0 for any that is free.
    title : str
        What is tracked.
    token : str, optional
        At least 8 characters; made up for hosts other than this machine.
    most : int, default 50
        Viewers at a time.

    Attributes
    ----------
    url : str
        Address to open, with the token.

    Raises
    ------
    ImportError
        If Starlette, uvicorn or websockets are not installed.
    OSError
        If the port is in use or must not be used.

    Examples
    --------
    >>> from lumentrace.pept.live import Page, watch
    >>> page = Page("127.0.0.1", 0, title="wheel")
    >>> page.url.startswith("http://127.0.0.1:")
    True
    >>> watch([], views=[page]).smoothed
    0
    """

    def __init__(self, host: str, port: int, *, title: str, token: str | None = None, most: int = 50) -> None:
        try:
            import uvicorn
            import websockets  # noqa: F401 (whether it is there)
        except ImportError as error:
            raise ImportError(MISSING) from error
        guard = Guard.of(host, token)
        self._socket = listener(host, port)
        query = f"?token={quote(guard.token)}" if guard.token else ""
        self.url = f"http://{shown(host)}:{self._socket.getsockname()[1]}/{query}"
        self._feed = Feed()
        hello = encoded("hello", title=title, version=__version__, palette=PALETTE, neutral=NEUTRAL)
        self._viewers = Viewers(hello, self._feed.history, most)
        config = uvicorn.Config(
            _application(guard, self._viewers),
            lifespan="off",
            log_level="error",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=LARGEST,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="page", daemon=True)
        self._thread.start()
        self._ready.wait()

    def show(self, update: Update, events: Sequence[Event]) -> None:
        """Hand what is new to the viewers; returns at once."""
        frame = self._feed.add(update, events)
        if frame is not None and self._viewers.put(encoded("frame", **frame)):
            self._call(self._viewers.send)

    def close(self) -> None:
        """Tell viewers that it is over, and serve no more."""
        self._call(self._viewers.end)
        self._server.should_exit = True
        self._thread.join(PATIENCE)

    @property
    def viewers(self) -> int:
        """How many there are."""
        return len(self._viewers)

    def _call(self, function: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        with self._socket:
            await self._server.serve(sockets=[self._socket])


def _application(guard: Guard, viewers: Viewers) -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route, WebSocketRoute
    from starlette.types import Receive, Scope, Send

    assets = _assets()

    async def asset(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in assets:
            return PlainTextResponse("there is no such page", 404, HEADERS)
        return Response(assets[name], headers=HEADERS, media_type=TYPES[name.rsplit(".", 1)[1]])

    routes = [Route("/", asset), WebSocketRoute("/socket", viewers.meet), Route("/{name}", asset)]
    pages = Starlette(routes=routes)

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = guard.refusal(scope) if scope["type"] in ("http", "websocket") else ""
        if not refusal:
            await pages(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(refusal, 403, HEADERS)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})

    return guarded


def _assets() -> dict[str, bytes]:
    folder = files(__package__).joinpath("page")
    base = {BASE: files("lumentrace.plots").joinpath("assets", BASE).read_bytes()}
    return base | {each.name: each.read_bytes() for each in folder.iterdir() if each.name.rsplit(".", 1)[-1] in TYPES}
