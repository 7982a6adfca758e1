"""WSDL and schema: complete, and with an address that the asking client can reach."""

from __future__ import annotations

import requests
from lxml import etree

from icat_schema.definitions import schema
from tests.support.catalogue import RunningCatalogue

XSD = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap/}address"
SECONDS = 30

OPERATIONS = {
    "login", "logout", "refresh", "getUserName", "getRemainingMinutes", "getApiVersion", "getVersion",
    "getAuthenticatorInfo", "getEntityNames", "getEntityInfo", "getProperties", "create", "createMany", "update",
    "delete", "deleteMany", "get", "search", "isAccessAllowed", "dummy",
}  # fmt: skip


def _document(catalogue: RunningCatalogue, query: str, **headers: str) -> etree._Element:
    reply = requests.get(f"{catalogue.url}/ICATService/ICAT?{query}", headers=headers, timeout=SECONDS)
    assert reply.status_code == 200
    return etree.fromstring(reply.content)


def test_the_wsdl_lists_the_twenty_operations_with_their_faults(catalogue: RunningCatalogue) -> None:
    document = _document(catalogue, "wsdl")
    offered = document.findall(f"{WSDL}portType/{WSDL}operation")
    assert {o.get("name") for o in offered} == OPERATIONS
    assert {o.get("name") for o in offered if o.find(f"{WSDL}fault") is None} == {"dummy"}
    assert {o.get("name") for o in document.findall(f"{WSDL}binding/{WSDL}operation")} == OPERATIONS


def test_the_address_is_where_the_client_asked(catalogue: RunningCatalogue) -> None:
    expected = f"{catalogue.url}/ICATService/ICAT"
    document = _document(catalogue, "WSDL")
    address = document.find(f".//{ADDRESS}")
    assert address is not None
    assert address.get("location") == expected
    imported = document.find(f".//{XSD}import")
    assert imported is not None
    assert imported.get("schemaLocation") == f"{expected}?xsd=1"


def test_the_address_follows_the_proxy_in_front(catalogue: RunningCatalogue) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "icat.example.org"}
    address = _document(catalogue, "wsdl", **forwarded).find(f".//{ADDRESS}")
    assert address is not None
    assert address.get("location") == "https://icat.example.org/ICATService/ICAT"


def test_a_hostile_host_header_cannot_write_into_the_wsdl(catalogue: RunningCatalogue) -> None:
    host = 'x"/><evil/><a b="'
    reply = requests.get(f"{catalogue.url}/ICATService/ICAT?wsdl", headers={"Host": host}, timeout=SECONDS)
    if reply.status_code == 200:
        assert etree.fromstring(reply.content).find(".//{*}evil") is None
    else:
        assert reply.status_code == 400


def test_the_schema_declares_every_entity_with_all_its_fields(catalogue: RunningCatalogue) -> None:
    document = _document(catalogue, "xsd=1")
    types = {t.get("name"): t for t in document.findall(f"{XSD}complexType")}
    inherited = {"entityBaseBean": _elements(types["entityBaseBean"])}
    inherited["parameter"] = inherited["entityBaseBean"] + _elements(types["parameter"])
    for entity in schema().entities.values():
        base = "parameter" if entity.extends else "entityBaseBean"
        own = _elements(types[entity.wsdl_name])
        assert own == sorted(own)
        assert sorted(inherited[base] + own) == sorted(entity.fields)


def _elements(complex_type: etree._Element) -> list[str]:
    return [str(e.get("name")) for e in complex_type.iter(f"{XSD}element")]


def test_other_paths_say_where_things_are(catalogue: RunningCatalogue) -> None:
    reply = requests.get(f"{catalogue.url}/elsewhere", timeout=SECONDS)
    assert reply.status_code == 404
    assert "/ICATService/ICAT?wsdl" in reply.text
    assert "?wsdl" in requests.get(f"{catalogue.url}/ICATService/ICAT", timeout=SECONDS).text
