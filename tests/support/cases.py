"""A platform with its registry running: what the contract, kill and fault tests run against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deployforge_tasks.core.model import Publication
from deployforge_tasks.platforms.base import Job, Platform
from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal.registries import Registries
from tests.support.files import serving
from tests.support.hello import release_files
from tests.support.jobs import Recorder, make_job

ROOT = Path(__file__).parents[2]
SAMPLE_TARGETS = ["linux/amd64", "windows/amd64"]


def sample_options(name: str) -> dict[str, Any]:
    """What the repository's own deployforge.yml says about a platform (nothing for one that it does not have)."""
    return dict(_sample()["platforms"].get(name) or {})


def sample_project(folder: Path, **sections: Any) -> Path:
    """The repository's own deployforge.yml in a folder, with release files in ``dist`` and without credentials.

    Args:
        sections: what stands in the place of the file's own sections.
    """
    release_files(folder / "dist", "1.0.0", SAMPLE_TARGETS)
    config = _sample()
    del config["credentials"]
    config["artifacts"] = {"from": "directory", "directory": "dist", "targets": SAMPLE_TARGETS}
    config["conditions"] = {"settle": 5, "settle_interval": 0.05, "read_patience": 1.0}
    (folder / "deployforge.yml").write_text(yaml.safe_dump({**config, **sections}), "utf-8")
    return folder


def _sample() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deployforge.yml").read_text("utf-8"))
    return loaded


@dataclass
class Case:
    """One platform and its running registries (the hubs that it needs among them)."""

    platform: Platform[Any]
    registries: Registries
    folder: Path
    release_url: str
    fresh: int = 0

    def job(
        self,
        *,
        overlay: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        version: str = "1.0.0",
        recorder: Recorder | None = None,
    ) -> Job[Any]:
        """A job on a fresh machine: an empty workdir, nothing known of earlier ones.

        Args:
            overlay: options on top of those that point at the registry.
            secrets: other credentials than the registry's own.
        """
        self.fresh += 1
        options = {**sample_options(self.platform.name), **self.options(), **(overlay or {})}
        own = self.registry.secrets().get(self.platform.name, {})
        return make_job(
            self.platform,
            self.folder / f"machine-{self.fresh}",
            options=options,
            secrets=own if secrets is None else secrets,
            version=version,
            recorder=recorder,
            release_url=self.release_url,
            releases=self.folder / "releases",
        )

    @property
    def registry(self) -> Any:
        """The registry of the platform itself."""
        return next(r for r in self.registries.running.values() if self.platform.name in r.serves)

    def options(self) -> dict[str, Any]:
        return dict(self.registries.overlay()["platforms"].get(self.platform.name, {}))

    def publications(self) -> list[Publication]:
        return [p for p in self.registry.publications() if p.platform == self.platform.name]


@contextmanager
def running(name: str, folder: Path) -> Iterator[Case]:
    """The platform's case, with its registries up."""
    platform = platforms()[name]
    wanted = {n: sample_options(n) for n in (name, *platform.needs)}
    (folder / "releases").mkdir(parents=True)
    with Registries(folder / "registries", wanted) as registries, serving(folder / "releases") as release_url:
        yield Case(platform, registries, folder, release_url)
