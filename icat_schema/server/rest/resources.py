"""The REST resources, one function each: read the request, ask the service, write the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from werkzeug.wrappers import Request, Response

from icat_schema.server.body import Body
from icat_schema.server.entities.clone import clone
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.rest.answers import AnswerWriter
from icat_schema.server.rest.export import export as write_export
from icat_schema.server.rest.export import read_request
from icat_schema.server.rest.importer.reading import import_file, read_import_request
from icat_schema.server.rest.importer.upload import Upload
from icat_schema.server.rest.replies import CROSS_ORIGIN, answer, form_of, no_content, number_of, text_response
from icat_schema.server.rest.requests import parse_object, read_changes, read_copy, read_references
from icat_schema.server.rest.writing import carry_out, remove
from icat_schema.server.service import Service
from icat_schema.server.settings import ICAT_VERSION

CONTAINER_TYPE = "Glassfish"
"""Java clients look for the SOAP interface by it, at SOAP_PATH; they know no other word for that place."""

MAX_CREDENTIALS = 4 * 1024 * 1024
"""Characters of a login: anybody may send one, and its document takes many times its size."""


def version(_service: Service, _request: Request) -> Response:
    return answer({"version": ICAT_VERSION})


def properties(service: Service, _request: Request) -> Response:
    authenticators: list[dict[str, Any]] = []
    for info in service.authenticators.describe():
        keys = [{"name": k.name, "hide": True} if k.hide else {"name": k.name} for k in info.keys]
        about: dict[str, Any] = {"mnemonic": info.mnemonic, "keys": keys}
        about |= {"admin": True} if info.admin else {}
        authenticators.append(about | ({"friendly": info.friendly} if info.friendly else {}))
    settings = service.settings
    return answer(
        {
            "maxEntities": settings.max_entities,
            "lifetimeMinutes": settings.lifetime_minutes,
            "authenticators": authenticators,
            "containerType": CONTAINER_TYPE,
        }
    )


def login(service: Service, request: Request) -> Response:
    text = form_of(request).get("json")
    if text is None:
        raise IcatError("BAD_PARAMETER", "json must not be null")
    if len(text) > MAX_CREDENTIALS:
        raise IcatError("BAD_PARAMETER", f"The credentials are longer than {MAX_CREDENTIALS} characters")
    try:
        document = parse_object(text)
        plugin, credentials = document.get("plugin"), _credentials(document.get("credentials"))
    except (ValueError, TypeError, RecursionError) as error:
        raise IcatError("INTERNAL", f"{type(error).__name__} {error}") from None
    return answer({"sessionId": service.login(plugin if isinstance(plugin, str) else None, credentials)})


def _credentials(found: Any) -> dict[str, str]:
    """One object with all keys, or a list with one object per key."""
    parts = found if isinstance(found, list) else [found or {}]
    merged: dict[str, str] = {}
    for part in parts:
        if not isinstance(part, dict):
            raise TypeError('credentials must be objects such as {"username": "…"}')
        merged.update({key: value for key, value in part.items() if isinstance(value, str)})
    return merged


def show_session(service: Service, _request: Request, session_id: str) -> Response:
    return answer(
        {"userName": service.user_name(session_id), "remainingMinutes": service.remaining_minutes(session_id)}
    )


def refresh(service: Service, _request: Request, session_id: str) -> Response:
    service.refresh(session_id)
    return no_content()


def logout(service: Service, _request: Request, session_id: str) -> Response:
    service.logout(session_id)
    return no_content()


def user(service: Service, _request: Request, name: str, mnemonic: str | None = None) -> Response:
    """Whether anybody is logged in under this user name; needs no session."""
    return answer({"loggedIn": service.is_logged_in(name if mnemonic is None else f"{mnemonic}/{name}")})


def read(service: Service, request: Request) -> Response:
    """Search, or get when an id is given."""
    query = request.args.get("query")
    if query is None:
        raise IcatError("BAD_PARAMETER", "query is not set")
    session_id, zone = request.args.get("sessionId"), service.settings.zone
    if "id" in request.args:
        found = service.get(session_id, query, number_of(request.args["id"]))
        return Body([AnswerWriter(zone).entities(found)]).response("application/json", CROSS_ORIGIN)
    with service.search(session_id, query) as results:
        return Body(AnswerWriter(zone).results(results)).response("application/json", CROSS_ORIGIN)


def write(service: Service, request: Request) -> Response:
    form = form_of(request)
    caller = service.caller(form.get("sessionId"))
    entities = form.get("entities")
    if entities is None:
        raise IcatError("BAD_PARAMETER", "entities is not set")
    changes = read_changes(entities)
    with service.work(caller) as work:
        ids = carry_out(work, changes)
    return answer(ids)


def delete(service: Service, request: Request) -> Response:
    entities = request.args.get("entities")
    if entities is None:
        raise IcatError("BAD_PARAMETER", "entities is not set")
    references = read_references(entities)
    with service.work(service.caller(request.args.get("sessionId"))) as work:
        remove(work, references)
    return no_content()


def copy(service: Service, request: Request) -> Response:
    """The deep copy of one object, with other values in its key."""
    form = form_of(request)
    caller = service.caller(form.get("sessionId"))
    for name in ("name", "id", "keys"):
        if name not in form:
            raise IcatError("BAD_PARAMETER", f"{name} is not set")
    wanted = read_copy(form["name"], number_of(form["id"]), form["keys"])
    with service.work(caller) as work:
        id_ = clone(work, wanted)
    return answer({"id": id_})


def jpql(service: Service, request: Request) -> Response:
    """The first results of a query as text, for root users."""
    query = request.args.get("query")
    if query is None:
        raise IcatError("BAD_PARAMETER", "query is not set")
    shown = number_of(request.args.get("max", "5"))
    caller = service.require_root(request.args.get("sessionId"))
    with service.search_as(caller, query) as found:
        rows = list(found.rows)
    texts = [_result_text(row) for row in rows[: max(shown, 0)]]
    if len(texts) < len(rows):
        texts.append("...")
    return text_response(f"Count {len(rows)}: {', '.join(texts)}")


def _result_text(row: Any) -> str:
    if isinstance(row, EntityValue):
        return f"{row.entity.name}[id:{row.id}]"
    if isinstance(row, Sequence) and not isinstance(row, str):
        return f"[{', '.join(map(_result_text, row))}]"
    return "null" if row is None else str(row)


def export(service: Service, request: Request) -> Response:
    """Objects as tables of text; nothing to export is 204."""
    text = request.args.get("json")
    if text is None:
        raise IcatError("BAD_PARAMETER", "json must not be null")
    wanted = read_request(text)
    exported = write_export(service, service.caller(wanted.session_id), wanted)
    if not exported:
        return no_content()
    response = text_response(exported)
    response.headers["Content-Disposition"] = 'attachment; filename="icat.export"'
    return response


def import_(service: Service, request: Request) -> Response:
    """Store the objects of an export."""
    request.max_content_length = service.settings.max_import_bytes
    upload = Upload(request, service.settings.max_import_bytes)
    text = upload.fields().get("json")
    if text is None:
        raise IcatError("BAD_PARAMETER", "json must not be null")
    import_file(service, read_import_request(text), upload.content())
    return no_content()
