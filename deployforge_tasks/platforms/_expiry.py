"""When a credential ends: reading what a platform tells of it, and what a preflight makes of that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from deployforge_tasks.core.model import Finding, Level
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.project.remembered import SOON


def expiry(
    id_: str, job: Job[Any], expires: datetime | None, credential: str = "token", *, called: str = ""
) -> list[Finding]:
    """The finding about a credential that ends soon or has ended; none where no end is told or it is far away.

    Args:
        id_: the finding's id (``NPM-011``).
        expires: the end, as `Identity.expires`.
        credential: the credential's name, as the platform declares it.
        called: a word for people, where that name is none.
    """
    left = expires - job.clock.now() if expires else None
    if expires is None or left is None or left > SOON:
        return []
    name, hint = called or credential.replace("_", " "), job.secrets.renewal(credential)
    if left <= timedelta(0):
        return [Finding(id_, Level.ERROR, f"the {name} expired on {expires:%Y-%m-%d}", hint, credential=True)]
    return [Finding(id_, Level.WARNING, f"the {name} expires in {_words(left)}", hint, credential=True)]


def moment(text: object) -> datetime | None:
    """A time as registries write it (ISO 8601, in UTC where no zone is told); None for anything else."""
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _words(left: timedelta) -> str:
    hours = max(1, round(left.total_seconds() / 3600))
    count, unit = (hours // 24, "day") if hours >= 48 else (hours, "hour")
    return f"{count} {unit}" + ("" if count == 1 else "s")
