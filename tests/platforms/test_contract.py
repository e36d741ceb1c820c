"""What every platform promises, checked in the same way for each one that the registry finds.

A new platform is found by itself; it needs a stand-in (or shares one) and nothing here.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, VersionError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.core.targets import spelling
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.http import is_loopback
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.registry import json_schema, platforms
from deployforge_tasks.project.descriptions import descriptions
from tests.support.cases import Case, running
from tests.support.faults import Fault, drop_after, garbage, refuse, status, truncate
from tests.support.jobs import Recorder, packaged, publish
from tests.support.proxy import FaultProxy
from tests.support.worlds import WRITES

NAMES = sorted(platforms())
#: Answers that say nothing about what is there.
UNCLEAR = [400, 401, 403, 429, 500, 502, 503]
BROKEN, BROKEN_NAMES = [garbage(), truncate, refuse], ["garbage", "truncate", "refuse"]


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with running(request.param, tmp_path) as case:
        yield case


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def look(case: Case, job: Job[Any]) -> State:
    """What the engine makes of a look-up: any exception means unknown."""
    try:
        return case.platform.presence(job).state
    except Exception:
        return State.UNKNOWN


@pytest.fixture
def proxy(case: Case) -> Iterator[FaultProxy]:
    """A proxy before the platform's registry that breaks what a test tells it to."""
    with FaultProxy(case.registry.url) as proxy:
        yield proxy


# --- what it says of itself ---------------------------------------------------------------------------------------


def test_its_name_is_its_module_and_it_has_a_title(name: str) -> None:
    platform = platforms()[name]
    assert type(platform).__module__.rpartition(".")[2] == name
    assert platform.title


def test_its_options_are_part_of_the_json_schema_and_each_one_is_explained(name: str) -> None:
    schema = json_schema()
    text = json.dumps(schema["properties"]["platforms"])
    assert f'"{name}"' in text
    options = platforms()[name].options
    assert set(options.model_fields) - set(descriptions(options)) <= {"enabled", "targets"}


def test_it_refuses_options_that_it_does_not_know(name: str) -> None:
    with pytest.raises(ValueError, match="surely_no_option"):
        platforms()[name].options.model_validate({"surely_no_option": 1})


def test_each_credential_names_its_variables_and_where_to_get_it(name: str) -> None:
    for credential in platforms()[name].credentials:
        assert credential.env
        assert credential.help


def test_its_traits_do_not_contradict_each_other(name: str) -> None:
    traits = platforms()[name].traits
    assert not (traits.immutable and traits.editable)


def test_its_needs_are_platforms(name: str) -> None:
    assert set(platforms()[name].needs) <= set(NAMES)


def test_the_targets_table_knows_its_ecosystem(case: Case) -> None:
    ecosystem = case.platform.ecosystem
    assert ecosystem is None or any(spelling(target, ecosystem) for target in case.job().targets)


# --- packaging ----------------------------------------------------------------------------------------------------


def test_packaging_on_two_machines_gives_the_same_bytes(case: Case) -> None:
    first, second = packaged(case.platform, case.job()), packaged(case.platform, case.job())
    assert first.digests == second.digests
    assert all(first.digests.values())


def test_the_pieces_are_known_before_packaging_and_are_what_the_package_holds(case: Case) -> None:
    pieces = case.platform.pieces(case.job())
    package = packaged(case.platform, case.job()).package
    assert package is not None
    assert [p.name for p in package.pieces] == pieces
    assert len(set(pieces)) == len(pieces)


def test_every_file_of_the_package_lies_below_the_workdir(case: Case) -> None:
    job = packaged(case.platform, case.job())
    assert job.package is not None
    for piece in job.package.pieces:
        if piece.path is not None:
            path = (job.workdir / piece.path).resolve()
            assert path.exists()
            assert job.workdir.parents[2].resolve() in path.parents


def test_naming_the_pieces_asks_nobody(case: Case) -> None:
    case.platform.pieces(case.job())
    assert case.registry.journal == []


@pytest.mark.parametrize("version", ["1.2", "1.2.3.4", "1.2.3-rc.1", "1.2.3-rc.1.x-y", "1.2.3+build"])
def test_a_version_of_any_form_is_published_or_refused_with_the_reason(case: Case, version: str) -> None:
    job = case.job(version=version)
    try:
        case.platform.presence(job)
    except VersionError:  # the look-up comes first: then nothing is packaged or asked
        assert case.registry.journal == []
        with pytest.raises(VersionError, match="cannot be written as") as caught:
            packaged(case.platform, job)
        assert caught.value.hint
        return
    job = packaged(case.platform, job)
    if not [f for f in case.platform.preflight(job) if f.level is Level.ERROR and version in f.message]:
        case.platform.publish(job, case.platform.pieces(job))
        assert case.platform.presence(job).state is State.SAME


# --- presence -----------------------------------------------------------------------------------------------------


def test_a_version_that_cannot_exist_is_absent(case: Case) -> None:
    publish(case.platform, case.job())
    assert case.platform.presence(case.job(version="0.0.1")).state is State.ABSENT


