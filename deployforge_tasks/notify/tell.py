"""Telling people: find the channels of a happening and deliver to each in the background."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.effects.http import Http
from deployforge_tasks.ledger.deliveries import FAILED, Deliveries, Delivery
from deployforge_tasks.notify import pending
from deployforge_tasks.notify.channels import check, secrets_of, sender_of
from deployforge_tasks.notify.courier import Courier, Letter
from deployforge_tasks.notify.happening import Happening, same
from deployforge_tasks.notify.message import Message
from deployforge_tasks.notify.sending import Sending
from deployforge_tasks.platforms.registry import canonical
from deployforge_tasks.project.routes import Way, channels, ways

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded
    from deployforge_tasks.project.schema_channels import Channel


def tell(loaded: Loaded, ledger_url: str, *happenings: Happening) -> Courier | None:
    """Tell whoever wants to know; returns at once.

    The end of the command waits for the deliveries, never longer than `monitoring.limit`, and says what did not arrive.

    Args:
        loaded: the project, with its routes.
        ledger_url: where deliveries are recorded, and duplicates are known from.
        happenings: what happened.

    Returns:
        Who delivers; None when nobody wants to know.
    """
    post = Post(loaded)
    letters = [post.letter(h, name, to) for h in happenings for name, to in receivers(loaded, h)]
    if not letters:
        return None
    courier = post.courier(letters, ledger_url)
    courier.start()
    pending.remember(courier)
    return courier


def receivers(loaded: Loaded, happening: Happening) -> list[tuple[str, tuple[str, ...]]]:
    """The channels that are told, each with the mail addresses that replace its own (none: its own)."""
    found = dict.fromkeys(
        (name, way.to)
        for way in ways(loaded.project)
        if _wants(way, happening, loaded.profile)
        for name in way.channels
    )
    return list(found)


def _wants(way: Way, happening: Happening, profile: str) -> bool:
    if way.events and happening.event not in way.events:
        return False
    if way.profile is not None and way.profile != profile:
        return False
    return not way.platforms or bool({canonical(name) for name in way.platforms} & set(happening.platforms))


class Post:
    """Makes letters for the channels of one project."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._channels: Mapping[str, Channel] = channels(loaded.project)
        # All of them before the first message is made: one may hold another channel's secret.
        self._secrets = {name: secrets_of(channel, loaded) for name, channel in self._channels.items()}
        self._http = Http()

    def letter(self, happening: Happening, name: str, to: tuple[str, ...] = ()) -> Letter:
        """A letter for one channel, at the usual mail addresses or these."""
        project, profile, at = self._loaded.project, self._loaded.profile, datetime.now(UTC)
        own = project.monitoring.templates
        templates = self._loaded.root / own if own else None
        message = Message(uuid.uuid4().hex, at, project.name, profile, happening.masked(), templates)
        row = Delivery(
            project.name,
            profile,
            happening.version,
            "test" if happening.test else happening.event,
            ",".join(happening.platforms),
            name,
            same(happening, project.name, profile, to),
            at,
            0,
            FAILED,
            run=happening.run,
        )
        return Letter(message, partial(self._send, name, message, to), row, self._fault(name))

    def courier(self, letters: Sequence[Letter], ledger_url: str) -> Courier:
        """Who delivers letters, with the project's limits."""
        monitoring = self._loaded.project.monitoring
        return Courier(letters, partial(Deliveries.open, ledger_url), limit=monitoring.limit, quiet=monitoring.quiet)

    def _fault(self, name: str) -> DeployForgeError | None:
        try:
            check(self._channels[name], self._secrets[name])
        except DeployForgeError as error:
            return error
        return None

    def _send(self, name: str, message: Message, to: tuple[str, ...], timeout: float) -> str:
        options, author = self._channels[name], self._loaded.project.author
        email = author.email if author else None
        sending = Sending(name, options, self._secrets[name], message, self._http, timeout, to, email)
        return sender_of(options)(sending)
