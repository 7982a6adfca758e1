"""Options of `serve` that say how much one client may ask for, and how people log in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from icat_schema.server.commands.options import DEFAULTS, option


def _friendly(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Any, ...]:
    names = []
    for value in values:
        mechanism, _, name = value.partition("=")
        if mechanism not in DEFAULTS.mechanisms or not name:
            raise click.BadParameter(f"'{value}' is not like db=Facility account")
        names.append((mechanism, name))
    return tuple(names)


def _size(flag: str, variable: str, default: int, text: str) -> Callable[[Any], Any]:
    return option(flag, variable, type=click.IntRange(1), default=default, help=text)


def _seconds(flag: str, variable: str, default: float, text: str) -> Callable[[Any], Any]:
    return option(flag, variable, type=click.FloatRange(0.1), default=default, help=text)


LIMITS = {
    "max_query_length": _size(
        "--max-query-length", "MAX_QUERY_LENGTH", DEFAULTS.max_query_length, "characters of one query"
    ),
    "max_request_bytes": _size(
        "--max-request-bytes", "MAX_REQUEST_BYTES", DEFAULTS.max_request_bytes, "of one request but an import"
    ),
    "max_import_bytes": _size("--max-import-bytes", "MAX_IMPORT_BYTES", DEFAULTS.max_import_bytes, "of one import"),
    "max_import_seconds": _seconds(
        "--max-import-seconds", "MAX_IMPORT_SECONDS", DEFAULTS.max_import_seconds, "of one import"
    ),
    "max_header_bytes": _size(
        "--max-header-bytes", "MAX_HEADER_BYTES", DEFAULTS.max_header_bytes, "of a request's first line and headers"
    ),
    "max_connections": _size("--max-connections", "MAX_CONNECTIONS", DEFAULTS.max_connections, "open at the same time"),
    "idle_seconds": option(
        "--idle-seconds",
        "IDLE_SECONDS",
        type=click.IntRange(1),
        default=DEFAULTS.idle_seconds,
        help="after which a silent connection is closed",
    ),
    "proxies": option(
        "--proxies",
        "PROXIES",
        type=click.IntRange(0),
        default=DEFAULTS.proxies,
        help="how many X-Forwarded-For of our own stand before it",
    ),
    "slow_down_logins": option(
        "--slow-down-logins/--no-slow-down-logins",
        "SLOW_DOWN_LOGINS",
        default=DEFAULTS.slow_down_logins,
        help="make who guesses passwords wait",
    ),
    "oidc_issuer": option(
        "--oidc-issuer",
        "OIDC_ISSUER",
        default=DEFAULTS.oidc_issuer,
        help="OpenID provider whose tokens log in (authenticator oidc, credential token); '' for none",
    ),
    "oidc_audiences": click.option(
        "--oidc-audience",
        "oidc_audiences",
        envvar="DRAC_CATALOGUE_OIDC_AUDIENCES",
        show_envvar=True,
        multiple=True,
        help="whom tokens are for; may be given several times",
    ),
    "oidc_claim": option("--oidc-claim", "OIDC_CLAIM", default=DEFAULTS.oidc_claim, help="names the user in a token"),
    "oidc_mechanism": option(
        "--oidc-mechanism",
        "OIDC_MECHANISM",
        default=DEFAULTS.oidc_mechanism,
        help="what user names begin with; that of another authenticator makes its users the same",
    ),
    "text_search": option(
        "--text-search/--no-text-search",
        "TEXT_SEARCH",
        default=DEFAULTS.text_search,
        help="keep an index of words for lucene/data",
    ),
    "friendly_names": click.option(
        "--friendly",
        "friendly_names",
        envvar="DRAC_CATALOGUE_FRIENDLY",
        show_envvar=True,
        multiple=True,
        callback=_friendly,
        metavar="MECHANISM=TEXT",
        help="what login forms call an authenticator; may be given several times",
    ),
    "admin_mechanisms": click.option(
        "--admin",
        "admin_mechanisms",
        envvar="DRAC_CATALOGUE_ADMIN",
        show_envvar=True,
        multiple=True,
        type=click.Choice(DEFAULTS.mechanisms),
        callback=lambda _context, _parameter, values: frozenset(values),
        help="authenticators that login forms show to administrators only",
    ),
}
"""By the names of the settings."""


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all these options, and their values as one argument: `limits`, by the names of the settings."""

    @functools.wraps(command)
    def with_limits(*arguments: Any, **values: Any) -> Any:
        limits = {name: values.pop(name) for name in LIMITS}
        return command(*arguments, limits=limits, **values)

    decorated: Callable[..., Any] = with_limits
    for decorate in reversed(LIMITS.values()):
        decorated = decorate(decorated)
    return decorated
