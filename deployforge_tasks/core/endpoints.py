"""The default public endpoints: product data, in this one place and nowhere else.

Every one of them can be overridden per platform in ``deployforge.yml`` (``registry:``, ``api:`` …) or by a profile,
so that every adapter can be pointed at another server.
"""

from __future__ import annotations

GITHUB_API = "https://api.github.com"
GITHUB_UPLOADS = "https://uploads.github.com"
GITHUB_WEB = "https://github.com"
GITHUB_PACKAGES_NPM = "https://npm.pkg.github.com"

NPM_REGISTRY = "https://registry.npmjs.org"
NPM_WEB = "https://www.npmjs.com"

PYPI_UPLOAD = "https://upload.pypi.org/legacy/"
PYPI_INDEX = "https://pypi.org"

DOCKER_REGISTRY = "https://registry-1.docker.io"
DOCKER_HOST = "docker.io"

CRATES_API = "https://crates.io"
CRATES_INDEX = "https://index.crates.io"
CRATES_DOWNLOAD = "https://static.crates.io/crates"

CHOCOLATEY_FEED = "https://community.chocolatey.org/api/v2"
CHOCOLATEY_PUSH = "https://push.chocolatey.org/api/v2/package/"
CHOCOLATEY_WEB = "https://community.chocolatey.org"

VSCODE_MARKETPLACE = "https://marketplace.visualstudio.com"

SNAP_STORE_API = "https://api.snapcraft.io"
SNAP_DASHBOARD = "https://dashboard.snapcraft.io"
SNAP_UPLOADS = "https://storage.snapcraftcontent.com"

AUR_SSH = "ssh://aur@aur.archlinux.org"
AUR_WEB = "https://aur.archlinux.org"
#: SHA256 fingerprint of the AUR's Ed25519 host key (aurweb conf/config.defaults, [fingerprints]).
AUR_HOST_KEY = "SHA256:HQ03dn6EasJHNDlt51KpQpFkT3yBX83x7BoIkA1iv2k"
