"""The default public endpoints and the pages that hints name: product data, in this one place and nowhere else.

Every endpoint can be overridden per platform in ``deployforge.yml`` (``registry:``, ``api:`` …) or by a profile,
so that every adapter can be pointed at another server.
"""

from __future__ import annotations

GITHUB_API = "https://api.github.com"
GITHUB_UPLOADS = "https://uploads.github.com"
GITHUB_WEB = "https://github.com"
GITHUB_TOKENS = "https://github.com/settings/personal-access-tokens/new"
GITHUB_NOREPLY = "noreply@users.noreply.github.com"
GITHUB_RAW_HOST = "raw.githubusercontent.com"
GITHUB_PACKAGES_NPM = "https://npm.pkg.github.com"

NPM_REGISTRY = "https://registry.npmjs.org"
NODEJS_WEB = "https://nodejs.org"
NPM_WEB = "https://www.npmjs.com"
NPM_DOWNLOADS = "https://api.npmjs.org"

PYPI_UPLOAD = "https://upload.pypi.org/legacy/"
PYPI_INDEX = "https://pypi.org"
PYPISTATS = "https://pypistats.org"
#: A public ClickHouse with every download from PyPI (https://clickpy.clickhouse.com), and the user that may ask it.
CLICKPY = "https://sql-clickhouse.clickhouse.com"
CLICKPY_USER = "demo"
#: The same one has every download from RubyGems (https://clickgems.clickhouse.com).
CLICKGEMS = CLICKPY
CLICKGEMS_USER = CLICKPY_USER

DOCKER_REGISTRY = "https://registry-1.docker.io"
DOCKER_HOST = "docker.io"
DOCKER_WEB = "https://hub.docker.com"
DOCKER_ACCOUNT = "https://app.docker.com/settings"
GHCR_HOST = "ghcr.io"

CRATES_API = "https://crates.io"
CRATES_INDEX = "https://index.crates.io"
#: How a dependency on crates.io is written in an upload to another registry.
CRATES_GIT_INDEX = "https://github.com/rust-lang/crates.io-index"
RUSTUP_WEB = "https://rustup.rs"

CHOCOLATEY_FEED = "https://community.chocolatey.org/api/v2"
CHOCOLATEY_PUSH = "https://push.chocolatey.org/api/v2/package/"
CHOCOLATEY_WEB = "https://community.chocolatey.org"
CHOCOLATEY_RULES = "https://docs.chocolatey.org/en-us/community-repository/moderation/package-validator/rules"

VSCODE_MARKETPLACE = "https://marketplace.visualstudio.com"
VSCODE_DOCS = "https://code.visualstudio.com/api"

SNAP_STORE_API = "https://api.snapcraft.io"
SNAP_DASHBOARD = "https://dashboard.snapcraft.io"
SNAP_UPLOADS = "https://storage.snapcraftcontent.com"
SNAP_WEB = "https://snapcraft.io"
SNAP_FORUM = "https://forum.snapcraft.io"
UBUNTU_LOGIN = "https://login.ubuntu.com"

HOMEBREW_WEB = "https://brew.sh"
HOMEBREW_ANALYTICS = "https://formulae.brew.sh/api/analytics"

AUR_SSH = "ssh://aur@aur.archlinux.org"
AUR_WEB = "https://aur.archlinux.org"
#: The AUR's Ed25519 host key; its fingerprint SHA256:RFzBCUItH9LZS0cKB5UE6ceAYhBD5C8GeOBip8Z11+4 stands on the front
#: page of AUR_WEB.
AUR_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEuBKrPzbawxA/k2g6NcyV5jmqwJ2s+zpgZGZ7tpLIcN"

FLATHUB_WEB = "https://flathub.org"
RUBYGEMS_WEB = "https://rubygems.org"

TELEGRAM_API = "https://api.telegram.org"
