"""Names for ids.

Ids of stored objects are replaced by labels made of their unique keys (`Dataset<ESNF/08100122-EF/1.1-P/e201215>`), ids
of objects made by a case by their order of first appearance (`Dataset#1`).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from lxml import etree

from tests.exchanges.answers import Meta, Reader
from tests.exchanges.wire import BASE, CaseError, Server


def read_meta(server: Server) -> Meta:
    """Fields, relations and keys of all entities, as the server describes them."""
    names = [node.text for node in etree.fromstring(server.soap("getEntityNames", {}).content).iter("return")]
    meta = {}
    for name in [*names, "Parameter"]:
        info = etree.fromstring(server.soap("getEntityInfo", {"beanName": name}).content).find(".//return")
        fields = {f.findtext("name"): (f.findtext("type"), f.findtext("relType")) for f in info.findall("fields")}
        meta[name] = {
            "fields": {key: kind for key, (kind, _) in sorted(fields.items())},
            "relations": {key: kind for key, (kind, rel) in sorted(fields.items()) if rel != "ATTRIBUTE"},
            "ones": sorted(key for key, (_, rel) in fields.items() if rel == "ONE"),
            "key": [node.text for node in info.findall("constraints/fieldNames")],
        }
    return meta


class Labels:
    """Labels of everything stored, both ways: (entity, id) -> label and label -> id."""

    def __init__(self, server: Server, reader: Reader, session: str) -> None:
        self.rows, self.of, self.ids = {}, {}, {}
        for name in reader.meta:
            query = f"SELECT o FROM {name} o INCLUDE 1"
            reply = reader.soap(server.soap("search", {"sessionId": session, "query": query}))
            for row in reply.get("result", ()):
                content = row.get(name)
                if content:
                    self.rows[name, content["id"][2]] = content
        for entity, ident in sorted(self.rows):
            label, twin = self.label(reader.meta, entity, ident), 2
            while (entity, label) in self.ids:
                label, twin = f"{label.split('~')[0]}~{twin}", twin + 1
            self.of[entity, ident], self.ids[entity, label] = label, ident

    def label(self, meta: Meta, entity: str, ident: int) -> str:
        info, row = meta[entity], self.rows[entity, ident]
        fields = info["key"] or [f for f in info["fields"] if f not in BASE]
        parts = []
        for field in fields:
            value = row.get(field)
            if field in info["ones"] and value:
                parts.append(self.label(meta, info["relations"][field], value[0]["id"][2]))
            elif field not in info["relations"] and value is not None:
                parts.append(str(value))
        text = "/".join(parts)
        return text if len(text) <= 80 else text[:60] + ".." + hashlib.sha1(text.encode()).hexdigest()[:8]

    def find(self, entity: str, text: str) -> int:
        hits = [i for (name, label), i in self.ids.items() if name == entity and ("/" + label).endswith("/" + text)]
        if len(hits) != 1:
            raise CaseError(f"{len(hits)} objects for {entity} {text}")
        return hits[0]


class Namer:
    """Replaces raw ids of one case by labels or running numbers."""

    def __init__(self, labels: Labels) -> None:
        self.labels, self.fresh = labels, {}

    def name(self, entity: str, ident: int, number: bool = True) -> str:
        if (entity, ident) in self.labels.of:
            return f"{entity}<{self.labels.of[entity, ident]}>"
        if not number and (entity, ident) not in self.fresh:
            return f"{entity}#?"
        known = sum(1 for key in self.fresh if key[0] == entity)
        return f"{entity}#{self.fresh.setdefault((entity, ident), known + 1)}"

    def apply(self, value: Any, number: bool = True) -> Any:
        if isinstance(value, list) and len(value) == 3 and value[0] == "@id":
            return self.name(value[1], value[2], number)
        if isinstance(value, list):
            return [self.apply(item, number) for item in value]
        if isinstance(value, dict):
            return {key: self.apply(item, number) for key, item in value.items()}
        return value

    def sort(self, value: Any, ordered: bool, top: bool = True) -> Any:
        """Lists without a defined order get one: by content, with unknown ids left out."""
        if isinstance(value, dict):
            return {
                key: item if key in ("text", "fieldSet") else self.sort(item, ordered, top and key == "result")
                for key, item in value.items()
            }
        if not isinstance(value, list) or value[:1] == ["@id"]:
            return value
        items = [self.sort(item, ordered, False) for item in value] if not top or not is_table(value) else value
        keep = ordered if top else not any(isinstance(item, dict) for item in items)
        return items if keep else sorted(items, key=lambda item: json.dumps(self.apply(item, False), sort_keys=True))

    def message(self, text: str) -> str:
        def entity(found: re.Match[str]) -> str:
            return f"{found[1]}{found[2]}{self.name(found[1], int(found[3]), False).split(found[1])[-1]}"

        text = re.sub(r"\b([A-Z]\w+)(\[id:|:)(\d+)", entity, text)
        text = re.sub(r"(?<=allowed set \[)[^\]]*", lambda found: ", ".join(sorted(found[0].split(", "))), text)
        return re.sub(r"\bid:\d+", "id:?", text)


def is_table(rows: list[Any]) -> bool:
    return any(isinstance(row, list) and row[:1] != ["@id"] for row in rows)
