"""How long a run will take, by what earlier ones took."""

from __future__ import annotations

from deployforge_tasks.operations.estimate import CriticalPath, Estimate

USUAL = {
    ("github", "publish"): 10.0,
    ("npm", "publish"): 5.0,
    ("npm", "verify"): 4.0,
    ("brew", "package"): 3.0,
    ("brew", "publish"): 2.0,
    ("brew", "verify"): 20.0,
}
NEEDS = {"brew": ("github",)}


def test_the_critical_path_goes_through_the_hub() -> None:
    found = Estimate(["github", "npm", "brew"], NEEDS, USUAL).path()
    assert found == CriticalPath(("github", "brew"), 32.0)


def test_own_work_that_takes_longer_than_the_hub_leaves_the_hub_out() -> None:
    slow = {**USUAL, ("brew", "package"): 60.0}
    assert Estimate(["github", "brew"], NEEDS, slow).path() == CriticalPath(("brew",), 82.0)


def test_what_was_never_published_makes_no_guess() -> None:
    assert Estimate(["npm", "new"], {}, USUAL).path() is None
    assert Estimate([], {}, USUAL).path() is None


def test_what_is_done_and_what_runs_counts() -> None:
    estimate = Estimate(["github", "brew"], NEEDS, USUAL)
    assert estimate.left({("github", "publish"): 4.0}, {("brew", "package")}, []) == 28.0
    assert estimate.left({}, {("github", "publish"), ("brew", "publish")}, []) == 20.0 + 3.0


def test_a_stage_that_takes_longer_than_usual_is_about_to_end() -> None:
    estimate = Estimate(["npm"], {}, USUAL)
    assert estimate.left({("npm", "publish"): 50.0}, (), []) == 4.0


def test_a_platform_that_has_ended_takes_no_more_time() -> None:
    assert Estimate(["npm"], {}, USUAL).left({}, (), ["npm"]) == 0.0
