"""What changes something: deploy, retry, roll back, stop. A GET shows what would be done, a POST starts it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from deployforge_tasks.access.approvals import Action
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.dashboard.forms import Choices, Sent
from deployforge_tasks.dashboard.guard import needs, note, visitor
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.detach import new_name
from deployforge_tasks.operations.launching import deploy_words, obstacles, rollback_words, started
from deployforge_tasks.operations.offers import (
    cannot_be_undone,
    chosen_names,
    deploy_offer,
    everything,
    retry_offer,
    rollback_offer,
)
from deployforge_tasks.operations.permitted import start_permitted
from deployforge_tasks.operations.run_detail import run_head
from deployforge_tasks.operations.stop import stop as stop_run
from deployforge_tasks.project.load import Loaded

router = APIRouter(include_in_schema=False)
ENTRY = Entry("Deploy", "/deploy", order=25, key="d", needs="preview")
#: Seconds that a browser is kept waiting until a run has a number.
_PATIENCE = 8.0

Names = Annotated[list[str], Query(default_factory=list)]


@router.get("/deploy", dependencies=[needs("preview")])
def deploy(request: Request, *, version: str = "", platforms: Names, look: bool = False) -> HTMLResponse:
    """Choose a version and platforms; with `look` the plan, and the button."""
    return _deploy_page(request, version.strip(), platforms, look=look)


@router.post("/deploy", dependencies=[needs("deploy")])
def start_deploy(request: Request, form: Sent) -> Response:
    """Start the deploy that was looked at."""
    version, names = form.one("version"), form.all("platforms")
    words = deploy_words(version, names)
    loaded = _loaded(request, version)
    problem = _in_the_way(request, loaded, form, names, must_type=True)
    if problem:
        note(request, "deploy", subject=f"v{version}", outcome="refused", platforms=names, reason=problem)
        return _deploy_page(request, version, names, look=True, problem=problem)
    return _start(request, loaded, words, form, "deploy")


def _deploy_page(request: Request, version: str, names: list[str], *, look: bool, problem: str = "") -> HTMLResponse:
    desk = request.app.state.desk
    loaded = _loaded(request, version)
    offer = deploy_offer(loaded, names, ledger_url=desk.ledger_url) if look else None
    return page(
        request,
        "deploy.html",
        status=409 if problem else 200,
        title="Deploy",
        version=version or str(loaded.version or ""),
        choices=everything(loaded),
        wanted=names,
        found=offer,
        refusal=problem,
        form=new_name(),
    )


@router.get("/runs/{number}/retry", dependencies=[needs("retry")])
def retry(request: Request, *, number: int, platforms: Names, stage: str = "") -> HTMLResponse:
    """What a run left undone, to be done again."""
    return _retry_page(request, number, platforms, stage)


@router.post("/runs/{number}/retry", dependencies=[needs("retry")])
def start_retry(request: Request, number: int, form: Sent) -> Response:
    """Do it again."""
    desk = request.app.state.desk
    names, stage = form.all("platforms"), form.one("stage")
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    loaded = _loaded(request, head.run.version)
    words = deploy_words(head.run.version, names, from_stage=stage)
    problem = _in_the_way(request, loaded, form, names)
    refused = retry_offer(loaded, number, names, stage, ledger_url=desk.ledger_url).refused(names)
    problem = problem or "; ".join(f"{choice.title}: {choice.why_not}" for choice in refused)
    if problem:
        note(request, "retry", subject=f"run {number}", outcome="refused", platforms=names, reason=problem)
        return _retry_page(request, number, names, stage, problem)
    return _start(request, loaded, words, form, "retry", subject=f"run {number}")


def _retry_page(request: Request, number: int, names: list[str], stage: str, problem: str = "") -> HTMLResponse:
    desk = request.app.state.desk
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    offer = retry_offer(_loaded(request, head.run.version), number, names, stage, ledger_url=desk.ledger_url)
    return page(
        request,
        "retry.html",
        status=409 if problem else 200,
        title=f"Retry run {number}",
        run=head.run,
        offer=offer,
        wanted=names,
        stage=stage,
        refusal=problem,
        form=new_name(),
    )


@router.get("/rollback", dependencies=[needs("preview")])
def rollback(
    request: Request, *, version: str = "", to: str = "", platforms: Names, look: bool = False
) -> HTMLResponse:
    """Choose what to take users back from; with `look` exactly what would happen, and the button."""
    return _rollback_page(request, version.strip(), to.strip(), platforms, look=look)


@router.post("/rollback", dependencies=[needs("rollback")])
def start_rollback(request: Request, form: Sent) -> Response:
    """Start the rollback that was looked at."""
    version, to, names = form.one("version"), form.one("to"), form.all("platforms")
    words = rollback_words(version, to, names)
    loaded = _loaded(request, version)
    problem = _in_the_way(request, loaded, form, names, must_type=True)
    if problem:
        note(request, "rollback", subject=f"v{version}", outcome="refused", platforms=names, reason=problem)
        return _rollback_page(request, version, to, names, look=True, problem=problem)
    return _start(request, loaded, words, form, "rollback", to=to.removeprefix("v"))


def _rollback_page(
    request: Request, version: str, to: str, names: list[str], *, look: bool, problem: str = ""
) -> HTMLResponse:
    desk = request.app.state.desk
    loaded = _loaded(request, version)
    found = rollback_offer(loaded, names, to, ledger_url=desk.ledger_url) if look else None
    return page(
        request,
        "rollback.html",
        status=409 if problem else 200,
        title="Roll back",
        version=version or str(loaded.version or ""),
        to=to,
        choices=everything(loaded),
        wanted=names,
        found=found,
        refusal=problem,
        form=new_name(),
    )


@router.get("/runs/{number}/stop", dependencies=[needs("stop")])
def stop(request: Request, number: int) -> HTMLResponse:
    """What stopping a run means."""
    desk = request.app.state.desk
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    return page(request, "stop.html", title=f"Stop run {number}", run=head.run)


@router.post("/runs/{number}/stop", dependencies=[needs("stop")])
def do_stop(request: Request, number: int, form: Sent) -> Response:
    """Stop it."""
    desk = request.app.state.desk
    try:
        stop_run(desk.loaded, number, ledger_url=desk.ledger_url)
    except ConfigError as error:
        note(request, "stop", subject=f"run {number}", outcome="failed", reason=error.message)
        raise
    note(request, "stop", subject=f"run {number}", reason=form.one("reason"))
    return RedirectResponse(f"/runs/{number}", status_code=303)


@router.get("/starting/{form}", dependencies=[needs("look")])
def starting(request: Request, form: str) -> Response:
    """Where a browser waits until the run that it started has a number."""
    seen = started(request.app.state.desk.loaded, form, patience=_PATIENCE)
    if seen is not None and seen.run is not None:
        return RedirectResponse(f"/runs/{seen.run}", status_code=303)
    status = 404 if seen is None else 503 if seen.ended else 200
    return page(request, "starting.html", status=status, title="Starting", seen=seen)


def _loaded(request: Request, version: str) -> Loaded:
    desk = request.app.state.desk
    loaded: Loaded = desk.of_version(version) if version else desk.loaded
    return loaded


def _in_the_way(request: Request, loaded: Loaded, form: Choices, names: list[str], *, must_type: bool = False) -> str:
    """Why this cannot be started now; "" when it can."""
    if started(loaded, form.one("form")) is not None:  # sent twice: it leads to the run that the first one started
        return ""
    chosen_names(loaded, names)
    if (
        must_type
        and cannot_be_undone(names)
        and form.one("typed").removeprefix("v") != form.one("version").removeprefix("v")
    ):
        return "the version that was typed is another one, and this cannot be undone: nothing was started"
    url = request.app.state.desk.ledger_url
    return "; ".join(o.text for o in obstacles(loaded, str(loaded.version), names, ledger_url=url))


def _start(
    request: Request, loaded: Loaded, words: list[str], form: Choices, action: str, *, subject: str = "", to: str = ""
) -> RedirectResponse:
    name, reason = form.one("form"), form.one("reason")
    desk = request.app.state.desk
    deed: Action = "rollback" if action == "rollback" else "deploy"
    if start_permitted(
        desk.records,
        loaded,
        visitor(request),
        words,
        action=deed,
        platforms=form.all("platforms"),
        form=name,
        to=to,
        actor=f"{visitor(request).name} (dashboard)",
        reason=reason,
        ledger_url=desk.ledger_url,
    ):
        about = subject or f"v{loaded.version}"
        note(request, action, subject=about, platforms=form.all("platforms"), reason=reason, started=name)
    return RedirectResponse(f"/starting/{name}", status_code=303)
