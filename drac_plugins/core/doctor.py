"""`drac doctor`: is everything there that the settings promise? Each finding says what to do."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from drac_plugins.core import storage
from drac_plugins.core.apikeys.issued import issued
from drac_plugins.core.errors import DracError
from drac_plugins.core.plugins import discover
from drac_plugins.core.services import Services, create_services
from drac_plugins.core.settings import Account, Settings, SettingsError
from icat_schema.gateway import Catalogue
from icat_schema.gateway.errors import CatalogueError, LoginRefused

PROBE_SECONDS = 10.0
_DEFAULT_ACCOUNTS = ("ingester", "acquisition", "reader")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at, its `state`, and for anything but `ok` what to do about it."""

    what: str
    state: Literal["ok", "warning", "failed"]
    text: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything in turn; checks whose ground is missing are left out."""
    try:
        plugins = discover(settings)
        services = create_services(settings, plugins)
    except SettingsError as error:
        yield Finding("settings", "failed", str(error))
        return
    yield Finding("settings", "ok", f"plugins: {', '.join(plugin.name for plugin in plugins) or 'none'}")
    yield _store(services)
    yield from _catalogue(services)
    yield from _keys(services)
    yield from _folders(settings)
    yield from _ports(settings)
    for plugin in plugins:
        for name, check in plugin.health.items():
            yield _plugin(f"{plugin.name}: {name}", lambda check=check: check(services))  # type: ignore[misc]


def _store(services: Services) -> Finding:
    what = f"store {services.store.engine.url.render_as_string(hide_password=True)}"
    try:
        if storage.is_current(services.store):
            return Finding(what, "ok")
    except DracError as error:
        return Finding(what, "failed", f"{error.message}; check store.url")
    if services.settings.store.auto_upgrade:
        return Finding(what, "ok", "the tables are made or changed at the next start")
    return Finding(what, "failed", "the tables are not those of this release; run: drac db upgrade")


def _catalogue(services: Services) -> Iterator[Finding]:
    what = f"catalogue {services.settings.icat.url}"
    probe = Catalogue(replace(services.catalogue.settings, timeout_seconds=PROBE_SECONDS))
    try:
        properties = probe.properties()
    except CatalogueError as error:
        yield Finding(what, "failed", f"{error.message}; check icat.url, or start one: drac catalogue serve")
        return
    if properties.version.partition(".")[0] == "5":
        yield Finding(what, "ok", f"ICAT {properties.version}")
    else:
        yield Finding(what, "failed", f"is an ICAT {properties.version}; this software needs ICAT 5")
    yield _default_plugin(services.settings, sorted(properties.authenticators))
    for role in _DEFAULT_ACCOUNTS:
        yield _account(probe, role, getattr(services.settings.icat, role))
    probe.close()


def _default_plugin(settings: Settings, offered: list[str]) -> Finding:
    plugin = settings.auth.default_plugin
    if plugin in offered:
        return Finding("log-in", "ok", f"users log in by {plugin} unless they say otherwise")
    text = f"auth.default_plugin is {plugin!r}, but the catalogue offers {', '.join(offered)}"
    return Finding("log-in", "warning", f"{text}; whoever logs in without naming a plugin is refused")


def _account(catalogue: Catalogue, role: str, account: Account) -> Finding:
    what = f"account {role} ({account.plugin}/{account.username})"
    password = account.password.get_secret_value()
    try:
        session = catalogue.login(account.plugin, {"username": account.username, "password": password})
        session.logout()
    except LoginRefused:
        advice = "create it (drac catalogue user add), or correct"
        return Finding(what, "failed", f"cannot log in; {advice} icat.{role} in the settings")
    except CatalogueError as error:
        return Finding(what, "failed", error.message)
    if password == account.username:
        return Finding(what, "warning", f"its password is its name: fine for a trial, else change icat.{role}.password")
    return Finding(what, "ok")


def _keys(services: Services) -> Iterator[Finding]:
    settings = services.settings
    keys = settings.auth.api_keys
    try:
        in_store = [one.name for one in issued(services.store)] if storage.is_current(services.store) else []
    except DracError:
        in_store = []  # told above
    if not (keys or in_store):
        yield Finding("API keys", "warning", "none: control systems are refused; issue one: drac apikey add NAME")
        return
    plain = [name for name, key in keys.items() if "00000000-0000-0000-0000-000000000000" in key]
    if plain and settings.web.host not in _LOOPBACK:
        yield Finding("API keys", "warning", f"{', '.join(plain)}: the placeholder that every client knows; replace it")
    else:
        yield Finding("API keys", "ok", ", ".join([*keys, *in_store]))


def _folders(settings: Settings) -> Iterator[Finding]:
    yield _writable(settings.var)
    readable = {path: "facility.data_root" for path in [settings.facility.data_root] if path}
    readable |= {path: f"ingest.path_map ({prefix})" for prefix, path in settings.ingest.path_map.items()}
    mapped = tuple(settings.ingest.path_map)
    for root in settings.ingest.data_roots:
        if not root.startswith(mapped) and not any(prefix.startswith(root) for prefix in mapped):
            readable.setdefault(Path(root), "ingest.data_roots")
    for path, setting in readable.items():
        if path.is_dir() and os.access(path, os.R_OK | os.X_OK):
            yield Finding(f"folder {path}", "ok")
        else:
            text = "cannot be read: files there are not found on disk, datasets are registered all the same"
            yield Finding(f"folder {path}", "warning", f"{text}; mount it or change {setting}")


def _writable(path: Path) -> Finding:
    existing = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Finding(f"folder {path}", "ok")
    return Finding(
        f"folder {path}", "failed", f"{existing} cannot be written; change the setting var or its permissions"
    )


def _ports(settings: Settings) -> Iterator[Finding]:
    yield _own_port("facade", "web.port", settings.web.host, settings.web.port)
    for what, setting, address in (
        ("STOMP listener", "ingest.listen", settings.ingest.listen),
        ("health monitor", "ingest.monitor", settings.ingest.monitor),
    ):
        if address:
            host, _, port = address.rpartition(":")
            yield _own_port(what, setting, host, int(port))
    for address in settings.ingest.brokers:
        host, _, port = address.rpartition(":")
        if _answers(host, int(port)):
            yield Finding(f"broker {address}", "ok")
        else:
            yield Finding(f"broker {address}", "failed", "does not answer; check ingest.brokers and the broker")


def _own_port(what: str, setting: str, host: str, port: int) -> Finding:
    name = f"{what} {host}:{port}"
    if _answers(host, port):
        return Finding(name, "ok", f"something listens there; if it is not this software, change {setting}")
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return Finding(name, "ok", "free")
    except OSError as error:
        return Finding(name, "failed", f"cannot be used ({error.strerror}); change {setting}")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def _plugin(what: str, check: Callable[[], object]) -> Finding:
    try:
        health = check()
    except (DracError, CatalogueError) as error:
        return Finding(what, "failed", error.message)
    state: str = getattr(health, "state", "ok")
    text: str = getattr(health, "text", "")
    return Finding(what, {"ok": "ok", "degraded": "warning"}.get(state, "failed"), text)  # type: ignore[arg-type]
