"""Before a file that points at the release goes public: every link in it answers with the frozen digest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ArtifactError, NetworkError
from deployforge_tasks.effects.files import digest

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.base import Job

_URL = re.compile(r"https?://[^\s\"'<>`|\\)\]}]+")


def check_links(context: RunContext, job: Job[Any]) -> None:
    """Download what the rendered files link to and compare it with the frozen digests (each file once a run).

    Raises:
        ArtifactError: a link answers with other content.
        NetworkError: a link does not answer within the time that a host may lag.
    """
    digests = {artifact.url: artifact.sha256 for artifact in job.artifacts}
    if not digests:
        return
    base = job.release_url("")
    linked = {url for url in _links(job.workdir / "rendered") if base and url.startswith(base) and url != base}
    for url in sorted(linked or digests):
        _check(context, job.workdir / "links", url, digests.get(url))


def _check(context: RunContext, folder: Path, url: str, expected: str | None) -> None:
    if url not in context.checked_urls:
        context.checked_urls[url] = _digest_behind(context, folder, url)
    found = context.checked_urls[url]
    if expected and found != expected:
        raise ArtifactError(
            f"{url} answers with sha256 {found}, and {expected} is frozen",
            hint="the file changed after it was first released: restore it, or release a new version",
            code="DF3110",
            url=url,
        )


def _digest_behind(context: RunContext, folder: Path, url: str) -> str:
    target = folder / "download"
    failure: list[NetworkError] = []

    def answers() -> bool:
        failure.clear()
        try:
            context.http.download(url, target)
        except NetworkError as error:
            failure.append(error)
        return not failure

    try:
        if not context.wait_until(answers, context.patience):
            raise failure[0]
        return digest(target)
    finally:
        for path in (target, target.with_name("download.part")):
            path.unlink(missing_ok=True)


def _links(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(_URL.findall(path.read_text("utf-8", "replace")))
    return found
