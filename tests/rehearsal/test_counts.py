"""Stand-ins count what is fetched from them, as the real places do: `stats` can be tried in a rehearsal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from deployforge_tasks.core.presence import State
from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal.real_servers.docker import DockerRegistry
from deployforge_tasks.rehearsal.real_servers.npm import Verdaccio, VerdaccioForGithub
from deployforge_tasks.rehearsal.real_servers.process import RealServer
from tests.support.cases import Case, running
from tests.support.jobs import publish

COUNTING = ["chocolatey", "crates", "docker", "github", "npm", "pypi", "snap", "vscode"]
#: What a user's client fetches of the published version, by the requests of `fetch`.
FILES = {
    "chocolatey": "/api/v2/package/{name}/1.0.0",
    "crates": "/dl/{name}/1.0.0/download",
    "npm": "/{name}/-/{name}-1.0.0.tgz",
    "vscode": "/_apis/public/gallery/publishers/{owner}/vsextensions/{name}/1.0.0/vspackage?targetPlatform=linux-x64",
}


def fetch(case: Case, job: Any) -> None:
    """What a user's client does once."""
    base, names = case.registry.url, {"name": "hello-forge", "owner": "hello-makers"}
    if case.platform.name in FILES:
        url = base + FILES[case.platform.name].format(**names)
    elif case.platform.name == "pypi":
        page = urlopen(f"{base}/simple/hello-forge/").read().decode()
        found = re.search(r'href="([^"#]+)', page)
        assert found
        url = found[1]
    elif case.platform.name == "github":
        url = f"{base}/hello-makers/hello-forge/releases/download/v1.0.0/{job.asset_name(job.targets[0])}"
    elif case.platform.name == "snap":
        url = f"{base}/api/v1/snaps/download/{case.publications()[0].digest}.snap"
    urlopen(Request(url)).read()


@pytest.mark.parametrize("name", [n for n in COUNTING if n != "docker"])
def test_what_is_fetched_is_counted(name: str, tmp_path: Path) -> None:
    with running(name, tmp_path) as case:
        job = publish(case.platform, case.job())
        assert case.platform.presence(job).state is State.SAME
        before = headline(case)
        fetch(case, job)
        fetch(case, job)
        assert headline(case) == before + 2


def test_what_is_pulled_is_counted(tmp_path: Path) -> None:
    with running("docker", tmp_path) as case:
        job = publish(case.platform, case.job())
        before = headline(case)
        assert case.platform.live(job) is not None  # asks for a tag
        assert headline(case) > before


@pytest.mark.parametrize("kind", [Verdaccio, VerdaccioForGithub, DockerRegistry])
def test_a_real_server_in_a_stand_ins_place_counts_nothing(kind: type[RealServer], tmp_path: Path) -> None:
    for name, options in kind(tmp_path).overlay({}).items():
        assert "counts" not in platforms()[name].options.model_validate(options).model_fields_set


def headline(case: Case) -> int:
    """Sum of the platform's one figure."""
    series = case.platform.downloads(case.job(), None)
    return sum(s.readings[-1].count for s in series if s.counter.headline and s.readings)
