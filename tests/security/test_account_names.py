"""The name of an account goes with a secret and is none: what is named after it stays readable."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.support.worlds import world


def test_images_in_the_account_s_own_namespace_keep_their_names(tmp_path: Path) -> None:
    with world("docker", tmp_path) as made:
        (account,) = {v for k, v in made.environ.items() if k.startswith("DEPLOYFORGE_REHEARSAL_DOCKER_USERNAME")}
        file = made.folder / "deployforge.yml"
        config = yaml.safe_load(file.read_text("utf-8"))
        config["platforms"]["docker"]["images"] = [f"docker.io/{account}/hello-forge:1.0.0"]
        file.write_text(yaml.safe_dump(config), "utf-8")

        first, second = made.deploy(), made.deploy()

        pieces = [piece for (piece,) in made.rows("select piece from receipts where kind = 'ours'")]
        assert pieces
        assert all(f"{account}/hello-forge" in piece for piece in pieces)
        assert first.returncode == second.returncode == 0
        assert "by name" not in second.stdout + second.stderr
