"""One file per platform: a module here that defines a `Platform` is one; an underscore marks the parts of one.

A part begins with the name of its platform (``_snap_store`` is ``snap``'s), or of what several platforms share or one
speaks or writes:

- `_verify`, `_release_files`: every platform that runs the program, or points at the release files
- `_git`, `_git_checks`, `_git_github`, `_git_verify`: platforms that are git repositories (aur, homebrew, scoop)
- `_npm` and ``_npm_…``: npm's protocol (npm, github_packages)
- `_oci` and ``_oci_…``: container registries and images (docker)
- `_cargo`: crates and the registry's messages (crates)
- `_gallery`, `_vsix`: the Marketplace's protocol and the format of its packages (vscode)
- `_nupkg`: the format of NuGet's packages (chocolatey)
- `_squashfs` and ``_squashfs_…``: the file system inside a snap (snap)
- `_wheel`: the format of Python's packages (pypi)
- `_counting`, `_clickhouse`: whoever is asked for download counts (every platform, and ``places/``)

``places/`` has those that count the project and that we do not publish to: they are no platforms.
"""