def test_nothing_published_is_absent_and_everything_is_missing(case: Case) -> None:
    presence = case.platform.presence(case.job())
    assert presence.state is State.ABSENT
    assert list(presence.missing) == case.platform.pieces(case.job())


def test_a_presence_comes_with_its_evidence(case: Case) -> None:
    assert case.platform.presence(case.job()).looks


@pytest.mark.parametrize("code", UNCLEAR)
def test_an_answer_nobody_expects_is_unknown_never_absent(case: Case, proxy: FaultProxy, code: int) -> None:
    publish(case.platform, case.job())
    proxy.when(do=status(code), times=None)
    assert look(case, case.job(overlay=proxy.through(case.options()))) is State.UNKNOWN


@pytest.mark.parametrize("fault", BROKEN, ids=BROKEN_NAMES)
def test_a_broken_answer_is_unknown_never_absent(case: Case, proxy: FaultProxy, fault: Fault) -> None:
    publish(case.platform, case.job())
    proxy.when(do=fault, times=None)
    assert look(case, case.job(overlay=proxy.through(case.options()))) is State.UNKNOWN


def test_looking_and_checking_publish_nothing(case: Case) -> None:
    job = packaged(case.platform, case.job())
    case.platform.presence(job)
    case.platform.preflight(job)
    assert case.publications() == []


# --- publishing ---------------------------------------------------------------------------------------------------


def test_what_was_published_is_there_with_the_same_digests(case: Case) -> None:
    job = publish(case.platform, case.job())
    presence = case.platform.presence(job)
    assert presence.settled, presence
    assert case.publications()


def test_a_fresh_machine_sees_that_it_is_there_without_packaging(case: Case) -> None:
    publish(case.platform, case.job())
    fresh = case.job()
    assert case.platform.presence(fresh).settled
    assert not any(fresh.workdir.glob("*.t*z"))


def test_every_piece_is_announced_before_it_is_sent_and_confirmed_after(case: Case) -> None:
    recorder = Recorder()
    job = publish(case.platform, case.job(recorder=recorder))
    assert recorder.intents
    assert sorted(recorder.intents) == sorted(recorder.receipts)
    assert {piece for piece, _ in recorder.intents} <= set(case.platform.pieces(job))


def test_publishing_what_is_missing_twice_is_one_publication(case: Case) -> None:
    publish(case.platform, case.job())
    before = case.publications()
    again = packaged(case.platform, case.job())
    presence = case.platform.presence(again)
    case.platform.publish(again, ()) if presence.missing else None
    assert presence.settled
    assert case.publications() == before


def test_a_publication_that_stopped_after_its_first_piece_is_completed(case: Case) -> None:
    class _StoppedError(Exception):
        pass

    recorder = Recorder()
    job = packaged(case.platform, case.job(recorder=recorder))

    @contextmanager
    def stop_at_second(piece: str, digest: str) -> Iterator[None]:
        if recorder.receipts:
            raise _StoppedError
        with recorder.intend(piece, digest):
            yield

    try:
        case.platform.publish(replace(job, intents=stop_at_second), case.platform.presence(job).missing)
    except _StoppedError:
        assert not case.platform.presence(job).settled
    publish_missing(case)
    assert case.platform.presence(job).settled
    assert_each_once(case)


@pytest.mark.parametrize("nth", [1, 2])
def test_an_upload_whose_answer_was_lost_is_one_publication(case: Case, proxy: FaultProxy, nth: int) -> None:
    proxy.when(*WRITES, do=drop_after, nth=nth)
    job = packaged(case.platform, case.job(overlay=proxy.through(case.options())))
    with contextlib.suppress(DeployForgeError):
        case.platform.publish(job, case.platform.presence(job).missing)
    publish_missing(case)
    assert_each_once(case)


def publish_missing(case: Case) -> None:
    """What the engine does on the next run: look, and publish what is missing."""
    job = packaged(case.platform, case.job())
    presence = case.platform.presence(job)
    if not presence.settled:
        case.platform.publish(job, presence.missing)
    assert case.platform.presence(job).settled


def assert_each_once(case: Case) -> None:
    names = [(p.name, p.version, p.extra.get("part", "")) for p in case.publications()]
    assert names
    assert len(set(names)) == len(names)


# --- credentials and errors ---------------------------------------------------------------------------------------


def test_a_wrong_credential_publishes_nothing_and_says_so_without_showing_it(case: Case) -> None:
    if not case.platform.credentials:
        pytest.skip("not on a platform without credentials")
    canary = "canary-7f3a9b-never-to-be-seen"
    recorder = Recorder()
    wrong = {c.name: canary for c in case.platform.credentials}
    job = packaged(case.platform, case.job(secrets=wrong, recorder=recorder))
    with pytest.raises(DeployForgeError) as caught:
        case.platform.publish(job, case.platform.pieces(job))
    assert case.publications() == []
    assert caught.value.hint
    shown = json.dumps([caught.value.as_json(), [e.data for e in recorder.events], recorder.intents])
    assert canary not in shown
    assert redactor.text(canary) != canary


