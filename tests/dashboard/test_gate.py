"""Nobody comes in who has not signed on, whatever they send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from deployforge_tasks.access.attempts import LIMIT
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.dashboard.door import Door
from deployforge_tasks.dashboard.forms import own_path
from deployforge_tasks.dashboard.gate import OPEN
from deployforge_tasks.dashboard.navigation import modules
from tests.dashboard.people import HTML, People, open_people
from tests.dashboard.site import ADDRESS, Site, open_site


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    with open_people(tmp_path) as made:
        yield made


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


# Strangers


def closed_routes() -> list[APIRoute]:
    """Every route of every page that is not open to strangers."""
    routes = [route for module in modules() for route in module.router.routes]
    return [route for route in routes if not route.path.startswith(OPEN)]


def test_every_page_is_closed_to_strangers(people: People) -> None:
    paths = {route.path for route in closed_routes()}
    assert len(paths) > 10
    stranger = people.stranger()
    for path in paths:
        answer = stranger.get(path.replace("{number}", "1").replace("{name}", "x"))
        if path.startswith("/api/v1/"):
            assert answer.status_code == 401, path
        else:
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-on"), path


def test_every_route_says_which_permission_it_needs() -> None:
    for route in closed_routes():
        names = [getattr(found.dependency, "__qualname__", "") for found in route.dependencies]
        assert any(name.startswith("needs.") for name in names), route.path


def test_a_page_that_does_not_exist_is_not_told_from_one_that_does(people: People) -> None:
    assert people.stranger().get("/no-such-page").status_code == 303


def test_what_asks_for_no_page_hears_that_nobody_has_signed_on(people: People) -> None:
    answer = people.stranger().get("/", headers={"accept": "application/json"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["id"] == "DF3536"


def test_after_signing_on_people_come_to_where_they_wanted(people: People) -> None:
    stranger = people.stranger()
    place = stranger.get("/audit?actor=ann").headers["location"]
    assert 'value="/audit?actor=ann"' in stranger.get(place).text


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil", "", "/a\nb"]
)
def test_only_paths_of_this_site_are_gone_on_to(path: str) -> None:
    assert own_path(path) == "/"


def test_a_path_of_this_site_stays_with_its_question() -> None:
    assert own_path("/runs/1?tab=logs") == "/runs/1?tab=logs"


# Sessions


def test_a_token_signs_a_browser_on_and_its_session_ends_with_it(people: People) -> None:
    ann = people.someone("ann", "viewer")
    assert ann.get("/").status_code == 200
    people.site.desk.records.tokens.revoke(people.site.desk.project, "ann")
    assert ann.get("/").status_code == 303


def test_signing_out_ends_the_session_and_not_only_the_cookie(people: People) -> None:
    ann = people.someone("ann", "viewer")
    cookies = dict(ann.cookies)
    ann.post("/sign-out")
    ann.cookies.update(cookies)
    assert ann.get("/").status_code == 303


def test_signing_out_everywhere_ends_the_sessions_of_other_browsers_and_of_nobody_else(people: People) -> None:
    ann, ben = people.someone("ann", "viewer"), people.someone("ben", "viewer")
    session = people.site.desk.records.sessions.begin(people.site.door.place, "ann", role="viewer")
    assert ann.post("/you/sign-out-everywhere").status_code == 303
    assert people.site.desk.records.sessions.find(people.site.door.place, session) is None
    assert ben.get("/").status_code == 200


def test_the_session_is_in_a_cookie_that_no_script_sees(people: People) -> None:
    answer = people.stranger().post("/sign-on/token", data={"token": people.token("ann", "viewer")})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_behind_https_the_cookie_never_goes_over_http(tmp_path: Path) -> None:
    with open_people(tmp_path, url="https://deploy.example") as people:
        answer = people.stranger().post("/sign-on/token", data={"token": people.token("ann", "viewer")})
    assert answer.headers["set-cookie"].startswith("__Host-deployforge-")
    assert "Secure" in answer.headers["set-cookie"]


def test_a_token_signs_nobody_on_where_people_sign_on_otherwise(site: Site) -> None:
    value = site.desk.records.tokens.new(site.desk.project, "ann", "admin", days=1, made_by="a test")[1]
    with TestClient(site.app, base_url=ADDRESS, headers=HTML, follow_redirects=False) as stranger:
        assert stranger.post("/sign-on/token", data={"token": value}).headers["location"] == "/sign-on"
        assert stranger.get("/").status_code == 303


# Programs


def test_a_program_brings_its_token_with_each_request(people: People) -> None:
    assert people.stranger().get("/", headers=bearer(people.token("ci", "viewer"))).status_code == 200


@pytest.mark.parametrize("header", ["Bearer dfd_wrong", "Bearer ", "Basic YW5uOng=", "dfd_wrong"])
def test_a_wrong_token_is_refused_even_with_a_good_session(people: People, header: str) -> None:
    answer = people.someone("ann", "admin").get("/", headers={"authorization": header})
    assert answer.status_code == 401


def test_a_token_has_the_permissions_of_its_role(people: People) -> None:
    answer = people.stranger().get("/tokens", headers={**bearer(people.token("ci", "viewer")), "accept": "*/*"})
    assert answer.status_code == 403
    assert answer.json()["error"]["id"] == "DF3502"


# Roles


def test_whoever_may_not_hears_which_role_may_and_the_try_is_kept(people: People) -> None:
    answer = people.someone("ann", "operator").get("/tokens")
    assert answer.status_code == 403
    assert "your role, operator, may not make and revoke tokens" in answer.text
    assert "an admin may" in answer.text
    entry = people.site.desk.records.trail.entries(people.site.desk.project)[0]
    assert (entry.actor, entry.role, entry.action, entry.subject, entry.outcome) == (
        "ann",
        "operator",
        "tokens",
        "/tokens",
        "refused",
    )


def test_the_navigation_leads_nobody_to_what_they_may_not_see(people: People) -> None:
    assert 'href="/audit"' not in people.someone("ann", "viewer").get("/").text
    assert 'href="/audit"' in people.someone("root", "admin").get("/").text


# Other sites


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site", "origin": ADDRESS},
    ],
)
def test_another_site_cannot_make_a_browser_do_anything(people: People, headers: dict[str, str]) -> None:
    ann = people.someone("ann", "admin")
    answer = ann.post("/tokens", data={"name": "x", "role": "admin", "days": "1"}, headers=headers)
    assert answer.status_code == 403
    assert "DF3534" in answer.text
    assert [token.name for token in people.site.desk.records.tokens.all(people.site.desk.project)] == ["ann"]


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": ADDRESS}, {}])
def test_the_dashboards_own_pages_can(people: People, headers: dict[str, str]) -> None:
    answer = people.someone("ann", "admin").post(
        "/tokens", data={"name": "x", "role": "viewer", "days": "1"}, headers=headers
    )
    assert answer.status_code == 200


def test_a_token_that_a_program_brings_is_not_bound_to_a_site(people: People) -> None:
    headers = {**bearer(people.token("ci", "admin")), "sec-fetch-site": "cross-site"}
    assert people.stranger().post("/theme/dark", headers=headers).status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[", "localhost:port", "evil@localhost"]
)
def test_a_name_that_is_not_ours_is_refused(site: Site, host: str) -> None:
    assert site.client.get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost/sign-on?", "localhost/static/#", "127.0.0.1/healthz"])
def test_a_name_with_a_path_in_it_opens_no_page(people: People, host: str) -> None:
    assert not people.site.door.knows(host)
    assert people.stranger().get("/tokens", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("wrong", [{"origin": "http://["}, {"referer": "http://["}])
def test_a_header_that_is_no_address_is_answered(people: People, wrong: dict[str, str]) -> None:
    assert people.stranger().post("/theme/dark", headers=wrong).status_code in (303, 403)
    assert people.someone("ann", "viewer").post("/keys/on", headers=wrong).status_code in (303, 403)


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1", "[::1]:8765", "LOCALHOST"])
def test_names_and_addresses_of_this_machine_are_ours(site: Site, host: str) -> None:
    assert site.door.knows(host)


# Guessing


def test_whoever_guesses_tokens_has_to_wait(people: People) -> None:
    stranger, good = people.stranger(), people.token("ann", "viewer")
    for _ in range(LIMIT):
        assert stranger.post("/sign-on/token", data={"token": "dfd_guess"}).status_code == 401
    answer = stranger.post("/sign-on/token", data={"token": good})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert stranger.get("/", headers=bearer(good)).status_code == 429


def test_guesses_do_not_fill_the_trail(people: People) -> None:
    stranger = people.stranger()
    for _ in range(LIMIT + 20):
        stranger.get("/", headers=bearer("dfd_guess"))
    assert len(people.site.desk.records.trail.entries(people.site.desk.project)) == LIMIT


# The way in on this machine


def test_the_link_from_the_terminal_is_good_once(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        path = site.door.new_link()
        first, second = (TestClient(site.app, base_url=ADDRESS, headers=HTML) for _ in range(2))
        assert first.get(path).status_code == 200
        answer = second.get(path)
    assert answer.status_code == 403
    assert "used already" in answer.text


def test_a_new_link_is_printed_in_the_terminal_and_shown_to_nobody_else(tmp_path: Path) -> None:
    printed: list[str] = []
    with open_site(tmp_path) as site:
        site.door.tell = printed.append
        stranger = TestClient(site.app, base_url=ADDRESS, headers=HTML)
        answer = stranger.post("/sign-on/link")
        assert "stands in the terminal" in answer.text
        assert printed[0] not in answer.text
        assert stranger.get(printed[0]).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "deploy.example"])
def test_without_a_way_to_sign_on_only_this_machine_is_listened_to(site: Site, host: str) -> None:
    with pytest.raises(ConfigError, match="open to everybody") as caught:
        Door(site.desk, host=host)
    assert caught.value.code == "DF3510"
    assert "dashboard.auth" in caught.value.hint


# A proxy in front

PROXY = {"auth": "proxy", "proxy": {"addresses": ["10.0.0.0/24"]}, "roles": {"staff": "operator"}}


def from_address(site: Site, address: str, **headers: str) -> TestClient:
    return TestClient(site.app, base_url=ADDRESS, headers={**HTML, **headers}, client=(address, 5000))


def test_the_proxy_says_who_somebody_is(tmp_path: Path) -> None:
    with open_site(tmp_path, dashboard=PROXY) as site:
        headers = {
            "X-Forwarded-User": "ann",
            "X-Forwarded-Groups": "other, staff",
            "X-Forwarded-For": "1.2.3.4, 192.0.2.9",
        }
        text = from_address(site, "10.0.0.7", **headers).get("/you").text
    assert "<h1>ann</h1>" in text
    assert "<dd>operator</dd>" in text
    assert "<dd>192.0.2.9</dd>" in text


def test_a_direct_visitor_with_the_proxys_headers_is_refused(tmp_path: Path) -> None:
    with open_site(tmp_path, dashboard=PROXY) as site:
        headers = {"X-Forwarded-User": "ann", "X-Forwarded-Groups": "staff", "X-Forwarded-For": "10.0.0.7"}
        answer = from_address(site, "10.0.1.7", **headers).get("/you")
        entry = site.desk.records.trail.entries(site.desk.project)[0]
    assert answer.status_code == 403
    assert "DF3531" in answer.text
    assert (entry.outcome, entry.origin) == ("refused", "10.0.1.7")


@pytest.mark.parametrize(
    "twice",
    [
        [("X-Forwarded-User", "root"), ("X-Forwarded-User", "ann")],
        [("X-Forwarded-User", "ann"), ("X-Forwarded-Groups", "staff"), ("X-Forwarded-Groups", "other")],
    ],
)
def test_a_header_that_a_visitor_adds_to_that_of_the_proxy_lets_nobody_in(
    tmp_path: Path, twice: list[tuple[str, str]]
) -> None:
    with open_site(tmp_path, dashboard={**PROXY, "default_role": "viewer"}) as site:
        answer = from_address(site, "10.0.0.7").get("/you", headers=[*HTML.items(), *twice])
    assert answer.status_code == 403
    assert "DF3549" in answer.text


def test_the_port_that_some_proxies_add_makes_no_other_visitor(tmp_path: Path) -> None:
    headers = {"X-Forwarded-User": "ann", "X-Forwarded-Groups": "staff"}
    with open_site(tmp_path, dashboard=PROXY) as site:
        for sent, origin in (("192.0.2.9:4711", "192.0.2.9"), ("[2001:db8::7]:4711, 10.0.0.9:443", "2001:db8::7")):
            text = from_address(site, "10.0.0.7", **headers, **{"X-Forwarded-For": sent}).get("/you").text
            assert f"<dd>{origin}</dd>" in text


def test_the_proxy_brings_somebody_without_a_role_in_vain(tmp_path: Path) -> None:
    with open_site(tmp_path, dashboard=PROXY) as site:
        answer = from_address(site, "10.0.0.7", **{"X-Forwarded-User": "guest"}).get("/")
    assert answer.status_code == 403
    assert "none of their groups has a role" in answer.text


def test_the_proxy_brings_nobody(tmp_path: Path) -> None:
    with open_site(tmp_path, dashboard=PROXY) as site:
        answer = from_address(site, "10.0.0.7").get("/", follow_redirects=False)
    assert answer.headers["location"] == "/sign-on"


@pytest.mark.parametrize("passed_on", ["Basic YW5uOng=", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"])
def test_what_people_sign_on_to_the_proxy_with_is_not_ours(tmp_path: Path, passed_on: str) -> None:
    headers = {"X-Forwarded-User": "ann", "X-Forwarded-Groups": "staff", "Authorization": passed_on}
    with open_site(tmp_path, dashboard=PROXY) as site:
        ann = from_address(site, "10.0.0.7", **headers)
        assert ann.get("/you").status_code == 200
        assert ann.post("/theme/dark", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_a_program_comes_past_the_proxy_with_a_token(tmp_path: Path) -> None:
    with open_site(tmp_path, dashboard=PROXY) as site:
        value = site.desk.records.tokens.new(site.desk.project, "ci", "viewer", days=1, made_by="a test")[1]
        assert from_address(site, "192.0.2.7", **bearer(value)).get("/you").status_code == 200


def test_a_file_that_cannot_be_read_changes_no_role(people: People) -> None:
    ann = people.someone("ann", "viewer")
    people.site.desk.settings.file.write_text("dashboard: {auth: local", "utf-8")
    assert ann.get("/you").status_code == 200
    assert people.stranger().get("/you").status_code == 303
