"""The house Blueprint and Api: flask-smorest with its pitfalls solved once, and typed."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial, wraps
from http import HTTPStatus
from threading import Lock
from typing import Any, Literal, TypeVar

import flask_smorest
import marshmallow as ma
from flask import Flask

from drac_plugins.core.apikeys import Scope
from drac_plugins.core.web import callers
from drac_plugins.core.web.arguments import LenientParser
from drac_plugins.core.web.callers import Caller
from drac_plugins.core.web.fields import Day, Flag, Ids, SortOrder, Text, WholeNumber, WireDateTime, Words
from drac_plugins.core.web.paths import IdConverter, IdsConverter, TextConverter
from drac_plugins.core.web.problems import Wire

View = TypeVar("View", bound=Callable[..., Any])
SchemaLike = ma.Schema | type[ma.Schema]
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest carries no types
    """Routes of one plugin.

    `wire` is the form of its errors. Path variables are written as the published contract does (`<id:investigationId>`)
    and arrive in snake case (`investigation_id`). Decorators stand in this order: `route`, one that says who calls
    (`session_in_path`, `bearer`, `api_key`, `page_caller`, `bearer_or_cookie`: the view's first argument becomes a
    `Caller`), `arguments` (a further positional argument each), `response`. Views are functions.
    """

    ARGUMENTS_PARSER = LenientParser()

    def __init__(
        self, name: str, import_name: str, *, wire: Wire = "text", description: str = "", **options: Any
    ) -> None:
        self.wire: Wire = wire
        super().__init__(name, import_name, description=description, **options)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        if view_func is None or isinstance(view_func, type):
            raise TypeError(f"{rule}: a view is a function")
        options.setdefault("strict_slashes", False)
        super().add_url_rule(rule, endpoint, _snake_case_arguments(view_func), provide_automatic_options, **options)

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Answer at this path. `tags` default to the blueprint's name, `methods` to GET (HEAD comes with it)."""
        decorator: Callable[[View], View] = super().route(rule, **options)
        return decorator

    def arguments(
        self, schema: SchemaLike, *, location: Literal["query", "json", "form", "files"] = "query", **options: Any
    ) -> Callable[[View], View]:
        """Parse arguments by the schema and hand them to the view. Faults are answered 400 with a sentence."""
        options.setdefault("error_status_code", 400)
        decorator: Callable[[View], View] = super().arguments(schema, location=location, **options)
        return decorator

    def response(self, status_code: int, schema: SchemaLike | None = None, **options: Any) -> Callable[[View], View]:
        """Document the answer and dump what the view returns; a view that returns a `Response` (`json_reply` for long
        lists, which are faster without marshmallow) is only documented."""
        decorator: Callable[[View], View] = super().response(status_code, schema, **options)
        return decorator

    def session_in_path(self, *, expired: int = 403) -> Callable[[View], View]:
        """The ICAT session id is the path variable `<sessionId>`. `expired`: status for one that is not valid (any
        more); 401 only where the contract declares it."""
        return self._called_by(lambda path: callers.from_path(path.pop("session_id")), expired, None)

    def bearer(self, *, optional: bool = False, expired: int = 403) -> Callable[[View], View]:
        """`Authorization: Bearer <session id>`; with `optional`, nobody is the anonymous caller."""
        return self._called_by(lambda _path: callers.from_bearer(optional=optional), expired, "bearer", optional)

    def api_key(self, scope: Scope) -> Callable[[View], View]:
        """The API key is the path variable `<apiKey>`; an unknown one, or one without this scope, is answered 403."""
        return self._called_by(lambda path: callers.from_api_key(path.pop("api_key"), scope), 403, None)

    def page_caller(self) -> Callable[[View], View]:
        """Our pages: the signed cookie, else anonymous."""
        return self._called_by(lambda _path: callers.from_cookie(), 401, None)

    def bearer_or_cookie(self, *, expired: int = 401) -> Callable[[View], View]:
        """What programs and our pages both ask: bearer, cookie, else anonymous."""
        return self._called_by(lambda _path: callers.from_bearer_or_cookie(), expired, "bearer", optional=True)

    def _called_by(
        self,
        resolve: Callable[[dict[str, Any]], Caller],
        expired: int,
        scheme: str | None,
        optional: bool = False,
    ) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            @wraps(view)
            def signed(*positional: Any, **path: Any) -> Any:
                callers.declare_session_refused(expired)
                caller = resolve(path)
                return view(caller, *positional, **path)

            security: list[dict[str, list[str]]] = [{"bearerAuth": []}] if scheme else []
            return self.doc(security=[*security, {}] if optional else security)(signed)  # type: ignore[no-any-return]

        return decorate

    def register_views_in_doc(self, api: Api, *args: Any, **options: Any) -> None:
        """See `Api.description`."""
        api.postpone(partial(super().register_views_in_doc, api, *args, **options))

    def _prepare_arguments_doc(self, doc: Any, doc_info: Any, **options: Any) -> Any:
        described = doc_info.get("arguments", {})
        described.pop("responses", None)  # the blueprint's default error covers them
        if "parameters" in described:
            described["parameters"] = _one_form(described["parameters"])
        return super()._prepare_arguments_doc(doc, doc_info, **options)

    def _prepare_response_doc(self, doc: Any, doc_info: Any, **options: Any) -> Any:
        responses = doc_info.setdefault("response", {}).setdefault("responses", {})
        responses.setdefault("default", []).append("PROBLEM" if self.wire == "problem" else "ERROR")
        return super()._prepare_response_doc(doc, doc_info, **options)


