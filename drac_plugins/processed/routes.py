"""Routes below `/processed`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flask import Response, current_app, request

from drac_plugins.core.reads.view import View
from drac_plugins.core.web import Blueprint, Caller, facility_zone, json_reply, services
from drac_plugins.processed import forms
from drac_plugins.processed.lineage import lineage
from drac_plugins.processed.schemas import LineageQuery, LineageSchema

Form = Literal["json", "prov", "rocrate"]
PROV_JSON = "application/provenance+json"
LD_JSON = "application/ld+json"
_FORMS: dict[str, Form] = {"application/json": "json", PROV_JSON: "prov", LD_JSON: "rocrate"}

blueprint = Blueprint("Processed", __name__, wire="problem", description="What was computed from what")

_other_forms: Callable[[Callable[..., Response]], Callable[..., Response]] = blueprint.doc(
    responses={200: {"content": {form: {"schema": {"type": "object"}} for form in (PROV_JSON, LD_JSON)}}}
)


@blueprint.route("/processed/<id:datasetId>/lineage")
@blueprint.bearer_or_cookie()
@blueprint.arguments(LineageQuery)
@_other_forms
@blueprint.response(200, LineageSchema)
def show_lineage(caller: Caller, query: dict[str, Any], dataset_id: int) -> Response:
    """What a dataset was computed from and what was computed from it

    Datasets that the caller may not see appear only as counts at their neighbours; what lies behind them is not shown.
    """
    direction = query["direction"]
    view = View(caller.session, facility_zone())
    graph = lineage(view, dataset_id, query["depth"], up=direction != "down", down=direction != "up")
    form: Form = query["format"] or _preferred()
    base = f"{(services().settings.web.public_url or request.host_url).rstrip('/')}/"
    if form == "prov":
        reply = Response(forms.as_prov(graph, base), content_type=PROV_JSON)
    elif form == "rocrate":
        text = current_app.json.dumps(forms.as_crate(graph, base))
        reply = Response(text, content_type=f'{LD_JSON}; profile="https://w3id.org/ro/crate/1.1"')
    else:
        reply = json_reply(LineageSchema().dump(forms.as_graph(graph)))
    reply.vary.add("Accept")
    return reply


def _preferred() -> Form:
    best = request.accept_mimetypes.best_match(list(_FORMS), default="application/json")
    return _FORMS[best]
