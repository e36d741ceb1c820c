"""The server under every stand-in, and which registry speaks for which platform."""

from __future__ import annotations

from pathlib import Path

from deployforge_tasks.effects.clock import Patience
from deployforge_tasks.effects.http import Http
from deployforge_tasks.rehearsal.registries import Registries, stand_ins
from deployforge_tasks.rehearsal.server import Reply, Request, route
from deployforge_tasks.rehearsal.stand_ins.git import GitStandIn
from deployforge_tasks.rehearsal.stand_ins.npm import Npm


class Broken(Npm):
    """A stand-in with a fault of its own."""

    @route("GET", "/-/broken")
    def broken(self, request: Request) -> Reply:
        raise KeyError(request.path)


class Aur(GitStandIn):
    """Another server for one of the platforms that the git stand-in serves."""

    name = "other"
    serves = ("aur",)
    title = "another server"


def test_a_fault_of_a_stand_in_is_an_answer_that_says_so(tmp_path: Path) -> None:
    registry = Broken(tmp_path)
    registry.start()
    try:
        answer = Http(patience=Patience(0.01, 0.01, 0.0)).get(f"{registry.url}/-/broken", ok=(500,))
    finally:
        registry.stop()

    assert answer.json() == {"message": "the npm stand-in failed: KeyError: '/-/broken'"}
    assert registry.journal == [("GET", "/-/broken", 500)]


def test_each_platform_is_pointed_at_its_own_registry(tmp_path: Path) -> None:
    with Registries(tmp_path, {"aur": {}, "scoop": {}}, {**stand_ins(), "aur": Aur}) as registries:
        overlay, urls = registries.overlay()["platforms"], registries.addresses()

        assert urls["aur"] != urls["scoop"]
        assert overlay["aur"]["server"] == f"{urls['aur']}/aur"
        assert overlay["scoop"]["remote"].startswith(urls["scoop"])
        assert (registries.title("aur"), registries.title("scoop")) == ("another server", "stand-in")
