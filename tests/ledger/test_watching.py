"""`deploy --watch` and `logs` with either ledger: what is shown comes from there, and from nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.shop import open_shop


def test_a_watched_run_is_shown_and_remembered(ledger_url: str, tmp_path: Path) -> None:
    with open_shop(tmp_path / "shop") as shop:
        shop.environ["DEPLOYFORGE_LEDGER"] = ledger_url
        done = shop.run("deploy", "--watch", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"north +publish +ok", done.stderr)
        assert "3 published" in done.stdout
        assert "run 1 ended: ok" in shop.run("logs", "-f").stderr
        assert not (shop.folder / ".deployforge" / "ledger.db").exists()
