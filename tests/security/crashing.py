"""The real command with a fault of its own, whose error holds every credential (the test names the variables)."""

from __future__ import annotations

import os
import sys
from typing import Any
from unittest.mock import patch

from deployforge_tasks.cli.main import main
from deployforge_tasks.operations import deploy


def _broken(*_: Any) -> None:
    raise RuntimeError("cannot go on with " + " ".join(os.environ[name] for name in os.environ["CANARIES"].split()))


if __name__ == "__main__":
    with patch.object(deploy, "_result", _broken):
        sys.exit(main())
