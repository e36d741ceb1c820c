"""Mail goes through a real SMTP server: plain, with STARTTLS and a login, and encrypted from the start."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from deployforge_tasks.ledger.deliveries import Delivery
from deployforge_tasks.notify.happening import Happening, Line
from deployforge_tasks.notify.tell import tell
from deployforge_tasks.project.load import Loaded
from tests.notify.conftest import Load

PASSWORD = "canary-p@ss/word:NeverSeen"
LINE = Line("pypi", "failed", "DF4010 <refused>", "https://pypi.example/hello", "see it")
FAILURE = Happening("failure", "1.0.0", ("pypi",), "1 of 1 platform failed", "run it again", (LINE,), run=7)


class Inbox:
    """Keeps every mail; refuses those for `refused` receivers, and answers `later` times that it is busy."""

    def __init__(self) -> None:
        self.mails: list[tuple[Envelope, EmailMessage, bool]] = []
        self.refused: dict[str, str] = {}
        self.later = 0

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: Any) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.later:
            self.later -= 1
            return "451 try again"
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append((envelope, parsed, session.ssl is not None))
        return "250 taken"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = (data.login, data.password) == (b"bot@example.com", PASSWORD.encode())
    return AuthResult(success=right, handled=False)  # the server tells the client


class Server(Controller):
    """Aiosmtpd's server at a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def plain(inbox: Inbox) -> Iterator[Controller]:
    yield from _running(Server(inbox, "127.0.0.1", 0))


@pytest.fixture
def starttls(inbox: Inbox, certificate: Path) -> Iterator[Controller]:
    needed: dict[str, Any] = {"require_starttls": True, "auth_required": True, "authenticator": _login}
    yield from _running(Server(inbox, "127.0.0.1", 0, tls_context=_context(certificate), **needed))


@pytest.fixture
def encrypted(inbox: Inbox, certificate: Path) -> Iterator[Controller]:
    yield from _running(Server(inbox, "127.0.0.1", 0, ssl_context=_context(certificate)))


def _running(controller: Controller) -> Iterator[Controller]:
    controller.start()
    yield controller
    controller.stop()


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine, with its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography is not installed")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file.write_bytes(key.private_bytes(pem, form, none) + made.public_bytes(pem))
    return file


def told(loaded: Loaded) -> Delivery:
    courier = tell(loaded, f"sqlite:///{loaded.root / 'ledger.db'}", FAILURE)
    assert courier is not None
    (delivery,) = courier.wait()
    return delivery


def email(**section: Any) -> dict[str, Any]:
    return {"routes": [{"channels": ["email"]}], "channels": {"email": {"to": ["team@example.com"], **section}}}


def at(controller: Controller, **section: Any) -> dict[str, Any]:
    return email(server="127.0.0.1", port=controller.port, **section)


def test_a_mail_has_a_plain_and_an_html_part(inbox: Inbox, plain: Controller, load: Load) -> None:
    delivery = told(load(at(plain, security="none", **{"from": "Releases <bot@example.com>"})))

    assert (delivery.outcome, delivery.reason) == ("delivered", "taken for 1 of 1")
    ((envelope, mail, _),) = inbox.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("bot@example.com", ["team@example.com"])
    assert mail["Subject"] == "hello-forge 1.0.0: the release failed"
    assert (mail["From"], mail["To"]) == ("Releases <bot@example.com>", "team@example.com")
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "DF4010 <refused>" in text.get_content()
    assert "<td>DF4010 &lt;refused&gt;" in html.get_content()
    assert '<a href="https://pypi.example/hello">' in html.get_content()


