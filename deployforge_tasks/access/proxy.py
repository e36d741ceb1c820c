"""A reverse proxy in front of the dashboard: whose headers are believed, and where a visitor really comes from."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TypeAlias

from deployforge_tasks.core.errors import ConfigError

_Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"


class Proxies:
    """The addresses and networks that are believed.

    Raises:
        ConfigError: one of them is none.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        self._networks = [_network(address) for address in addresses]

    def trusts(self, address: str) -> bool:
        """Whether a proxy of ours connects from this address."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return any((mapped or found) in network for network in self._networks)

    def origin(self, peer: str, forwarded: str) -> str:
        """The address that a visitor comes from.

        Args:
            peer: the other end of the connection.
            forwarded: the header ``X-Forwarded-For``, to which each proxy appends whom it heard from. The last
                address that is no proxy of ours is the visitor's; what stands before it anybody can write.
        """
        if not self.trusts(peer):
            return peer
        hops = [_without_port(hop.strip()) for hop in forwarded.split(",") if hop.strip()]
        return next((hop for hop in reversed(hops) if not self.trusts(hop)), peer)


def _without_port(hop: str) -> str:
    """An address alone: some proxies write it with a port, which is another one with each connection."""
    found = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+", hop)
    return (found[1] or found[2]) if found else hop


def _network(text: str) -> _Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise ConfigError(
            f"`{text}` in `dashboard.proxy.addresses` is no address and no network",
            hint="write addresses or networks in numbers, as 10.0.0.7 or 10.0.0.0/24",
            code="DF3513",
        ) from error
