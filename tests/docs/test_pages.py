"""What the hand-written pages show is true: links lead somewhere, the examples load and work."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from deployforge_tasks.cli.root import root
from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.model import Publication
from deployforge_tasks.core.presence import State
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.platforms.base import Platform
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from tests.docs.walk import ROOT
from tests.support.jobs import make_job, packaged, publish
from tests.support.running import running

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
HOW_TO = ROOT / "docs" / "how-to" / "add-a-platform.md"


def _block(page: Path, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in PAGES[1:]} - {"README.md"}

    assert {page for page in pages if page not in index and not page.startswith("adr/")} == set()


def _commands(page: Path) -> Iterator[list[str]]:
    """The words of every `deployforge` command on a page, in code and in sentences."""
    text = page.read_text("utf-8")
    for line in re.findall(r"^ *(?:\$ |- run: )?(deployforge [a-z].*)$|`(deployforge [a-z][^`]*)`", text, re.MULTILINE):
        yield re.split(r"\s*(?:[|;>#&…]|\s{2})", "".join(line))[0].split()[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    wrong = []
    for words in _commands(page):
        command: click.Command | None = root
        options = {name for o in root.params for name in o.opts}
        rest = list(words)
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            command = command.get_command(click.Context(command), rest.pop(0))
        if command is not None:
            options |= {name for o in command.params for name in (*o.opts, *o.secondary_opts)} | {"-h", "--help"}
        used = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
        wrong += [words] if command is None or not set(used) <= options else []

    assert wrong == []


def test_the_configuration_of_the_readme_is_short_and_loads(tmp_path: Path) -> None:
    text = _block(ROOT / "README.md", "yaml")
    (tmp_path / "deployforge.yml").write_text(text, "utf-8")

    loaded = Settings(tmp_path / "deployforge.yml", version="1.0.0", environ={}).load()

    assert len(text.splitlines()) <= 15
    assert [*loaded.options] == [*yaml.safe_load(text)["platforms"]]
    assert loaded.warnings == ()


class Shelf(StandIn):
    """The registry that the example of the how-to page describes."""

    name = "example"
    serves = ("example",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.files: dict[str, bytes] = {}

    @route("PUT", r"/hello-forge/1\.0\.0/(?P<file>[^/]+)")
    def put(self, request: Request, file: str) -> Reply:
        if request.headers["Authorization"] != "Bearer right":
            return Reply(401)
        self.files[file] = request.body
        return Reply(201)

    @route("GET", r"/hello-forge/1\.0\.0")
    def listing(self, request: Request) -> Reply:
        import hashlib

        files = [{"name": n, "sha256": hashlib.sha256(body).hexdigest()} for n, body in self.files.items()]
        return Reply(200, {"files": files}) if files else Reply(404)

    @route("GET", r"/hello-forge/latest")
    def latest(self, request: Request) -> Reply:
        return Reply(200, {"version": "1.0.0"}) if self.files else Reply(404)

    @route("GET", r"/account")
    def account(self, request: Request) -> Reply:
        if request.headers["Authorization"] != "Bearer right":
            return Reply(401)
        return Reply(200, {"name": "maker", "rights": ["publish"], "token_ends": "2099-01-01T00:00:00+00:00"})

    def overlay(self, platforms: Any) -> dict[str, dict[str, Any]]:
        return {"example": {"registry": self.url}}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"example": {"token": "right"}}

    def publications(self) -> list[Publication]:
        return [Publication("example", name, "1.0.0") for name in self.files]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with running(Shelf(tmp_path / "shelf")) as made:
        yield made


def _example() -> Platform[Any]:
    module = types.ModuleType("example_platform")
    exec(compile(_block(HOW_TO, "python"), str(HOW_TO), "exec"), module.__dict__)
    platform: Platform[Any] = module.__dict__["Example"]()
    return platform


def test_the_platform_of_the_how_to_page_publishes_what_is_missing(tmp_path: Path, shelf: Shelf) -> None:
    platform = _example()
    job = make_job(platform, tmp_path, options=shelf.overlay(None)["example"], secrets=shelf.secrets()["example"])
    before = platform.presence(packaged(platform, job)).state

    after = platform.presence(publish(platform, job)).state

    assert (before, after) == (State.ABSENT, State.SAME)
    assert sorted(p.name for p in shelf.publications()) == sorted(platform.pieces(job))


def test_the_platform_of_the_how_to_page_completes_what_is_partly_there(tmp_path: Path, shelf: Shelf) -> None:
    platform = _example()
    job = make_job(platform, tmp_path, options=shelf.overlay(None)["example"], secrets=shelf.secrets()["example"])
    done = publish(platform, job)
    lost = platform.pieces(job)[1]
    del shelf.files[lost]

    assert platform.presence(done).missing == (lost,)


def test_the_platform_of_the_how_to_page_tells_what_is_live_and_whose_token_it_is(tmp_path: Path, shelf: Shelf) -> None:
    platform = _example()
    options = shelf.overlay(None)["example"]
    job = make_job(platform, tmp_path, options=options, secrets=shelf.secrets()["example"])
    assert platform.live(job) is None

    publish(platform, job)
    live, identity = platform.live(job), platform.whoami(job)

    assert live is not None
    assert (live.version, identity.who, identity.expires) == ("1.0.0", "maker", datetime(2099, 1, 1, tzinfo=UTC))
    with pytest.raises(CredentialError) as caught:
        platform.whoami(make_job(platform, tmp_path, options=options, secrets={"token": "wrong"}))
    assert "EXAMPLE_TOKEN" in caught.value.hint
