"""What a look found that somebody should be told of: a platform that drifted, a credential that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployforge_tasks.operations.status import Status
    from deployforge_tasks.operations.whoami import Accounts
    from deployforge_tasks.project.load import Loaded


def tell_drift(loaded: Loaded, found: Status, *, ledger_url: str | None = None) -> None:
    """Tell of platforms that are not as they were released; returns at once and never raises.

    Args:
        loaded: the project.
        found: what every platform has.
        ledger_url: another ledger than the project's own.
    """
    from deployforge_tasks.operations.notify import Happening, Line, tell

    drifted = [platform for platform in found.platforms if platform.drift]
    if drifted:
        lines = tuple(Line(p.name, "drift", p.drift, p.page) for p in drifted)
        reason = "; ".join(f"{p.name}: {p.drift}" for p in drifted)
        hint = "`deployforge status` tells more; `deployforge deploy` publishes what is missing"
        names = tuple(p.name for p in drifted)
        tell(loaded, Happening("drift", found.version, names, reason, hint, lines), ledger_url=ledger_url)


def tell_ending(loaded: Loaded, found: Accounts, *, ledger_url: str | None = None) -> None:
    """Tell of credentials that end soon or have ended; returns at once and never raises.

    Args:
        loaded: the project.
        found: the accounts.
        ledger_url: another ledger than the project's own.
    """
    from deployforge_tasks.operations.notify import Happening, Line, tell

    ending = [account for account in found.accounts if account.state in ("expiring", "expired")]
    for account in ending:  # each on its own: another one that begins to end is news, the first one again is not
        line = Line(account.platform, account.state, account.reason, hint=account.hint)
        reason = f"the credential of {account.platform}: {account.reason}"
        hint = account.hint or f"make a new one: `deployforge login {account.platform}`"
        happening = Happening("credential_expiring", "", (account.platform,), reason, hint, (line,))
        tell(loaded, happening, ledger_url=ledger_url)
