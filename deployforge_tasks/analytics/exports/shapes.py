"""The exports that can be read, known by their columns: whose counts they hold, and where."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployforge_tasks.analytics.exports.rows import columns
from deployforge_tasks.core.downloads import EXPORT, Unit
from deployforge_tasks.core.errors import ConfigError


@dataclass(frozen=True)
class Shape:
    """Files of one kind.

    Fields: `platform source unit meaning` of their counters; `subject` columns that name, joined by ``/``, what is
    counted (none: the file is about one thing); `day` the column with the day, or with the first one of the week or
    month that the column `span` names; `count` the column with the number ("": each row is one download); `only` the
    values of a column that are downloads; `beside` columns with other numbers.
    """

    platform: str
    source: str
    meaning: str
    day: str
    unit: Unit = Unit.DOWNLOADS
    subject: tuple[str, ...] = ()
    count: str = ""
    country: str = ""
    version: str = ""
    span: str = ""
    only: Mapping[str, Collection[str]] = field(default_factory=dict)
    beside: Collection[str] = ()


_PYPI = "downloads that PyPI logged, as the export asked for them: mirrors and CI machines included if it did"
_GEMS = "downloads that RubyGems logged, by people, CI machines and mirrors"
_PULLS = (
    "pulls from Docker Hub that fetched something, by people, robots and CI machines; looks for a new version are none"
)

#: What queries call the columns of https://packaging.python.org/guides/analyzing-pypi-package-downloads and of ClickPy
#: (https://github.com/ClickHouse/clickpy); ClickGems has the same ones for RubyGems.
_DAYS = ("day", "date", "download_date", "download_day", "timestamp")
_COUNTS = ("downloads", "num_downloads", "download_count", "count")
_COUNTRIES = ("country_code", "country")
_VERSIONS = ("version", "file_version")
_GEM = "gem"
_PROJECTS = ("project", "file_project", "package", _GEM)

#: Reports of https://docs.docker.com/docker-hub/repos/manage/trusted-content/insights-analytics/: the trends of a week
#: or a month for verified publishers, and the raw data of other programs, in which each row is one action.
_TRENDS = Shape(
    "docker",
    f"docker hub {EXPORT}",
    _PULLS,
    "date_reference",
    Unit.PULLS,
    subject=("image_repository",),
    count="data_downloads",
    country="ip_country",
    span="date_granularity",
    beside=("version_checks", "pulls", "unique_authenticated_users", "unique_unauthenticated_users"),
)
#: The report on companies has the same columns, and this one: it knows a part of the pulls only.
_COMPANIES = "inferred_use_case"
_ACTIONS = Shape(
    "docker",
    f"docker hub {EXPORT}",
    _PULLS,
    "action_day",
    Unit.PULLS,
    subject=("namespace", "repository"),
    country="country",
    only={"action": ("pull_by_tag", "pull_by_digest")},
)

_HINT = (
    "it can be CSV with commas, or a JSON object a line, with a day, a count and a country or a version in each row; "
    "Docker Hub's trends report or its raw data of image pulls; or a `download_stats.json`"
)
#: What stands at the top of an old `download_stats.json` that is written in one line.
_OLD = {"channels", "platform_downloads", "github_releases"}


def shape_in(file: Path) -> Shape | None:
    """The kind of a file; None where it is no table.

    Raises:
        ConfigError: it is a table with other columns, or cannot be read.
    """
    found = columns(file)
    shape = shape_of(found)
    if shape is None and found and not _OLD & set(found):
        raise ConfigError(
            f"the columns of {file.name} say nothing: {', '.join(found)[:200]}", hint=_HINT, code="DF3339"
        )
    return shape


def shape_of(names: Collection[str]) -> Shape | None:
    """The kind of a file with these columns; None where it is no export that can be read."""
    if _COMPANIES in names:
        return None
    for shape in (_TRENDS, _ACTIONS):
        needed = {*shape.subject, shape.day, shape.country, shape.count or shape.day, *shape.only}
        if needed | ({shape.span} if shape.span else set()) <= set(names):
            return shape
    return _packages(names)


def _packages(there: Collection[str]) -> Shape | None:
    def one(names: Collection[str]) -> str:
        return next((name for name in names if name in there), "")

    day, count, country, version, project = map(one, (_DAYS, _COUNTS, _COUNTRIES, _VERSIONS, _PROJECTS))
    if not day or not count or not (country or version):
        return None
    platform, meaning = ("rubygems", _GEMS) if project == _GEM else ("pypi", _PYPI)
    subject = (project,) if project else ()
    return Shape(
        platform, f"{platform} {EXPORT}", meaning, day, subject=subject, count=count, country=country, version=version
    )
