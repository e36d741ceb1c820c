"""Signing on at a real OpenID Connect provider, and everything that must not work."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from httpx2 import Response

from deployforge_tasks.operations.detach import new_name
from tests.dashboard.site import ADDRESS, Site, open_site
from tests.support.oidc import CLIENT, SECRET, RunningProvider, running_provider

BROWSER = {"accept": "text/html"}
CALLBACK = f"{ADDRESS}/sign-on/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider(redirects=[CALLBACK]) as running:
        yield running


@pytest.fixture
def honest(provider: RunningProvider) -> Iterator[RunningProvider]:
    """The provider, which is honest again after the test."""
    yield provider
    provider.lie("")


@contextmanager
def site_of(
    provider: RunningProvider, folder: Path, *, name_claim: str = "email", ledger: str = "", **changed: object
) -> Iterator[Site]:
    """A dashboard whose people sign on there."""
    oidc = {
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret_env": "OIDC_SECRET",
        "scopes": ["openid", "email", "groups"],
        "name_claim": name_claim,
    }
    section = {"auth": "oidc", "oidc": oidc, "roles": {"staff": "viewer", "release-team": "releaser"}, **changed}
    environ = {"OIDC_SECRET": SECRET, **({"DEPLOYFORGE_LEDGER": ledger} if ledger else {})}
    with open_site(folder, environ=environ, dashboard=section) as site:
        yield site


@pytest.fixture
def site(honest: RunningProvider, tmp_path: Path) -> Iterator[Site]:
    with site_of(honest, tmp_path) as made:
        yield made


def begin(site: Site, back: str = "/") -> str:
    """Begin a sign-on; returns the address at the provider."""
    answer = site.client.get("/sign-on/provider", params={"next": back}, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]


def come_back(site: Site, address: str) -> Response:
    """The provider sends the browser back to the dashboard."""
    return site.client.get(address, headers=BROWSER, follow_redirects=False)


def sign_on(site: Site, provider: RunningProvider, person: str, back: str = "/") -> Response:
    return come_back(site, provider.sign_on(begin(site, back), person))


def with_parameter(address: str, **changed: str) -> str:
    """An address with other parameters."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return parts._replace(query=urlencode({**query, **changed})).geturl()


def signed_on(site: Site) -> bool:
    return site.client.get("/", headers=BROWSER, follow_redirects=False).status_code == 200


def test_a_person_signs_on_with_the_role_of_their_groups_and_comes_to_where_they_wanted(
    site: Site, provider: RunningProvider
) -> None:
    answer = sign_on(site, provider, "ann", back="/you")
    assert (answer.status_code, answer.headers["location"]) == (303, "/you")
    text = site.client.get("/you").text
    assert "ann@people.example" in text
    assert "<dd>releaser</dd>" in text
    entry = site.desk.records.trail.entries(site.desk.project)[0]
    assert (entry.actor, entry.role, entry.action, entry.outcome) == (
        "ann@people.example",
        "releaser",
        "sign-on",
        "done",
    )


def test_the_sign_on_asks_for_a_code_with_pkce_state_and_nonce(site: Site) -> None:
    asked = parse_qs(urlsplit(begin(site)).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 43


def test_the_session_is_in_a_cookie_that_no_script_sees(site: Site, provider: RunningProvider) -> None:
    cookies = sign_on(site, provider, "ann").headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith(site.door.cookie))
    assert "HttpOnly" in session
    assert "SameSite=lax" in session


def test_claims_that_only_the_providers_page_tells_count_too(tmp_path: Path) -> None:
    with running_provider(redirects=[CALLBACK], only_userinfo=True) as other, site_of(other, tmp_path) as site:
        sign_on(site, other, "ann")
        assert "<dd>releaser</dd>" in site.client.get("/you").text


def test_a_person_without_a_group_is_refused_and_told_why(site: Site, provider: RunningProvider) -> None:
    answer = sign_on(site, provider, "guest")
    assert answer.status_code == 403
    assert "none of their groups has a role here" in answer.text
    assert not signed_on(site)


def test_a_person_without_a_group_has_the_default_role_where_there_is_one(
    honest: RunningProvider, tmp_path: Path
) -> None:
    with site_of(honest, tmp_path, default_role="viewer") as site:
        sign_on(site, honest, "guest")
        assert "<dd>viewer</dd>" in site.client.get("/you").text


def test_a_mail_address_that_is_not_verified_names_nobody(site: Site, provider: RunningProvider) -> None:
    answer = sign_on(site, provider, "mallory")
    assert "DF3548" in answer.text
    assert not signed_on(site)


def test_a_mail_address_that_is_not_verified_names_nobody_also_where_the_provider_writes_it_as_text(
    site: Site, provider: RunningProvider
) -> None:
    assert "DF3548" in sign_on(site, provider, "oscar").text
    assert not signed_on(site)


