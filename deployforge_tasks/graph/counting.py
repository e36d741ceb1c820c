"""Collecting download counters: ask a platform (or a place that only counts), store what it told, remember the try.

Asking is polite: not more often than ``analytics.every``, never before the time that a source named
(``Retry-After``), and only for what changed (conditional requests). Whatever goes wrong with one platform is that
platform's reason, and nobody else's.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.core.downloads import LAUNCH, Kind, is_name
from deployforge_tasks.core.errors import DeployForgeError, NetworkError
from deployforge_tasks.core.events import stage_context
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.clock import Patience
from deployforge_tasks.effects.http import Http
from deployforge_tasks.effects.http_cache import HttpCache
from deployforge_tasks.graph.jobs import make_job
from deployforge_tasks.graph.outcomes import SKIPPED
from deployforge_tasks.graph.stage import End
from deployforge_tasks.ledger.model import Scope, Try

if TYPE_CHECKING:
    from deployforge_tasks.core.downloads import Counter, Series
    from deployforge_tasks.graph.context import RunContext

STAGE = "stats"
#: Seconds that one platform may take for all of its counters.
DEADLINE = 120.0
#: Seconds that a read is tried for.
_PATIENCE = 20.0
#: How much earlier than `every` a collection may begin, so that one that comes daily is never a moment too early.
_EARLY = 0.1
_EARLIEST = timedelta(hours=1)
#: While a version is new, the totals of its platform are read so often.
_HOURLY = timedelta(hours=1)
#: The longest time for which a source is believed when it asks not to be asked again.
_LONGEST_PAUSE = timedelta(days=7)


@dataclass(frozen=True)
class Told:
    """What a platform told: its series, or why there are none; `error` is set when a source gave no clear answer.

    What others of its sources had told before that is kept.
    """

    platform: str
    at: datetime
    series: tuple[Series, ...] = ()
    none: str = ""
    error: DeployForgeError | None = None


def scope(context: RunContext) -> Scope:
    """Whose counters this run collects."""
    return Scope(context.project.name, context.loaded.profile)


def pauses(context: RunContext, now: datetime | None = None) -> Callable[[str], timedelta]:
    """How long a platform is left alone after it was asked.

    That is ``analytics.every``; an hour at most while a version is new on a platform that tells only totals of it: its
    first hours cannot be asked for later.
    """
    since = (now or context.clock.now()) - LAUNCH
    every, here = timedelta(seconds=context.project.analytics.every), scope(context)
    reader = context.ledger.reader()
    new = {platform for _, platform, at in reader.launched(here.project, here.profile) if at >= since}
    told = reader.counted().counters(here, sorted(new)) if new else []
    # Where nothing was counted before the first version, totals may come.
    hourly = {one.platform for one in told if one.counter.kind is Kind.TOTAL} | (new - {one.platform for one in told})
    return lambda name: min(every, _HOURLY) if name in hourly else every


def why_not(attempt: Try | None, asked: Try | None, every: timedelta, *, force: bool, now: datetime) -> tuple[str, str]:
    """Why a platform is not to be asked now: ``waiting`` or ``fresh`` and the reason; empty where it is.

    Args:
        attempt: the last try.
        asked: the last one that the source answered.
        every: how long it is left alone.
        force: ask also when it was asked a short time ago; what the source says counts all the same.
        now: the moment.
    """
    if attempt is not None and attempt.not_before is not None and now < attempt.not_before:
        return "waiting", f"the source asks not to be asked before {attempt.not_before:%Y-%m-%d %H:%M} UTC"
    if force or asked is None or attempt is None or attempt.outcome == "failed":
        return "", ""
    if now < asked.at + every - min(every * _EARLY, _EARLIEST):
        return "fresh", f"asked at {asked.at:%Y-%m-%d %H:%M} UTC, and not more often than `analytics.every` says"
    return "", ""


def ask(context: RunContext, names: Sequence[str], deadline: float = DEADLINE) -> Iterator[Told]:
    """Ask platforms all at once; what each told, in the order in which they answer.

    Nobody waits for a platform that has not answered after `deadline` seconds.
    """
    answers: queue.SimpleQueue[Told] = queue.SimpleQueue()
    http = _client(context)
    begun = context.clock.now()
    until = context.clock.monotonic() + deadline

    def one(name: str) -> None:
        with stage_context(name, STAGE):
            answers.put(_told(context, name, http))

    for name in names:
        threading.Thread(target=copy_context().run, args=(one, name), name=f"stats-{name}", daemon=True).start()
    open_ = list(names)
    while open_:
        try:
            told = answers.get(timeout=max(0.0, until - context.clock.monotonic()))
        except queue.Empty:
            yield from (Told(name, begun, error=_late(deadline)) for name in open_)
            return
        open_.remove(told.platform)
        yield told


def keep(context: RunContext, told: Told) -> Try:
    """Store what a platform told, and remember the try."""
    store, here = context.ledger.downloads(), scope(context)
    if told.error is not None:
        store.keep(here, told.platform, told.series, told.at)
        attempt = Try(told.platform, told.at, "failed", told.error.message, _not_before(told))
    elif told.none:
        attempt = Try(told.platform, told.at, "none", told.none, None)
    else:
        new = store.keep(here, told.platform, told.series, told.at)
        reason = "" if told.series else "the platform counts nothing of the project yet"
        attempt = Try(told.platform, told.at, "collected" if new else "unchanged", reason, None)
    store.record(here, attempt)
    return attempt


def stats(context: RunContext, name: str) -> End:
    """The stage: collect one platform's counters.

    Raises:
        DeployForgeError: the source gives no clear answer.
    """
    counted, here = context.ledger.reader().counted(), scope(context)
    last, asked = counted.last_attempts(here).get(name), counted.last_asked(here).get(name)
    _, reason = why_not(
        last, asked, pauses(context)(name), force=context.from_stage is not None, now=context.clock.now()
    )
    if reason:
        return End(SKIPPED, reason)
    told = next(ask(context, [name]))
    attempt = keep(context, told)
    if told.error is not None:
        raise told.error
    if attempt.outcome == "none":
        return End(SKIPPED, attempt.reason)
    return End(reason=attempt.reason, values={"outcome": attempt.outcome, "series": len(told.series)})


def _told(context: RunContext, name: str, http: Http) -> Told:
    """One platform's answer; never raises."""
    at = context.clock.now()
    platform = context.counted[name]
    found: list[Series] = []
    known: set[Counter] = set()
    try:
        since = context.ledger.reader().counted().since(scope(context), name)
        for series in _series(context, name, http, since):
            _check(series.counter, known)
            found.append(series)  # what comes before an error is kept
        return Told(name, at, tuple(found))
    except NotImplementedError as error:
        why = redactor.text(str(error))
        return Told(name, at, none=why or platform.counts or f"{platform.title} publishes no download counts")
    except DeployForgeError as error:
        error.message, error.hint = redactor.text(error.message), redactor.text(error.hint)
        return Told(name, at, tuple(found), error=error)
    except Exception as error:  # noqa: BLE001 - a fault of one platform must not hide the others
        text = redactor.text(f"its counters cannot be read: {type(error).__name__}: {error}")
        hint = "the source may have changed its answers; see whether a newer DeployForge reads them"
        return Told(name, at, tuple(found), error=NetworkError(text, hint=hint, code="DF3330"))


