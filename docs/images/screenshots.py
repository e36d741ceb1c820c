"""Make the pictures of the dashboard: ``python docs/images/screenshots.py [folder]``, by default beside this file.

It serves the sample project with a made-up past (`sample_past`) on this machine and looks at it with Debian's Chromium.
Where there is `pngquant`, the files are a third as large.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sample_past import make_past, make_project

from deployforge_tasks.dashboard.app import create_app
from deployforge_tasks.dashboard.binding import listen
from deployforge_tasks.dashboard.desk import open_desk
from deployforge_tasks.dashboard.server import Server
from deployforge_tasks.operations.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: Each picture with its page: run 9 has failed on one platform, run 10 goes on.
PICTURES = {
    "overview": "/",
    "run": "/runs/9",
    "graph": "/runs/10/graph",
    "timeline": "/runs/9/timeline",
    "log": "/runs/9/logs?platform=pypi",
    "history": "/runs",
    "downloads": "/analytics?days=90",
    "insights": "/insights",
    "audit": "/audit",
}
DARK = {"overview-dark": "/"}
SIZE = (1280, 800)
#: Times that count on by themselves, once the page's scripts run.
_COUNTS = "[data-began]:not([data-began=''])"


def main() -> int:
    """Write every picture."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    chromium = shutil.which("chromium")
    if chromium is None:
        print("this needs chromium", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    with served() as (address, link), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        width, height = SIZE
        page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce", locale="en-GB")
        page.goto(f"{address}{link}")
        for pictures, theme in ((PICTURES, "light"), (DARK, "dark")):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            for name, path in pictures.items():
                take(page, f"{address}{path}", folder / f"{name}.png")
        browser.close()
    return 0


def take(page: Page, address: str, file: Path) -> None:
    """One picture, once what counts on it has begun to, and insights are there."""
    from playwright.sync_api import expect

    page.goto(address)
    for one in page.locator(_COUNTS).all():
        expect(one).not_to_be_empty()
    page.locator("[data-fresh=insights][data-live]").wait_for(state="detached")
    page.screenshot(path=file)
    if shutil.which("pngquant"):
        options = ["--force", "--strip", "--speed", "1", "--quality", "60-95", "--output"]
        subprocess.run(["pngquant", *options, str(file), str(file)], check=True)
    print(file.name, file.stat().st_size)


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """The dashboard; yields its address, and the path that signs on."""
    with tempfile.TemporaryDirectory() as name:
        file = make_project(Path(name))
        with (
            open_desk(Settings(file=file, environ={"DEPLOYFORGE_ACTOR": "mara"})) as desk,
            listen("127.0.0.1", 0) as socket,
        ):
            make_past(desk.ledger_url)
            app = create_app(desk)
            app.state.last_look.by_itself = False  # it would ask the public platforms
            app.state.collecting.by_itself = False
            answers = threading.Event()
            server = Server(app, answers.set)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
            thread.start()
            try:
                answers.wait(30)
                yield f"http://127.0.0.1:{socket.getsockname()[1]}", app.state.door.new_link()
            finally:
                server.should_exit = True
                thread.join(10)


if __name__ == "__main__":
    sys.exit(main())
