"""What gives away, in the text of a workflow, that it publishes to a platform."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployforge_tasks.core.endpoints import AUR_SSH, GITHUB_PACKAGES_NPM, NPM_REGISTRY

_GITHUB = (
    r"softprops/action-gh-release|actions/create-release|ncipollo/release-action|svenstaro/upload-release-action|"
    r"\bgh release (?:create|upload)|goreleaser/goreleaser-action|\bgoreleaser release|\bdist host\b"
)
_NPM = r"\b(?:npm|pnpm|yarn|yarn npm|lerna|changesets?) publish\b|JS-DevTools/npm-publish|\bsemantic-release\b"
_DOCKER = (
    r"docker/build-push-action[\s\S]*?push:? *['\"]?(?:true|\$)|"
    r"\bdocker (?:image )?push\b|\bdocker buildx[^\n]*--push"
)
_HOMEBREW = (
    r"bump-homebrew-formula-action|action-homebrew-bump-formula|brew bump-formula-pr|"
    r"(?:homebrew|[Ff]ormula)/[\w.${}-]+\.rb[\s\S]*git push|homebrew-tap[\s\S]*git push"
)
_PUBLISHING = (
    ("github", _GITHUB),
    ("github_packages", rf"{re.escape(GITHUB_PACKAGES_NPM)}[\s\S]*(?:npm|pnpm|yarn) publish"),
    ("npm", _NPM),
    ("pypi", r"twine upload|pypa/gh-action-pypi-publish|\b(?:poetry|uv|flit|maturin|hatch|pdm) publish\b"),
    ("docker", _DOCKER),
    ("crates", r"\bcargo publish\b|katyo/publish-crates|\bcargo release\b|release-plz/action"),
    ("homebrew", _HOMEBREW),
    ("scoop", r"ScoopInstaller/|scoop-bucket[\s\S]*git push|bucket/[\w.-]+\.json[\s\S]*git push"),
    ("chocolatey", r"\bchoco(?:latey)? push\b"),
    ("snap", r"snapcore/action-publish|\bsnapcraft (?:upload|push|release)\b"),
    ("aur", rf"github-actions-deploy-aur|{re.escape(AUR_SSH.partition('://')[2])}"),
    ("vscode", r"\bvsce publish\b|publish-vscode-extension"),
    ("open_vsx", r"\bovsx publish\b"),
    ("winget", r"winget-releaser|\bwingetcreate\b|\bkomac (?:update|submit)\b"),
    ("flathub", r"flathub/[\w.-]+\.git|flathub-infra/"),
    ("nix", r"NixOS/nixpkgs\.git|\bnix flake update\b[\s\S]*git push"),
    ("nuget", r"\bdotnet nuget push\b|\bnuget push\b"),
    ("rubygems", r"\bgem push\b|rubygems/release-gem"),
    ("krew", r"krew-release-bot"),
    ("mcp_registry", r"\bmcp-publisher publish\b"),
)
_SIGNALS = tuple((platform, re.compile(pattern)) for platform, pattern in _PUBLISHING)

# platform, its credential <- names that people give to the secret
_SECRETS = (
    ("npm", "token", r"(?:.*_)?NPM_(?:AUTH_|PUBLISH_|ACCESS_)?TOKEN|NODE_AUTH_TOKEN"),
    ("pypi", "token", r"(?:.*_)?(?:PYPI|TWINE)_(?:API_|PUBLISH_)?(?:TOKEN|PASSWORD)"),
    ("docker", "username", r"DOCKER(?:_?HUB)?_(?:USERNAME|USER|LOGIN)"),
    ("docker", "password", r"DOCKER(?:_?HUB)?_(?:ACCESS_)?(?:TOKEN|PASSWORD|PASS|SECRET)"),
    ("docker", "ghcr_password", r"(?:GHCR|CR)_(?:TOKEN|PAT)"),
    ("chocolatey", "key", r"CHOCO(?:LATEY)?_(?:API_)?(?:KEY|TOKEN)"),
    ("crates", "token", r"(?:CARGO|CRATES)(?:_IO|_REGISTRY)?(?:_API)?_TOKEN"),
    ("snap", "credentials", r"SNAP(?:CRAFT)?(?:_STORE)?_(?:CREDENTIALS|LOGIN|TOKEN|AUTH)(?:_FILE)?"),
    ("aur", "ssh_key", r"AUR_(?:SSH_)?(?:PRIVATE_)?KEY"),
    ("homebrew", "token", r"(?:HOMEBREW|BREW|TAP)_(?:\w+_)?(?:TOKEN|PAT)"),
    ("vscode", "pat", r"VSCE_(?:PAT|TOKEN)|VSCODE_(?:MARKETPLACE_)?(?:TOKEN|PAT)|VS_MARKETPLACE_TOKEN"),
    ("open_vsx", "token", r"OVSX_(?:PAT|TOKEN)|OPEN_VSX_(?:PAT|TOKEN)"),
    ("scoop", "token", r"SCOOP_(?:\w+_)?(?:TOKEN|PAT)"),
    ("winget", "token", r"WINGET_(?:\w+_)?(?:TOKEN|PAT)"),
    ("flathub", "token", r"FLATHUB_(?:\w+_)?TOKEN"),
    ("nix", "token", r"NIX(?:PKGS)?_(?:\w+_)?TOKEN"),
    ("nuget", "key", r"NUGET_(?:API_)?(?:KEY|TOKEN)"),
    ("rubygems", "key", r"(?:RUBYGEMS|GEM_HOST)_(?:API_)?(?:KEY|TOKEN)"),
)


def platforms(text: str) -> Iterator[tuple[str, int]]:
    """The platforms that a workflow's text publishes to, each with where in the text that stands."""
    found = {platform: match.start() for platform, pattern in _SIGNALS if (match := pattern.search(text))}
    if "github_packages" in found and NPM_REGISTRY not in text:
        found.pop("npm", None)  # the same command, sent elsewhere
    yield from found.items()


def credential(secret: str) -> tuple[str, str] | None:
    """The platform and its credential that a secret's name speaks of, or None."""
    return next(((p, name) for p, name, pattern in _SECRETS if re.fullmatch(pattern, secret, re.IGNORECASE)), None)
