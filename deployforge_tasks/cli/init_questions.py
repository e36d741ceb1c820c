"""What `deployforge init` asks a person: only what it could not find."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from deployforge_tasks.operations.init import Proposal

# option of deployforge.yml -> the question, and what is offered
_QUESTIONS = {
    "description": ("What does the program do, in one sentence?", ""),
    "source": ("Its repository on GitHub (owner/name)?", ""),
    "license": ("Its licence (an SPDX expression)?", "MIT"),
    "author": ("Who publishes it?", ""),
    "homepage": ("Its web page?", ""),
    "artifacts.asset": ("How are the release files named?", "{name}-{version}-{os}-{arch}.{ext}"),
    "platforms": ("Where is it published (names with commas)?", "github"),
}
_OPTIONS = {"source": "source.repo", "author": "author.name"}


def ask(proposal: Proposal) -> dict[str, Any]:
    """Ask for everything that is missing; an empty answer leaves it missing.

    Returns:
        The answers by option; `platforms` is a list.
    """
    answers: dict[str, Any] = {}
    for missing in proposal.draft.missing:
        if missing.option not in _QUESTIONS:
            continue
        question, offered = _QUESTIONS[missing.option]
        text = click.prompt(
            question, default=missing.meanwhile or offered, show_default=True, err=True, type=str
        ).strip()
        if text and missing.option == "platforms":
            answers["platforms"] = _platforms(text)
        elif text:
            answers[_OPTIONS.get(missing.option, missing.option)] = text
    if answers.get("author.name"):
        answers["author.email"] = click.prompt(
            "Their mail address?", default="", show_default=False, err=True, type=str
        ).strip()
    return answers


def doit_settings(folder: Path) -> bool:
    """Ask whether doit's settings go into an existing ``pyproject.toml`` that has none."""
    from deployforge_tasks.discovery.companions import pyproject

    file = folder / "pyproject.toml"
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if pyproject(text)[0] is None:
        return False
    return click.confirm(
        "Add doit's settings to pyproject.toml (plain `doit` works without, a little slower)?", err=True
    )


def _platforms(text: str) -> list[str]:
    """The platforms of an answer, asked again while one is unknown."""
    from deployforge_tasks.platforms.registry import canonical, platforms

    while True:
        names = [canonical(name.strip().lower()) for name in text.split(",") if name.strip()]
        unknown = [name for name in names if name not in platforms()]
        if not unknown:
            return names
        click.echo(f"unknown: {', '.join(unknown)}; known: {', '.join(platforms())}", err=True)
        text = click.prompt("Where is it published (names with commas)?", default="github", err=True, type=str)
