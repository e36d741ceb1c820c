"""There is nothing to build here: the program comes as a wheel for each kind of computer."""

NAME = {{ cookiecutter.name|jsonify }}
VERSION = {{ cookiecutter.version|jsonify }}
PLATFORMS = {{ cookiecutter.platforms|jsonify }}
SOURCE = {{ (cookiecutter.source or "")|jsonify }}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Say why pip chose this file, and what there is instead."""
    message = f"{NAME} {VERSION} has no wheel for this computer; there is one for: {', '.join(PLATFORMS)}"
    if SOURCE:
        message += f"; the source code is at {SOURCE}"
    raise SystemExit(message)


def build_sdist(sdist_directory, config_settings=None):
    """As `build_wheel`."""
    return build_wheel(sdist_directory)
