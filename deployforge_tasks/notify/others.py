"""Everything else: through Apprise (https://github.com/caronc/apprise), which is imported only when it is used."""

from __future__ import annotations

import logging
import sys
from typing import Any

from deployforge_tasks.core.errors import ConfigError, NetworkError, PreflightError
from deployforge_tasks.notify.message import PLAIN
from deployforge_tasks.notify.sending import Sending, variable
from deployforge_tasks.project.schema_channels import AppriseChannel, DesktopChannel

LONGEST_TEXT = 4000
_DESKTOPS = {"darwin": "macosx://", "win32": "windows://"}


def send(sending: Sending[AppriseChannel]) -> str:
    """Send the message to the service behind the channel's URL; says that it was taken.

    Raises:
        PreflightError: Apprise is not installed.
        ConfigError: Apprise does not know such a URL.
        NetworkError: the service did not take it.
    """
    url = sending.secrets["url"]
    hint = f"see how Apprise writes the URL of that service, and correct {variable(sending.options, 'url')}"
    return _notify(sending, url, hint)


def send_to_desktop(sending: Sending[DesktopChannel]) -> str:
    """Show the message on this machine; raises as `send`."""
    return _notify(sending, _DESKTOPS.get(sys.platform, "dbus://"), "this machine has no desktop that shows messages")


def _notify(sending: Sending[Any], url: str, hint: str) -> str:
    try:
        import apprise
    except ModuleNotFoundError as error:
        raise PreflightError(
            f"the channel {sending.channel} needs the `apprise` package",
            hint="install it with `pip install 'deployforge[notify]'`",
            code="DF1430",
        ) from error
    services = apprise.Apprise()
    with apprise.LogCapture(level=logging.WARNING) as said:  # type: ignore[no-untyped-call]
        if not services.add(url):
            raise ConfigError(
                f"Apprise cannot use the address of the channel {sending.channel}", hint=hint, code="DF1431"
            )
        message = sending.message
        longest = min(LONGEST_TEXT, *(service.body_maxlen for service in services))
        kind = apprise.NotifyType.SUCCESS if message.good else apprise.NotifyType.WARNING
        body = message.text(PLAIN, longest) or message.headline
        taken = services.notify(body=body, title=message.headline, notify_type=kind)
        why = " ".join(said.getvalue().split())[:300]
    if not taken:
        text = f"Apprise could not deliver to {sending.channel}" + (f": {why}" if why else "")
        raise NetworkError(text, hint="check the service and its URL", code="DF1432")
    return "taken"
