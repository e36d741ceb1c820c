"""The machine we run on: which of a version's programs can be tried here, what runs on it, and whether it is a CI."""

from __future__ import annotations

import platform
import socket
from collections.abc import Iterable, Mapping
from datetime import datetime

from deployforge_tasks.core.targets import Target

#: Seconds by which a process's own time of birth may be off.
_CLOCK_SLACK = 2.0
#: The variable that only one CI service sets; not all of them set ``CI`` too.
_CI_SERVICES = {
    "GITHUB_ACTIONS": "github",
    "GITLAB_CI": "gitlab",
    "TF_BUILD": "azure",
    "JENKINS_URL": "jenkins",
    "TEAMCITY_VERSION": "teamcity",
    "CODEBUILD_BUILD_ID": "codebuild",
    "BITBUCKET_BUILD_NUMBER": "bitbucket",
}


def runs_here(target: Target) -> bool:
    """Whether this machine can run the target's program; one without a libc is static and runs beside any."""
    try:
        here = Target.parse(f"{platform.system()}/{platform.machine()}")
    except ValueError:
        return False
    libc = {"glibc": "gnu"}.get(platform.libc_ver()[0], "musl") if target.libc else None
    return (target.os, target.arch, target.libc) == (here.os, here.arch, libc)


def runnable(targets: Iterable[Target]) -> Target | None:
    """The first of the targets whose programs this machine can run, or None."""
    return next((target for target in targets if runs_here(target)), None)


def on_this_host(host: str | None) -> bool:
    """Whether this machine goes by that name."""
    return host == socket.gethostname()


def still_runs(pid: int, since: datetime) -> bool:
    """Whether the process of this number still runs here, and is the one that ran at that time.

    Numbers are given again: a process that began later is another one.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= since.timestamp() + _CLOCK_SLACK
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # somebody else's process of that number
        return True


def ci_service(environ: Mapping[str, str]) -> str:
    """The CI service that runs us, by the variables that it sets (``CI=false`` says that this is none).

    Returns:
        ``github gitlab azure …``, ``other`` for one without a name here, "" where there is none.

    - https://docs.github.com/actions/reference/workflows-and-actions/variables
    - https://docs.gitlab.com/ci/variables/predefined_variables/
    - https://learn.microsoft.com/azure/devops/pipelines/build/variables
    - https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
    - https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html
    - https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
    - https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    """
    said = environ.get("CI", "").lower()
    if said in ("0", "false", "no"):
        return ""
    named = next((name for variable, name in _CI_SERVICES.items() if environ.get(variable)), "")
    return named or ("other" if said else "")


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a CI service (``CI=false`` says no)."""
    return bool(ci_service(environ))
