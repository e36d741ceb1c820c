"""From findings to the deployforge.yml that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployforge_tasks.discovery import asset_names
from deployforge_tasks.discovery.asset_names import Naming
from deployforge_tasks.discovery.choice import Choice, choose, value
from deployforge_tasks.discovery.document import ASSUMED, FROM, Entry
from deployforge_tasks.discovery.findings import Fact, Findings, Rank, Release
from deployforge_tasks.discovery.platform_plan import PlatformPlan, plan
from deployforge_tasks.discovery.versions import watched

_LONGEST_SUMMARY = 79
_USUAL = "{name}-{version}-{os}-{arch}.{ext}"


@dataclass(frozen=True)
class Missing:
    """Something that a release needs and nothing tells: the option, what it is, and what stands there meanwhile."""

    option: str
    what: str
    meanwhile: str = ""


@dataclass(frozen=True)
class Draft:
    """A deployforge.yml before it is written.

    `other_names` are release files that are called otherwise elsewhere: (source, example).
    """

    entries: tuple[Entry, ...]
    choices: Mapping[str, Choice]
    platforms: tuple[PlatformPlan, ...]
    missing: tuple[Missing, ...]
    naming: Naming | None = None
    naming_source: str = ""
    other_names: tuple[tuple[str, str], ...] = ()


def draft(found: Findings, answers: Mapping[str, Any] | None = None) -> Draft:
    """Decide every option.

    Args:
        found: what the detectors found.
        answers: what a person said, by option; `platforms` is a list of names.
    """
    said = dict(answers or {})
    wanted = said.pop("platforms", None)
    facts = [f for f in found.facts if _fits(f) and not _reads_environment(f.value)]
    choices = choose(
        [*facts, *(Fact(o, v, "your answer", Rank.ANSWER) for o, v in said.items() if v not in (None, ""))]
    )
    return _Maker(found, choices, wanted).make()


def _fits(fact: Fact) -> bool:
    """Whether a value is a text where only a text can stand: other people's files have everything everywhere."""
    section = fact.option.split(".")[0]
    return isinstance(fact.value, str) or fact.option == "keywords" or section in ("artifacts", "platforms")


def _reads_environment(value: Any) -> bool:
    """Whether DeployForge would take a part of this text for a variable."""
    return "${" in str(value)


