"""Neighbours that speak HTTP and are not ICAT: short questions with a time-out, every failure in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests
from pydantic import Field, SecretStr

from drac_plugins.core.errors import NotFound, NotSupported, Unavailable, UpstreamBroken
from drac_plugins.core.settings import Section

MAX_BYTES = 4 * 1024 * 1024
_PORTION = 64 * 1024


class Address(Section):
    """Settings of a neighbour to which callers are sent; a plugin's model may inherit them."""

    url: str = Field("", pattern=r"^(https?://\S+)?$", description="address of the service; '': there is none")


class Upstream(Address):
    """Settings of a neighbour that is asked."""

    token: SecretStr = Field(SecretStr(""), description="sent as bearer token; '': none")
    timeout_seconds: float = Field(10.0, gt=0)


def needed(upstream: Address, what: str, setting: str) -> str:
    """The address. Raises NotSupported when there is none; the text names the setting."""
    if not upstream.url:
        raise NotSupported(f"{what} is not connected here; the operator can set {setting}")
    return upstream.url


def ask(upstream: Upstream, what: str, setting: str, query: Mapping[str, str]) -> Any:
    """The JSON that the neighbour answers to GET. `what` names it in the texts of failures.

    Raises NotSupported (no address), Unavailable (no answer in time, 5xx), NotFound (404) and UpstreamBroken (anything
    else).
    """
    url = needed(upstream, what, setting)
    token = upstream.token.get_secret_value()
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with requests.get(
            url,
            params=dict(query),
            headers=headers,
            timeout=upstream.timeout_seconds,
            allow_redirects=False,
            stream=True,
        ) as reply:
            return _content(reply, what)
    except requests.Timeout as error:
        raise Unavailable(f"{what} did not answer within {upstream.timeout_seconds:g} s; try again later") from error
    except requests.RequestException as error:
        raise Unavailable(f"{what} cannot be reached ({type(error).__name__}); try again later") from error


def _content(reply: requests.Response, what: str) -> Any:
    if reply.status_code == requests.codes.not_found:
        raise NotFound(f"{what} knows nothing of this")
    if reply.status_code >= requests.codes.server_error:
        raise Unavailable(f"{what} has a problem of its own (it answered {reply.status_code}); try again later")
    if reply.status_code != requests.codes.ok:
        raise UpstreamBroken(f"{what} refused the question (it answered {reply.status_code})")
    return _json(reply, what)


def _json(reply: requests.Response, what: str) -> Any:
    content = bytearray()
    for portion in reply.iter_content(_PORTION):
        content += portion
        if len(content) > MAX_BYTES:
            raise UpstreamBroken(f"{what} answered more than {MAX_BYTES} bytes")
    try:
        return json.loads(content)
    except ValueError as error:
        raise UpstreamBroken(f"{what} answered something that is no JSON") from error
