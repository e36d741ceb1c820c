"""Targets, and how every ecosystem spells them.

A target is written ``os/arch`` or ``os/arch/libc`` with Go's names (``linux/amd64``, ``linux/arm64/musl``).
This table is the only place where another spelling is written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

OSES = ("linux", "darwin", "windows")
ARCHES = ("amd64", "arm64")
LIBCS = ("gnu", "musl")

_OS_ALIASES = {"macos": "darwin", "osx": "darwin", "win32": "windows", "win": "windows"}
_ARCH_ALIASES = {"x86_64": "amd64", "x64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, order=True)
class Target:
    """An operating system and a processor (and, on Linux, a C library if the program needs one)."""

    os: str
    arch: str
    libc: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.arch, self.libc) if part)

    @property
    def slug(self) -> str:
        """The target as part of a file or task name: ``linux-amd64``."""
        return str(self).replace("/", "-")

    @property
    def executable_suffix(self) -> str:
        return ".exe" if self.os == "windows" else ""

    def matches(self, pattern: str) -> bool:
        """Whether a pattern such as ``linux/*``, ``*/arm64`` or ``linux/amd64`` names this target."""
        return fnmatchcase(str(self), pattern) or fnmatchcase(f"{self.os}/{self.arch}", pattern)

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``os/arch[/libc]``; common other spellings (``macos/x86_64``) are understood.

        Raises:
            ValueError: the text names no target that DeployForge knows.
        """
        parts = text.strip().lower().split("/")
        if len(parts) not in (2, 3):
            raise ValueError(f"`{text}` is not a target; write os/arch, for example linux/amd64")
        os = _OS_ALIASES.get(parts[0], parts[0])
        arch = _ARCH_ALIASES.get(parts[1], parts[1])
        libc = parts[2] if len(parts) == 3 else None
        for what, value, known in (("os", os, OSES), ("arch", arch, ARCHES), ("libc", libc, LIBCS)):
            if value is not None and value not in known:
                raise ValueError(f"`{value}` is not a known {what}; known: {', '.join(known)}")
        if libc and os != "linux":
            raise ValueError(f"`{text}`: only linux targets have a libc")
        return cls(os, arch, libc)


# One row an ecosystem: (os, arch) -> that ecosystem's own word.
_SPELLINGS: dict[str, dict[tuple[str, str], str]] = {
    # https://nodejs.org/api/process.html#processplatform and #processarch, joined by "-"
    "npm": {
        ("linux", "amd64"): "linux-x64",
        ("linux", "arm64"): "linux-arm64",
        ("darwin", "amd64"): "darwin-x64",
        ("darwin", "arm64"): "darwin-arm64",
        ("windows", "amd64"): "win32-x64",
        ("windows", "arm64"): "win32-arm64",
    },
    # https://doc.rust-lang.org/rustc/platform-support.html
    "rust": {
        ("linux", "amd64"): "x86_64-unknown-linux-gnu",
        ("linux", "arm64"): "aarch64-unknown-linux-gnu",
        ("darwin", "amd64"): "x86_64-apple-darwin",
        ("darwin", "arm64"): "aarch64-apple-darwin",
        ("windows", "amd64"): "x86_64-pc-windows-msvc",
        ("windows", "arm64"): "aarch64-pc-windows-msvc",
    },
    # https://github.com/opencontainers/image-spec/blob/main/image-index.md (GOOS/GOARCH)
    "oci": {
        ("linux", "amd64"): "linux/amd64",
        ("linux", "arm64"): "linux/arm64",
        ("windows", "amd64"): "windows/amd64",
        ("windows", "arm64"): "windows/arm64",
    },
    # Arch Linux `arch=()`; https://wiki.archlinux.org/title/PKGBUILD#arch
    "arch": {("linux", "amd64"): "x86_64", ("linux", "arm64"): "aarch64"},
    # snap.yaml `architectures`; https://snapcraft.io/docs/architectures
    "snap": {("linux", "amd64"): "amd64", ("linux", "arm64"): "arm64"},
    # Blocks of a formula; https://docs.brew.sh/Formula-Cookbook#handling-different-system-configurations
    "homebrew": {
        ("darwin", "arm64"): "macos-arm",
        ("darwin", "amd64"): "macos-intel",
        ("linux", "arm64"): "linux-arm",
        ("linux", "amd64"): "linux-intel",
    },
    # Scoop `architecture`; https://github.com/ScoopInstaller/Scoop/blob/master/schema.json
    "scoop": {("windows", "amd64"): "64bit", ("windows", "arm64"): "arm64"},
    # `url64bit` of Install-ChocolateyZipPackage; there is no word for arm64
    # (https://docs.chocolatey.org/en-us/create/functions/install-chocolateyzippackage)
    "chocolatey": {("windows", "amd64"): "64bit"},
    # https://github.com/microsoft/vscode-vsce README, "--target"
    "vscode": {
        ("linux", "amd64"): "linux-x64",
        ("linux", "arm64"): "linux-arm64",
        ("darwin", "amd64"): "darwin-x64",
        ("darwin", "arm64"): "darwin-arm64",
        ("windows", "amd64"): "win32-x64",
        ("windows", "arm64"): "win32-arm64",
    },
}

# Wheel platform tags. A Linux program without a libc in its target is static, so it runs on both
# C libraries and carries both tags (https://packaging.python.org/specifications/platform-compatibility-tags/).
_WHEEL = {
    ("linux", "amd64", None): "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    ("linux", "arm64", None): "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    ("linux", "amd64", "gnu"): "manylinux_2_17_x86_64.manylinux2014_x86_64",
    ("linux", "arm64", "gnu"): "manylinux_2_17_aarch64.manylinux2014_aarch64",
    ("linux", "amd64", "musl"): "musllinux_1_1_x86_64",
    ("linux", "arm64", "musl"): "musllinux_1_1_aarch64",
    ("darwin", "amd64", None): "macosx_10_12_x86_64",
    ("darwin", "arm64", None): "macosx_11_0_arm64",
    ("windows", "amd64", None): "win_amd64",
    ("windows", "arm64", None): "win_arm64",
}


def spelling(target: Target, ecosystem: str) -> str | None:
    """How an ecosystem spells the target, or None where it has no such target.

    Shapes: ``npm`` and ``vscode`` give ``win32-x64``, ``rust`` a triple, ``oci`` ``linux/amd64``,
    ``arch``, ``snap`` and ``scoop`` one architecture word, ``wheel`` a dotted set of platform tags.
    """
    if ecosystem == "wheel":
        return _WHEEL.get((target.os, target.arch, target.libc))
    word = _SPELLINGS[ecosystem].get((target.os, target.arch))
    if word and target.libc == "musl":
        musl = {"rust": word.replace("-gnu", "-musl"), "npm": f"{word}-musl", "vscode": word.replace("linux", "alpine")}
        return musl.get(ecosystem, word)
    return word
