"""Log-in at the page of the facility's OpenID provider, instead of with a password."""

from __future__ import annotations

from typing import Any

import flask
from flask import Response, url_for
from marshmallow import validate

from drac_plugins.core.errors import BadCredentials, NotFound
from drac_plugins.core.signin import authorization
from drac_plugins.core.signin.authorization import Pending
from drac_plugins.core.signin.log_in import by_token, slowed
from drac_plugins.core.signin.provider import Provider
from drac_plugins.core.web import Caller, QuerySchema, Text, client_address, services
from drac_plugins.displays.pages import arrived, blueprint, log_in_page
from icat_schema.gateway import Session

_PENDING = "openid"
_LONGEST = 4096


class Beginning(QuerySchema):
    next = Text(load_default="", validate=validate.Length(max=1000))


class Answer(QuerySchema):
    """What the provider sends the browser back with."""

    code, state, error = (Text(load_default="", validate=validate.Length(max=_LONGEST)) for _ in range(3))
    error_description = Text(load_default="", validate=validate.Length(max=_LONGEST))


@blueprint.route("/log-in/openid")
@blueprint.page_caller()
@blueprint.arguments(Beginning)
def begin_sign_on(_caller: Caller, query: dict[str, Any]) -> Response:
    """Send the browser to the provider"""
    pending = Pending.begun(query["next"])
    address = authorization.address(_provider(), pending, _return_address())
    flask.session[_PENDING] = pending.document()
    return Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


@blueprint.route("/log-in/openid/return")
@blueprint.page_caller()
@blueprint.arguments(Answer)
def end_sign_on(_caller: Caller, query: dict[str, Any]) -> Response:
    """Redeem the code that the browser brings, and open a session with the token"""
    provider = _provider()
    try:
        session, next_ = slowed(services(), client_address(), "", lambda: _redeemed(provider, query))
    except BadCredentials as error:
        return Response(log_in_page("", error.message), 403)
    return arrived(session, next_)


def _redeemed(provider: Provider, query: dict[str, Any]) -> tuple[Session, str]:
    """The session, and where the visitor wanted to go."""
    pending = Pending.kept(flask.session.pop(_PENDING, None), query["state"])
    if query["error"] or not query["code"]:
        raise BadCredentials(f"Authentication failed: {provider.settings.name} says {_said(query)}")
    token = provider.redeem(query["code"], pending.verifier, _return_address())
    return by_token(services(), token, client_address(), pending.nonce), pending.next


def _said(query: dict[str, Any]) -> str:
    return " ".join(filter(None, (query["error"], query["error_description"]))) or "nothing"


def _provider() -> Provider:
    provider = services().provider
    if provider is None or not provider.settings.client_id:
        raise NotFound("No OpenID provider is set up here (settings auth.openid)")
    return provider


def _return_address() -> str:
    """What the provider has to know as an address of ours, exactly."""
    public = services().settings.web.public_url or flask.request.url_root
    return public.rstrip("/") + url_for("portal.end_sign_on")
