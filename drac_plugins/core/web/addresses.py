"""Where a request comes from, as far as it can be believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from flask import Flask, current_app, request

from drac_plugins.core.settings import SettingsError, Web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_KEY = "drac_trusted_proxies"


def install(app: Flask, web: Web) -> None:
    """Believe the proxies of `web.trusted_proxies`. Raises SettingsError."""
    try:
        app.extensions[_KEY] = tuple(ipaddress.ip_network(text, strict=False) for text in web.trusted_proxies)
    except ValueError as error:
        raise SettingsError(f"web.trusted_proxies: {error}") from None


def client_address() -> str:
    """Of the request that is being answered."""
    trusted: tuple[Network, ...] = current_app.extensions[_KEY]
    return believed(request.remote_addr or "", request.headers.getlist("X-Forwarded-For"), trusted)


def believed(peer: str, forwarded: Iterable[str], trusted: Iterable[Network]) -> str:
    """The last address that was not written by one of our own proxies; what stands before it anybody can write."""
    known = tuple(trusted)
    chain = [part.strip() for line in forwarded for part in line.split(",")]
    address = peer
    while chain and _within(address, known):
        if not _is_address(chain[-1]):
            break
        address = chain.pop()
    return address


def _within(address: str, known: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in known)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
