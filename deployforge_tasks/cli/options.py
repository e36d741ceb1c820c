"""Options with a place in the help, and the global options that stand before or after the command."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from deployforge_tasks.cli.invocation import Invocation

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


class Option(click.Option):
    """An option that belongs to a group of the help and says which environment variable sets it.

    `completes` is what it completes to, by the table in `completing` (else its own name stands there).
    """

    def __init__(
        self, *args: Any, group: str = "Options", env: str | None = None, completes: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        self.env = env
        self.completes = completes

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that this option takes, if they are known."""
        from deployforge_tasks.cli.completing import items

        return items(ctx, self.completes or self.name, incomplete) or super().shell_complete(ctx, incomplete)

    def get_help_extra(self, ctx: click.Context) -> Any:
        """What click adds to the help, without the mathematical form of a range."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


class Argument(click.Argument):
    """An argument that completes to the names that it takes."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that this argument takes, if they are known."""
        from deployforge_tasks.cli.completing import items

        return items(ctx, self.name, incomplete) or super().shell_complete(ctx, incomplete)


class VersionType(click.ParamType[str]):
    """A version, without a leading ``v``."""

    name = "version"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See that it is one; an empty one is a variable that nobody set, and must not mean the usual version."""
        from deployforge_tasks.cli.usage import Misused
        from deployforge_tasks.core.versions import Version

        if not value.strip():
            raise Misused("the version is empty", "leave it out for the project's own; is a variable not set?", ctx)
        try:
            return str(Version.parse(value))
        except ValueError as error:
            raise Misused(str(error), "one leading v is accepted, nothing else before the numbers", ctx) from None


VERSION = VersionType()


class DurationType(click.ParamType[float]):
    """A time as in ``deployforge.yml`` (``90``, ``90s``, ``10m``, ``1h30m``), in seconds; never none at all."""

    name = "duration"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from deployforge_tasks.cli.usage import Misused
        from deployforge_tasks.project.strict import seconds

        try:
            time = float(seconds(value))
        except ValueError:
            raise Misused(f"`{value}` is not a duration", "write seconds, or 90s, 10m, 1h30m", ctx) from None
        if not time:
            raise Misused(f"`{value}` leaves no time at all", "write seconds, or 90s, 10m, 1h30m", ctx)
        return time


DURATION = DurationType()


def argument(*names: str, **attributes: Any) -> Callable[[F], F]:
    """Add an argument to a command."""
    return click.argument(*names, cls=Argument, **attributes)


def option(*names: str, group: str, **attributes: Any) -> Callable[[F], F]:
    """Add an option to a command, in a group of its help."""
    return click.option(*names, cls=Option, group=group, **attributes)


def selection(command: F) -> F:
    """Add ``--platforms`` and ``--except``, which mean the same for every command about platforms."""
    return _selection(command, "platforms", "platforms")


def counted_selection(command: F) -> F:
    """The same for a command about download counts: it takes the places of ``analytics.places``, too."""
    return _selection(command, "platforms and places", "counted")


def _selection(command: F, what: str, completes: str) -> F:
    many = partial(option, group="Selection", multiple=True, metavar="A,B", completes=completes)
    without = many("--except", "without", help=f"All but these {what}.")
    wanted = many("--platforms", "wanted", help=f"Only these {what}.")
    return wanted(without(command))


def jobs_option(command: F) -> F:
    """Add ``-n``: how many tasks run at once."""
    return option(
        "-n", "--jobs", group="Behaviour", type=click.IntRange(1), default=8, metavar="N", help="Tasks at once (8)."
    )(command)


def dry_run_option(command: F) -> F:
    """Add ``--dry-run`` to a command that sends something."""
    return option("--dry-run", group="Behaviour", is_flag=True, help="Only look and plan; nothing is sent.")(command)


def force_option(command: F) -> F:
    """Add ``--force-platform``, the only way to publish what was rejected or withdrawn."""
    return option(
        "--force-platform",
        "force",
        group="Behaviour",
        multiple=True,
        metavar="A,B",
        help="Publish again there although the version was rejected or withdrawn.",
    )(command)


def fail_fast_option(command: F) -> F:
    """Add ``--fail-fast``, and the default by its name."""
    return option(
        "--fail-fast/--keep-going",
        group="Behaviour",
        default=False,
        help="After the failure of a required platform begin nothing new (default: keep going).",
    )(command)


def strict_option(command: F) -> F:
    """Add ``--strict`` to a command that publishes."""
    return option(
        "--strict",
        group="Behaviour",
        is_flag=True,
        help="Exit with 9 when something waits, with 10 when a platform failed that is not required.",
    )(command)


def _store(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Keep a global option's value; the command's own wins over the one before the command."""
    source = context.get_parameter_source(parameter.name or "")
    if source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT):
        setattr(context.ensure_object(Invocation), parameter.name or "", value)


def _change_directory(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None or context.resilient_parsing:
        return
    try:
        os.chdir(value)
    except OSError as error:
        raise click.BadParameter(f"`{value}` is no folder that can be entered ({error.strerror})") from error


def global_options(*, root: bool) -> list[Option]:
    """The global options; only those of the program itself (`root`) read the environment."""

    def make(*names: str, env: str | None = None, **attributes: Any) -> Option:
        attributes.setdefault("callback", _store)
        return Option(
            names, group="Global options", expose_value=False, env=env, envvar=env if root else None, **attributes
        )

    return [
        make(
            "-C",
            "--directory",
            metavar="DIR",
            callback=_change_directory,
            is_eager=True,
            help="Work in this folder.",
        ),
        make(
            "-c",
            "--config",
            metavar="FILE",
            default="deployforge.yml",
            env="DEPLOYFORGE_CONFIG",
            help="Configuration file (default: deployforge.yml).",
        ),
        make(
            "--profile",
            metavar="NAME",
            default="",
            env="DEPLOYFORGE_PROFILE",
            help="Profile of the configuration to use.",
        ),
        make(
            "--env-file",
            metavar="FILE",
            env="DEPLOYFORGE_ENV_FILE",
            help="Read more environment variables from here.",
        ),
        make("-y", "--yes", is_flag=True, help="Do not ask before publishing what cannot be undone."),
        make("--no-input", "ask", is_flag=True, flag_value=False, default=True, help="Never ask anything."),
        make("-q", "--quiet", is_flag=True, help="Show results and errors only."),
        make("-v", "--verbose", count=True, help="Show more (-vv: the log of every task)."),
        make(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            env="DEPLOYFORGE_COLOR",
            help="When to use colour (NO_COLOR and FORCE_COLOR count too).",
        ),
        make(
            "--no-progress",
            "progress",
            is_flag=True,
            flag_value=False,
            default=True,
            help="One line per change instead of a live display.",
        ),
        make(
            "--json",
            metavar="",
            type=click.Choice(["document", "stream"]),
            help="Write JSON to stdout (--json=stream: events as they happen, one a line).",
        ),
    ]
