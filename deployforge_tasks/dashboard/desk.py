"""What every page and stream of one dashboard shares: the project, its ledger, and the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployforge_tasks.access.records import Records
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.graph.context import ledger_url as own_ledger
from deployforge_tasks.ledger.feed import Feed
from deployforge_tasks.operations.overview import pages, recent_downloads

if TYPE_CHECKING:
    from deployforge_tasks.analytics.series import Downloads
    from deployforge_tasks.operations.settings import Settings
    from deployforge_tasks.project.load import Loaded


class Desk:
    """The project as its files say it now: it is read again when ``deployforge.yml`` changes.

    Args:
        settings: where the project is and how to read it.
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the project cannot be read, or its ledger cannot be opened.
    """

    def __init__(self, settings: Settings, *, ledger_url: str | None = None) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._loaded = settings.load()
        self._problem: ConfigError | None = None
        self._counting = threading.Lock()
        self._downloads: tuple[object, Downloads] | None = None
        self._pages: tuple[Loaded, Mapping[str, str]] | None = None
        self._stamp = self._now_stamp()
        self.ledger_url = ledger_url or own_ledger(self._loaded)
        self.reader = Feed.open(self.ledger_url)
        self.records = Records.open(self.ledger_url)

    @property
    def loaded(self) -> Loaded:
        """The project. A file that has become unreadable leaves the last good one in force; `problem` tells it."""
        with self._lock:
            stamp = self._now_stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._loaded, self._problem = self.settings.load(), None
                except ConfigError as error:
                    self._problem = error
            return self._loaded

    @property
    def problem(self) -> ConfigError | None:
        """Why ``deployforge.yml`` cannot be used as it is now, None while it can."""
        _ = self.loaded
        return self._problem

    def known(self) -> object:
        """Changes when more is known about downloads, with the configuration, and every day."""
        reader, project = self.reader, self.project
        return reader.last_collection(project), reader.last_receipt(project), self.now().date(), self._stamp

    def downloads(self) -> Downloads:
        """The downloads of the last days; read again when more is known, and every day."""
        now, stamp = self.now(), self.known()
        with self._counting:
            if self._downloads is None or self._downloads[0] != stamp:
                self._downloads = (stamp, recent_downloads(self.loaded, now, ledger_url=self.ledger_url))
            return self._downloads[1]

    def pages(self) -> Mapping[str, str]:
        """The web page of each platform's package."""
        loaded = self.loaded
        with self._counting:
            if self._pages is None or self._pages[0] is not loaded:
                self._pages = (loaded, pages(loaded, ledger_url=self.ledger_url))
            return self._pages[1]

    def of_version(self, version: str) -> Loaded:
        """The project as it is now, with another version.

        Raises:
            ConfigError: the project cannot be read.
        """
        return replace(self.settings, version=version).load()

    @property
    def project(self) -> str:
        return self._loaded.project.name

    def now(self) -> datetime:
        return datetime.now(UTC)

    def close(self) -> None:
        self.reader.close()
        self.records.close()

    def _now_stamp(self) -> tuple[int, int]:
        try:
            found = self.settings.file.stat()
        except OSError:  # it is gone: reading it says so
            return 0, 0
        return found.st_mtime_ns, found.st_size


@contextmanager
def open_desk(settings: Settings, ledger_url: str | None = None) -> Iterator[Desk]:
    """A desk that is closed at the end."""
    desk = Desk(settings, ledger_url=ledger_url)
    try:
        yield desk
    finally:
        desk.close()
