"""The rules of Chocolatey's package validator that can be checked before a moderator's machine does.

Numbers are those of https://docs.chocolatey.org/en-us/community-repository/moderation/package-validator/rules/;
rules about files that our packages never hold (embedded binaries, version control) cannot be broken here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deployforge_tasks.core.endpoints import CHOCOLATEY_RULES, GITHUB_RAW_HOST
from deployforge_tasks.core.model import Finding, Level

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PLACEHOLDER = re.compile(r"\$version\$|__\w+__|\[\[\w+\]\]|YOUR_|PLACEHOLDER|\{\{|ENV\[")
_COMMANDS = re.compile(r"^\s*(choco|cinst|cup|cuninst|cpush|cpack)\b", re.MULTILINE | re.IGNORECASE)

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Rule:
    """One rule: its number, what breaks it, and what to do then."""

    number: str
    broken: Callable[[Fields], bool]
    message: str
    hint: str
    level: Level = Level.ERROR

    def finding(self) -> Finding:
        return Finding(
            f"CHOCO-{self.number}", self.level, self.message, f"{self.hint} ({CHOCOLATEY_RULES}/cpmr{self.number})"
        )


def _heading_without_space(fields: Fields) -> bool:
    return bool(re.search(r"^#+[^#\s]", fields["description"], re.MULTILINE))


NUSPEC = (
    Rule("0001", lambda f: 0 < len(f["copyright"]) < 5, "the copyright is too short", "write at least 5 characters"),
    Rule("0002", lambda f: not f["description"].strip(), "there is no description", "set `description`"),
    Rule(
        "0007",
        lambda f: f["requireLicenseAcceptance"] == "true" and not f["licenseUrl"],
        "the licence must be accepted but has no URL",
        "set `license_url`, or leave out `require_license_acceptance`",
    ),
    Rule("0009", lambda f: not f["projectUrl"], "there is no project URL", "set `homepage`"),
    Rule("0014", lambda f: "," in f["tags"], "a tag holds a comma", "take the commas out of `keywords`"),
    Rule(
        "0019",
        lambda f: any(_PLACEHOLDER.search(v) for v in f.values()),
        "a placeholder is left in the package's data",
        "look for it in the rendered files, and give it a value",
    ),
    Rule(
        "0020",
        lambda f: any(_EMAIL.search(v) for v in f.values()),
        "an e-mail address stands in the package's data",
        "take it out of the description, authors and URLs",
    ),
    Rule("0023", lambda f: not f["tags"].strip(), "there are no tags", "set `keywords`"),
    Rule(
        "0024",
        lambda f: bool(re.search(r"(alpha|beta|prerelease|-rc)\d*$", f["id"])),
        "the package id names a pre-release",
        "leave that to the version",
    ),
    Rule(
        "0026", lambda f: len(f["description"]) > 4000, "the description is longer than 4000 characters", "shorten it"
    ),
    Rule("0029", lambda f: f["id"].endswith(".config"), "the package id ends with .config", "choose another id"),
    Rule("0030", _heading_without_space, "a heading in the description has no space after its #", "write `# Heading`"),
    Rule(
        "0032",
        lambda f: 0 < len(f["description"].strip()) < 30,
        "the description is shorter than 30 characters",
        "say more in `description`, or in `descriptions.chocolatey`",
    ),
    Rule(
        "0061",
        lambda f: "." in f["id"] and not f["id"].endswith((".portable", ".install")),
        "the package id holds a dot",
        "write - for .",
        Level.WARNING,
    ),
    Rule("0069", lambda f: len(f["id"]) > 25 and "-" not in f["id"], "the package id is long", "use -", Level.WARNING),
    Rule("0070", lambda f: "_" in f["id"], "the package id holds an underscore", "write - for _", Level.WARNING),
    Rule(
        "0076",
        lambda f: GITHUB_RAW_HOST in f["iconUrl"],
        f"the icon's URL points at {GITHUB_RAW_HOST}",
        "serve it from a CDN or a page of the project",
    ),
)

SCRIPT = (
    Rule(
        "0010",
        lambda f: bool(_COMMANDS.search(f["script"])),
        "the install script calls choco itself",
        "name other packages in `dependencies`",
    ),
    Rule(
        "0027",
        lambda f: "http" in f["script"] and "checksum" not in f["script"].lower(),
        "the install script downloads without a checksum",
        "pass checksum64 and checksumType64",
    ),
    Rule(
        "0019",
        lambda f: bool(_PLACEHOLDER.search(f["script"])),
        "a placeholder is left in the install script",
        "give it a value in the template",
    ),
)


def check_nuspec(fields: Fields) -> list[Finding]:
    """Findings about the manifest's fields (names as in the nuspec; all of them present, empty when unset)."""
    return [rule.finding() for rule in NUSPEC if rule.broken(fields)]


def check_script(script: str) -> list[Finding]:
    """Findings about the install script's text."""
    return [rule.finding() for rule in SCRIPT if rule.broken({"script": script})]