def test_a_password_goes_only_through_starttls(
    inbox: Inbox, starttls: Controller, certificate: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    delivery = told(load(at(starttls, user="bot@example.com"), environ={"SMTP_PASSWORD": PASSWORD}))

    assert delivery.outcome == "delivered", delivery.reason
    ((envelope, _, secure),) = inbox.mails
    assert secure
    assert envelope.mail_from == "bot@example.com"


def test_one_variable_can_hold_all_of_it(
    inbox: Inbox, starttls: Controller, certificate: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urllib.parse import quote

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    url = (
        f"smtp://bot%40example.com:{quote(PASSWORD, safe='')}@localhost:{starttls.port}?to=a@example.com,b@example.com"
    )

    delivery = told(load({"error_notifications": ["email"]}, environ={"SMTP_URL": url}))

    assert delivery.outcome == "delivered", delivery.reason
    assert inbox.mails[0][0].rcpt_tos == ["a@example.com", "b@example.com"]


def test_smtps_is_encrypted_from_the_start(
    inbox: Inbox, encrypted: Controller, certificate: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    delivery = told(load(email(), environ={"SMTP_URL": f"smtps://localhost:{encrypted.port}"}))

    assert delivery.outcome == "delivered", delivery.reason


def test_a_wrong_password_is_a_credential_that_is_refused(
    starttls: Controller, certificate: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    delivery = told(load(at(starttls, user="bot@example.com"), environ={"SMTP_PASSWORD": "canary-wrong-one"}))

    assert (delivery.outcome, delivery.tries) == ("failed", 1)
    assert "refuses the login (535" in delivery.reason
    assert "canary" not in delivery.reason


def test_a_certificate_that_nobody_vouches_for_is_refused(inbox: Inbox, starttls: Controller, load: Load) -> None:
    delivery = told(load(at(starttls, user="bot@example.com"), environ={"SMTP_PASSWORD": PASSWORD}))

    assert "cannot be trusted" in delivery.reason
    assert inbox.mails == []


def test_a_server_without_starttls_gets_nothing_unless_plain_is_asked_for(
    inbox: Inbox, plain: Controller, load: Load
) -> None:
    delivery = told(load(at(plain)))

    assert "does not offer what is needed" in delivery.reason
    assert inbox.mails == []


def test_a_password_is_never_sent_in_plain_text_to_another_machine(load: Load) -> None:
    section = email(server="mail.example", security="none", user="bot")

    delivery = told(load(section, environ={"SMTP_PASSWORD": PASSWORD}))

    assert "without encryption" in delivery.reason


def test_a_server_that_is_busy_is_asked_again(inbox: Inbox, plain: Controller, load: Load) -> None:
    inbox.later = 1

    delivery = told(load(at(plain, security="none")))

    assert (delivery.outcome, delivery.tries) == ("delivered", 2)


def test_a_receiver_that_is_refused_is_named_while_the_others_are_told(
    inbox: Inbox, plain: Controller, load: Load
) -> None:
    inbox.refused["gone@example.com"] = "550 no such user"

    delivery = told(load(at(plain, security="none", to=["gone@example.com", "here@example.com"])))

    assert (delivery.outcome, delivery.reason) == ("delivered", "taken for 1 of 2; refused: gone@example.com")


def test_when_every_receiver_is_refused_nothing_is_tried_again(inbox: Inbox, plain: Controller, load: Load) -> None:
    inbox.refused["team@example.com"] = "550 no such user"

    delivery = told(load(at(plain, security="none")))

    assert (delivery.outcome, delivery.tries) == ("failed", 1)
    assert "550 no such user" in delivery.reason


@pytest.mark.parametrize(
    ("section", "environ", "says"),
    [
        ({}, {}, "nothing says which server"),
        ({"server": "127.0.0.1", "to": []}, {}, "nobody is named"),
        ({"server": "127.0.0.1", "to": ["nobody"]}, {}, "a mail address of email is none"),
        ({}, {"SMTP_URL": "https://mail.example"}, "does not begin with smtp://"),
        ({}, {"SMTP_URL": "smtp://mail.example:many"}, "the port in SMTP_URL is no number"),
        ({"server": "127.0.0.1", "port": 9}, {}, "127.0.0.1:9 gave no usable answer"),
    ],
)
def test_a_channel_that_cannot_be_used_says_why(
    load: Load, section: dict[str, Any], environ: dict[str, str], says: str
) -> None:
    delivery = told(load({**email(**section), "limit": 1}, environ=environ))

    assert delivery.outcome == "failed"
    assert says in delivery.reason


def test_the_author_gets_the_mail_where_nobody_else_is_named(inbox: Inbox, plain: Controller, load: Load) -> None:
    section = at(plain, security="none", to=[])

    told(load(section, author={"name": "Ada", "email": "ada@example.com"}))

    assert inbox.mails[0][0].rcpt_tos == ["ada@example.com"]


def test_addresses_of_business_notifications_get_their_own_event(inbox: Inbox, plain: Controller, load: Load) -> None:
    section = {
        "channels": {"email": {"server": "127.0.0.1", "port": plain.port, "security": "none", "from": "b@e.example"}}
    }
    loaded = load(section, business={"notifications": {"license_purchased": ["sales@example.com"]}})

    assert tell(loaded, "sqlite:///unused.db", FAILURE) is None
    courier = tell(
        loaded, f"sqlite:///{loaded.root / 'ledger.db'}", Happening("license_purchased", reason="ACME, 5 seats")
    )
    assert courier is not None
    assert [d.outcome for d in courier.wait()] == ["delivered"]
    ((envelope, mail, _),) = inbox.mails
    assert envelope.rcpt_tos == ["sales@example.com"]
    assert mail["Subject"] == "hello-forge: a licence was bought"
