"""The packages of ``deployforge[analytics]``, which only those who ask for insights need."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from deployforge_tasks.core.errors import ConfigError


def need_models() -> None:
    """See that the statistical models can be imported.

    Raises:
        ConfigError: they are not installed.
    """
    if importlib.util.find_spec("statsmodels") is None:
        raise ConfigError(
            "insights need the `statsmodels` package",
            hint="install it with `pip install 'deployforge[analytics]'`; `deployforge stats` works without it",
            code="DF3400",
        )


@contextmanager
def quietly() -> Iterator[None]:
    """Fit a model without its warnings; what it cannot do is seen in its result."""
    importlib.import_module("statsmodels.tools.sm_exceptions")  # changes the filters for warnings when it is imported

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
