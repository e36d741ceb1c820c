"""Whether a dashboard may be served as it is configured: nobody reaches it unasked."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.project.schema_dashboard import Dashboard


def check_way_in(section: Dashboard, host: str) -> None:
    """See that people have to sign on wherever others than those at this machine can come.

    Args:
        section: the configuration.
        host: the address to listen on.

    Raises:
        ConfigError: they would not have to, or what their way to sign on needs is not written.
    """
    if section.auth == "local" and not is_loopback_host(host):
        raise ConfigError(
            f"the dashboard would be open to everybody who reaches {host}",
            hint="set `dashboard.auth:` to token, oidc or proxy, or listen on 127.0.0.1",
            code="DF3510",
        )
    if section.auth == "oidc" and section.oidc is None:
        raise ConfigError(
            "`dashboard.auth: oidc` needs to know the provider",
            hint="write `dashboard.oidc:` with its issuer and client_id",
            code="DF3511",
        )
    if section.auth == "proxy" and section.proxy is None:
        raise ConfigError(
            "`dashboard.auth: proxy` needs to know which proxy",
            hint="write `dashboard.proxy.addresses:` with the addresses that it connects from",
            code="DF3512",
        )


def is_loopback_host(host: str) -> bool:
    """Whether only this machine reaches an address to listen on."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def in_the_clear(section: Dashboard, host: str) -> bool:
    """Whether people would sign on over a network without encryption."""
    return not is_loopback_host(host) and not (section.url or "").startswith("https://")