class Api(flask_smorest.Api):  # type: ignore[misc]
    """The Api of the app: documents errors as they are and leaves answering them to `problems`."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._postponed: deque[Callable[[], None]] = deque()
        self._describing = Lock()
        self._written: bytes | None = None
        self.init_app(
            app,
            spec_kwargs={
                "components": {
                    "securitySchemes": {
                        "bearerAuth": {"type": "http", "scheme": "bearer", "description": "the plain ICAT session id"}
                    }
                }
            },
        )
        for field, type_, format_ in (
            (WireDateTime, "string", "date-time"),
            (Day, "string", "date"),
            (WholeNumber, "integer", "int64"),
            (Text, "string", None),
            (Flag, "boolean", None),
            (Ids, "string", None),
            (Words, "string", None),
            (SortOrder, "string", None),
        ):
            self.register_field(field, type_, format_)
        self.register_converter(IdConverter, lambda _: {"type": "integer", "format": "int64"})
        self.register_converter(IdsConverter, lambda _: {"type": "string", "pattern": "^[0-9]+(,[0-9]+)*$"})
        self.register_converter(TextConverter, lambda _: {"type": "string"})

    def postpone(self, describe: Callable[[], None]) -> None:
        """Describe something once the description is wanted."""
        self._postponed.append(describe)

    def description(self) -> bytes:
        """The description of everything that is registered, as JSON. It is made when it is asked for first, which takes
        longer than the rest of putting an app together."""
        with self._describing:
            while self._postponed:
                self._postponed.popleft()()
            if self._written is None:
                self._written = json.dumps(self.spec.to_dict(), ensure_ascii=False).encode()
            return self._written

    def register_blueprint(self, blp: Any, *, parameters: Any = None, **options: Any) -> None:
        self._app.extensions.setdefault("drac_wires", {})[options.get("name", blp.name)] = blp.wire
        if blp.wire == "page":
            self._app.register_blueprint(blp, **options)
            return
        super().register_blueprint(blp, parameters=parameters, **options)

    def _register_error_handlers(self) -> None:
        """None: `problems.install` registers the only ones."""

    def _register_etag_headers(self) -> None:
        """None: not used."""

    def _register_pagination_header(self) -> None:
        """None: paging is in the query and in `meta` (icat-plus wire)."""

    def _register_responses(self) -> None:
        text = {"text/plain": {"schema": {"type": "string"}}}
        self.spec.components.response("ERROR", {"description": "What went wrong, as a sentence", "content": text})
        problem = {"application/problem+json": {"schema": _PROBLEM_SCHEMA}}
        self.spec.components.response("PROBLEM", {"description": "What went wrong (RFC 9457)", "content": problem})
        for status in HTTPStatus:
            self.spec.components.response(status.name, {"description": status.phrase}, lazy=True)


def _one_form(parameters: list[Any]) -> list[Any]:
    """Fields and files of one form as the one body that OpenAPI 3 knows."""
    parts = [one for one in parameters if isinstance(one, Mapping) and one.get("in") in ("form", "files")]
    if len(parts) < 2:
        return parameters
    schemas = [part["schema"]() if isinstance(part["schema"], type) else part["schema"] for part in parts]
    fields = {name: field for schema in schemas for name, field in schema.declared_fields.items()}
    names = "And".join(type(schema).__name__ for schema in schemas)
    whole = {**parts[-1], "in": "files", "schema": ma.Schema.from_dict(fields, name=names)()}
    return [*(one for one in parameters if one not in parts), whole]


_PROBLEM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "requestId": {"type": "string"},
    },
}


def _snake_case_arguments(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def called(**path: Any) -> Any:
        return view(**{_HUMP.sub(r"_\1", name).lower(): value for name, value in path.items()})

    return called
