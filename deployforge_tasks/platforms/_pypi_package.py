"""What pypi says in ``deployforge.yml``, and the files that follow from it."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from deployforge_tasks.core.endpoints import CLICKPY_USER, PYPI_INDEX, PYPI_UPLOAD
from deployforge_tasks.core.model import Artifact, Piece
from deployforge_tasks.core.targets import Target, spelling
from deployforge_tasks.effects.files import Entry, folder_entries, write_atomic
from deployforge_tasks.platforms._wheel import Metadata, sdist_bytes, sdist_name, wheel_bytes, wheel_name
from deployforge_tasks.platforms.base import Job, Options

# https://pypi.org/classifiers/
_OS_CLASSIFIERS = {
    "linux": "Operating System :: POSIX :: Linux",
    "darwin": "Operating System :: MacOS",
    "windows": "Operating System :: Microsoft :: Windows",
}


class PypiOptions(Options):
    """Options of PyPI."""

    package: str | None = None
    """Name of the project on the index (default: the project's name)."""
    wheel: bool = True
    """A wheel for each target, with the program inside."""
    sdist: bool = False
    """Also a source package, for indexes or rules that want one; it only tells that there is nothing to build."""
    registry: str = PYPI_UPLOAD
    """The URL that takes uploads."""
    index: str | None = None
    """Base URL of the index that users install from, without `/simple/` (default: that of `registry`)."""
    username: str = "__token__"
    """User name for uploads; `__token__` for an API token."""
    requires_python: str = ">=3.8"
    """Which Pythons may install it; the program itself needs none."""
    classifiers: list[str] = Field(default_factory=list)
    """Trove classifiers on top of those for the operating systems."""
    binary_wrapper: str | None = None
    """Not used: the wheels carry the program itself."""
    counts: str | None = None
    """Base URL of the service that counts downloads (default: pypistats.org, for PyPI; none for another index)."""
    clickhouse: str | None = None
    """URL of a ClickHouse with ClickPy's tables, which tells downloads by country and by version (default: ClickPy's
    own, for PyPI, where `business.analytics.track_geographical_usage` is on; else none)."""
    clickhouse_user: str = CLICKPY_USER
    """Who asks it; without a password."""

    def advice(self) -> list[tuple[str, str, str]]:
        found = super().advice()
        if not_an_upload_url(self):
            found.append(
                (
                    "registry",
                    f"this is not the upload URL; {PYPI_UPLOAD} is used",
                    "remove it, or name the URL that takes uploads",
                )
            )
        if self.binary_wrapper:
            found.append(("binary_wrapper", "nothing uses it: the wheels carry the program itself", "remove it"))
        return found


def package_name(job: Job[PypiOptions]) -> str:
    """The project's name on the index."""
    return job.options.package or job.project.name


def upload_url(options: PypiOptions) -> str:
    """Where uploads go; the index's own address is taken for its upload address."""
    return PYPI_UPLOAD if not_an_upload_url(options) else options.registry


def not_an_upload_url(options: PypiOptions) -> bool:
    """Whether `registry` names PyPI's site, which takes no uploads."""
    return urlsplit(options.registry).netloc in (urlsplit(PYPI_INDEX).netloc, "pypi.python.org")


def index_url(options: PypiOptions) -> str:
    """Where users install from."""
    if options.index:
        return options.index
    upload = upload_url(options)
    return PYPI_INDEX if upload == PYPI_UPLOAD else upload.rstrip("/").removesuffix("/legacy")


def wheels(job: Job[PypiOptions]) -> dict[Target, str]:
    """The wheel of each target."""
    if not job.options.wheel:
        return {}
    name, version = package_name(job), job.version.pep440
    return {t: wheel_name(name, version, spelling(t, "wheel") or "any") for t in job.targets}


def file_names(job: Job[PypiOptions]) -> list[str]:
    """All files in publishing order; a source package goes last, so that pip never prefers it to a wheel to come."""
    sdist = [sdist_name(package_name(job), job.version.pep440)] if job.options.sdist else []
    return [*wheels(job).values(), *sdist]


def make_wheel(job: Job[PypiOptions], name: str, artifact: Artifact) -> Piece:
    """The wheel of one target."""
    program = Entry(artifact.executable.name, artifact.executable, 0o755)
    beside = [Entry(path.name, path) for path in artifact.runtime_files]
    platforms = spelling(artifact.target, "wheel") or "any"
    return _write(job, name, wheel_bytes(_metadata(job), platforms, [program, *beside]), str(artifact.target))


def make_sdist(job: Job[PypiOptions]) -> Piece:
    """The source package: building it tells which wheels there are."""
    project = job.project
    context = {
        "name": package_name(job),
        "version": job.version.pep440,
        "platforms": [str(t) for t in job.targets],
        "source": project.source_url or None,
    }
    folder = job.render("pypi/sdist", context, to="sdist")
    name = sdist_name(package_name(job), job.version.pep440)
    return _write(job, name, sdist_bytes(_metadata(job), folder_entries(folder)), None)


def _write(job: Job[PypiOptions], name: str, data: bytes, target: str | None) -> Piece:
    write_atomic(job.workdir / "dist" / name, data)
    return Piece(name, hashlib.sha256(data).hexdigest(), f"dist/{name}", len(data), target)


def _metadata(job: Job[PypiOptions]) -> Metadata:
    project = job.project
    author = project.author
    systems = sorted({_OS_CLASSIFIERS[t.os] for t in job.targets})
    return Metadata(
        name=package_name(job),
        version=job.version.pep440,
        summary=project.summary or job.description("pypi"),
        readme=_readme(job),
        author=author.name if author else None,
        email=author.email if author else None,
        license=project.license.spdx,
        keywords=project.keywords,
        classifiers=sorted({"Environment :: Console", *systems, *job.options.classifiers}),
        requires_python=job.options.requires_python,
        urls=_urls(job),
    )


def _readme(job: Job[PypiOptions]) -> str:
    context: dict[str, Any] = {
        "name": package_name(job),
        "description": job.description("pypi"),
        "binary": job.binary,
        "homepage": job.project.homepage,
        "docs": job.project.urls.docs,
    }
    return (job.render("pypi/readme", context, to="readme") / "README.md").read_text("utf-8")


def _urls(job: Job[PypiOptions]) -> dict[str, str]:
    project = job.project
    urls = {
        "Homepage": project.homepage,
        "Documentation": project.urls.docs,
        "Source": project.source_url or None,
        "Issues": project.urls.issues,
        "Changelog": project.urls.changelog,
    }
    return {label: url for label, url in urls.items() if url}
