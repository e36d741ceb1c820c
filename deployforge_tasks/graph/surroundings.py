"""What a run is made in: who or what started it, the versions of what takes part, and the configuration as written.

Kept with the run, so that two runs can be compared. Variables stand as ``${NAME}`` in it: no value of one is kept.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from deployforge_tasks import __version__
from deployforge_tasks.effects.machine import ci_service
from deployforge_tasks.effects.process import Processes, which

if TYPE_CHECKING:
    from pathlib import Path

    from deployforge_tasks.project.load import Loaded

#: Set by whoever starts a run for somebody else (the dashboard): their name.
ACTOR = "DEPLOYFORGE_ACTOR"
#: Why they start it, in their words.
REASON = "DEPLOYFORGE_REASON"
#: The variable in which a CI service names the person behind a job.
_CI_PEOPLE = {
    "github": "GITHUB_ACTOR",
    "gitlab": "GITLAB_USER_LOGIN",
    "azure": "BUILD_REQUESTEDFOR",
    "bitbucket": "BITBUCKET_STEP_TRIGGERER_UUID",
}
#: Packages whose versions matter for what is made and sent.
_PACKAGES = ("doit", "requests", "jinja2", "pydantic", "pyyaml", "sqlalchemy", "docker")
#: Characters of a value of the configuration that are kept.
_LONGEST = 300


def actor(environ: Mapping[str, str]) -> str:
    """Who or what starts a run: a named person, the CI service with the person behind the job, or the user here."""
    if named := environ.get(ACTOR):
        return named
    service = ci_service(environ)
    if service:
        person = environ.get(_CI_PEOPLE.get(service, ""), "")
        return f"{person} ({service} CI)" if person else f"{service} CI"
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return "unknown"


def surroundings(loaded: Loaded) -> dict[str, Any]:
    """Versions, commit, CI service and configuration (JSON values only)."""
    settings = dict(flat(loaded.written.plain())) if loaded.written is not None else {}
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    return {
        "deployforge": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}".strip(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "git": _git(loaded.root, "--version").removeprefix("git version "),
        "commit": _git(loaded.root, "rev-parse", "HEAD"),
        "ci": ci_service(loaded.environ),
        "reason": loaded.environ.get(REASON, ""),
        "config": hashlib.sha256(text.encode()).hexdigest(),
        "settings": settings,
    }


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a nested structure with its dotted path, as text."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, inner in enumerate(value):
            yield from flat(inner, f"{path}[{number}]")
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
        yield path, text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _git(folder: Path, *words: str) -> str:
    if which("git") is None:
        return ""
    done = Processes().run(["git", *words], cwd=folder, check=False, timeout=10)
    return done.stdout.strip() if done.returncode == 0 else ""
