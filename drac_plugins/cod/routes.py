"""Routes of the group COD of ICAT+: the search itself is elsewhere, we send the caller there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, redirect, request

from drac_plugins.core.upstream import Address, needed
from drac_plugins.core.web import Blueprint, Caller, PageQuery, Text, services

blueprint = Blueprint("COD", __name__, description="Crystal phases")


class CodSettings(Address):
    """The table `[plugin.cod]`. Callers are redirected to `url` with their query."""


class PhaseQuery(PageQuery):
    """What is sent on, as it came."""

    project_name = Text(data_key="projectName")
    file_id = Text(data_key="fileId")
    doi = Text()
    phase_formula = Text(data_key="phaseFormula")
    phase_name = Text(data_key="phaseName")


_SENT_ON = tuple(field.data_key or name for name, field in PhaseQuery().fields.items())


@blueprint.route("/cod")
@blueprint.bearer(expired=403)
@blueprint.arguments(PhaseQuery)
@blueprint.response(302)
def phases(caller: Caller, query: dict[str, Any]) -> Response:  # noqa: ARG001 - checked, then sent on as it came
    """Search phases of the Crystallography Open Database; redirects to the facility's copy"""
    caller.session.user_name()
    url = needed(
        services().settings_of("cod", CodSettings), "The copy of the Crystallography Open Database", "plugin.cod.url"
    )
    asked = urlencode([(key, request.args[key]) for key in _SENT_ON if request.args.get(key)])
    response: Response = current_app.make_response(redirect(_with_query(url, asked), 302))
    return response


def _with_query(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url
