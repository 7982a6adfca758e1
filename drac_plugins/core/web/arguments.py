"""Reading arguments the lenient way of the published service: an empty body is no body, whatever its declared type,
unknown arguments are ignored, an empty query argument is none, and what is wrong is answered 400 with a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs import core
from webargs.flaskparser import FlaskParser

from drac_plugins.core.errors import Invalid
from drac_plugins.core.web.paths import FORBIDDEN_CHARACTERS

_CLEARER = {"Invalid input type": 'The body must be a JSON object, such as {"name": "value"}'}
"""marshmallow's own words that tell nobody what to do -> ours."""
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class LenientParser(FlaskParser):
    """What flask-smorest uses to read arguments on all our routes."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - declared so by webargs
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.EXCLUDE,
        "json": ma.EXCLUDE,
        "form": ma.EXCLUDE,
        "json_or_form": ma.EXCLUDE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:  # noqa: ARG002 - signature of webargs
        return json_body(req)

    def load_querystring(self, req: Request, schema: ma.Schema) -> dict[str, str]:
        """Repeated keys of list fields count as one list with commas; of others the first one counts."""
        values: dict[str, str] = {}
        lists = {field.data_key or name for name, field in schema.fields.items() if getattr(field, "is_list", False)}
        for key, given in req.args.lists():
            text = ",".join(given) if key in lists else given[0]
            if FORBIDDEN_CHARACTERS.search(text):
                raise Invalid(f"{key}: contains a control character")
            if text.strip():
                values[key] = text
        return values

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,  # noqa: ARG002 - signature of webargs
        schema: ma.Schema,  # noqa: ARG002
        *,
        error_status_code: int | None,  # noqa: ARG002
        error_headers: Mapping[str, str] | None,  # noqa: ARG002
    ) -> NoReturn:
        raise Invalid(sentence(error.messages)) from error


def json_body(request: Request) -> Any:
    """The body as JSON whatever its declared type; form fields as an object; `webargs.missing` when there is none.

    Raises Invalid when it is neither.
    """
    if request.mimetype in _FORMS:
        return request.form.to_dict() or core.missing
    raw = request.get_data(cache=True)
    if request.content_length is None:
        request.stream.read(1)  # a chunked body is cut at the limit without a word; reading on raises 413
    if not raw.strip():
        return core.missing
    try:
        body = json.loads(raw, parse_constant=_no_constant)
        _refuse_control_characters(body)
    except (ValueError, RecursionError) as error:
        text = str(error) if not isinstance(error, RecursionError) else "nested too deeply"
        raise Invalid(f"The body is no usable JSON: {text}") from error
    return core.missing if body is None else body


def sentence(messages: Any, path: str = "") -> str:
    """Validation messages (nested as marshmallow does) as one sentence per fault, each naming its field."""
    return "; ".join(_faults(messages, path)) or "The request cannot be used"


def _faults(messages: Any, path: str) -> list[str]:
    if isinstance(messages, Mapping):
        found: list[str] = []
        for key, value in messages.items():
            outer = key in ("query", "json", "form", "json_or_form", "_schema")
            found += _faults(value, path if outer else f"{path}.{key}" if path else str(key))
        return found
    if isinstance(messages, list | tuple):
        return [fault for message in messages for fault in _faults(message, path)]
    text = str(messages).rstrip(".")
    text = _CLEARER.get(text, text)
    return [f"{path}: {text}" if path else text]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_control_characters(value: Any) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if FORBIDDEN_CHARACTERS.search(item):
                raise ValueError("a text contains a control character")
        elif isinstance(item, dict):
            pending.extend(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
