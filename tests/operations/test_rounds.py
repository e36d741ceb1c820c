"""A deploy in several rounds: what is tried again, and what becomes of it together."""

from __future__ import annotations

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, NetworkError
from deployforge_tasks.operations.deploy import DeployResult, PlatformResult
from deployforge_tasks.operations.rounds import again, held_back, merged


def platform(name: str, outcome: str, *needs: str, error: DeployForgeError | None = None) -> PlatformResult:
    return PlatformResult(name, name, outcome, needs=needs, error=error)


def result(*platforms: PlatformResult, code: int = 0, outcome: str = "ok") -> DeployResult:
    errors = tuple(p.error for p in platforms if p.error is not None)
    return DeployResult("hello", "1.0.0", "", {p.name: p for p in platforms}, code, outcome, 1.0, 1, errors)


def failed(name: str, kind: type[DeployForgeError] = NetworkError) -> PlatformResult:
    return platform(name, "failed", error=kind("no", hint="", platform=name))


def test_a_hub_of_a_hub_holds_back_too() -> None:
    chain = result(platform("a", "planned"), platform("b", "planned", "a"), platform("c", "planned", "b"))
    assert held_back("c", chain.platforms, ["a"]) == "a"
    assert held_back("c", chain.platforms, ["other"]) is None


def test_what_was_blocked_by_the_failure_is_tried_with_it() -> None:
    first = result(failed("a"), failed("x"), platform("b", "blocked", "a"), platform("y", "blocked", "x"))
    assert again(first, ["a"]) == ["a", "b"]


def test_both_rounds_are_one_result() -> None:
    first = result(platform("npm", "published"), failed("pypi"), code=6, outcome="failed")
    both = merged(first, result(platform("pypi", "published")))
    assert {p.name: p.outcome for p in both.platforms.values()} == {"npm": "published", "pypi": "published"}
    assert (both.exit_code, both.outcome, both.errors, both.seconds) == (0, "ok", (), 2.0)


def test_a_failure_that_was_left_alone_still_counts() -> None:
    first = result(failed("npm", CredentialError), failed("pypi"), code=1, outcome="failed")
    both = merged(first, result(platform("pypi", "published")))
    assert (both.exit_code, both.outcome) == (4, "failed")
    assert [error.platform for error in both.errors] == ["npm"]
