"""ICAT's REST interface: sessions, searches, batches of writes, server properties."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import quote, quote_plus

import orjson
import requests

from icat_schema.gateway.counting import CallCounter
from icat_schema.gateway.errors import (
    CatalogueError,
    LoginRefused,
    SessionInvalid,
    of_icat,
    of_status,
    translating,
    unreadable,
)
from icat_schema.gateway.settings import GatewaySettings, ServerProperties
from icat_schema.gateway.wire import Wire

_LEFT_PLAIN = "(),:!*/@"
"""Characters that a query string may hold as they are; every saved byte is room for an id."""


def encoded(query: str) -> str:
    """A query as it stands in the URL."""
    return quote_plus(query, safe=_LEFT_PLAIN)


class Rest:
    """The calls; each raises a `CatalogueError`."""

    def __init__(self, settings: GatewaySettings, wire: Wire) -> None:
        self._base = settings.base + settings.rest_path.rstrip("/")
        self._wire = wire

    def search(self, session_id: str, query: str) -> list[Any]:
        """The results of a query as JSON has them."""
        url = f"{self._base}/entityManager?sessionId={quote_plus(session_id)}&query={encoded(query)}"
        with translating(session_id):
            reply = self._wire.send("GET", url)
        found = _json(reply, session_id)
        if not isinstance(found, list):
            raise unreadable()
        return found

    def write(self, session_id: str, entities: Sequence[Mapping[str, Any]]) -> list[int]:
        """Create and change objects in one transaction; the ids of the new ones."""
        text = json.dumps(entities, ensure_ascii=False, allow_nan=False)
        with translating(session_id):
            reply = self._wire.send(
                "POST", f"{self._base}/entityManager", data={"sessionId": session_id, "entities": text}
            )
        ids = _json(reply, session_id)
        if not isinstance(ids, list) or not all(isinstance(i, int) for i in ids):
            raise unreadable()
        return ids

    def login(self, plugin: str, credentials: Mapping[str, str], address: str = "") -> str:
        """A new session id. `address`: where the user is."""
        keys = [{name: value} for name, value in credentials.items()]
        text = json.dumps({"plugin": plugin, "credentials": keys})
        headers = {"X-Forwarded-For": address} if address else {}
        secrets = [value for name, value in credentials.items() if name != "username" or len(credentials) == 1]
        with translating(*secrets):
            reply = self._wire.send("POST", f"{self._base}/session", data={"json": text}, headers=headers)
        try:
            answer = _json(reply, *secrets)
        except SessionInvalid as error:
            raise LoginRefused(error.message) from None
        session_id = answer.get("sessionId") if isinstance(answer, dict) else None
        if not isinstance(session_id, str):
            raise unreadable()
        return session_id

    def refresh(self, session_id: str) -> None:
        """Let the session's time begin anew."""
        self._about_session("PUT", session_id)

    def logout(self, session_id: str) -> None:
        """End the session; one that has ended already is fine."""
        with suppress(SessionInvalid):
            self._about_session("DELETE", session_id)

    def _about_session(self, method: Literal["PUT", "DELETE"], session_id: str) -> None:
        with translating(session_id):
            reply = self._wire.send(method, f"{self._base}/session/{quote(session_id, safe='')}")
        if reply.status_code not in (200, 204):
            raise _failure(reply, (session_id,))

    def session_state(self, session_id: str) -> tuple[str, float]:
        """(user name, minutes that remain)."""
        with translating(session_id):
            reply = self._wire.send("GET", f"{self._base}/session/{quote(session_id, safe='')}")
        state = _json(reply, session_id)
        try:
            return str(state["userName"]), float(state["remainingMinutes"])
        except (TypeError, KeyError, ValueError):
            raise unreadable() from None

    def properties(self, counter: CallCounter) -> ServerProperties:
        """Version and limits of the server (two calls, not counted)."""
        with counter.not_counting(), translating():
            version = _json(self._wire.send("GET", f"{self._base}/version"))
            properties = _json(self._wire.send("GET", f"{self._base}/properties"))
        try:
            return ServerProperties(
                version=str(version["version"]),
                max_entities=int(properties["maxEntities"]),
                lifetime_minutes=int(properties["lifetimeMinutes"]),
                authenticators={
                    str(a["mnemonic"]): tuple(str(key["name"]) for key in a.get("keys", ()))
                    for a in properties["authenticators"]
                },
            )
        except (TypeError, KeyError, ValueError, AttributeError):
            raise unreadable() from None


def _json(reply: requests.Response, *hide: str) -> Any:
    """The body of a good reply; the exception that a bad one stands for."""
    if reply.status_code != 200:
        raise _failure(reply, hide)
    try:
        return orjson.loads(reply.content)
    except ValueError:
        raise unreadable() from None


def _failure(reply: requests.Response, hide: tuple[str, ...]) -> CatalogueError:
    try:
        error = orjson.loads(reply.content)
    except ValueError:
        error = None
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return of_status(reply.status_code, reply.reason or "")
    offset = error.get("offset")
    return of_icat(error["code"], str(error.get("message", "")), offset if isinstance(offset, int) else None, hide)
