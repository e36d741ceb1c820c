"""A real NuGet v2 server (minchoc, on Django) for one test, on a free port of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployforge_tasks.effects.clock import Clock, Patience, poll

_SETTINGS = """
SECRET_KEY = "only-for-a-test"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "feed_urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "minchoc"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {database!r}}}}}
MEDIA_ROOT = {media!r}
ALLOW_PACKAGE_DELETION = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
_URLS = """
from django.urls import include, path
urlpatterns = [path("api/v2/", include("minchoc.urls"))]
"""
_SERVE = """
import socket, sys, uuid
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
user = User.objects.create_user("owner")
user.nugetuser.token = uuid.UUID({key!r})
user.nugetuser.save()
from wsgiref.simple_server import make_server, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass
server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def minchoc(folder: Path, key: str) -> Iterator[str]:
    """Run the server; yields its base URL. `key` (a GUID) is what may push."""
    folder.mkdir(parents=True)
    (folder / "feed_urls.py").write_text(_URLS)
    (folder / "feed_settings.py").write_text(
        _SETTINGS.format(database=str(folder / "feed.sqlite3"), media=str(folder / "media"))
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "feed_settings", "PYTHONPATH": str(folder)}
    with (folder / "log.txt").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVE.format(key=key)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert server.stdout is not None
    try:
        port = server.stdout.readline().strip()
        assert port, (folder / "log.txt").read_text()
        url = f"http://127.0.0.1:{port}"
        assert poll(Clock(), lambda: _answers(f"{url}/api/v2/"), bool, Patience(0.02, 0.2, 15))
        yield url
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False
