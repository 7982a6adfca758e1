"""Who is calling, and with which catalogue session their question is asked.

Four ways, declared per route on the house Blueprint: session id in the path, `Authorization: Bearer`, API key in the
path, and the signed cookie of our own pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flask import current_app, g, request, session

from drac_plugins.core.apikeys import Scope
from drac_plugins.core.errors import Forbidden, NotSignedIn
from drac_plugins.core.services import Services
from icat_schema.gateway import Session

_COOKIE_KEY = "icat"


@dataclass(frozen=True, slots=True)
class Caller:
    """`person`: under their own session; `anonymous`: under the reader account, sees public data only; `application`:
    owner of an API key, under the acquisition account. `session` asks the catalogue with exactly these rights."""

    session: Session
    kind: Literal["person", "anonymous", "application"]
    application: str | None = None


def services() -> Services:
    """The services of the app that answers this request."""
    found: Services = current_app.extensions["drac"]
    return found


def from_path(session_id: str) -> Caller:
    """Raises the gateway's SessionInvalid for what cannot be a session id; an unknown one shows when the catalogue is
    asked."""
    return _person(session_id)


def from_bearer(*, optional: bool) -> Caller:
    """The plain session id as bearer token. Without the header: anonymous if `optional`, else NotSignedIn."""
    header = request.headers.get("Authorization", "").strip()
    scheme, _, token = header.partition(" ")
    if header and scheme.lower() != "bearer":
        raise NotSignedIn("Authorization: expected 'Bearer' and the session id")
    if token.strip():
        return _person(token.strip())
    if optional:
        return anonymous()
    raise NotSignedIn("This needs a session: log in (POST /session), then send 'Authorization: Bearer <session id>'")


def from_api_key(key: str, scope: Scope) -> Caller:
    """Raises Forbidden for a key that nobody has, and for one that is for other things."""
    application = services().api_keys.application(key)
    if application is None:
        raise Forbidden("The API key is unknown; ask the operator for one (drac apikey add)")
    if scope not in application.scopes:
        allowed = ", ".join(sorted(application.scopes))
        raise Forbidden(f"The API key of {application.name} is for {allowed}, this needs the scope {scope}")
    return Caller(services().acquisition, "application", application.name)


def person(caller: Caller, query: Mapping[str, Any]) -> Caller:
    """The person whose session is in the query (`SessionQuery`), else the one whose bearer token it is. Raises
    NotSignedIn for nobody."""
    if query["session_id"]:
        return _person(query["session_id"])
    if caller.kind == "anonymous":
        raise NotSignedIn(
            "This needs a session: log in (POST /session), then send its id as the query argument sessionId"
        )
    return caller


def from_cookie() -> Caller:
    """The person who signed in on our pages, else the anonymous caller."""
    session_id = session.get(_COOKIE_KEY)
    return _person(session_id) if isinstance(session_id, str) else anonymous()


def from_bearer_or_cookie() -> Caller:
    """For our own interfaces, called by programs and by our pages."""
    return from_bearer(optional=True) if request.headers.get("Authorization") else from_cookie()


def anonymous() -> Caller:
    return Caller(services().reader, "anonymous")


def sign_in(session_id: str) -> None:
    """Remember the ICAT session in the signed cookie of the pages."""
    session.clear()
    session[_COOKIE_KEY] = session_id


def sign_out() -> None:
    session.clear()


def session_refused_status() -> int:
    """The status that this route declares for a session that is unknown or expired."""
    return int(g.get("drac_session_refused", 403))


def declare_session_refused(status: int) -> None:
    g.drac_session_refused = status


def _person(session_id: str) -> Caller:
    return Caller(services().catalogue.session(session_id), "person")
