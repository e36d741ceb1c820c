"""Setting a repository up: look at it, propose the files, write those that are agreed to."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.discovery.document import Entry
    from deployforge_tasks.discovery.draft import Draft
    from deployforge_tasks.discovery.findings import Findings, Trouble
    from deployforge_tasks.discovery.versions import Contradiction

_SCHEMA = ".deployforge/deployforge.schema.json"
#: First lines of a file that is written anew: editors check it while typing.
HEAD = (
    f"# yaml-language-server: $schema={_SCHEMA}",
    f"# (`deployforge config schema > {_SCHEMA}` makes that file again; `deployforge config check` checks this one.)",
)


@dataclass(frozen=True)
class Online:
    """Where GitHub's API is asked, and with which token (none: without)."""

    api: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Change:
    """A file that is to be written: what it says now (None: it is not there) and what it will say."""

    path: str
    old: str | None
    new: str

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        before = (self.old or "").splitlines(keepends=True)
        after = self.new.splitlines(keepends=True)
        name = "/dev/null" if self.old is None else f"a/{self.path}"
        return "".join(difflib.unified_diff(before, after, name, f"b/{self.path}"))


@dataclass(frozen=True)
class Proposal:
    """What a repository's release would be.

    Fields: `changes` are the files to write (none: all is as it should be); `text` is the whole deployforge.yml; `kept`
    are options of an existing file that say something else than what was found; `unplaced` belong into an existing
    file by hand; `dropped` are values that no deployforge.yml may have, with the reason.
    """

    found: Findings
    draft: Draft
    text: str
    changes: tuple[Change, ...]
    contradictions: tuple[Contradiction, ...]
    troubles: tuple[Trouble, ...]
    kept: tuple[tuple[str, Any, Entry], ...] = ()
    unplaced: tuple[Entry, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()


def look(folder: Path, *, tools: Collection[str] = (), online: Online | None = None) -> Findings:
    """Look at a repository.

    Args:
        folder: its top.
        tools: take over the configuration of these release tools alone.
        online: also ask GitHub for the newest release.

    Raises:
        ConfigError: the folder is not there, or one of `tools` has no configuration in it.
    """
    from deployforge_tasks.discovery.choice import choose, value
    from deployforge_tasks.discovery.findings import Findings, Trouble, merged
    from deployforge_tasks.discovery.online import newest
    from deployforge_tasks.discovery.survey import survey
    from deployforge_tasks.discovery.tree import Tree
    from deployforge_tasks.effects.clock import Patience
    from deployforge_tasks.effects.http import Http

    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder", hint="go to your repository, or name it with -C", code="DF1440")
    found = survey(Tree(folder), tools)
    for tool in tools:
        if tool not in {*(m.tool for m in found.moved), *(part.tool for part in found.left)}:
            hint = "leave `--from` out to see what there is"
            raise ConfigError(f"there is no configuration of {tool} here that can be read", hint=hint, code="DF1441")
    if online is None:
        return found
    repo = value(choose(found.facts), "source.repo")
    if not repo:
        trouble = Trouble("GitHub", "nothing tells which repository to ask about")
        return merged([found, Findings(troubles=(trouble,))])
    http = Http(patience=Patience(first=0.5, longest=1.0, total=2.0), timeout=10)
    return merged([found, newest(http, online.api, str(repo), online.token)])


def propose(
    found: Findings, file: Path, answers: Mapping[str, Any] | None = None, *, doit_settings: bool = False
) -> Proposal:
    """Decide what to write.

    Args:
        found: what `look` found.
        file: the deployforge.yml, there or not.
        answers: what a person said, by option (see `discovery.draft.draft`).
        doit_settings: also add doit's settings to an existing pyproject.toml.
    """
    from deployforge_tasks.discovery import document
    from deployforge_tasks.discovery.draft import draft
    from deployforge_tasks.discovery.versions import contradictions

    made = draft(found, answers)
    entries, dropped = _loading(made.entries)
    old = _read(file)
    update = document.Update(document.render(entries, HEAD))
    if old is not None and old.strip():
        update = document.update(old, file.name, entries)
        _check(update.text, file.name)
        made = replace(made, missing=tuple(m for m in made.missing if not document.has(old, file.name, m.option)))
    changes = [Change(file.name, old, update.text)] if old != update.text else []
    beside, troubles = _beside(file.parent, doit_settings)
    return Proposal(
        found=found,
        draft=made,
        text=update.text,
        changes=(*changes, *beside),
        contradictions=contradictions(found.versions, found.newest),
        troubles=(*found.troubles, *troubles),
        kept=update.kept,
        unplaced=update.unplaced,
        dropped=tuple(dropped),
    )


def write(changes: Collection[Change], folder: Path) -> None:
    """Write the files, each of them whole or not at all, and the JSON Schema that the first line names.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    import json

    from deployforge_tasks.effects.files import write_atomic
    from deployforge_tasks.platforms.registry import json_schema

    try:
        for change in changes:
            write_atomic(folder / change.path, _with_line_ends(folder / change.path, change.new))
        if any(HEAD[0] in change.new for change in changes):
            text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
            write_atomic(folder / _SCHEMA, text)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or folder} cannot be written: {error.strerror}",
            hint="check who owns the folder, and run init again: what was written stays",
            code="DF1442",
        ) from error


def _with_line_ends(file: Path, text: str) -> str:
    """The text with the line ends that the file has now."""
    windows = file.exists() and b"\r\n" in file.read_bytes()
    return text.replace("\n", "\r\n") if windows else text


def _loading(entries: Collection[Entry]) -> tuple[list[Entry], list[tuple[str, str]]]:
    """The entries of a file that loads: what may not stand there is left out, with the reason."""
    from deployforge_tasks.discovery import document
    from deployforge_tasks.project.problems import ConfigProblems

    kept, dropped = list(entries), list[tuple[str, str]]()
    for _ in range(len(kept)):
        try:
            _check(document.render(kept), "deployforge.yml")
            break
        except ConfigProblems as problems:
            bad = {p.path.partition("[")[0]: p.message for p in problems.problems}
            reasons = {
                e.path: why
                for e in kept
                if not e.aside and e.value not in (None, {})
                for why in [_reason(e, bad)]
                if why
            }
            if not reasons:
                raise
            kept = [
                replace(e, aside=True, note=f"not used: {reasons[e.path]}", notes=()) if e.path in reasons else e
                for e in kept
            ]
            dropped += [(".".join(path), why) for path, why in reasons.items()]
    return kept, dropped


def _reason(entry: Entry, bad: Mapping[str, str]) -> str:
    option = ".".join(entry.path)
    return next((why for path, why in bad.items() if path == option or path.startswith(f"{option}.")), "")


def _check(text: str, name: str) -> None:
    """Load a text as a deployforge.yml would be.

    Raises:
        ConfigProblems: it does not load.
    """
    from deployforge_tasks.platforms.registry import load

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_text(text, "utf-8")
        load(file, version="1.0.0", environ={})


def _read(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ConfigError(
            f"{file.name} cannot be read: {what}", hint="move it away, or name another file with -c", code="DF1443"
        ) from error


def _beside(folder: Path, doit_settings: bool) -> tuple[list[Change], list[Trouble]]:
    """The changes of the other files."""
    from deployforge_tasks.discovery import companions

    changes, troubles = list[Change](), list["Trouble"]()

    def propose_file(name: str, old: str | None, new: str | None, trouble: Trouble | None) -> None:
        if new is not None and new != old:
            changes.append(Change(name, old, new))
        if trouble is not None:
            troubles.append(trouble)

    old = _read(folder / "dodo.py")
    propose_file("dodo.py", old, *companions.dodo(old))
    old = _read(folder / ".gitignore")
    propose_file(".gitignore", old, companions.gitignore(old or ""), None)
    old = _read(folder / "pyproject.toml")
    if doit_settings and old is not None:
        propose_file("pyproject.toml", old, *companions.pyproject(old))
    return changes, troubles
