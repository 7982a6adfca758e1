"""Our own interface below `/ingestion`."""

from __future__ import annotations

from typing import Any

import flask
from flask import Response

from drac_plugins.core.apikeys import INGEST
from drac_plugins.core.errors import DracError, Forbidden, Invalid
from drac_plugins.core.inbox import Entry
from drac_plugins.core.quarantine import metrics
from drac_plugins.core.quarantine.figures import Progress
from drac_plugins.core.quarantine.service import readable
from drac_plugins.core.quarantine.words import cause
from drac_plugins.core.web import Blueprint, Caller, empty_reply, services
from drac_plugins.core.web.arguments import json_body, sentence
from drac_plugins.core.web.callers import from_api_key, from_bearer
from drac_plugins.ingestion import schemas, service
from drac_plugins.ingestion.policy import inbox_of, quarantine_of, require_operator

blueprint = Blueprint("Ingestion", __name__, wire="problem", description="Messages for the ingester")
_KEY = "X-API-Key"
_ENDED = ("done", "quarantined")


class TooLarge(DracError):
    """The body is larger than messages may be."""

    code = "message.too-large"


@blueprint.route("/ingestion/datasets", methods=["POST"])
@blueprint.arguments(schemas.DoorQuery)
@blueprint.response(202, schemas.Accepted)
def take(query: dict[str, Any]) -> Response:
    """Announce a dataset, as XML message or as JSON; a JSON list announces several

    Needs an API key (header X-API-Key). `queue` names another queue for its messages as they are. The answer comes
    when the message is on disk; what has become of it is told by `/ingestion/messages/{messageId}`.
    """
    application = _application()
    available = services()
    bodies, several = _bodies(query["queue"], available.settings.ingest.max_message_bytes)
    stored = service.take(inbox_of(available), available.settings, bodies, query["queue"], f"http from {application}")
    answers = [
        {"messageId": one.id, "duplicate": one.duplicate, "href": f"/ingestion/messages/{one.id}"} for one in stored
    ]
    reply = flask.jsonify(answers if several else answers[0])
    reply.status_code = 202
    if not several:
        reply.headers["Location"] = answers[0]["href"]
    return reply


@blueprint.route("/ingestion/messages/<id:messageId>")
@blueprint.response(200, schemas.MessageState)
def state(message_id: int) -> dict[str, Any]:
    """What has become of a message (API key, or staff)"""
    if flask.request.headers.get(_KEY):
        _application()
    else:
        require_operator(services(), from_bearer(optional=False).session)
    return _state(inbox_of(services()).show(message_id))


