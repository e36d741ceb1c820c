"""PyPI: a wheel for each target with the program inside, uploaded one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import ClassVar

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.endpoints import CLICKPY, PYPI_INDEX, PYPISTATS
from deployforge_tasks.core.model import Credential, Evidence, Finding, Identity, Live, Package, RollbackPlan, Traits
from deployforge_tasks.core.presence import Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms import (
    _clickhouse,
    _pypi_checks,
    _pypi_downloads,
    _pypi_live,
    _pypi_token,
    _pypi_trust,
    _pypi_verify,
)
from deployforge_tasks.platforms._counting import service, today
from deployforge_tasks.platforms._pypi_index import Index
from deployforge_tasks.platforms._pypi_package import (
    PypiOptions,
    file_names,
    index_url,
    make_sdist,
    make_wheel,
    package_name,
    upload_url,
    wheels,
)
from deployforge_tasks.platforms._pypi_upload import upload
from deployforge_tasks.platforms._wheel import normalized
from deployforge_tasks.platforms.base import Job, Platform


class Pypi(Platform[PypiOptions]):
    """https://docs.pypi.org and https://packaging.python.org/specifications/."""

    name: ClassVar[str] = "pypi"
    title: ClassVar[str] = "PyPI"
    options = PypiOptions
    traits = Traits(immutable=True)
    ecosystem = "wheel"
    counts = (
        "Downloads a day of all files of the project by people and CI machines, without known mirrors; every CI run "
        "that installs it counts again."
    )
    credentials = (
        Credential(
            "token",
            ("PYPI_TOKEN", "TWINE_PASSWORD", "PYPI_API_TOKEN", "UV_PUBLISH_TOKEN"),
            f"make an API token at {PYPI_INDEX}/manage/account/token/ (scope: this project, once it is there)",
        ),
    )

    def pieces(self, job: Job[PypiOptions]) -> list[str]:
        return file_names(job)

    def package(self, job: Job[PypiOptions]) -> Package:
        by_target = {a.target: a for a in job.artifacts}
        pieces = [make_wheel(job, name, by_target[target]) for target, name in wheels(job).items()]
        return Package((*pieces, make_sdist(job)) if job.options.sdist else tuple(pieces))

    def preflight(self, job: Job[PypiOptions]) -> list[Finding]:
        return _pypi_checks.findings(job)

    def presence(self, job: Job[PypiOptions]) -> Presence:
        name, pieces, index = package_name(job), self.pieces(job), Index(job.http, index_url(job.options))
        files, look = index.release(name, job.version.pep440)
        looks = [look]
        if not set(pieces) <= set(files):
            # The JSON document is cached for minutes, and other indexes have none: what pip reads decides.
            more, look = index.simple(name)
            looks.append(look)
            files = {**more, **files}
        ours = [files[piece] for piece in pieces if piece in files]
        if ours and all(file.yanked is not None for file in ours):
            reason = next((f.yanked for f in ours if f.yanked), "no reason given")
            return Presence(State.WITHDRAWN, f"the release was yanked: {reason}", tuple(looks))
        return compare(pieces, job.digests, {file.name: file.sha256 for file in ours}, looks)

    def publish(self, job: Job[PypiOptions], missing: Sequence[str]) -> None:
        assert job.package is not None
        password, url = job.secrets.require("token"), upload_url(job.options)
        for name in missing:
            piece = job.package.piece(name)
            path = job.workdir / str(piece.path)
            with job.irreversible(name, piece.digest):
                upload(job.http, url, path, username=job.options.username, password=password)
            job.log.info(f"uploaded {name}")

    def verify(self, job: Job[PypiOptions]) -> Evidence:
        by_target = {a.target: a for a in job.artifacts}
        ours = {name: by_target[target] for target, name in wheels(job).items()}
        return _pypi_verify.verify(job, Index(job.http, index_url(job.options)), package_name(job), ours)

    def rollback_plan(self, job: Job[PypiOptions], to: Version | None) -> RollbackPlan:
        name, version = normalized(package_name(job)), job.version.pep440
        better = f"; pip then chooses {to.pep440}" if to else ""
        link = f"{PYPI_INDEX}/manage/project/{name}/release/{version}/" if self.page(job) else ""
        return self.manual(f"yank {name} {version}: Options, Yank (PyPI has no API for it){better}", link)

    def live(self, job: Job[PypiOptions]) -> Live | None:
        return _pypi_live.newest(Index(job.http, index_url(job.options)), package_name(job), job.version)

    def whoami(self, job: Job[PypiOptions]) -> Identity:
        return _pypi_token.identity(job)

    def exchange(self, job: Job[PypiOptions], identity: Callable[[str], str], piece: str) -> dict[str, str]:
        token = _pypi_trust.token(job, identity)
        return {"token": token} if token else {}

    def downloads(self, job: Job[PypiOptions], since: date | None) -> Iterator[Series]:
        options, name, index = job.options, normalized(package_name(job)), index_url(job.options).rstrip("/")
        if options.counts or index == PYPI_INDEX or not options.clickhouse:
            base = service(options.counts, PYPISTATS, official=index == PYPI_INDEX, registry=index)
            yield from _pypi_downloads.series(job, base, name, since)
        wanted = job.project.business.analytics.track_geographical_usage and index == PYPI_INDEX
        server = options.clickhouse or (CLICKPY if wanted else None)
        if server:
            asked = _clickhouse.Server(job.http, server.rstrip("/"), options.clickhouse_user)
            yield from _clickhouse.series(asked, _pypi_downloads.CLICKPY, name, since, today(job))

    def page(self, job: Job[PypiOptions]) -> str:
        index = index_url(job.options).rstrip("/")
        return f"{index}/project/{normalized(package_name(job))}/{job.version.pep440}/" if index == PYPI_INDEX else ""
