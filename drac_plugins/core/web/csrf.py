"""Forms of our pages: a token in the signed cookie and in the form (`{{ csrf_token() }}`) proves that both are ours."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from flask import Flask, current_app, request, session

from drac_plugins.core.errors import Forbidden

FIELD = "csrf_token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask) -> None:
    """Check every form that is sent to a blueprint of pages, and offer `csrf_token()` to templates."""
    app.jinja_env.globals[FIELD] = csrf_token

    @app.before_request
    def check() -> None:
        wires: Mapping[str, str] = current_app.extensions["drac_wires"]
        if request.method not in _SAFE and wires.get(request.blueprint or "") == "page":
            _check()


def csrf_token() -> str:
    """The token of this browser; made when a page first shows a form."""
    if FIELD not in session:
        session[FIELD] = secrets.token_urlsafe(24)
    token: str = session[FIELD]
    return token


def _check() -> None:
    expected = session.get(FIELD)
    given = request.form.get(FIELD, "")
    if not isinstance(expected, str) or not hmac.compare_digest(expected.encode(), given.encode()):
        raise Forbidden("This form is too old or came from elsewhere; load the page again and repeat")
