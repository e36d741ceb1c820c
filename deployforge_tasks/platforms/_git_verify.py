"""What a git repository sends users of a version to."""

from __future__ import annotations

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.platforms._git import G, GitPlatform
from deployforge_tasks.platforms.base import Job


def published_pins(platform: GitPlatform[G], job: Job[G]) -> dict[str, str]:
    """The downloads of the version as it was published (by the newest commit that offered it).

    Raises:
        VerifyError: the repository never offered it.
    """
    with platform.open(job) as repository:
        commit = platform.published_at(repository, job, platform.spelled(job.version))
        text = repository.read(platform.main(job), commit) if commit else None
        if text is None:
            raise VerifyError(f"{repository.url} does not offer {job.version}", hint="deploy it first", code="DF5024")
        return platform.pins_in(text)
