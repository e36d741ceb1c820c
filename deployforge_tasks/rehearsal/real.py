"""Real registry servers for rehearsals: used instead of the stand-ins where this machine has them."""

from __future__ import annotations

from deployforge_tasks.rehearsal.real_servers.aur import AurOverSsh
from deployforge_tasks.rehearsal.real_servers.docker import DockerRegistry
from deployforge_tasks.rehearsal.real_servers.npm import Verdaccio, VerdaccioForGithub
from deployforge_tasks.rehearsal.real_servers.process import RealServer
from deployforge_tasks.rehearsal.real_servers.pypi import Pypiron, PypiServer
from deployforge_tasks.rehearsal.registries import stand_ins
from deployforge_tasks.rehearsal.server import StandIn

#: The better one of a platform's servers comes last.
KINDS: tuple[type[RealServer], ...] = (
    Verdaccio,
    VerdaccioForGithub,
    PypiServer,
    Pypiron,
    DockerRegistry,
    AurOverSsh,
)


def with_real_servers() -> dict[str, type[StandIn]]:
    """The registry of each platform: the real server where it is on this machine, else the stand-in."""
    found = dict(stand_ins())
    for kind in KINDS:
        if kind.available():
            found.update(dict.fromkeys(kind.serves, kind))
    return found