@blueprint.route("/ingestion/quarantine")
@blueprint.bearer(expired=401)
@blueprint.arguments(schemas.ListQuery)
@blueprint.response(200, schemas.MessageList)
def listing(caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    """Messages that could not be applied (state: any for all of the inbox), oldest first"""
    require_operator(services(), caller.session)
    page = quarantine_of(services()).find(service.selected(query), limit=query["limit"], offset=query["skip"])
    return {"total": page.total, "messages": [_row(entry) for entry in page.items]}


@blueprint.route("/ingestion/quarantine", methods=["POST"])
@blueprint.bearer(expired=401)
@blueprint.arguments(schemas.ReplayDocument, location="json")
@blueprint.response(200, schemas.Replayed)
def replay(caller: Caller, body: dict[str, Any]) -> dict[str, int]:
    """Send messages through the door again, changed where wished; aliases are remembered for later messages too"""
    person = require_operator(services(), caller.session)
    quarantine = quarantine_of(services())
    if not body["ids"] and body["filter"] is None:
        raise Invalid("Say which: ids, or a filter ({} for all of quarantine)")
    for alias in body["aliases"]:
        quarantine.remember(alias["kind"], alias["spelling"], alias["meant"], person.name, proposal=alias["proposal"])
    wanted = service.selected({**(body["filter"] or schemas.Selection().load({})), "ids": body["ids"]})
    return {"replayed": quarantine.replay(wanted, body["edits"])}


@blueprint.route("/ingestion/quarantine/<id:messageId>")
@blueprint.bearer(expired=401)
@blueprint.response(200, schemas.Message)
def show(caller: Caller, message_id: int) -> dict[str, Any]:
    """One message with its body and the reason in words"""
    require_operator(services(), caller.session)
    shown = quarantine_of(services()).show(message_id)
    entry, why = shown.entry, cause(shown.entry.reason)
    return {
        **_row(entry),
        "sha256": entry.sha256,
        "headers": dict(entry.headers),
        "body": shown.body,
        "body_cut": shown.cut,
        "meaning": why.meaning if why else None,
        "cure": why.cure if why else None,
    }


@blueprint.route("/ingestion/aliases")
@blueprint.bearer(expired=401)
@blueprint.response(200, schemas.Alias(many=True))
def aliases(caller: Caller) -> Any:
    """Other spellings of proposals, beamlines and samples that the ingester has been taught"""
    require_operator(services(), caller.session)
    return quarantine_of(services()).aliases()


@blueprint.route("/ingestion/aliases", methods=["POST"])
@blueprint.bearer(expired=401)
@blueprint.arguments(schemas.AliasDocument, location="json")
@blueprint.response(200, schemas.Alias)
def remember(caller: Caller, body: dict[str, Any]) -> Any:
    """Teach a spelling; it is in force for every message that is looked at from now on"""
    person = require_operator(services(), caller.session)
    given = (body["kind"], body["spelling"], body["meant"])
    return quarantine_of(services()).remember(*given, person.name, proposal=body["proposal"])


@blueprint.route("/ingestion/aliases", methods=["DELETE"])
@blueprint.bearer(expired=401)
@blueprint.arguments(schemas.AliasQuery)
@blueprint.response(204)
def forget(caller: Caller, query: dict[str, Any]) -> Response:
    """Forget a spelling"""
    require_operator(services(), caller.session)
    quarantine_of(services()).forget(query["kind"], query["spelling"], proposal=query["proposal"])
    return empty_reply()


@blueprint.route("/ingestion/progress")
@blueprint.bearer(expired=401)
@blueprint.response(200, schemas.ProgressDocument)
def progress(caller: Caller) -> Progress:
    """Lag, rates and what waits"""
    require_operator(services(), caller.session)
    return quarantine_of(services()).progress()


@blueprint.route("/ingestion/metrics")
@blueprint.response(200)
def prometheus() -> Response:
    """Figures of the ingester for Prometheus: numbers only, no names"""
    return Response(metrics.exposition(services().store), content_type=metrics.CONTENT_TYPE)


# ---------------------------------------------------------------------- bodies


def _application() -> str:
    key = flask.request.headers.get(_KEY, "")
    if not key:
        raise Forbidden(f"This needs an API key in the header {_KEY}; ask the operator for one (drac apikey add)")
    return from_api_key(key, INGEST).application or ""


def _bodies(queue: str | None, longest: int) -> tuple[list[bytes], bool]:
    """The messages of the request, and whether they came as a list. Raises Invalid."""
    raw = flask.request.get_data(cache=True)
    if len(raw) > longest:
        flask.abort(413)
    if raw.lstrip()[:1] == b"<" or (queue is not None and raw.strip()):
        return [raw], False
    document = json_body(flask.request)
    several = isinstance(document, list)
    documents = document if several else [document]
    if not documents or len(documents) > service.MOST_DATASETS:
        raise Invalid(f"Between 1 and {service.MOST_DATASETS} datasets can be announced at once")
    loaded = schemas.DatasetDocument(many=several)
    if faults := loaded.validate(document if isinstance(document, dict | list) else {}):
        raise Invalid(sentence(faults))
    return [service.announced(one) for one in schemas.DatasetDocument(many=True).load(documents)], several


def _state(entry: Entry) -> dict[str, Any]:
    names = ("id", "queue", "state", "received", "repetitions", "reason", "due", "dataset_id", "investigation_id")
    found = {name: getattr(entry, name) for name in names}
    return {
        **found,
        "text": readable((entry.text or "").encode()) or None,
        "location": entry.location,
        "warnings": list(entry.warnings),
        "finished": entry.state in _ENDED,
    }


def _row(entry: Entry) -> dict[str, Any]:
    names = ("source", "last_received", "step", "attempts", "proposal", "beamline", "name", "size")
    return {**_state(entry), **{name: getattr(entry, name) for name in names}, "edits": dict(entry.edits)}
