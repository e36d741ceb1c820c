"""Names of container images: parsing, the tags that a version gets, and which way a tag may move."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.versions import Version

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NUMERIC = re.compile(r"v?(\d+(?:\.\d+)*)")
#: Tags that promise a finished release; a pre-release never gets them.
_STABLE = ("latest", "stable")


@dataclass(frozen=True)
class Reference:
    """An image's whole name; `tag` or `digest` may be empty, not both."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        suffix = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.repository}{suffix}" + (f"@{self.digest}" if self.digest else "")

    @property
    def pointer(self) -> str:
        """What to ask the registry for."""
        return self.digest or self.tag

    @classmethod
    def parse(cls, text: str, default_host: str = endpoints.DOCKER_HOST) -> Reference:
        """Read ``[host/]owner/name[:tag][@sha256:…]``; a name without tag means ``latest``.

        Raises:
            ConfigError: a registry would refuse the name.
        """
        rest, _, digest = text.strip().partition("@")
        head, slash, tail = rest.partition("/")
        host, path = (head, tail) if slash and _is_host(head) else (default_host, rest)
        repository, colon, tag = path.rpartition(":")
        if not colon:
            repository, tag = path, "" if digest else "latest"
        if host == endpoints.DOCKER_HOST and "/" not in repository:
            repository = f"library/{repository}"  # https://docs.docker.com/reference/cli/docker/image/tag/
        _check(text, repository, tag, digest)
        return cls(host, repository, tag, digest)


def _is_host(part: str) -> bool:
    return "." in part or ":" in part or part == "localhost"


def _check(text: str, repository: str, tag: str, digest: str) -> None:
    if not _REPOSITORY.fullmatch(repository):
        hint = "use lower-case letters, digits and single separators, for example owner/name:${version}"
    elif (tag or not digest) and not _TAG.fullmatch(tag):
        hint = "a tag has at most 128 letters, digits, dots, dashes and underscores"
    elif digest and not _DIGEST.fullmatch(digest):
        hint = "a digest is written sha256: and 64 hex digits"
    else:
        return
    raise ConfigError(f"`{text}` is no image name that a registry takes", hint=hint, code="DF1330")


@dataclass(frozen=True)
class Image:
    """A tag that a version gets. `floating` tags (``latest``, ``1.2``) move on with later versions."""

    reference: Reference
    floating: bool

    @property
    def piece(self) -> str:
        return str(self.reference)


def images(texts: Sequence[str], version: Version, default_host: str) -> list[Image]:
    """The tags of a version in publishing order: its own first, floating ones last.

    `{version} {major} {minor}` (with or without ``$``) are replaced. A pre-release gets no tag that promises a release.
    """
    found: dict[str, Image] = {}
    for text in texts:
        reference = Reference.parse(_expand(text, version), default_host)
        image = Image(reference, version.docker_tag not in reference.tag)
        if image.floating and version.is_prerelease and _promises_release(reference.tag):
            continue
        found.setdefault(image.piece, image)
    return sorted(found.values(), key=lambda i: i.floating)


def at_version(image: Image, ours: Version, other: Version) -> Reference | None:
    """The reference that `image` has (or would have) at another version; None where a floating tag excludes it."""
    tag = image.reference.tag
    if not image.floating:
        tag = tag.replace(ours.docker_tag, other.docker_tag)
    elif not covers(tag, other):
        return None
    return Reference(image.reference.host, image.reference.repository, tag)


def covers(tag: str, version: Version) -> bool:
    """Whether a floating tag may point at the version: ``1.2`` covers 1.2.7, ``latest`` every finished release."""
    if version.is_prerelease and _promises_release(tag):
        return False
    numeric = _NUMERIC.fullmatch(tag)
    return not numeric or f"{version}.".startswith(f"{numeric[1]}.")


def _expand(text: str, version: Version) -> str:
    major, minor, *_ = version.numbers
    for name, value in (("version", version.docker_tag), ("major", str(major)), ("minor", str(minor))):
        text = text.replace(f"${{{name}}}", value).replace(f"{{{name}}}", value)
    return text


def _promises_release(tag: str) -> bool:
    return tag in _STABLE or bool(_NUMERIC.fullmatch(tag))


def parse_version(text: object) -> Version | None:
    """The version that a label or tag tells, if it is one."""
    try:
        return Version.parse(str(text))
    except ValueError:
        return None
