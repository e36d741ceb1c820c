"""What git knows: the remote, the main branch, the tags."""

from __future__ import annotations

import re
from collections import Counter

from deployforge_tasks.core.versions import Version
from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Trouble
from deployforge_tasks.discovery.tree import Tree

_TAG = re.compile(r"(?P<prefix>.*?)(?P<version>\d+\.\d+.*)")


def detect(tree: Tree) -> Findings:
    """The repository and how it tags its releases."""
    notes = Notes()
    notes.fact("name", tree.root.name, "the folder's name", Rank.GUESS)
    if tree.git("rev-parse", "--git-dir") is None:
        notes.troubles.append(Trouble(".", "this is no git repository, so there are no tags and no remote to look at"))
        return notes.done()
    _remote(tree, notes)
    head = (tree.git("symbolic-ref", "--short", "refs/remotes/origin/HEAD") or "").strip()
    notes.fact("source.branch", head.removeprefix("origin/"), "git: the remote's main branch")
    _tags(tree, notes)
    return notes.done()


def _remote(tree: Tree, notes: Notes) -> None:
    remote = tree.remote
    if remote is None:
        return
    notes.fact("name", remote.name, "git: the remote's name")
    if remote.on_github:
        notes.fact("source.repo", remote.repo, "git: the remote", Rank.PIPELINE)
    else:
        notes.troubles.append(
            Trouble("git", f"the remote is on {remote.host}; releases are read from and published to GitHub only")
        )


def _tags(tree: Tree, notes: Notes) -> None:
    """The pattern that most tags share; versions of this history before those of other branches."""
    listed = (tree.git("tag", "--list") or "").split()
    here = set((tree.git("tag", "--merged", "HEAD") or "").split()) or set(listed)
    shapes = {tag: match for tag in listed if (match := _TAG.fullmatch(tag))}
    prefix = _prefix(tree, [match["prefix"] for match in shapes.values()])
    if prefix is None:
        if not listed:
            notes.troubles.append(Trouble("git", "there are no tags (a shallow clone has none: `git fetch --tags`)"))
        return
    named = {tag: match["version"] for tag, match in shapes.items() if match["prefix"] == prefix}
    good = {tag: version for tag, text in named.items() if (version := _version(text))}
    known = {tag: version for tag, version in good.items() if tag in here} or good
    newest = max(known, key=lambda tag: (not known[tag].is_prerelease, known[tag]), default="")
    if newest:
        notes.fact("source.tag", f"{prefix}{{version}}", f"git: {len(good)} tags, the newest {newest}", Rank.PIPELINE)
    odd = [tag for tag, match in shapes.items() if re.fullmatch(r"v{2,}|V", match["prefix"])]
    odd += [tag for tag in named if tag not in good]
    notes.newest, notes.malformed = (str(known[newest]) if newest else ""), tuple(sorted(odd))


def _prefix(tree: Tree, prefixes: list[str]) -> str | None:
    """What stands before the numbers: a prefix with the project's name, or none, wins over other packages' tags."""
    counted = Counter(prefixes)
    plain = [p for p in counted if p in ("", "v") or p.lower().rstrip("v").rstrip("-_@/") == tree.slug]
    return max(plain or counted, key=lambda p: counted[p], default=None)


def _version(text: str) -> Version | None:
    try:
        return Version.parse(text)
    except ValueError:
        return None