def _check(counter: Counter, known: set[Counter]) -> None:
    """See that a ledger can keep it: one that it refuses would end the collection of all.

    Raises:
        ValueError: it cannot.
    """
    names = (counter.subject, counter.version, counter.target, counter.country)
    if odd := [name for name in names if not is_name(name)]:
        raise ValueError(f"no name of something that is counted: {odd[0][:40]!r}")
    same = replace(counter, headline=False)
    if same in known:
        raise ValueError(f"two numbers for {' '.join(filter(None, names))!r}")
    known.add(same)


def _series(context: RunContext, name: str, http: Http, since: date | None) -> Iterable[Series]:
    if name not in context.places:
        job = replace(make_job(context, name, STAGE), http=http)
        return context.platforms[name].downloads(job, since)
    from deployforge_tasks.platforms.places.base import Asking

    place = context.places[name]
    secrets = {key: found.value for key, found in context.vault.given(place.credentials).items()}
    for secret in secrets.values():
        redactor.add(secret)
    return place.downloads(Asking(context.project, http, context.clock, secrets), since)


def _client(context: RunContext) -> Http:
    conditions = context.project.conditions
    patience = Patience(0.5, 8.0, min(conditions.read_patience, _PATIENCE))
    cache = HttpCache(context.root / ".deployforge" / "cache" / "http")
    cache.forget_unused()
    return Http(
        context.clock,
        patience=patience,
        timeout=conditions.timeout,
        loopback_only=context.loopback_only,
        cache=cache,
    )


def _late(deadline: float) -> NetworkError:
    return NetworkError(
        f"no answer within {deadline:g} s",
        hint="run again later; what the others told is stored",
        code="DF3331",
    )


def _not_before(told: Told) -> datetime | None:
    seconds = float(getattr(told.error, "retry_after", 0.0) or 0.0)
    return told.at + min(timedelta(seconds=seconds), _LONGEST_PAUSE) if seconds else None
