"""E-mail: one message with a plain and an HTML part."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.effects.smtp import NONE, PORTS, TLS, MailServer, send_mail
from deployforge_tasks.notify.message import HTML, PLAIN
from deployforge_tasks.notify.sending import Sending, incomplete, malformed, variable
from deployforge_tasks.project.schema_channels import EmailChannel

LONGEST_TEXT = 100_000


def send(sending: Sending[EmailChannel]) -> str:
    """Send the message; says for whom the server took it.

    Raises:
        ConfigError: server, sender or receivers are missing or malformed.
    """
    options = sending.options
    url = urlsplit(sending.secrets.get("url", ""))
    asked = {name: values[-1] for name, values in parse_qs(url.query).items()}
    named = [part.strip() for part in asked.get("to", "").split(",") if part.strip()]
    to = list(sending.to or options.to or named) or ([sending.author] if sending.author else [])
    server = _server(sending, url.scheme)
    sender = options.sender or asked.get("from") or (server.user if "@" in server.user else "") or next(iter(to), "")
    if not to:
        raise incomplete(
            f"nobody is named who gets the mail of {sending.channel}",
            f"add `monitoring.channels.{sending.channel}.to: [somebody@example.com]`",
        )
    mail = _mail(sending, sender, to)
    return send_mail(server, mail, parseaddr(sender)[1], [parseaddr(a)[1] for a in to], sending.timeout)


def _server(sending: Sending[EmailChannel], scheme: str) -> MailServer:
    options, name = sending.options, variable(sending.options, "url")
    if scheme and scheme not in ("smtp", "smtps"):
        raise malformed(f"{name} does not begin with smtp:// or smtps://", _FORM)
    url = urlsplit(sending.secrets.get("url", ""))
    try:
        port = options.port or url.port
    except ValueError:
        raise malformed(f"the port in {name} is no number", _FORM) from None
    host = options.server or url.hostname or ""
    if not host:
        raise incomplete(
            f"nothing says which server {sending.channel} sends its mail by",
            f"add `monitoring.channels.{sending.channel}.server`, or set {name} ({_FORM})",
        )
    security = TLS if scheme == "smtps" and not options.server else options.security
    password = sending.secrets.get("password") or unquote(url.password or "")
    user = options.user or unquote(url.username or "")
    if password and not user and security != NONE:
        user = parseaddr(options.sender or "")[1]
    return MailServer(host, port or PORTS[security], security, user, password)


_FORM = "smtp://user:password@host:587 or smtps://user:password@host:465"


def _mail(sending: Sending[EmailChannel], sender: str, to: list[str]) -> EmailMessage:
    message = sending.message
    mail = EmailMessage()
    try:
        mail["From"] = _address(sender)
        mail["To"] = [_address(address) for address in to]
    except ValueError as error:
        raise ConfigError(
            f"a mail address of {sending.channel} is none: {error}",
            hint="write somebody@example.com",
            code="DF1404",
        ) from error
    mail["Subject"] = message.headline
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer from somebody's holidays
    mail.set_content(message.text(PLAIN, LONGEST_TEXT) or message.headline)
    mail.add_alternative(message.text(HTML, LONGEST_TEXT), subtype="html")
    return mail


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    if "@" not in address.strip("@"):
        raise ValueError(f"`{text}`")
    return Address(display_name=name, addr_spec=address)
