"""The published contract of ICAT+ held against our own API description: paths, methods, arguments, shapes of replies.

`operations.json` is what the published client 5.7.4 was generated from, cut down to the operations that are served here
and to what can be compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_CONTRACT = Path(__file__).with_name("operations.json")
_ARRAY = re.compile(r"array\[(\w+)\]")
_KINDS = ("string", "number", "integer", "boolean")
_SAME = {("number", "integer")}
"""Ours may be narrower: every integer is a number."""

DEVIATIONS: Mapping[str, str] = {
    "catalogue_session_id_datacollection_get": "a list is sent, and every client in use expects one",
    "catalogue_session_id_investigation_id_investigation_id_sample_get": "declared as datasets by mistake",
    "catalogue_session_id_user_name_name_instrumentscientist_get": "declared as datafiles by mistake",
    "ids_session_id_datasets_status_get": "a list of texts is sent, and every client in use expects one",
}
"""Operations whose declared reply is not what the original sends -> why ours differs."""


_BOOKKEEPING = ("createId", "createTime", "modId", "modTime")

OMITTED: Mapping[str, tuple[str, ...]] = {
    "Datasetparameter": ("sampleName", "sampleId", "createTime"),
    "DatasetTechniquesInner": ("description",),
    "Investigationtype": _BOOKKEEPING,
    "InvestigationType": _BOOKKEEPING,
    "Event": (
        "investigationName",
        "datasetId",
        "datasetName",
        "tag",
        "filepath",
        "content",
        "source",
        "previousVersionEvent",
    ),
}
"""Optional fields that may be left out: what would be repeated in each of thousands of parameters or sessions and no
client reads there, and of an event what an attached file does not have."""


@dataclass(frozen=True)
class Contract:
    operations: tuple[Json, ...]
    models: Mapping[str, Json]


def contract() -> Contract:
    document = json.loads(_CONTRACT.read_text(encoding="utf-8"))
    return Contract(tuple(document["operations"]), document["models"])


def name_of(operation: Json) -> str:
    return f"{operation['http_method']} {operation['path']}"


def differences(operation: Json, published: Contract, ours: Json) -> list[str]:
    """What the published client would find missing or otherwise; empty when it would find nothing."""
    description = _Description(ours)
    path = description.path(operation["path"])
    if path is None:
        return ["there is no such path"]
    item = ours["paths"][path]
    own = item.get(operation["http_method"].lower())
    if own is None:
        return [f"the path has no {operation['http_method']}"]
    found = [*_arguments(operation, item, own), *_body(operation, published, description, own)]
    return [*found, *_reply(operation, published, description, own)]


@dataclass(frozen=True)
class _Description:
    document: Json

    def path(self, published: str) -> str | None:
        wanted = _shape(published)
        return next((path for path in self.document["paths"] if _shape(path) == wanted), None)

    def schema(self, given: Json) -> Json:
        while "$ref" in given:
            given = self.document["components"]["schemas"][given["$ref"].rpartition("/")[2]]
        wrapped = given.get("allOf") or given.get("anyOf")  # a reference that may be null
        return {**given, **self.schema(wrapped[-1])} if wrapped else given


def _shape(path: str) -> str:
    """Fixed segments count without regard to case."""
    return "/".join("{}" if part.startswith("{") else part.lower() for part in path.split("/"))


def _arguments(operation: Json, item: Json, own: Json) -> Iterator[str]:
    known = {(one["in"], one["name"]): one for one in (*item.get("parameters", ()), *own.get("parameters", ()))}
    for one in operation["parameters"]:
        place = one["in"], one["name"]
        if place[0] != "path" and place not in known:
            yield f"the {place[0]} argument {place[1]} is missing"
        elif place[0] == "query" and known[place].get("required") and not one["required"]:
            yield f"the query argument {place[1]} is required here alone"


def _body(operation: Json, published: Contract, description: _Description, own: Json) -> Iterator[str]:
    form = {one["name"] for one in operation["form_parameters"]}
    body = operation["request_body"]
    wanted = form or ({one["name"] for one in published.models[body["model"]]["fields"]} if body else set())
    if not wanted:
        return
    contents = own.get("requestBody", {}).get("content", {})
    kind = "multipart/form-data" if form else "application/json"
    if kind not in contents:
        yield f"no body of {kind} is described"
        return
    known = description.schema(contents[kind]["schema"]).get("properties", {})
    required = {one["name"] for one in published.models[body["model"]]["fields"] if one["required"]} if body else wanted
    missing = sorted((required if body else wanted) - set(known) - {"username", "type"})
    if missing:
        yield f"the body lacks {', '.join(missing)}"


def _reply(operation: Json, published: Contract, description: _Description, own: Json) -> Iterator[str]:
    declared = operation["responses"].get("200")
    if operation["python_method"] in DEVIATIONS or declared is None or declared in ("string", "binary"):
        return
    contents = own["responses"].get("200", {}).get("content", {}).get("application/json")
    if contents is None:
        if declared != "array[string]":
            yield f"no JSON reply is described, {declared} is declared"
        return
    yield from _compared(declared, description.schema(contents["schema"]), published, description, "reply", ())


def _compared(
    declared: str, ours: Json, published: Contract, description: _Description, at: str, above: tuple[str, ...]
) -> Iterator[str]:
    array = _ARRAY.fullmatch(declared)
    if array is not None:
        if ours.get("type") != "array":
            yield f"{at} is {ours.get('type')}, a list is declared"
            return
        inside = description.schema(ours["items"])
        yield from _compared(array[1], inside, published, description, f"{at}[]", above)
    elif declared in published.models:
        yield from _object(declared, ours, published, description, at, above)
    elif declared in _KINDS and ours.get("type", declared) != declared and (declared, ours["type"]) not in _SAME:
        yield f"{at} is {ours['type']}, {declared} is declared"


def _object(
    declared: str, ours: Json, published: Contract, description: _Description, at: str, above: tuple[str, ...]
) -> Iterator[str]:
    if declared in above or published.models[declared]["kind"] != "object":
        return
    if ours.get("type", "object") != "object":
        yield f"{at} is {ours['type']}, {declared} is declared"
        return
    known = ours.get("properties", {})
    for one in published.models[declared]["fields"]:
        if one["name"] not in known:
            if one["name"] not in OMITTED.get(declared, ()):
                yield f"{at}.{one['name']} is missing"
            continue
        inside = description.schema(known[one["name"]])
        yield from _compared(one["type"], inside, published, description, f"{at}.{one['name']}", (*above, declared))
