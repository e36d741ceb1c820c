"""Everything that a release needs on this machine, looked at at once: nothing is sent, packaged or changed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError, CredentialError, DeployForgeError, common_exit_code

if TYPE_CHECKING:
    from deployforge_tasks.core.model import Tool
    from deployforge_tasks.core.targets import Target
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.operations.settings import Settings
    from deployforge_tasks.operations.status import PlatformStatus
    from deployforge_tasks.operations.whoami import Account
    from deployforge_tasks.project.load import Loaded

#: The sections in their order.
PROJECT, RELEASE, TOOLS, CREDENTIALS, NETWORK, STATE = SECTIONS = (
    "Project",
    "Release",
    "Tools",
    "Credentials",
    "Network",
    "State",
)
#: Seconds that a program gets to say its version.
_SAY_VERSION = 5.0
_NUMBER = re.compile(r"\d+(?:\.\d+)+(?:[-+.]?\w+)*")
#: Free megabytes below which a release may well end in the middle.
_LITTLE_SPACE = 500


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `state` is ``ok``, ``warning``, ``error`` or ``skipped``.

    `exit_code` is the class of an error (3 configuration, 4 credential, 5 tool or file, 6 network).
    """

    section: str
    state: str
    text: str
    hint: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class Diagnosis:
    """What was found, section by section."""

    checks: tuple[Check, ...]

    def of(self, section: str) -> list[Check]:
        return [check for check in self.checks if check.section == section]

    @property
    def exit_code(self) -> int:
        """0, or the class of the errors; 1 when they are of several."""
        return common_exit_code({check.exit_code for check in self.checks if check.state == "error"})


def doctor(settings: Settings, *, ledger_url: str | None = None) -> Diagnosis:
    """Look at everything; never raises for what is wrong with the project or the machine.

    Args:
        settings: the project.
        ledger_url: another ledger than the project's own.
    """
    try:
        loaded = settings.load()
    except ConfigError as error:
        return Diagnosis((_bad(PROJECT, error),))
    parts: list[Callable[[], Iterator[Check]]] = [lambda: _project(loaded), lambda: _tools(loaded)]
    if loaded.version is not None:
        parts += [lambda: _release(loaded, ledger_url), lambda: _network(loaded, ledger_url)]
        parts += [lambda: _credentials(loaded)]
    parts.append(lambda: _state(loaded, ledger_url))
    with ThreadPoolExecutor(len(parts)) as pool:
        found = [check for part in pool.map(_safely, parts) for check in part]
    once = dict.fromkeys(found)  # several parts may meet the same broken ledger
    return Diagnosis(tuple(sorted(once, key=lambda check: SECTIONS.index(check.section))))


def _safely(part: Callable[[], Iterator[Check]]) -> list[Check]:
    """What one part found; an error of our own ends that part only."""
    found: list[Check] = []
    try:
        for check in part():
            found.append(check)  # noqa: PERF402 - what came before an error is kept
    except DeployForgeError as error:
        found.append(_bad(STATE, error))
    return found


def _project(loaded: Loaded) -> Iterator[Check]:
    yield Check(PROJECT, "ok", f"{loaded.file.name} is valid (schema {loaded.project.schema_version})")
    count = len(loaded.warnings)
    if count:
        words = "1 warning" if count == 1 else f"{count} warnings"
        yield Check(PROJECT, "warning", f"{words} in {loaded.file.name}", "`deployforge config check` shows what")
    if loaded.version is None:
        hint = "name one, set `version:`, or tag the commit"
        yield Check(RELEASE, "error", "nobody says which version to release", hint, exit_code=3)


def _release(loaded: Loaded, ledger_url: str | None) -> Iterator[Check]:
    """Which release files are here, and whether they are the frozen ones."""
    from deployforge_tasks.effects.files import digest

    with closing(_context(loaded, ledger_url)) as context:
        store, version = context.store, str(context.version)
        frozen = context.ledger.frozen(context.project.name, version)
        folder = loaded.root / loaded.project.artifacts.directory
        local = loaded.project.artifacts.source == "directory"
        here: list[str] = []
        absent: list[str] = []
        needed = _needed(context)
        if not needed:
            yield Check(RELEASE, "ok", f"v{version}, no platform needs a release file")
        for target in needed:
            name = store.asset_name(target)
            path = next(iter(sorted(folder.rglob(name))), None) if local else _fetched(context, target)
            (here if path else absent).append(name)
            if path and frozen.get(name) not in (None, digest(path)):
                hint = "restore the file, or release a new version"
                text = f"{name} is not the file that was released: {frozen[name]} is frozen"
                yield Check(RELEASE, "error", text, hint, exit_code=5)
        if here:
            yield Check(RELEASE, "ok", f"v{version}, {len(here)} of {len(needed)} release files are here")
        if absent and local:
            hint = f"build them into {loaded.project.artifacts.directory}, or correct `artifacts.asset`"
            yield Check(RELEASE, "error", f"not there: {', '.join(absent)}", hint, exit_code=5)
        elif absent:
            verb = "built" if loaded.project.artifacts.source == "build" else "fetched"
            yield Check(RELEASE, "skipped", f"v{version}, {len(absent)} release files will be {verb}")


