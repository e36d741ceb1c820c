"""`analytics.places`: who counts the project besides the platforms, and what is refused there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.kinds import KINDS, FakeKind, SnapOptions, load_text, problem_of, problems_of


def places(text: str) -> str:
    return f"analytics: {{places: {{{text}}}}}\n"


def test_places_are_named_in_one_order(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, places("rubygems: {gem: hello}, flathub: {app: com.example.Hello}"))
    assert loaded.project.analytics.places.names == ("flathub", "rubygems")


def test_a_place_that_nobody_knows_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, places("flathup: {app: com.example.Hello}"))
    assert (problem.path, problem.hint) == ("analytics.places.flathup", "did you mean `flathub`?")


@pytest.mark.parametrize(
    ("section", "path", "says"),
    [
        ("flathub: {}", "flathub.app", "`app` is missing"),
        ("flathub: {app: Hello}", "flathub.app", "`Hello` is no application ID; write it as on Flathub"),
        ("flathub: {app: com.example.Hello/../x}", "flathub.app", "is no application ID"),
        ("rubygems: {gem: a/b}", "rubygems.gem", "`a/b` is no name of a gem"),
        ("rubygems: {gem: hello, api: here}", "rubygems.api", "this is no address; write https://…"),
        ("downloads: {url: counts.csv}", "downloads.url", "this is no address; write https://…"),
        ("downloads: {url: 'https://me:hidden@h.example/c'}", "downloads.url", "must not hold a name or a password"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_at_its_place(tmp_path: Path, section: str, path: str, says: str) -> None:
    problem = problem_of(tmp_path, places(section))
    assert problem.path == f"analytics.places.{path}"
    assert says in problem.message
    assert "hidden" not in problem.message


@pytest.mark.parametrize("section", ["{places: {docker: {}}}", "{places: {flathub: {app: a.b.c, gem: x}}}"])
def test_sections_are_strict(tmp_path: Path, section: str) -> None:
    assert all(p.message.startswith("unknown option") for p in problems_of(tmp_path, f"analytics: {section}\n"))


def test_a_platform_that_is_published_to_is_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "flathub", FakeKind("flathub", SnapOptions))
    text = "platforms: {flathub: {}}\n" + places("flathub: {app: com.example.Hello}")
    problem = problem_of(tmp_path, text)
    assert (problem.place, problem.path) == ("deployforge.yml:4:22", "analytics.places.flathub")
    assert problem.message == "`flathub` is a platform that is published to"
    assert problem.hint == "remove it here: `platforms.flathub` is counted anyway"


def test_a_platform_that_is_switched_off_may_be_a_place(tmp_path: Path) -> None:
    text = "platforms: {flathub: {enabled: false}}\n" + places("flathub: {app: com.example.Hello}")
    assert load_text(tmp_path, text).project.analytics.places.names == ("flathub",)


def test_a_token_is_named_and_never_written(tmp_path: Path) -> None:
    url = "url: 'https://get.example.com/c.csv'"
    loaded = load_text(tmp_path, places(f"downloads: {{{url}, credentials: {{token: HELLO_TOKEN}}}}"))
    assert loaded.project.analytics.places.variables == ("HELLO_TOKEN",)
    problem = problem_of(tmp_path, places(f"downloads: {{{url}, credentials: {{token: 's3cr3t!'}}}}"))
    assert "this is not the name of an environment variable" in problem.message
    assert "s3cr3t" not in problem.message + problem.hint


def test_a_token_travels_over_https_only(tmp_path: Path) -> None:
    section = "downloads: {url: 'http://get.example.com/c.csv', credentials: {token: HELLO_TOKEN}}"
    assert "sent over https only" in problem_of(tmp_path, places(section)).message


def test_a_hook_gets_no_token_of_a_place(tmp_path: Path) -> None:
    section = "downloads: {url: 'https://get.example.com/c.csv', credentials: {token: HELLO_TOKEN}}"
    text = places(section) + "hooks: [{before: run, run: [true], env: [HELLO_TOKEN]}]\n"
    assert "HELLO_TOKEN holds a credential" in problem_of(tmp_path, text.replace("[true]", "['true']")).message


def test_a_place_may_cost_something(tmp_path: Path) -> None:
    text = places("flathub: {app: com.example.Hello}") + "costs: {platforms: {flathub: {monthly: 5}}}\n"
    assert load_text(tmp_path, text).project.costs.platforms["flathub"].monthly == 5
