"""Delivering in the background: each channel in a thread of its own, tried again while there is time, and recorded."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from deployforge_tasks.core.errors import DeployForgeError, NetworkError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger.deliveries import DELIVERED, FAILED, QUIET, Deliveries, Delivery
from deployforge_tasks.notify.message import Message

#: Seconds before the second try, and at most between two.
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 5.0
#: Seconds for one try: a channel that hangs gets a second one.
_LONGEST_TRY = 10.0
#: Seconds for the ledger at the end, which another run may keep busy.
_LONGEST_CLOSE = 2.0


#: Before anything was told.
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Letter:
    """One message for one channel.

    `send` makes one try within so many seconds and says what the service answered; `row` is how it is recorded;
    `fault` is why it cannot even be tried.
    """

    message: Message
    send: Callable[[float], str]
    row: Delivery
    fault: DeployForgeError | None = None


@dataclass(frozen=True)
class Result:
    """How one letter ended, with the error if there was one."""

    delivery: Delivery
    error: DeployForgeError | None = None


class Courier:
    """Delivers letters until all are delivered or the time is over.

    Args:
        letters: what to deliver.
        open_book: opens the deliveries of the ledger; a ledger that cannot be opened keeps nobody from being told.
        limit: seconds in all.
        quiet: seconds for which the same is not told again on a channel.
    """

    def __init__(
        self, letters: Sequence[Letter], open_book: Callable[[], Deliveries], *, limit: float, quiet: float
    ) -> None:
        self._letters = letters
        self._open_book = open_book
        self._limit = limit
        self._quiet = timedelta(seconds=quiet)
        self._deadline = 0.0
        self._results: dict[int, Result] = {}
        self._tries: dict[int, int] = {}
        self._met: dict[int, DeployForgeError] = {}
        self._book: Deliveries | None = None
        self._opened = False
        self._lock = threading.Lock()  # of the results; never held while the ledger is asked
        self._book_lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; returns at once."""
        self._deadline = time.monotonic() + self._limit
        for number in range(len(self._letters)):
            thread = threading.Thread(target=self._deliver, args=(number,), name=f"notify-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def results(self) -> tuple[Result, ...]:
        """Wait until all is delivered or the time is over (Ctrl-C ends it too): how each letter ended."""
        with contextlib.suppress(KeyboardInterrupt):
            for thread in self._threads:
                thread.join(max(0.0, self._deadline - time.monotonic()))
        self._over.set()
        late = [number for number in range(len(self._letters)) if self._give_up(number)]
        closing = threading.Thread(target=self._close, args=(late,), name="notify-close", daemon=True)
        closing.start()
        closing.join(_LONGEST_CLOSE)
        return tuple(self._results[number] for number in range(len(self._letters)))

    def wait(self) -> tuple[Delivery, ...]:
        """As `results`, without the errors."""
        return tuple(result.delivery for result in self.results())

    def _deliver(self, number: int) -> None:
        letter = self._letters[number]
        try:
            if self._is_duplicate(letter):
                ours = self._end(number, QUIET, "the same was told a short time ago")
            else:
                ours = self._end(number, DELIVERED, self._try_until_over(number, letter))
        except DeployForgeError as error:
            ours = self._end(number, FAILED, error.message, error)
        except Exception as error:  # noqa: BLE001 - a fault of a sender must not end a release
            ours = self._end(number, FAILED, f"{type(error).__name__}: {error}")
        if ours:
            self._record(number)

    def _try_until_over(self, number: int, letter: Letter) -> str:
        if letter.fault is not None:
            raise letter.fault
        delay = _FIRST_WAIT
        while True:
            self._tries[number] = self._tries.get(number, 0) + 1
            try:
                return letter.send(max(0.1, min(_LONGEST_TRY, self._left())))
            except DeployForgeError as error:
                self._met[number] = error
                wait = max(delay * random.uniform(0.5, 1.0), getattr(error, "retry_after", 0.0))
                if not error.retryable or wait >= self._left() or self._over.wait(wait):
                    raise
            delay = min(delay * 2, _LONGEST_WAIT)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _is_duplicate(self, letter: Letter) -> bool:
        happening = letter.message.happening
        if happening.test or not (self._quiet or happening.key):
            return False
        since = _EVER if happening.key else letter.row.at - self._quiet
        with contextlib.suppress(Exception):  # rather told twice than not at all
            book = self._the_book()
            return book is not None and book.told_since(letter.row, since)
        return False

    def _end(self, number: int, outcome: str, reason: str, error: DeployForgeError | None = None) -> bool:
        """Keep how a letter ended; False when that was said before (it was given up, and nobody listens any more)."""
        row = self._letters[number].row
        ended = replace(row, outcome=outcome, tries=self._tries.get(number, 0), reason=redactor.text(reason))
        with self._lock:
            return self._results.setdefault(number, result := Result(ended, error)) is result

    def _give_up(self, number: int) -> bool:
        """Time is over; what the last try met says more than that."""
        error = self._met.get(number) or NetworkError(
            f"no answer within {self._limit:g} seconds",
            hint="check the address and the network; `monitoring.limit` gives more time",
            code="DF1406",
        )
        return self._end(number, FAILED, error.message, error)

    def _record(self, number: int) -> None:
        with contextlib.suppress(Exception):  # a busy ledger loses a line about a message
            book = self._the_book()
            if book is not None:
                book.record(self._results[number].delivery)

    def _close(self, late: Sequence[int]) -> None:
        for number in late:
            self._record(number)
        if self._book is not None:
            self._book.close()

    def _the_book(self) -> Deliveries | None:
        with self._book_lock:
            if not self._opened:
                self._opened = True
                with contextlib.suppress(Exception):
                    self._book = self._open_book()
            return self._book
