"""What people are told about: something that happened to a version of a project."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace

from deployforge_tasks.core.redact import redactor

SUCCESS, FAILURE, DEGRADED, WAITING, STOPPED = "success", "failure", "degraded", "waiting", "stopped"
ROLLBACK, DRIFT, CREDENTIAL_EXPIRING = "rollback", "drift", "credential_expiring"
DIGEST = "digest"

#: Per event: what a headline says of it.
WORDS = {
    SUCCESS: "released",
    FAILURE: "the release failed",
    DEGRADED: "released, but not everywhere",
    WAITING: "released, and waits for somebody else",
    STOPPED: "the release was stopped",
    ROLLBACK: "users were taken back",
    DRIFT: "a platform is not as it was released",
    CREDENTIAL_EXPIRING: "a credential ends soon",
    DIGEST: "the week",
    "new_downloads": "new downloads",
    "trial_started": "a trial began",
    "license_purchased": "a licence was bought",
}
#: Events that nobody needs to do anything about.
GOOD = (SUCCESS, DIGEST, "new_downloads", "trial_started", "license_purchased")
#: What differs from one run to the next although the same happened: durations, ports, long identifiers.
_PASSING = re.compile(r"\b\d+(?:\.\d+)?\s?(?:ms|s|m|h|seconds|minutes)\b|:\d{2,5}\b|\b[0-9a-f]{12,}\b")


@dataclass(frozen=True)
class Line:
    """One platform in the message: what became of it, why, where to see it, and what to do about it."""

    platform: str
    outcome: str
    reason: str = ""
    page: str = ""
    hint: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Part:
    """A part of a message that tells more than platforms: its title, and one line for each thing."""

    title: str
    entries: tuple[str, ...]


@dataclass(frozen=True)
class Happening:
    """Something that people may want to know.

    Args:
        event: one of `WORDS`.
        version: of the project; "" where it is about none.
        platforms: those that it is about, places that are only counted too; routes choose by them, and a duplicate
            has the same ones.
        reason: one sentence; a duplicate has the same one.
        hint: what to do about it.
        lines: the summary, one line a platform.
        parts: what else there is to tell (of a week), what matters most first.
        run: number of the run.
        test: marks a message that only tries the channel.
        key: what alone makes it the same as another one, for what is told once and never again, however it is worded.
    """

    event: str
    version: str = ""
    platforms: tuple[str, ...] = ()
    reason: str = ""
    hint: str = ""
    lines: tuple[Line, ...] = ()
    parts: tuple[Part, ...] = ()
    run: int | None = None
    test: bool = False
    key: str = ""

    def masked(self) -> Happening:
        """The same with every registered secret masked."""
        lines = tuple(Line(**redactor.data(vars(line))) for line in self.lines)
        parts = tuple(Part(part.title, tuple(map(redactor.text, part.entries))) for part in self.parts)
        return replace(self, reason=redactor.text(self.reason), hint=redactor.text(self.hint), lines=lines, parts=parts)


def headline(happening: Happening, project: str) -> str:
    """``hello 1.0.0: the release failed``."""
    about = f"{project} {happening.version}".strip()
    return f"{'[test] ' if happening.test else ''}{about}: {WORDS[happening.event]}"


def same(happening: Happening, project: str, profile: str, to: tuple[str, ...] = ()) -> str:
    """A digest that is equal for two happenings that say the same to the same people."""
    reason = happening.key or _PASSING.sub("#", happening.reason)
    about = [] if happening.key else sorted(happening.platforms)
    parts = [project, profile, happening.version, happening.event, about, reason, to]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