@dataclass
class _Maker:
    found: Findings
    choices: dict[str, Choice]
    wanted: Sequence[str] | None
    entries: list[Entry] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    kinds: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> Draft:
        from deployforge_tasks.platforms.registry import platforms

        self.kinds = platforms()
        plans = plan(self.found.uses, tuple(self.kinds), self.wanted)
        on = [p.name for p in plans if p.known]
        self._project(on)
        naming, release, others = self._names()
        self._source()
        self._version_files()
        self._binary()
        self._artifacts(naming, release)
        self._credentials(on)
        self._platforms(plans)
        source = release.source if release else ""
        return Draft(tuple(self.entries), self.choices, plans, tuple(self.missing), naming, source, others)

    def _put(self, option: str, *, path: tuple[str, ...] = (), above: tuple[str, ...] = ()) -> bool:
        choice = self.choices.get(option)
        if choice is None:
            return False
        self.entries.append(Entry(path or tuple(option.split(".")), choice.value, FROM[2:] + _note(choice), above))
        return True

    def _lack(self, option: str, what: str, example: Any, meanwhile: str = "") -> None:
        """Say in the file, and to the person, what was not found."""
        self.missing.append(Missing(option, what, meanwhile))
        if not meanwhile:
            self.entries.append(Entry(tuple(option.split(".")), example, f"not found: {what}", aside=True))

    # --- sections, in the order of the file ---

    def _project(self, platforms: Sequence[str]) -> None:
        self.entries.append(Entry(("schema",), 1))
        self._put("name")
        newest = self.found.newest
        told = f"the newest tag is {newest}" if newest else "there are no tags yet"
        self.entries.append(
            Entry(("version",), newest or "1.0.0", f"not needed: a run says it, or the tag does ({told})", aside=True)
        )
        if not self._put("description"):
            name = value(self.choices, "name")
            self.entries.append(Entry(("description",), name, "not found: say in one sentence what the program does"))
            self._lack("description", "one sentence about what the program does", "", meanwhile=str(name))
        self._summary()
        if not self._put("homepage") and value(self.choices, "source.repo") is None:
            self._lack("homepage", "the program's web page", "https://…")
        self._author()
        self._licence()
        self._put("keywords")
        for name in ("docs", "issues", "changelog", "icon"):
            self._put(f"urls.{name}")
        for name in platforms:
            own = self.choices.get(f"descriptions.{name}")
            if own and own.value != value(self.choices, "description"):
                self._put(f"descriptions.{name}")

    def _summary(self) -> None:
        text = value(self.choices, "summary")
        if text and text != value(self.choices, "description") and len(text) <= _LONGEST_SUMMARY:
            self._put("summary")

    def _author(self) -> None:
        if not self._put("author.name"):
            self._lack("author", "who publishes the program", {"name": "Your Name", "email": "you@example.com"})
            return
        self._put("author.email")
        self._put("author.copyright")

    def _licence(self) -> None:
        if "license" not in self.choices:
            self._lack("license", "an SPDX expression (MIT, Apache-2.0, …)", "MIT")
        elif "license.commercial" in self.choices:
            self._put("license", path=("license", "spdx"))
            self._put("license.file")
            self._put("license.commercial")
        else:
            self._put("license")

    def _source(self) -> None:
        if not self._put("source.repo"):
            self._lack("source", "owner/name on GitHub", {"repo": "owner/name"})
        self._put("source.tag")
        self._put("source.branch")

    def _version_files(self) -> None:
        fields = watched(self.found.versions, str(value(self.choices, "name")))
        if fields:
            files = [{"path": f.path, "regex": f.regex} for f in fields]
            notes = tuple(f"line {f.line} says {f.value}" for f in fields)
            above = ("Files that repeat the version: a release warns when one says something else.",)
            self.entries.append(Entry(("version_files",), files, above=above, notes=notes))

    def _binary(self) -> None:
        if not self._put("binary.name"):
            name = value(self.choices, "name")
            self.entries.append(Entry(("binary", "name"), name, f"{ASSUMED}the project's name"))
        self.entries.append(
            Entry(("binary", "version_command"), ["--version"], f"{ASSUMED}arguments that print the version")
        )

    def _names(self) -> tuple[Naming | None, Release | None, tuple[tuple[str, str], ...]]:
        """The naming of the strongest release, and the examples of the others."""
        project = (str(value(self.choices, "name")), str(value(self.choices, "binary.name") or ""))
        read = [(r, n) for r in self.found.releases if (n := asset_names.infer(r.names, r.version, project))]
        if not read:
            return None, None, ()
        own = [(r, n) for r, n in read if "{name}" in n.asset or "{binary}" in n.asset] or read
        release, naming = max(own, key=lambda pair: (pair[0].rank, len(pair[1].targets)))
        others: dict[str, tuple[str, str]] = {}
        for other, theirs in own:
            if not naming.agrees(theirs):
                others.setdefault(theirs.asset + str(theirs.words), (other.source, theirs.example))
        return naming, release, tuple(others.values())

    def _artifacts(self, naming: Naming | None, release: Release | None) -> None:
        build = "artifacts.build.command" in self.choices
        if naming is None or release is None:
            self._artifacts_unseen(build)
        else:
            note = FROM[2:] + release.source
            self.entries.append(
                Entry(("artifacts", "from"), "github_release", "the files that this project's releases have now")
            )
            self.entries.append(Entry(("artifacts", "asset"), naming.asset, f"{note}, as in {naming.example}"))
            self.entries.append(Entry(("artifacts", "ext"), naming.ext, note))
            if naming.words:
                self.entries.append(Entry(("artifacts", "words"), naming.words, note))
            self.entries.append(Entry(("artifacts", "targets"), list(naming.targets), note))
        for name in ("file", "from"):
            self._put(f"artifacts.checksums.{name}")
        if build:
            above = ("Not used while `from:` names another source; `from: build` lets DeployForge build the program.",)
            self._put("artifacts.build.command", above=above if naming else ())
            self._put("artifacts.build.env")
            self._put("artifacts.build.inputs")

    def _artifacts_unseen(self, build: bool) -> None:
        if build:
            self.entries.append(
                Entry(
                    ("artifacts", "from"),
                    "build",
                    f"{ASSUMED}no release files were seen",
                )
            )
            self._put("artifacts.targets")
            if not self._put("artifacts.asset"):
                self.entries.append(Entry(("artifacts", "asset"), _USUAL, f"{ASSUMED}the usual pattern"))
            return
        what = "how the release files are named (one program a target: DeployForge packages programs, not sources)"
        self.entries.append(Entry(("artifacts", "from"), "github_release", f"{ASSUMED}files of the GitHub release"))
        if not self._put("artifacts.asset"):
            self._lack("artifacts.asset", what, _USUAL)
        if not self._put("artifacts.targets"):
            self._lack(
                "artifacts.targets",
                "the targets that there are files for",
                ["linux/amd64", "darwin/arm64", "windows/amd64"],
            )

    def _credentials(self, platforms: Sequence[str]) -> None:
        above: tuple[str, ...] = (
            "Names of environment variables (as the workflows use them), never the secrets themselves.",
        )
        for name in platforms:
            known = {n for c in self.kinds[name].credentials for n in (c.name, *c.env)}
            for option in sorted(o for o in self.choices if o.startswith(f"credentials.{name}.")):
                if option.rpartition(".")[2] in known:
                    self.entries += [Entry(("credentials",), above=above)] if above else []
                    self._put(option)
                    above = ()

    def _platforms(self, plans: Sequence[PlatformPlan]) -> None:
        if not plans:
            self._lack("platforms", "where to publish", {"npm": {}})
            self.entries.append(
                Entry(("platforms",), {}, "none was found; `deployforge platforms list` tells which there are")
            )
            return
        for one in plans:
            options = self._options(one)
            if not one.known:
                values = {o: c.value for o, c in options.items()}
                why = f"no platform of this DeployForge (a plugin may bring it){'; ' + one.why if one.why else ''}"
                self.entries.append(
                    Entry(("platforms", one.name), values, f"{why}; seen in {one.sources[0]}", aside=True)
                )
                continue
            self._platform(one, options)

    def _options(self, one: PlatformPlan) -> dict[str, Choice]:
        start = f"platforms.{one.name}."
        return {o.removeprefix(start): c for o, c in self.choices.items() if o.startswith(start)}

    def _platform(self, one: PlatformPlan, options: Mapping[str, Choice]) -> None:
        where = (", ".join(one.sources[:2]) + (" …" if len(one.sources) > 2 else "")) or "your answer"
        path = ("platforms", one.name)
        self.entries.append(Entry(path, {}, f"{FROM[2:]}{where}"))
        fields = self.kinds[one.name].options.model_fields
        known = {f.alias or name: f for name, f in fields.items()}
        if not one.enabled:
            self.entries.append(Entry((*path, "enabled"), False, one.why))
        for name, choice in options.items():
            repeated = name == "license" and choice.value == value(self.choices, "license")
            if name in known and known[name].default != choice.value and not repeated:
                self._put(choice.option, path=(*path, name))


def _note(choice: Choice) -> str:
    """Where a value is from, and who says something else."""
    if not choice.others or choice.rank is Rank.ANSWER:
        return choice.note
    other, source = choice.others[0]
    shown = str(other) if isinstance(other, str | int | bool) else "something else"
    if len(shown) > 40:
        shown = f"{shown[:37]}…"
    more = ", others differ too" if len(choice.others) > 1 else ""
    return f"{choice.note} ({source} says {shown}{more})"
