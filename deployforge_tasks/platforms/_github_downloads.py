"""How often each release file was downloaded (https://docs.github.com/rest/releases/assets).

GitHub keeps one total a file and no history; it goes with the file.
"""

from __future__ import annotations

import re
from typing import Any

from deployforge_tasks.core.downloads import Counter, Kind, Series
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms._github_api import Repository
from deployforge_tasks.platforms._github_release import GitHubJob, stored_name, version_of

_PROGRAM = "downloads of that release file since it was published: people, CI machines and package managers"
_OTHER = "downloads of a file that goes with the programs: checksums, signatures, lists of parts"
#: What stands beside programs in a release, and is downloaded to check them or to find out about a new version.
_BESIDE = re.compile(
    r"(checksums?|sha(1|256|512)(sums?)?|md5(sums?)?)\b|"
    r"\.(sha\d+(sums?)?|md5|asc|sig|pem|crt|cert|pub|minisig|sigstore|intoto|sbom|spdx|cdx|bom|att|attestation|blockmap"
    r"|jsonl?|ya?ml|xml|txt|md|rst|html|pdf)$|\.(sigstore|intoto|sbom|spdx|cdx|att)\.",
    re.IGNORECASE,
)


def series(job: GitHubJob, hub: Repository) -> list[Series]:
    """One total a file of every published release; the programs are the headline.

    Two releases of one version (``v1.0.0`` and ``vv1.0.0``) have one total for files of the same name.
    """
    found: dict[tuple[str, str], tuple[Counter, int]] = {}
    url = f"{hub.base}/releases"
    for release, assets in hub.every():
        if release.draft:  # nobody has it yet
            continue
        version = version_of(job, release.tag)
        targets = _targets(job, str(version)) if version else {}
        for asset in assets:
            name, number = _asset(asset, url)
            if number is None:
                continue
            program = not _is_beside(job, name)
            counter = Counter(
                source="github",
                subject=name,
                kind=Kind.TOTAL,
                version=version.text if version else release.tag,
                target=targets.get(name, ""),
                headline=program,
            )
            found[release.tag, name] = (counter, number)  # a page that moved on meanwhile shows some twice
    totals: dict[Counter, int] = {}
    for counter, number in found.values():
        totals[counter] = totals.get(counter, 0) + number
    return [counting.now(job, c, total, _PROGRAM if c.headline else _OTHER, url) for c, total in totals.items()]


def _asset(data: Any, url: str) -> tuple[str, int | None]:
    """Name and downloads of a file; None for what a broken upload left."""
    name, state = counting.shaped(lambda: (str(data["name"]), str(data["state"])), url)
    return name, counting.count(data.get("download_count"), url) if state == "uploaded" else None


def _targets(job: GitHubJob, version: str) -> dict[str, str]:
    """Names of a version's files, as the project names them now, with their targets."""
    own = str(job.version)
    return {stored_name(job.asset_name(target).replace(own, version)): str(target) for target in job.targets}


def _is_beside(job: GitHubJob, name: str) -> bool:
    own = job.options.checksums
    return (own is not None and name == stored_name(own)) or _BESIDE.search(name) is not None
