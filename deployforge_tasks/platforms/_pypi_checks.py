"""What is checked before anything goes to a Python package index."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployforge_tasks.core.endpoints import PYPI_UPLOAD
from deployforge_tasks.core.errors import CredentialError, PreflightError
from deployforge_tasks.core.model import Finding, Level
from deployforge_tasks.platforms import _pypi_token
from deployforge_tasks.platforms._expiry import expiry
from deployforge_tasks.platforms._pypi_package import (
    PypiOptions,
    index_url,
    package_name,
    upload_url,
)
from deployforge_tasks.platforms._pypi_upload import read_form
from deployforge_tasks.platforms._wheel import normalized
from deployforge_tasks.platforms.base import Job

# https://packaging.python.org/specifications/name-normalization/#name-format
_NAME = re.compile(r"[a-z0-9]|[a-z0-9][a-z0-9._-]*[a-z0-9]", re.IGNORECASE)
_LARGEST = 100 << 20  # PyPI's default limit of a file
_LONGEST_SUMMARY = 512


def findings(job: Job[PypiOptions]) -> list[Finding]:
    """Everything that can be seen without publishing."""
    return [*_names(job), *_version(job), *_credential(job), *_options(job), *_files(job)]


def _names(job: Job[PypiOptions]) -> Iterator[Finding]:
    name = package_name(job)
    if not _NAME.fullmatch(name):
        hint = "letters, digits, `-`, `_` and `.`, with a letter or digit at both ends; set platforms.pypi.package"
        yield Finding("PYPI-001", Level.ERROR, f"`{name}` cannot be the name of a Python package", hint)
    if not job.targets or not (job.options.wheel or job.options.sdist):
        yield Finding("PYPI-002", Level.ERROR, "there is nothing to publish", "allow wheels, and at least one target")
    if len(job.project.summary or job.description("pypi")) > _LONGEST_SUMMARY:
        hint = "set `summary`, or a shorter `descriptions.pypi`"
        yield Finding("PYPI-009", Level.ERROR, f"PyPI takes a summary of at most {_LONGEST_SUMMARY} characters", hint)


def _version(job: Job[PypiOptions]) -> Iterator[Finding]:
    try:
        if job.version.pep440 != job.version.text:
            yield Finding("PYPI-003", Level.NOTE, f"PyPI will show the version as {job.version.pep440}")
    except ValueError as error:
        yield Finding("PYPI-003", Level.ERROR, str(error), "set platforms.pypi.version to one that Python can take")


def _credential(job: Job[PypiOptions]) -> Iterator[Finding]:
    """PyPI has no request that tries a token; what the token says of itself can be seen."""
    try:
        token = _pypi_token.of_job(job)
    except CredentialError as error:
        yield Finding.of_error("PYPI-004", error)
        return
    if token is None:
        return
    ended = token.expires is not None and token.expires <= job.clock.now()
    if ended or not token.publisher:  # a trusted publisher's token is made to live for minutes
        yield from expiry("PYPI-011", job, token.expires)
    if token.projects is not None and normalized(package_name(job)) not in token.projects:
        message = f"the token is for {', '.join(token.projects)} only, not for {package_name(job)}"
        yield Finding("PYPI-004", Level.ERROR, message, job.secrets.renewal("token"), credential=True)


def _options(job: Job[PypiOptions]) -> Iterator[Finding]:
    if job.options.sdist:
        message = f"the source package only tells users of other systems that {index_url(job.options)} has no wheel"
        yield Finding("PYPI-010", Level.NOTE, message)


def _files(job: Job[PypiOptions]) -> Iterator[Finding]:
    for piece in job.package.pieces if job.package else ():
        if piece.size > _LARGEST:
            level = Level.ERROR if upload_url(job.options) == PYPI_UPLOAD else Level.WARNING
            hint = "strip the program, or ask PyPI for a higher limit"
            yield Finding("PYPI-006", level, f"{piece.name} has {piece.size >> 20} MiB, PyPI takes 100", hint)
        try:
            read_form(job.workdir / str(piece.path))
        except PreflightError as error:
            yield Finding("PYPI-007", Level.ERROR, error.message, error.hint)
