"""A browser on this machine, to print a page as PDF."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deployforge_tasks.core.errors import PreflightError
from deployforge_tasks.effects.process import Processes

#: Names of Chromium and its kin, in the order in which they are looked for.
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "brave-browser")
#: Seconds that printing may take.
_LIMIT = 60.0


def find_browser(environ: Mapping[str, str]) -> str:
    """The browser that DEPLOYFORGE_BROWSER names, or one of Chromium's kin.

    Raises:
        PreflightError: there is none.
    """
    wanted = environ.get("DEPLOYFORGE_BROWSER", "")
    found = shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise PreflightError(
            f"there is no browser {wanted}".rstrip() if wanted else "no browser is on this machine to print with",
            hint="install Chromium or Chrome, or name one with DEPLOYFORGE_BROWSER; --format html needs none",
            code="DF3911",
        )
    return found


def print_pdf(page: str, file: Path, environ: Mapping[str, str]) -> None:
    """Print an HTML page that needs no network into a file.

    Args:
        page: the HTML.
        file: where the PDF goes.
        environ: says which browser (DEPLOYFORGE_BROWSER).

    Raises:
        PreflightError: there is no browser.
        ProgramError: it did not print.
    """
    browser = find_browser(environ)
    with tempfile.TemporaryDirectory(prefix="deployforge-print-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source, made = folder / "page.html", folder / "page.pdf"
        source.write_text(page, "utf-8")
        # https://developer.chrome.com/docs/chromium/headless: a profile of its own, and no way to any host
        flags = ["--headless=new", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"]
        if os.name == "posix" and os.geteuid() == 0:  # Chromium has no sandbox for root, and the page is our own
            flags.append("--no-sandbox")
        flags += ["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]
        flags += [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={made}"]
        Processes().run([browser, *flags, source.as_uri()], timeout=_LIMIT, env={"HOME": str(folder)})
        if not made.is_file():
            raise PreflightError(
                f"{browser} printed nothing",
                hint="name another browser with DEPLOYFORGE_BROWSER, or use --format html",
                code="DF3912",
            )
        shutil.copyfile(made, file)
