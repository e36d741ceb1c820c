"""What `deployforge help TOPIC` explains besides commands and errors; written from the tables that the code reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from deployforge_tasks.cli import exit_codes
from deployforge_tasks.cli.table import columns


def _plain(text: str, _: str) -> str:
    return text


def _environment() -> str:
    """Every variable that is read, with what it does."""
    from deployforge_tasks.cli.options import global_options

    own = [(o.env, (o.help or "").rstrip(".")) for o in global_options(root=True) if o.env]
    own += [
        ("DEPLOYFORGE_LEDGER", "URL of the ledger, instead of `ledger:` in deployforge.yml"),
        ("DEPLOYFORGE_BROWSER", "Chromium or Chrome that prints `deployforge report --output report.pdf`"),
        ("DEPLOYFORGE_KEYRING", "`off`: never ask the system keyring for a credential; `on`: in CI, too"),
        ("NO_COLOR", "no colour"),
        ("FORCE_COLOR, CLICOLOR_FORCE", "colour although nobody watches"),
        ("CI", "set: never ask, never redraw (`false`: this is no CI service)"),
    ]
    lines = ["Environment variables", "", *columns(sorted(own), _plain), "", "Credentials", ""]
    lines += columns(list(_credentials()), _plain)
    lines += ["", "Channels of `monitoring:`", "", *columns(list(_channels()), _plain)]
    lines += ["", "The environment wins over --env-file, that over the system keyring, all over trusted publishing."]
    lines.append(_OTHERS)
    return "\n".join(lines)


_OTHERS = "`credentials:` in deployforge.yml names other variables for a platform."


def _credentials() -> Iterator[tuple[str, str, str]]:
    from deployforge_tasks.operations.platforms import known

    for platform in known():
        for credential in platform.credentials:
            needed = "" if credential.required else "optional"
            yield platform.name, " or ".join(credential.env), f"{credential.name}{', ' if needed else ''}{needed}"


def _channels() -> Iterator[tuple[str, str, str]]:
    from deployforge_tasks.project.routes import of_kind
    from deployforge_tasks.project.schema_channels import KINDS

    for kind in KINDS:
        for credential in of_kind(kind).needs:
            yield kind, " or ".join(credential.env), f"{credential.name}{'' if credential.required else ', optional'}"


def _json() -> str:
    return """JSON output

  --json          one document on stdout when the command is done
  --json=stream   deploy, rollback, rehearse …: one line for each event as it happens, the document last

Every document has a `schema` (`deployforge.status/1`); its number goes up when something is taken away or renamed,
and not when something is added. Progress and errors stay on stderr. An error is a document too:

  {"schema": "deployforge.error/1", "error": {"id", "message", "hint", "platform", "stage", "url"}}

An event is {"schema": "deployforge.event/1", "at", "kind", "platform", "stage", "data"}.

What is not known is null, and never 0. `deployforge stats --json` tells each platform's days as

  "daily": {"first": day, "counts": [12, null, …], "reasons": {day: why it is not known},
            "sums": [{"first", "last", "count", "reason"}]}     days of which only the sum is known

beside `count` (the period), `total`, `windows` and `levels`, which are never added to anything, and the parts in
`versions`, `targets`, `countries` and `audiences`, each with the `source` that tells it."""


def _doit() -> str:
    return """The same with doit

  deployforge deploy v1.2.3             doit -n 8 deploy version=1.2.3
  deployforge deploy --platforms npm    doit deploy:npm
  deployforge verify --platforms npm    doit -a verify:npm
  deployforge rollback v1.2.2           doit rollback to=1.2.2
  deployforge rehearse                  doit rehearse

`version=`, `profile=`, `env_file=` stand anywhere on doit's line. Tasks have the same names, and the state is shared:
what one has done, the other does not do again. `-v` prints the doit line of a command. `doit list --all --status` shows
every task; docs/reference/doit-tasks.md describes them."""


def _presence() -> str:
    from deployforge_tasks.core.presence import State

    meaning = {
        State.ABSENT: "the version is not there: it is published",
        State.PARTIAL: "some of its pieces are there: the missing ones are published",
        State.SAME: "it is there with the same digest: nothing to do",
        State.DIFFERENT: "it is there with other content: an error, or an update where the place is yours to edit",
        State.PENDING: "it is submitted, and waits for a registry or a person: it is never sent twice",
        State.REJECTED: "the platform refused it: an error, until --force-platform says otherwise",
        State.WITHDRAWN: "it was taken back: an error, until --force-platform says otherwise",
        State.UNKNOWN: "no clear answer: asked again, then an error; unknown is never taken for absent",
    }
    rows = [(str(state), text) for state, text in meaning.items()]
    return "\n".join(["What a platform says about a version, and what follows", "", *columns(rows, _plain)])


def _man() -> str:
    from deployforge_tasks.cli.manpage import page

    return page().rstrip()


#: The topics by name.
TOPICS: Mapping[str, Callable[[], str]] = {
    "environment": _environment,
    "exit-codes": exit_codes.as_text,
    "json": _json,
    "doit": _doit,
    "presence": _presence,
    "man": _man,
}