def test_one_account_under_two_names_does_not_approve_what_it_asked_for(
    honest: RunningProvider, tmp_path: Path
) -> None:
    rules: dict[str, Any] = {"approvals": {"": {"actions": ["deploy"]}}, "roles": {"staff": "releaser"}}
    sent = {"form": new_name(), "version": "1.0.0", "typed": "1.0.0", "platforms": "npm"}
    with site_of(honest, tmp_path / "one", **rules) as site:
        sign_on(site, honest, "ann")
        assert "request 1 waits" in site.client.post("/deploy", data=sent, headers=BROWSER).text
        ledger = site.desk.ledger_url
    with site_of(honest, tmp_path / "two", name_claim="sub", ledger=ledger, **rules) as site:
        sign_on(site, honest, "ann")
        assert "<h1>ann</h1>" in site.client.get("/you").text
        assert "whoever asked cannot approve" in site.client.get("/approvals").text
        assert site.client.post("/approvals/1/approve", headers=BROWSER).status_code == 403
        site.client.post("/sign-out")
        sign_on(site, honest, "ben")
        assert site.client.post("/approvals/1/approve", headers=BROWSER, follow_redirects=False).status_code == 303


def test_behind_https_no_other_host_begins_a_sign_on_for_a_browser(honest: RunningProvider, tmp_path: Path) -> None:
    with site_of(honest, tmp_path, url="https://deploy.example") as site:
        answer = site.client.get("/sign-on/provider", follow_redirects=False)
    assert answer.headers["set-cookie"].startswith("__Host-deployforge-")


def test_an_answer_with_another_state_is_refused(site: Site, provider: RunningProvider) -> None:
    address = provider.sign_on(begin(site), "ann")
    answer = come_back(site, with_parameter(address, state=secrets.token_urlsafe(32)))
    assert answer.status_code == 403
    assert "DF3541" in answer.text
    assert not signed_on(site)


def test_an_answer_in_another_browser_is_refused(site: Site, provider: RunningProvider) -> None:
    address = provider.sign_on(begin(site), "ann")
    site.client.cookies.clear()
    assert "DF3540" in come_back(site, address).text
    assert not signed_on(site)


def test_an_answer_is_good_once(site: Site, provider: RunningProvider) -> None:
    address = provider.sign_on(begin(site), "ann")
    begun = dict(site.client.cookies)
    assert come_back(site, address).status_code == 303
    site.client.cookies.clear()
    site.client.cookies.update(begun)
    assert "DF3540" in come_back(site, address).text
    assert not signed_on(site)


def test_a_code_that_was_used_in_another_sign_on_is_refused_by_the_provider(
    site: Site, provider: RunningProvider
) -> None:
    used = provider.sign_on(begin(site), "ann")
    come_back(site, used)
    site.client.cookies.clear()
    fresh = provider.sign_on(begin(site), "ben")
    code = parse_qs(urlsplit(used).query)["code"][0]
    assert "DF3544" in come_back(site, with_parameter(fresh, code=code)).text
    assert not signed_on(site)


def test_an_answer_of_another_issuer_is_refused(site: Site, provider: RunningProvider) -> None:
    address = provider.sign_on(begin(site), "ann")
    assert "DF3542" in come_back(site, with_parameter(address, iss="https://evil.example")).text


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        ("forged", "bad signature"),
        ("none", "unsupported algorithm"),
        ("shared", "unsupported algorithm"),
        ("audience", "(aud)"),
        ("party", "another client"),
        ("issuer", "(iss)"),
        ("nonce", "(nonce)"),
        ("expired", "expired token"),
        ("future", "(iat)"),
        ("timeless", "(exp)"),
    ],
)
def test_a_token_that_cannot_be_believed_lets_nobody_in(
    site: Site, honest: RunningProvider, lie: str, why: str
) -> None:
    honest.lie(lie)
    answer = sign_on(site, honest, "ann")
    assert answer.status_code == 403
    assert "DF3546" in answer.text
    assert why in answer.text
    assert not signed_on(site)
    entry = site.desk.records.trail.entries(site.desk.project)[0]
    assert (entry.action, entry.outcome) == ("sign-on", "refused")


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(site: Site, provider: RunningProvider, back: str) -> None:
    assert sign_on(site, provider, "ann", back=back).headers["location"] == "/"


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(site: Site, provider: RunningProvider) -> None:
    sign_on(site, provider, "ann")
    assert signed_on(site)
    file = site.desk.settings.file
    file.write_text(file.read_text("utf-8").replace("release-team: releaser", "").replace("staff: viewer", "x: viewer"))
    answer = site.client.get("/", headers=BROWSER)
    assert answer.status_code == 403
    assert "none of their groups" in answer.text
    assert site.client.get("/sign-on", headers=BROWSER).status_code == 200


def test_a_provider_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    with site_of(RunningProvider("http://127.0.0.1:9"), tmp_path) as site:
        answer = site.client.get("/sign-on/provider", headers=BROWSER)
    assert answer.status_code == 503
    assert "got no answer" in answer.text