def _needed(context: RunContext) -> list[Target]:
    """The targets whose release files an enabled platform packages."""
    from deployforge_tasks.graph.jobs import job_targets

    users = [name for name, platform in context.platforms.items() if platform.uses_artifacts]
    return [target for target in context.store.targets if any(target in job_targets(context, name) for name in users)]


def _fetched(context: RunContext, target: Target) -> Path | None:
    try:
        return context.store.get(target).path
    except DeployForgeError:
        return None


def _context(loaded: Loaded, ledger_url: str | None) -> RunContext:
    from deployforge_tasks.graph.context import RunContext

    return RunContext(loaded, ledger_url=ledger_url, command="doctor")


def _tools(loaded: Loaded) -> Iterator[Check]:
    """The programs that the enabled platforms call, each once."""
    from deployforge_tasks.platforms.registry import platforms

    users: dict[str, list[str]] = {}
    tools: dict[str, Tool] = {}
    for name, options in loaded.options.items():
        for tool in platforms()[name].tools(options) if options.enabled else ():
            users.setdefault(tool.name, []).append(name)
            if tool.name not in tools or tool.needed:
                tools[tool.name] = tool
    yield Check(TOOLS, "ok", f"Python {sys.version.partition(' ')[0]}")
    with ThreadPoolExecutor(max(1, len(tools))) as pool:
        yield from pool.map(lambda tool: _tool(tool, users[tool.name]), tools.values())


def _tool(tool: Tool, users: Sequence[str]) -> Check:
    from deployforge_tasks.effects.process import Processes, which

    who = ", ".join(users)
    if tool.systems and sys.platform not in tool.systems:
        return Check(TOOLS, "skipped", f"{tool.name} does not exist for this system ({who}: verified by download)")
    if which(tool.command[0]) is None:
        if tool.needed:
            return Check(TOOLS, "error", f"{tool.name} is not on this machine ({who})", tool.get, exit_code=5)
        return Check(TOOLS, "skipped", f"{tool.name} is not on this machine ({who}: verified by download)", tool.get)
    try:
        done = Processes().run(list(tool.command), check=False, timeout=_SAY_VERSION)
    except DeployForgeError as error:
        return Check(TOOLS, "warning", f"{tool.name} is here and does not say its version: {error.message}", error.hint)
    found = _NUMBER.search(f"{done.stdout} {done.stderr}")
    return Check(TOOLS, "ok", f"{tool.name} {found[0] if found else '(no version told)'}")


def _credentials(loaded: Loaded) -> Iterator[Check]:
    """Where each platform's credential is, whose it is, and when it ends."""
    from deployforge_tasks.operations.whoami import whoami

    found = whoami(loaded)
    yield from (Check(CREDENTIALS, "warning", text) for text in found.warnings)
    yield from (_account(account) for account in found.accounts if account.credentials)


def _account(account: Account) -> Check:
    from deployforge_tasks.operations.whoami import SEVERITY

    sources = ", ".join(dict.fromkeys(view.source for view in account.credentials if view.source))
    who = f", {account.identity.who}" if account.identity and account.identity.who else ""
    text = ": ".join(part for part in (account.platform, f"{sources}{who}", account.reason) if part)
    state = SEVERITY[account.state] if account.required or account.state == "ok" else "warning"
    return Check(CREDENTIALS, state, text, account.hint, 4 if state == "error" else 0)


def _bad(section: str, error: DeployForgeError) -> Check:
    return Check(section, "error", error.message, error.hint, error.exit_code)


def _network(loaded: Loaded, ledger_url: str | None) -> Iterator[Check]:
    """Whether every platform answers; what it answers is told by `status`."""
    from deployforge_tasks.core.presence import State
    from deployforge_tasks.operations.status import status

    found = status(loaded, ledger_url=ledger_url).platforms
    answering = [p for p in found if p.presence.state is not State.UNKNOWN]
    if answering:
        yield Check(NETWORK, "ok", f"{len(answering)} of {len(found)} platforms answer")
    refused = [p for p in found if p.error and p.error.exit_code == CredentialError.exit_code]  # told with credentials
    yield from (_unreachable(platform) for platform in found if platform not in (*answering, *refused))


def _unreachable(platform: PlatformStatus) -> Check:
    hint = platform.error.hint if platform.error else "run again when the platform answers"
    code = platform.error.exit_code if platform.error else 6
    return Check(NETWORK, "error", f"{platform.name}: {platform.presence.reason}", hint, exit_code=code)


def _state(loaded: Loaded, ledger_url: str | None) -> Iterator[Check]:
    """The ledger, doit's state, and room on the disk."""
    import shutil

    from deployforge_tasks.operations.runs import reading

    with reading(loaded, ledger_url) as reader:
        runs = reader.runs(loaded.project.name, loaded.profile, 1)
        newest = f"newest run {runs[0].id}" if runs else "no run yet"
        yield Check(STATE, "ok", f"the ledger can be read and written, {newest}")
    free = shutil.disk_usage(loaded.root).free // 1_000_000
    if free < _LITTLE_SPACE:
        yield Check(STATE, "warning", f"{free} MB are free on the disk", "`doit clean` removes what can be made again")
    else:
        yield Check(STATE, "ok", f"{free // 1000} GB free" if free > 10_000 else f"{free} MB free")
