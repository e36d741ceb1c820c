"""Sending mail: one message over SMTP, encrypted unless it is asked otherwise (RFC 5321, RFC 3207, RFC 8314)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage

from deployforge_tasks.core.errors import ConfigError, CredentialError, DeployForgeError, NetworkError, PreflightError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.http import is_loopback

STARTTLS, TLS, NONE = "starttls", "tls", "none"
PORTS = {STARTTLS: 587, TLS: 465, NONE: 25}


@dataclass(frozen=True)
class MailServer:
    """A server that takes mail for sending; `security` is ``starttls``, ``tls`` or ``none``."""

    host: str
    port: int
    security: str = STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)


def send_mail(server: MailServer, message: EmailMessage, sender: str, to: Sequence[str], timeout: float) -> str:
    """Hand a message over; says for whom it was taken.

    Args:
        server: where.
        message: with all its headers.
        sender: the address that errors go back to.
        to: the receivers' addresses.
        timeout: seconds for each answer of the server.

    Raises:
        CredentialError: the server refuses the user's name or password.
        PreflightError: the server cannot encrypt.
        ConfigError: a password would be sent in plain text, or the server refuses the message.
        NetworkError: no usable answer, or one that says "later".
    """
    if server.password and server.security == NONE and not is_loopback(f"smtp://{server.host}"):
        raise ConfigError(
            f"the password for {server.host} would be sent without encryption",
            hint="use `security: starttls` or `security: tls`",
            code="DF1420",
        )
    try:
        with _connect(server, timeout) as client:
            if server.password:
                client.login(server.user, server.password)
            refused = client.send_message(message, sender, list(to))
    except smtplib.SMTPNotSupportedError as error:
        raise PreflightError(
            f"{server.host} does not offer what is needed: {error}",
            hint="try `security: tls`, or ask who runs the server",
            code="DF1421",
        ) from error
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        raise _readable(server, error) from error
    taken = f"taken for {len(to) - len(refused)} of {len(to)}"
    return f"{taken}; refused: {', '.join(refused)}" if refused else taken


def _connect(server: MailServer, timeout: float) -> smtplib.SMTP:
    # The name for the greeting is given, because asking the name service for it can take longer than the mail.
    here = "[127.0.0.1]"
    context = ssl.create_default_context()
    if server.security == TLS:
        return smtplib.SMTP_SSL(server.host, server.port, local_hostname=here, timeout=timeout, context=context)
    client = smtplib.SMTP(server.host, server.port, local_hostname=here, timeout=timeout)
    if server.security == STARTTLS:
        try:
            client.starttls(context=context)
        except BaseException:
            client.close()
            raise
    return client


def _readable(server: MailServer, error: Exception) -> DeployForgeError:
    where = f"{server.host}:{server.port}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        text = f"{where} refuses the login ({error.smtp_code} {_said(error.smtp_error)})"
        return CredentialError(text, hint="check the user's name and the password", code="DF1422")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = {f"{code} {_said(text)}" for code, text in error.recipients.values()}
        codes = [code for code, _ in error.recipients.values()]
        return _refused(where, "; ".join(sorted(answers)), min(codes))
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(where, f"{error.smtp_code} {_said(error.smtp_error)}", error.smtp_code)
    if isinstance(error, ssl.SSLCertVerificationError):
        return PreflightError(
            f"the certificate of {where} cannot be trusted: {error.verify_message}",
            hint="use the host name that is in the certificate; SSL_CERT_FILE names authorities of your own",
            code="DF1423",
        )
    text = redactor.text(f"{where} gave no usable answer: {str(error) or type(error).__name__}")
    return NetworkError(text, hint="check server, port and security of the channel, and the network", code="DF1424")


def _refused(where: str, said: str, code: int) -> DeployForgeError:
    """4yz means "later", 5yz "never" (RFC 5321, section 4.2.1)."""
    text = redactor.text(f"{where} refuses the message: {said}")
    if 400 <= code < 500:
        return NetworkError(text, hint="the server asks to try again later", code="DF1424")
    return ConfigError(text, hint="check the addresses of sender and receivers", code="DF1425")


def _said(text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(words.split())[:200]