def test_a_missing_credential_is_found_before_publishing(case: Case) -> None:
    if not any(c.required for c in case.platform.credentials):
        pytest.skip("not on a platform that needs no credential")
    job = packaged(case.platform, case.job(secrets={}))
    errors = [f for f in case.platform.preflight(job) if f.level is Level.ERROR]
    assert errors
    assert all(f.hint for f in errors)


def test_the_finding_of_a_missing_credential_says_that_it_is_about_one(case: Case) -> None:
    if not any(c.required for c in case.platform.credentials):
        pytest.skip("not on a platform that needs no credential")
    findings = case.platform.preflight(packaged(case.platform, case.job(secrets={})))
    about = {f.id for f in findings if f.level is Level.ERROR and f.credential}
    others = {f.id for f in case.platform.preflight(packaged(case.platform, case.job()))}  # tools that are not here
    assert about
    assert {f.id for f in findings if f.level is Level.ERROR} - others == about


def test_the_finding_of_a_refused_credential_says_that_it_is_about_one(case: Case) -> None:
    if not case.platform.credentials:
        pytest.skip("not on a platform without credentials")
    good, wrong = case.job(), case.job(secrets={c.name: "refused-5d0b" for c in case.platform.credentials})
    fine = {f.id for f in case.platform.preflight(packaged(case.platform, good))}
    refused = [f for f in case.platform.preflight(packaged(case.platform, wrong)) if f.level is Level.ERROR]
    if not refused:
        pytest.skip("not on a platform that tells only at the upload")
    assert [f.id for f in refused if f.id not in fine and not f.credential] == []


@pytest.mark.parametrize("code", [401, 403])
def test_an_upload_that_is_refused_ends_as_a_credential_error(case: Case, proxy: FaultProxy, code: int) -> None:
    if not case.platform.credentials:
        pytest.skip("not on a platform without credentials")
    job = packaged(case.platform, case.job(overlay=proxy.through(case.options())))
    missing = case.platform.presence(job).missing
    proxy.when(*WRITES, do=status(code), times=None)
    with pytest.raises(DeployForgeError) as caught:
        case.platform.publish(job, missing)
    assert caught.value.exit_code == CredentialError.exit_code


def test_a_good_job_passes_its_own_preflight(case: Case) -> None:
    findings = case.platform.preflight(packaged(case.platform, case.job()))
    missing_tools = [f for f in findings if f.level is Level.ERROR and "not on this machine" in f.message]
    assert [f for f in findings if f.level is Level.ERROR and f not in missing_tools] == []


def test_findings_have_stable_ids(case: Case) -> None:
    for finding in case.platform.preflight(packaged(case.platform, case.job(secrets={}))):
        prefix, _, number = finding.id.rpartition("-")
        assert prefix.isupper()
        assert number.isdigit()


# --- afterwards ---------------------------------------------------------------------------------------------------


def test_rolling_back_does_something_or_tells_a_person_what_to_do(case: Case) -> None:
    publish(case.platform, case.job(version="1.0.0"))
    job = publish(case.platform, case.job(version="1.1.0"))
    rollback = case.platform.rollback(job, Version.parse("1.0.0"))
    assert rollback.done or rollback.manual
    assert case.platform.traits.reversible == bool(rollback.done)


def test_the_plan_of_a_rollback_sends_nothing_that_could_write(case: Case) -> None:
    publish(case.platform, case.job(version="1.0.0"))
    job = publish(case.platform, case.job(version="1.1.0"))
    before, sent = case.publications(), len(case.registry.journal)
    plan = case.platform.rollback_plan(job, Version.parse("1.0.0"))
    assert plan.changes or plan.manual
    assert [request for request in case.registry.journal[sent:] if is_write(request)] == []
    assert case.publications() == before


def test_a_rollback_does_what_its_plan_says_and_nothing_else(case: Case) -> None:
    publish(case.platform, case.job(version="1.0.0"))
    job = publish(case.platform, case.job(version="1.1.0"))
    to = Version.parse("1.0.0")
    plan, sent = case.platform.rollback_plan(job, to), len(case.registry.journal)
    rollback = case.platform.rollback(job, to)
    assert rollback.done == tuple(change.text for change in plan.changes)
    assert rollback.manual == plan.manual
    wrote = any(is_write(request) for request in case.registry.journal[sent:])
    assert wrote == bool(plan.changes)


def is_write(request: tuple[str, str, int]) -> bool:
    """Whether a request could change something."""
    methods, paths = WRITES
    method, path, _ = request
    return bool(re.fullmatch(methods, method) and re.search(paths, path))


def test_the_page_of_a_version_is_on_the_registry_that_it_was_published_to(case: Case) -> None:
    page = case.platform.page(case.job())
    assert page == "" or is_loopback(page)


def test_a_manual_step_sends_nobody_to_another_registry(case: Case) -> None:
    job = publish(case.platform, case.job())
    urls = [step.url for step in case.platform.rollback(job, None).manual]
    assert [url for url in urls if url and not is_loopback(url)] == []
