"""From the names of release files to the pattern that they were made by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deployforge_tasks.core.targets import Target

_ENDS = ("tar.gz", "tgz", "tar.xz", "tar.bz2", "zip", "exe")
_OTHER_ENDS = re.compile(
    r"\.(deb|rpm|apk|msi|pkg|dmg|snap|whl|vsix|nupkg|sha256|sha256sum|sha512|md5|asc|sig|pem|crt|json|txt|sh|ps1|rb|"
    r"AppImage|flatpak|sbom|intoto\.jsonl|7z|gz|xz|bz2|zst|sigstore|jar)$",
    re.IGNORECASE,
)
# The longest words come first: `darwin` holds `win`, and a triple holds everything.
_OSES = re.compile(
    r"(?P<linux>unknown-linux-(?P<libc>gnu|musl)(?![a-z])|linux)"
    r"|(?P<darwin>apple-darwin|darwin|macosx?|osx|mac)"
    r"|(?P<windows>pc-windows-(?:msvc|gnu)|windows|win64|win(?![a-z0-9]))",
    re.IGNORECASE,
)
_ARCHES = re.compile(r"(?P<amd64>x86[_-]64|amd64|x64|64[-_]?bit)|(?P<arm64>aarch64|arm64)", re.IGNORECASE)
_FOREIGN = re.compile(
    r"i[36]86|(?<![a-z0-9])(?:386|x86(?![_-]64)|32[-_]?bit)|arm(?!64)\w*|gnueabi|musleabi|riscv64|ppc64\w*|"
    r"powerpc\w*|s390x|loong\w*|mips\w*|universal|freebsd|openbsd|netbsd|solaris|illumos|android|wasm\w*|source|src",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Naming:
    """How release files are named: values for `artifacts`.

    `dropped` are names of other systems or processors, which DeployForge has no word for.
    """

    asset: str
    ext: dict[str, str]
    words: dict[str, str]
    targets: tuple[str, ...]
    example: str
    dropped: tuple[str, ...] = ()

    def agrees(self, other: Naming) -> bool:
        """Whether the other names could be some of these."""
        common = {word for target in other.targets if target in self.targets for word in target.split("/")}
        return self.asset == other.asset and all(self.words.get(w, w) == other.words.get(w, w) for w in common)


@dataclass(frozen=True)
class _Read:
    pattern: str
    target: Target
    words: tuple[tuple[str, str], ...]
    ext: str
    name: str


def infer(names: Iterable[str], version: str, project: Sequence[str]) -> Naming | None:
    """The pattern behind most of these names, or None where they show none.

    Args:
        names: names of release files, of one version.
        version: the version in them (or what stands for it).
        project: what the project may be called, the name itself first; then its program.
    """
    wanted = list(dict.fromkeys(names))
    read = [r for r in (_read(name, version, project) for name in wanted) if r is not None]
    dropped = tuple(n for n in wanted if _is_release_file(n) and _FOREIGN.search(_stem(n)[0]))
    if not read:
        return None
    reach = Counter(pattern for pattern, _ in {(r.pattern, r.target) for r in read})
    best = max(reach, key=lambda pattern: (reach[pattern], "{ext}" in pattern))
    chosen = _one_each([r for r in read if r.pattern == best])
    words = dict(pair for r in chosen for pair in r.words if pair[0] != pair[1])
    return Naming(
        asset=best,
        ext=_exts(chosen),
        words=words,
        targets=tuple(str(r.target) for r in sorted(chosen, key=lambda r: _ORDER.index((r.target.os, r.target.arch)))),
        example=chosen[0].name,
        dropped=dropped,
    )


_ORDER = [(os, arch) for os in ("linux", "darwin", "windows") for arch in ("amd64", "arm64")]


def _one_each(read: list[_Read]) -> list[_Read]:
    """One name a target: an archive as its system likes them, and msvc before gnu on Windows."""
    found: dict[Target, _Read] = {}
    for r in sorted(read, key=_preference):
        found.setdefault(r.target, r)
    return list(found.values())


def _preference(read: _Read) -> tuple[bool, bool]:
    usual = read.ext == "zip" if read.target.os == "windows" else read.ext.startswith("t")
    return any("windows-gnu" in word for _, word in read.words), not usual


def _exts(read: list[_Read]) -> dict[str, str]:
    plain = Counter(r.ext for r in read if r.target.os != "windows")
    windows = Counter(r.ext for r in read if r.target.os == "windows")
    default = plain.most_common(1)[0][0] if plain else ""
    found = {"default": default} if plain else {}
    if windows and (not plain or windows.most_common(1)[0][0] != default):
        found["windows"] = windows.most_common(1)[0][0]
    odd = {r.target.os: r.ext for r in read if r.target.os == "darwin" and r.ext != default}
    return {**found, **odd}


def _stem(name: str) -> tuple[str, str]:
    end = next((e for e in _ENDS if name.lower().endswith(f".{e}")), "")
    return (name[: -len(end) - 1], end) if end else (name, "")


def _is_release_file(name: str) -> bool:
    return bool(_stem(name)[1]) or not _OTHER_ENDS.search(name)


def _read(name: str, version: str, project: Sequence[str]) -> _Read | None:
    if not _is_release_file(name):
        return None
    stem, end = _stem(name)
    os_, arch = _OSES.search(stem), _ARCHES.search(stem)
    if os_ is None or arch is None or _FOREIGN.search(stem):
        return None
    system = next(word for word in ("linux", "darwin", "windows") if os_[word])
    processor = "amd64" if arch["amd64"] else "arm64"
    triple = "-" in os_[0]
    libc = os_["libc"].lower() if os_["libc"] else None
    spelled = os_[0][: -len(libc)] if libc else os_[0]
    words = [(system, spelled), (processor, arch[0]), *([(libc, libc)] if libc else [])]
    pieces = sorted([(os_.span(), "{os}{libc}" if triple else "{os}"), (arch.span(), "{arch}")], reverse=True)
    for (start, stop), field in pieces:
        stem = f"{stem[:start]}{field}{stem[stop:]}"
    if version:
        stem = stem.replace(version, "{version}")
    for word, field in zip(project, ("{name}", "{binary}"), strict=False):
        if word and re.match(rf"{re.escape(word)}(?![a-z0-9])", stem):
            stem = field + stem[len(word) :]
            break
    return _Read(f"{stem}.{{ext}}", Target(system, processor, libc), tuple(words), end, name)
