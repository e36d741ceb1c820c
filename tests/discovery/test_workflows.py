"""What workflows tell: platforms, secrets, names of release files."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.core.endpoints import GITHUB_PACKAGES_NPM
from deployforge_tasks.discovery.choice import choose, value
from deployforge_tasks.discovery.detectors import gitlab_ci, workflows
from deployforge_tasks.discovery.draft import draft
from deployforge_tasks.discovery.findings import Findings
from deployforge_tasks.discovery.survey import survey
from deployforge_tasks.discovery.tree import Tree
from tests.discovery import samples


def look(folder: Path, steps: str, **files: object) -> Findings:
    text = f"jobs:\n  job:\n    steps:\n{steps}\n"
    return workflows.detect(Tree(samples.write(folder, {".github/workflows/w.yml": text, **files})))


@pytest.mark.parametrize(
    ("step", "platform"),
    [
        ("run: npm publish --access public", "npm"),
        ("run: pnpm publish", "npm"),
        ("uses: pypa/gh-action-pypi-publish@release/v1", "pypi"),
        ("run: uv publish", "pypi"),
        ("run: cargo publish --locked", "crates"),
        ("run: choco push a.nupkg", "chocolatey"),
        ("uses: snapcore/action-publish@v1", "snap"),
        ("uses: KSXGitHub/github-actions-deploy-aur@v3", "aur"),
        ("run: npx vsce publish", "vscode"),
        ("run: gh release upload v1 a.zip", "github"),
        ("uses: softprops/action-gh-release@v2", "github"),
        ("run: docker push elks/elk:1", "docker"),
        ("uses: vedantmgoyal9/winget-releaser@main", "winget"),
        ("uses: mislav/bump-homebrew-formula-action@v3", "homebrew"),
        ("run: dotnet nuget push x.nupkg", "nuget"),
        ("run: gem push x.gem", "rubygems"),
        ("run: ovsx publish x.vsix", "open_vsx"),
    ],
)
def test_a_step_gives_its_platform_away(tmp_path: Path, step: str, platform: str) -> None:
    assert {(use.platform, use.publishes) for use in look(tmp_path, f"      - {step}").uses} == {(platform, True)}


@pytest.mark.parametrize("step", ["run: npm install", "run: cargo build", "run: curl https://example.com/snap"])
def test_a_step_that_publishes_nothing_says_nothing(tmp_path: Path, step: str) -> None:
    assert look(tmp_path, f"      - {step}").uses == ()


def test_a_job_that_never_runs_is_off_with_the_reason(tmp_path: Path) -> None:
    text = "jobs:\n  brew:\n    if: false\n    steps:\n      - run: npm publish\n"
    found = workflows.detect(Tree(samples.write(tmp_path, {".github/workflows/w.yml": text})))

    assert [(use.publishes, use.off) for use in found.uses] == [(False, "the job `brew` is switched off (`if: false`)")]


def test_a_job_that_is_commented_out_is_off_with_its_line(tmp_path: Path) -> None:
    text = "jobs:\n  a:\n    steps:\n      - run: make\n  # b:\n  #   steps:\n  #     - run: cargo publish\n"
    found = workflows.detect(Tree(samples.write(tmp_path, {".github/workflows/w.yml": text})))

    assert [(use.platform, use.source, use.publishes) for use in found.uses] == [
        ("crates", ".github/workflows/w.yml:7", False)
    ]


def test_a_workflow_put_aside_is_off(tmp_path: Path) -> None:
    text = "jobs:\n  a:\n    steps:\n      - run: npm publish\n"
    found = workflows.detect(Tree(samples.write(tmp_path, {".github/workflows/w.yml.backup": text})))

    assert [use.publishes for use in found.uses] == [False]


def test_npm_sent_to_github_is_github_packages(tmp_path: Path) -> None:
    found = look(tmp_path, f"      - with: {{registry-url: {GITHUB_PACKAGES_NPM}}}\n      - run: npm publish")

    assert [use.platform for use in found.uses] == ["github_packages"]


@pytest.mark.parametrize(
    ("secret", "option"),
    [
        ("NPM_TOKEN", "credentials.npm.token"),
        ("MY_BOT_NPM_TOKEN", "credentials.npm.token"),
        ("PYPI_API_TOKEN", "credentials.pypi.token"),
        ("DOCKERHUB_USERNAME", "credentials.docker.username"),
        ("DOCKER_PASSWORD", "credentials.docker.password"),
        ("CHOCOLATEY_API_KEY", "credentials.chocolatey.key"),
        ("CRATES_IO_TOKEN", "credentials.crates.token"),
        ("SNAPCRAFT_TOKEN", "credentials.snap.credentials"),
        ("AUR_SSH_PRIVATE_KEY", "credentials.aur.ssh_key"),
        ("HOMEBREW_TAP_GITHUB_TOKEN", "credentials.homebrew.token"),
        ("VSCE_PAT", "credentials.vscode.pat"),
    ],
)
def test_the_name_of_a_secret_tells_whose_it_is(tmp_path: Path, secret: str, option: str) -> None:
    found = look(tmp_path, f"      - run: make\n        env: {{X: '${{{{ secrets.{secret} }}}}'}}")

    assert value(choose(found.facts), option) == secret


def test_a_secret_of_any_name_is_known_by_the_variable_that_holds_it(tmp_path: Path) -> None:
    found = look(tmp_path, "      - run: npm publish\n        env: {NODE_AUTH_TOKEN: '${{ secrets.ROBOT }}'}")

    assert value(choose(found.facts), "credentials.npm.token") == "ROBOT"


def test_a_secret_that_nothing_tells_about_is_left_alone(tmp_path: Path) -> None:
    found = look(tmp_path, "      - run: npm publish\n        env: {HOOK: '${{ secrets.SLACK_WEBHOOK }}'}")

    assert not [fact for fact in found.facts if fact.option.startswith("credentials.")]


def test_a_long_line_without_end_is_no_trouble(tmp_path: Path) -> None:
    assert look(tmp_path, f"      - run: echo {'linux' * 100_000}").releases == ()


def test_a_matrix_and_variables_spell_the_release_files(tmp_path: Path) -> None:
    made = draft(survey(Tree(samples.wren(tmp_path / "wren"))))

    assert made.naming is not None
    assert made.naming.asset == "{name}-{version}-{arch}-{os}{libc}.{ext}"
    assert made.naming.ext == {"default": "tar.gz", "windows": "zip"}
    assert made.naming.targets == ("linux/amd64/musl", "linux/arm64/gnu", "darwin/arm64", "windows/amd64")


def test_images_keep_their_tags(tmp_path: Path) -> None:
    steps = """
      - uses: docker/build-push-action@v6
        with:
          push: true
          tags: |
            elks/elk:latest
            ghcr.io/elks/elk:v${{ github.ref_name }}"""
    found = look(tmp_path, steps)

    assert value(choose(found.facts), "platforms.docker.images") == ["elks/elk:latest", "ghcr.io/elks/elk:v{version}"]


def test_an_empty_workflow_is_told(tmp_path: Path) -> None:
    found = workflows.detect(Tree(samples.write(tmp_path, {".github/workflows/w.yml": ""})))

    assert [trouble.source for trouble in found.troubles] == [".github/workflows/w.yml"]


def test_jobs_of_gitlab_are_read_too(tmp_path: Path) -> None:
    text = """
        .hidden: {script: [cargo publish]}
        image: debian
        publish:
          script:
            - twine upload -p $PYPI_TOKEN dist/*
        never:
          when: never
          script: [npm publish]
        """
    found = gitlab_ci.detect(Tree(samples.write(tmp_path, {".gitlab-ci.yml": text})))

    assert [(use.platform, use.publishes) for use in found.uses] == [("pypi", True), ("npm", False)]
    assert value(choose(found.facts), "credentials.pypi.token") == "PYPI_TOKEN"
