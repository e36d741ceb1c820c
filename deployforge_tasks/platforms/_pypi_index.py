"""What a Python package index says about a version: Warehouse's JSON API, or the simple index as JSON or HTML.

https://docs.pypi.org/api/json/ and https://packaging.python.org/specifications/simple-repository-api/.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.core.presence import Look
from deployforge_tasks.effects.http import Http, json_body
from deployforge_tasks.platforms._wheel import normalized

_SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_SIMPLE_JSON}, text/html;q=0.5"
_FRESH = {"Cache-Control": "no-cache"}


@dataclass(frozen=True)
class File:
    """A file of an index; `sha256` and `uploaded` are empty where the index tells none, `yanked` holds the reason."""

    name: str
    url: str
    sha256: str
    yanked: str | None = None
    uploaded: str = ""


Files = dict[str, File]


class Index:
    """An index; `url` is its base, without ``/simple/``."""

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self.url = url.rstrip("/").removesuffix("/simple")

    @property
    def simple_url(self) -> str:
        """What pip takes as ``--index-url``."""
        return f"{self.url}/simple/"

    def release(self, name: str, version: str) -> tuple[Files, Look]:
        """The files of a version by the JSON API (empty if there is no such version, or no such API)."""
        url = f"{self.url}/pypi/{normalized(name)}/{version}/json"
        document = self._http.json(url, ok=(200, 404), headers=_FRESH)
        if document is None:
            return {}, Look(url, 404)
        try:
            files = [
                File(
                    f["filename"],
                    f["url"],
                    f["digests"]["sha256"],
                    (f.get("yanked_reason") or "") if f["yanked"] else None,
                )
                for f in document["urls"]
            ]
        except (KeyError, TypeError) as error:
            raise _odd(url) from error
        return {file.name: file for file in files}, Look(url, 200)

    def simple(self, name: str) -> tuple[Files, Look]:
        """Every file of a project by the simple index, which is what pip reads."""
        url = f"{self.simple_url}{normalized(name)}/"
        response = self._http.get(url, ok=(200, 404), headers={**_FRESH, "Accept": _ACCEPT})
        if response.status_code == 404:
            return {}, Look(url, 404)
        kind = response.headers.get("Content-Type", "").split(";")[0].strip()
        if kind == _SIMPLE_JSON:
            files = _from_json(json_body(response), response.url)
        elif kind == "text/html":
            files = _from_html(response.text, response.url)
        else:
            raise _odd(url)
        return {file.name: file for file in files}, Look(url, 200)

    def download(self, file: File) -> bytes:
        """The content of a file."""
        data: bytes = self._http.get(file.url).content
        return data


def _from_json(document: Any, base: str) -> list[File]:
    try:
        return [
            File(
                f["filename"],
                urljoin(base, f["url"]),
                f["hashes"].get("sha256", ""),
                _reason(f.get("yanked")),
                f.get("upload-time") or "",
            )
            for f in document["files"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise _odd(base) from error


def _from_html(text: str, base: str) -> list[File]:
    parser = _Links()
    parser.feed(text)
    if not parser.closed or not parser.files:  # a page without a link may be any page
        raise _odd(base)
    return [replace(file, url=urljoin(base, file.url)) for file in parser.files]


class _Links(HTMLParser):
    """Collects the links of a page of the simple index."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[File] = []
        self.closed = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        href = values.get("href")
        if tag != "a" or not href:
            return
        parts = urlsplit(href)
        digest = parse_qs(parts.fragment).get("sha256", [""])[0]
        yanked = (values["data-yanked"] or "") if "data-yanked" in values else None
        self.files.append(File(unquote(parts.path.rpartition("/")[2]), href, digest, yanked))

    def handle_endtag(self, tag: str) -> None:
        self.closed = self.closed or tag in ("html", "body")


def _reason(yanked: object) -> str | None:
    if isinstance(yanked, str):
        return yanked
    return "" if yanked else None


def _odd(url: str) -> NetworkError:
    return NetworkError(
        "the answer is not what a Python package index says", hint="check the option `index` of pypi", url=url
    )
