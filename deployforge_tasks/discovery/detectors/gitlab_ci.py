"""GitLab CI: where its jobs publish, and the variables that hold the secrets."""

from __future__ import annotations

import re

from deployforge_tasks.discovery import job_text, signals
from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Release, Use
from deployforge_tasks.discovery.tree import Tree

_FILE = ".gitlab-ci.yml"


def detect(tree: Tree) -> Findings:
    """The jobs of the file at the top."""
    notes = Notes()
    root = tree.yaml(_FILE) if _FILE in tree.paths else None
    if root is None:
        return notes.done()
    for name, job in root.value.items():
        if not isinstance(job.value, dict) or "script" not in job.value or name.startswith("."):
            continue
        source = f"{_FILE}:{job.place.line - 1 or 1}"
        text = "\n".join(job_text.texts(job))
        when = job.child("when")
        off = f"the job `{name}` never runs" if when is not None and when.value == "never" else ""
        for platform, _ in signals.platforms(text):
            notes.uses.append(Use(platform, source, publishes=not off, off=off))
        for variable in dict.fromkeys(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)\}?", text)):
            known = signals.credential(variable)
            if known:
                notes.fact(f"credentials.{known[0]}.{known[1]}", variable, source, Rank.PIPELINE)
        names = job_text.release_names(job)
        if names:
            notes.releases.append(Release(tuple(names), "{version}", source))
    return notes.done()
