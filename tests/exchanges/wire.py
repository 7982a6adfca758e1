"""Speaking to an ICAT server by plain HTTP: no WSDL client, the envelopes are written here."""

from __future__ import annotations

from typing import Any

import requests
from lxml import etree

NS = "http://icatproject.org"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

BASE = ["createId", "createTime", "id", "modId", "modTime"]
PARAMETER = ["dateTimeValue", "error", "numericValue", "rangeBottom", "rangeTop", "stringValue", "type"]
ARGUMENTS = {  # wrapper content of each operation, in schema order
    "login": ["plugin", "credentials"],
    "logout": ["sessionId"],
    "refresh": ["sessionId"],
    "getUserName": ["sessionId"],
    "getRemainingMinutes": ["sessionId"],
    "getApiVersion": [],
    "getVersion": [],
    "getAuthenticatorInfo": [],
    "getEntityNames": [],
    "getEntityInfo": ["beanName"],
    "getProperties": ["sessionId"],
    "create": ["sessionId", "bean"],
    "createMany": ["sessionId", "beans"],
    "update": ["sessionId", "bean"],
    "delete": ["sessionId", "bean"],
    "deleteMany": ["sessionId", "beans"],
    "get": ["sessionId", "query", "primaryKey"],
    "search": ["sessionId", "query"],
    "isAccessAllowed": ["sessionId", "bean", "accessType"],
}


class CaseError(Exception):
    """A case cannot be carried out as written."""


class Server:
    """One ICAT server, reached by plain HTTP."""

    def __init__(
        self,
        url: str,
        soap_path: str = "/ICATService/ICAT",
        rest_path: str = "/icat",
        timeout: float = 60,
        verify: bool = True,
    ) -> None:
        self.soap_url = url.rstrip("/") + soap_path
        self.rest_url = url.rstrip("/") + rest_path
        self.timeout = timeout
        self.http = requests.Session()
        self.http.verify = verify

    def send(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        return self.http.request(method, url, timeout=self.timeout, allow_redirects=False, **kwargs)

    def soap(self, operation: str, arguments: dict[str, Any]) -> requests.Response:
        wrapper = etree.Element(f"{{{NS}}}{operation}", nsmap={"tns": NS, "xsi": XSI})
        for name in ARGUMENTS[operation]:
            if arguments.get(name) is not None:
                add_argument(wrapper, name, arguments[name])
        return self.post_xml(envelope(wrapper))

    def post_xml(self, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
        heads = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', **(headers or {})}
        return self.send("POST", self.soap_url, data=body, headers=heads)


def envelope(wrapper: etree._Element) -> bytes:
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"e": SOAP})
    etree.SubElement(root, f"{{{SOAP}}}Header")
    etree.SubElement(root, f"{{{SOAP}}}Body").append(wrapper)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def add_argument(parent: etree._Element, name: str, value: Any) -> None:
    if name == "credentials":
        node = etree.SubElement(parent, name)
        for key, text in value.items():
            entry = etree.SubElement(node, "entry")
            etree.SubElement(entry, "key").text = key
            etree.SubElement(entry, "value").text = text
    elif name == "beans":
        for bean in value:
            add_bean(parent, name, bean)
    elif name == "bean":
        add_bean(parent, name, value)
    else:
        etree.SubElement(parent, name).text = text_of(value)


def add_bean(parent: etree._Element, tag: str, bean: dict[str, Any]) -> None:
    ((entity, fields),) = bean.items()
    node = etree.SubElement(parent, tag)
    node.set(f"{{{XSI}}}type", "tns:" + entity[0].lower() + entity[1:])
    add_fields(node, fields)


def add_fields(node: etree._Element, fields: dict[str, Any]) -> None:
    """Children in schema order: base attributes, parameter attributes, the others by name."""

    def rank(name: str) -> tuple[int, str]:
        return (BASE + PARAMETER).index(name) if name in BASE + PARAMETER else 99, name

    for name in sorted(fields, key=rank):
        value = fields[name]
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                add_fields(etree.SubElement(node, name), item)
            elif item is not None:
                etree.SubElement(node, name).text = text_of(item)


def text_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
