"""A formula, evaluated by a real Ruby (``formula.rb`` says what it can do)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

FORMULA = Path(__file__).with_name("formula.rb")
needs_ruby = pytest.mark.skipif(
    shutil.which("ruby") is None or shutil.which("bsdtar") is None, reason="ruby and bsdtar are not on this machine"
)
