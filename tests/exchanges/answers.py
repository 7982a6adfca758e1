"""Answers of SOAP and REST as plain data.

Ids of objects stay raw as ["@id", entity, id] until they get their names, instants are written in UTC, creation times
become place holders.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from typing import Any

import requests
from lxml import etree

from tests.exchanges.wire import NS, SOAP, XSI

Meta = dict[str, dict[str, Any]]
Ids = Sequence[str | None]
Answer = dict[str, Any]


def local(name: str) -> str:
    return etree.QName(name).localname


def instant(text: str) -> str:
    """A dateTime with offset as UTC text; anything else unchanged."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text or "")
    if not found:
        return text
    moment = datetime.datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    fraction = (found[2] or "").rstrip("0").rstrip(".")
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


class Reader:
    """Turns answers into plain data; ids stay raw as ["@id", entity, id] until they get their names."""

    def __init__(self, meta: Meta) -> None:
        self.meta = meta
        self.by_wsdl = {name[0].lower() + name[1:]: name for name in meta}

    def soap(self, reply: requests.Response, ids: Ids = ()) -> Answer:
        try:
            body = etree.fromstring(reply.content).find(f"{{{SOAP}}}Body")
            first = body[0] if len(body) else None
        except (etree.XMLSyntaxError, TypeError):
            return {"status": reply.status_code, "unreadable": True}
        if first is not None and local(first.tag) == "Fault":
            return {"status": reply.status_code, "fault": self.fault(first)}
        rows = [self.item(node, ids) for node in (first if first is not None else ())]
        return {"status": reply.status_code, "result": [row for row in rows if row is not None]}

    def fault(self, node: etree._Element) -> dict[str, Any]:
        detail = node.find(f"detail/{{{NS}}}IcatException")
        fault = {"message": node.findtext("faultstring") or ""}
        if detail is not None:
            fault.update(type=detail.findtext("type"), offset=int(detail.findtext("offset", "-1")))
        return fault

    def item(self, node: etree._Element, ids: Ids) -> Any:
        kind = node.get(f"{{{XSI}}}type")
        if node.get(f"{{{XSI}}}nil") in ("true", "1"):
            return None  # left out by the original, sent as nil since 6.1.1
        if kind is None:
            return self.plain(node)
        kind = kind.split(":")[-1]
        if kind == "fieldSet":
            cells = [self.item(cell, ids[i : i + 1]) for i, cell in enumerate(node)]
            return {"fieldSet": [cell for cell in cells if cell is not None]}
        if kind in self.by_wsdl:
            return {self.by_wsdl[kind]: self.entity(node, self.by_wsdl[kind])}
        return {kind: self.scalar(kind, node.text or "", ids[0] if ids else None)}

    def plain(self, node: etree._Element) -> Any:
        if not len(node):
            return instant(node.text or "")
        result = {}
        for child in node:
            if local(child.tag) not in ("comment", "classComment"):
                result.setdefault(local(child.tag), []).append(self.plain(child))
        return result

    def scalar(self, kind: str, text: str, entity: str | None) -> Any:
        if entity:
            return ["@id", entity, int(text)]
        return number(text) if kind in ("long", "int", "double") else instant(text)

    def entity(self, node: etree._Element, name: str) -> dict[str, Any]:
        info, result = self.meta[name], {}
        for child in node:
            field = local(child.tag)
            if field not in info["fields"] or child.get(f"{{{XSI}}}nil") in ("true", "1"):
                continue
            if field in info["relations"]:
                result.setdefault(field, []).append(self.entity(child, info["relations"][field]))
            else:
                result[field] = self.attribute(name, field, child.text or "")
        return result

    def attribute(self, name: str, field: str, value: Any) -> Any:
        if field == "id":
            return ["@id", name, int(value)]
        if field in ("createTime", "modTime"):
            return "<time>"
        if isinstance(value, str) and self.meta[name]["fields"][field] in ("Double", "Long", "Integer"):
            return number(value)
        return instant(value) if isinstance(value, str) else value

    def rest(self, reply: requests.Response, ids: Ids = ()) -> Answer:
        answer = {"status": reply.status_code}
        if reply.status_code // 100 == 2 and reply.content:
            answer["type"] = reply.headers.get("Content-Type", "").split(";")[0]
        try:
            body = json.loads(reply.content.decode("utf-8"))
        except ValueError:
            return {**answer, "text": self.tables(reply.content.decode("utf-8", "replace"))}
        if isinstance(body, dict) and "code" in body:
            fault = {"type": body["code"], "message": body.get("message", ""), "offset": body.get("offset", -1)}
            return {**answer, "fault": fault}
        return {**answer, "result": self.json_value(body, ids)}

    @staticmethod
    def tables(text: str) -> list[str]:
        """The parts of an export: comments dropped, rows in any order below their header, dates in UTC."""
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", lambda found: instant(found[0]), "\n".join(lines))
        parts = [part.split("\n") for part in text.split("\n\n")]
        return ["\n".join(part[:1] + sorted(part[1:])) for part in parts]

    def json_value(self, value: Any, ids: Ids) -> Any:
        if isinstance(value, list):
            columns = any(isinstance(row, list) for row in value)
            return [self.json_row(row, ids) if columns else self.json_cell(row, ids[:1]) for row in value]
        return self.json_cell(value, ids[:1])

    def json_row(self, row: list[Any], ids: Ids) -> list[Any]:
        return [self.json_cell(cell, ids[i : i + 1]) for i, cell in enumerate(row)]

    def json_cell(self, value: Any, ids: Ids) -> Any:
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in self.meta:
            ((name, content),) = value.items()
            return {name: self.json_entity(content, name)}
        if ids and ids[0] and isinstance(value, int):
            return ["@id", ids[0], value]
        if isinstance(value, dict):
            return {key: self.json_cell(item, ()) for key, item in value.items()}
        if isinstance(value, str):
            return self.json_text(value)
        return value

    @staticmethod
    def json_text(text: str) -> str:
        return instant(text) if re.search(r"\.\d{3}(Z|[+-]\d\d:\d\d)$", text) else text

    def json_entity(self, content: dict[str, Any], name: str) -> dict[str, Any]:
        info, result = self.meta[name], {}
        for field, value in content.items():
            if isinstance(value, dict) and field in info["relations"]:
                result[field] = self.json_entity(value, info["relations"][field])
            elif isinstance(value, list) and field in info["relations"]:
                result[field] = [self.json_entity(item, info["relations"][field]) for item in value]
            elif isinstance(value, str):
                result[field] = "<time>" if field in ("createTime", "modTime") else self.json_text(value)
            else:
                result[field] = self.attribute(name, field, value)
        return result
