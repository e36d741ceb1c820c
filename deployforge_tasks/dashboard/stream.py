"""The event stream: one reader of the ledger for all viewers, and a queue of its own for each of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.dashboard.messages import FIRST, HEARTBEAT, Telling, message, tell
from deployforge_tasks.operations.watching import News, Place, Places, Watcher

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from deployforge_tasks.dashboard.desk import Desk
    from deployforge_tasks.dashboard.last_look import LastLook

#: Seconds between two looks into the ledger, and after a look that did not get everything.
EVERY, _SOON = 0.2, 0.1
#: Seconds until a ledger that does not answer is asked again.
_AGAIN = 1.0
#: Seconds that the end waits for a look.
_LAST_LOOK = 2.0
#: Seconds without a message after which a sign of life is sent: proxies close connections on which nothing happens.
#: As often it is asked whether somebody may still watch.
HEARTBEAT_EVERY = 15.0
#: Seconds after which a stream ends, so that the browser comes again and may be refused by then.
_LONGEST = 600.0
#: Pieces that wait for a viewer at most, and events that somebody who was away is told at most.
MOST_WAITING, MOST_MISSED = 512, 2000
#: Every so many looks it is asked whether more is known than what runs tell.
_STATS_EVERY = 10


class Viewer:
    """Somebody who watches.

    Args:
        since: how far everything is known to them; None: as far as it is now.
        logs: the runs whose log is open, with the last line that is known; None: `since` tells.
    """

    def __init__(self, since: Places | None, logs: Mapping[int, int | None]) -> None:
        self.since = since
        self.logs = logs
        self.gone = False
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()

    def put(self, piece: bytes, places: Places) -> None:
        """Hand something over; who is too slow is told to read the page again instead."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            piece = message("resync", {}, places)
        self._waiting.append(piece)
        self._wake.set()

    def leave(self) -> None:
        """Nothing more is wanted."""
        self.gone = True
        self._wake.set()

    async def take(self) -> bytes:
        """What waits, or a sign of life; empty at the end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_EVERY):
                await self._wake.wait()
        if self.gone:
            return b""
        self._wake.clear()
        pieces = b"".join(self._waiting) or HEARTBEAT
        self._waiting.clear()
        return pieces


@dataclass(frozen=True)
class _Look:
    """What one look brought: `since` how far everything was told before, `joined` what those get who come now."""

    told: Telling
    places: Places
    joined: Mapping[int, bytes] = field(default_factory=dict)
    more: bool = False


class Hub:
    """Looks into the ledger while somebody watches, and tells everybody."""

    def __init__(self, desk: Desk, last_look: LastLook) -> None:
        self._desk = desk
        self._last_look = last_look
        self._watcher: Watcher | None = None
        self._viewers: set[Viewer] = set()
        self._joining: list[Viewer] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._trouble = b""
        self._looks = 0
        self._beside = (0, 0)

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return len(self._viewers) + len(self._joining)

    def join(self, viewer: Viewer) -> None:
        """From the next look on they are told everything; called in the event loop, as `leave`."""
        if self._closed.is_set():
            viewer.leave()
            return
        self._joining.append(viewer)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())

    def leave(self, viewer: Viewer) -> None:
        viewer.leave()
        self._viewers.discard(viewer)
        if viewer in self._joining:
            self._joining.remove(viewer)

    async def close(self) -> None:
        """End every stream at once; the look that is being made is waited for, since it needs the ledger."""
        self._closed.set()
        for viewer in [*self._viewers, *self._joining]:
            self.leave(viewer)
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_LAST_LOOK)

    async def _watch(self) -> None:
        while self.watchers:
            joining, self._joining = self._joining, []
            logs = {run for viewer in [*self._viewers, *joining] for run in viewer.logs}
            try:
                look = await asyncio.to_thread(self._look, joining, logs)
            except (SQLAlchemyError, OSError, DeployForgeError) as error:
                self._joining += [viewer for viewer in joining if not viewer.gone]
                self._tell_trouble(error)
                await self._pause(_AGAIN)
                continue
            self._deliver(look, joining)
            await self._pause(_SOON if look.more else EVERY)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    def _look(self, joining: list[Viewer], logs: set[int]) -> _Look:
        """One look, in a thread."""
        if self._watcher is None:
            self._watcher = Watcher(self._desk.reader, lambda: self._desk.loaded)
        before = self._watcher.places()
        news = self._watcher.look(logs)
        told = self._tell(self._watcher, news, before)
        places = self._watcher.places()
        if self._looks % _STATS_EVERY == 0:
            told = self._with_stats(told, places)
        self._looks += 1
        # Many come at once after a restart, and most of them with the same places.
        made: dict[object, bytes] = {}
        joined = {}
        for viewer in joining:
            same = (str(viewer.since), tuple(viewer.logs.items()))
            if same not in made:
                made[same] = self._welcome(self._watcher, viewer, places)
            joined[id(viewer)] = made[same]
        return _Look(told, places, joined, news.more)

    def _tell(self, watcher: Watcher, news: News, before: Places) -> Telling:
        named = {*news.began, *news.ended, *(entry.run for entry in news.told)}
        return tell(news, before, {run: watcher.now(run) for run in named})

    def _with_stats(self, told: Telling, places: Places) -> Telling:
        """What is not in the events: more downloads were collected, or the platforms were asked."""
        self._last_look.begin_when_old()
        before = self._beside
        self._beside = (self._desk.reader.last_collection(self._desk.project), self._last_look.ended)
        if self._looks == 0 or self._beside == before:
            return told
        return Telling(told.everybody + message("stats", {}, places), told.logs)

    def _welcome(self, watcher: Watcher, viewer: Viewer, places: Places) -> bytes:
        ready = message("ready", {}, places)
        since = _since(viewer, places)
        missed = watcher.missed(since, viewer.logs, MOST_MISSED)
        if missed is None:
            return message("resync", {}, places) + ready
        return self._tell(watcher, missed, since).for_logs(viewer.logs) + ready

    def _deliver(self, look: _Look, joining: list[Viewer]) -> None:
        if self._trouble:
            self._trouble = b""
            over = message("trouble", {"message": "", "hint": ""})
            for viewer in self._viewers:
                viewer.put(over, look.places)
        for viewer in self._viewers:
            piece = look.told.for_logs(viewer.logs) if viewer.logs else look.told.everybody
            if piece:
                viewer.put(piece, look.places)
        for viewer in joining:
            if not viewer.gone:
                self._viewers.add(viewer)
                viewer.put(look.joined[id(viewer)], look.places)

    def _tell_trouble(self, error: Exception) -> None:
        hint = error.hint if isinstance(error, DeployForgeError) else "it is asked again every second"
        said = error.message if isinstance(error, DeployForgeError) else "the ledger does not answer"
        told = message("trouble", {"message": said, "hint": hint})
        if told == self._trouble:
            return
        self._trouble = told
        for viewer in self._viewers:
            viewer.put(told, Places())


def _since(viewer: Viewer, now: Places) -> Places:
    """How far everything is known to a viewer: what they do not speak of, and is not newer, is known."""
    since = viewer.since or now
    runs = {run: place for run, place in now.runs.items() if run <= since.floor} | dict(since.runs)
    for run, line in viewer.logs.items():
        if line is not None:
            runs[run] = replace(runs.get(run) or Place(2**62), line=line)
    return Places(since.floor, runs)


class EventStream(Response):
    """The answer to somebody who watches; ends when they go or may not stay, with the server, or after `_LONGEST`.

    Args:
        hub: what tells everything.
        viewer: who watches.
        may_stay: whether they may still watch; called in a thread.
    """

    def __init__(self, hub: Hub, viewer: Viewer, may_stay: Callable[[], bool]) -> None:
        # The last one: proxies of nginx's kind would keep the messages back.
        headers = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        self.status_code, self.background = 200, None
        self._hub, self._viewer, self._may_stay = hub, viewer, may_stay
        self.init_headers(headers)
        self.raw_headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": FIRST, "more_body": True})
        self._hub.join(self._viewer)
        watching = [asyncio.create_task(until) for until in (self._until_gone(receive), self._until_not_allowed())]
        try:
            async with asyncio.timeout(_LONGEST):
                while piece := await self._viewer.take():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            pass  # the browser comes again by itself, and says what it knows
        finally:
            for task in watching:
                task.cancel()
            self._hub.leave(self._viewer)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._viewer.leave()

    async def _until_not_allowed(self) -> None:
        allowed = True
        while allowed:
            await asyncio.sleep(HEARTBEAT_EVERY)
            allowed = await run_in_threadpool(self._may_stay)
        self._viewer.leave()
