"""What the WSDL promises, free of layout."""

from __future__ import annotations

import urllib.parse
from collections.abc import Set
from typing import Any

from lxml import etree

from tests.exchanges.wire import Server

XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"

WSDL_TYPES = {
    "entityBaseBean",
    "parameter",
    "fieldSet",
    "entityInfo",
    "entityField",
    "constraint",
    "authenticatorInfo",
    "authenticatorCredentialKey",
    "IcatException",
}


def contract(server: Server, what: str, entity_types: Set[str]) -> Any:
    """The parts of the WSDL that clients rely on, free of layout."""
    wsdl = etree.fromstring(server.send("GET", server.soap_url + "?wsdl").content)
    schemas = list(wsdl.iter(XSD + "schema"))
    for node in [*wsdl.iter(XSD + "import"), *wsdl.iter(XSD + "include")]:
        if node.get("schemaLocation"):
            url = urllib.parse.urljoin(server.soap_url, node.get("schemaLocation"))
            schemas.append(etree.fromstring(server.send("GET", url).content))
    named = [node for schema in schemas for node in schema.iter(XSD + "complexType") if node.get("name")]
    types = {node.get("name"): node for node in named}
    operations = {node.get("name") for node in wsdl.findall(f"{WSDL}portType/{WSDL}operation")} - {"dummy"}
    if what == "operations":
        parts = {name: [e.get("name") for e in types[name].iter(XSD + "element")] for name in operations & types.keys()}
        return {name: [part for part in parts[name] if part not in ("entry", "key", "value")] for name in sorted(parts)}
    if what == "enumerations":
        return {
            node.get("name"): [value.get("value") for value in node.iter(XSD + "enumeration")]
            for schema in schemas
            for node in schema.iter(XSD + "simpleType")
            if node.get("name")
        }
    return {name: members(types[name]) for name in sorted(entity_types) if name in types}


def members(node: etree._Element) -> dict[str, Any]:
    base = node.find(f".//{XSD}extension")
    content = {
        e.get("name"): e.get("type", "").split(":")[-1] + ("*" if e.get("maxOccurs") == "unbounded" else "")
        for e in node.iter(XSD + "element")
    }
    content = {
        name: kind
        for name, kind in content.items()
        if (node.get("name"), name) not in (("rule", "attribute"), ("rule", "searchJPQL"))
    }
    return {"extends": base.get("base").split(":")[-1] if base is not None else None, "elements": content}
