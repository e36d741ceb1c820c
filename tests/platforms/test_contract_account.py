"""What every platform promises about the version that users get now, and about whose a credential is.

As in `test_contract`, every platform that the registry finds is checked; there is nothing to add here for a new one.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, NetworkError
from deployforge_tasks.core.model import Identity, Live
from deployforge_tasks.core.presence import State
from deployforge_tasks.effects.clock import Patience
from deployforge_tasks.effects.http import Http
from deployforge_tasks.platforms.base import Job
from tests.platforms.test_contract import BROKEN, BROKEN_NAMES, NAMES, UNCLEAR
from tests.support.canaries import found_in
from tests.support.cases import Case, running
from tests.support.faults import Fault, echoing, garbage, refuse, status
from tests.support.jobs import Recorder, publish
from tests.support.proxy import FaultProxy
from tests.support.worlds import WRITES

#: No second try, where a test only wants to know how it ends.
HASTE = Patience(first=0.01, longest=0.01, total=0.0)


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with running(request.param, tmp_path) as case:
        yield case


@pytest.fixture
def proxy(case: Case) -> Iterator[FaultProxy]:
    """A proxy before the platform's registry that breaks what a test tells it to."""
    with FaultProxy(case.registry.url) as proxy:
        yield proxy


# --- what users get now -------------------------------------------------------------------------------------------


def live(case: Case, job: Job[Any]) -> Live | None:
    """What the platform offers now; the test is skipped where it has no way to tell."""
    try:
        return case.platform.live(job)
    except NotImplementedError:
        pytest.skip("this platform does not tell which version users get")


def test_with_nothing_published_nothing_is_live(case: Case) -> None:
    assert live(case, case.job()) is None


def test_what_was_published_is_live_and_the_next_version_succeeds_it(case: Case) -> None:
    for version in ("1.0.0", "1.1.0"):
        job = publish(case.platform, case.job(version=version))
        if case.platform.presence(job).state is State.PENDING:
            assert live(case, case.job()) is None  # users do not get it before its review
            continue
        now = live(case, case.job())
        assert now is not None
        assert now.version == version
        assert now.channel
        assert now.look.url
        assert now.since is None or now.since.tzinfo is not None


@pytest.mark.parametrize("fault", [*map(status, UNCLEAR), *BROKEN], ids=[*map(str, UNCLEAR), *BROKEN_NAMES])
def test_an_answer_nobody_expects_never_says_that_nothing_is_live(case: Case, proxy: FaultProxy, fault: Fault) -> None:
    publish(case.platform, case.job())
    live(case, case.job())
    proxy.when(do=fault, times=None)
    job = case.job(overlay=proxy.through(case.options()))
    with pytest.raises(DeployForgeError) as caught:
        case.platform.live(replace(job, http=Http(job.clock, patience=HASTE, timeout=5.0, loopback_only=True)))
    assert caught.value.hint


# --- who we are ---------------------------------------------------------------------------------------------------


def whoami(case: Case, job: Job[Any]) -> Identity:
    """Whose credential it is; the test is skipped where the platform has no way to tell."""
    try:
        return case.platform.whoami(job)
    except NotImplementedError:
        pytest.skip("not on this platform: it does not tell whose a credential is")


def test_a_credential_is_somebodys_and_its_end_has_a_time_zone(case: Case) -> None:
    identity = whoami(case, case.job())
    assert identity.who
    assert identity.expires is None or identity.expires.tzinfo is not None


def test_who_we_are_holds_no_secret(case: Case) -> None:
    recorder = Recorder()
    identity = whoami(case, case.job(recorder=recorder))
    shown = f"{identity} {[e.data for e in recorder.events]}"
    values = case.registry.secrets().get(case.platform.name, {})
    secret = [values[c.name] for c in case.platform.credentials if c.secret and c.name in values]
    assert [value for value in secret if value in shown] == []


def test_a_refused_credential_is_nobodys_and_the_hint_tells_how_to_get_a_new_one(case: Case) -> None:
    if not case.platform.credentials:
        pytest.skip("not on a platform without credentials")
    canary = "canary-41c6d2-never-to-be-seen"
    recorder = Recorder()
    job = case.job(secrets={c.name: canary for c in case.platform.credentials}, recorder=recorder)
    with pytest.raises(CredentialError) as caught:
        whoami(case, job)
    assert any(variable in caught.value.hint for c in case.platform.credentials for variable in c.env)
    assert canary not in json.dumps([caught.value.as_json(), [e.data for e in recorder.events]])


def test_a_refusal_that_repeats_the_credential_is_masked(case: Case, proxy: FaultProxy) -> None:
    whoami(case, case.job())
    proxy.when(do=echoing(), times=None)
    recorder = Recorder()
    job = case.job(overlay=proxy.through(case.options()), recorder=recorder)
    said = ""
    for _ in range(2):  # refused with 401, and with 403
        try:
            said += str(case.platform.whoami(job))
        except DeployForgeError as error:
            said += json.dumps(error.as_json())
    shown = said + json.dumps([e.data for e in recorder.events])
    values = case.registry.secrets().get(case.platform.name, {})
    secret = [values[c.name] for c in case.platform.credentials if c.secret and c.name in values]
    assert found_in(shown.encode(), secret) == []


@pytest.mark.parametrize(
    "fault", [status(500), status(429), garbage(), refuse], ids=["500", "429", "garbage", "refuse"]
)
def test_an_outage_is_neither_an_account_nor_a_refusal(case: Case, proxy: FaultProxy, fault: Fault) -> None:
    whoami(case, case.job())
    proxy.when(do=fault, times=None)
    job = case.job(overlay=proxy.through(case.options()))
    try:
        whoami(case, replace(job, http=Http(job.clock, patience=HASTE, timeout=5.0, loopback_only=True)))
    except NetworkError:
        return
    assert proxy.journal == []  # it reads the credential itself, and asks nobody


def test_without_a_credential_we_are_nobody(case: Case) -> None:
    if not any(c.required for c in case.platform.credentials):
        pytest.skip("not on a platform that needs no credential")
    with pytest.raises(CredentialError) as caught:
        whoami(case, case.job(secrets={}))
    assert caught.value.hint


def test_asking_what_is_live_and_who_we_are_sends_nothing_that_could_write(case: Case, proxy: FaultProxy) -> None:
    publish(case.platform, case.job())
    before = case.publications()
    job = case.job(overlay=proxy.through(case.options()))
    for ask in (case.platform.live, case.platform.whoami):
        with contextlib.suppress(NotImplementedError):
            ask(job)
    assert proxy.forwarded(*WRITES) == []
    assert case.publications() == before
