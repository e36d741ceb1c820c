"""The project's own download endpoint: whoever serves the release files tells how often that was.

What it answers is in ``docs/how-to/count-downloads.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from deployforge_tasks.core.downloads import Counter, Kind, Series
from deployforge_tasks.core.errors import CredentialError, NetworkError, StatusError
from deployforge_tasks.core.model import Credential
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms.places._counts_file import WHOLE, MalformedError, read
from deployforge_tasks.platforms.places.base import Asking, Place
from deployforge_tasks.project.schema_places import DownloadsPlace

_LARGEST = 10 << 20
_MEANING = "downloads of that day by the log of the project's own endpoint"
_GAP = "the endpoint tells nothing of this day"
_TOKEN: Literal["token"] = "token"  # noqa: S105 - a credential's name


class OwnDownloads(Place[DownloadsPlace]):
    """Downloads from the project's own endpoint."""

    name = "downloads"
    title = "Own downloads"
    counts = "Downloads a day from the project's own endpoint, as its log counts them, robots included or not."

    @property
    def credentials(self) -> tuple[Credential, ...]:
        named = self.options.credentials
        return tuple(Credential(name, (variable,), "your own endpoint's") for name, variable in named.items())

    def downloads(self, asking: Asking, since: date | None) -> Sequence[Series]:
        url = self.options.url
        try:
            answer = asking.http.get(url, headers=self._headers(asking), largest=_LARGEST)
        except StatusError as error:
            if error.status in (401, 403):
                raise self._refused(error) from error
            raise
        return list(_series(asking, answer.content, url.partition("?")[0]))

    def _headers(self, asking: Asking) -> dict[str, str]:
        variable = self.options.credentials.get(_TOKEN)
        if variable is None:
            return {}
        if _TOKEN not in asking.secrets:
            raise CredentialError(
                f"{variable} is not set, and `analytics.places.downloads` takes its token from there",
                hint="set it to the token that your endpoint expects, or leave `credentials` out",
                code="DF3262",
            )
        return {"Authorization": f"Bearer {asking.secrets[_TOKEN]}"}

    def _refused(self, error: StatusError) -> CredentialError:
        hint = "name the variable with its token: `credentials: {token: …}` of `analytics.places.downloads`"
        if variable := self.options.credentials.get(_TOKEN):
            hint = f"set {variable} to a token that it accepts"
        says = f"{counting.place(self.options.url)} refuses to tell the counts ({error.status})"
        return CredentialError(says, hint=hint, code="DF3263", url=error.url)


def _series(asking: Asking, content: bytes, url: str) -> Iterator[Series]:
    """Everything together, which is the headline, and each part."""
    today = counting.today(asking)
    try:
        found = read(content.decode("utf-8-sig"), today)
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is no UTF-8", url) from error
    except MalformedError as error:
        raise _malformed(str(error), url) from error
    for part, days in found.items():
        version, target, country = part
        counter = Counter(
            "own endpoint",
            asking.project.name,
            Kind.DAILY,
            version=version,
            target=target,
            country=country,
            headline=part == WHOLE,
        )
        if days:
            yield counting.daily(counter, days, _MEANING, url, today=today, gap=_GAP if part == WHOLE else "")


def _malformed(what: str, url: str) -> NetworkError:
    return NetworkError(
        redactor.text(f"{counting.place(url)} tells no counts that can be read: {what}"),
        hint="nothing of it was counted; docs/how-to/count-downloads.md tells what the file must be like",
        code="DF3260",
        url=redactor.text(url),
    )
