"""SOAP 1.1 envelopes: hostile XML in, bytes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from icat_schema.server.entities.validate import UNWRITABLE
from icat_schema.server.errors import IcatError
from icat_schema.server.soap.contract import NAMESPACE

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
MUST_UNDERSTAND = f"{{{SOAP}}}mustUnderstand"

CONTENT_TYPE = "text/xml;charset=utf-8"
MEDIA_TYPES = ("text/xml", "application/xml")
"""Content types of requests; the second is nobody's business but harmless."""

_CAREFUL: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}

_START = f"<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S=\"{SOAP}\"><S:Body>"
_END = "</S:Body></S:Envelope>"


LARGE = 1024 * 1024
"""Bytes of a request that is not taken apart for strangers: its tree takes many times its size."""
_BEGINNING = 64 * 1024


def session_of_large(body: bytes) -> str | None:
    """The session id at the beginning of a large request, where the WSDL has it; None for a small request, which may
    be a login. Raises IcatError of type SESSION when there is none.
    """
    if len(body) <= LARGE:
        return None
    parser = etree.XMLPullParser(("end",), tag="sessionId", **_CAREFUL)
    try:
        parser.feed(body[:_BEGINNING])
        found = next((str(element.text or "") for _, element in parser.read_events()), "")
    except (etree.XMLSyntaxError, ValueError):
        found = ""
    if not found:
        raise IcatError("SESSION", f"A request of more than {LARGE} bytes must begin with its sessionId")
    return found


def read_call(body: bytes) -> etree._Element:
    """The wrapper element of the call, `{http://icatproject.org}OPERATION`.

    Document types, entities and external references are refused. Raises IcatError of type BAD_PARAMETER.
    """
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise IcatError("BAD_PARAMETER", f"The request is not well-formed XML: {error}") from None
    if root is None or root.getroottree().docinfo.doctype:
        raise IcatError("BAD_PARAMETER", "The request must not contain a document type declaration")
    if root.tag != f"{{{SOAP}}}Envelope":
        raise IcatError("BAD_PARAMETER", f"The request is not a SOAP 1.1 envelope but {_shown(root)}")
    if any(header.get(MUST_UNDERSTAND) in ("1", "true") for header in root.iterfind(f"{{{SOAP}}}Header/*")):
        raise IcatError("BAD_PARAMETER", "One or more mandatory SOAP header blocks not understood")
    calls = root.findall(f"{{{SOAP}}}Body/*")
    if len(calls) != 1:
        raise IcatError("BAD_PARAMETER", f"The SOAP body must hold exactly one call, not {len(calls)}")
    if etree.QName(calls[0]).namespace != NAMESPACE:
        raise IcatError("BAD_PARAMETER", f"Cannot find dispatch method for {_shown(calls[0])}")
    return calls[0]


def around(operation: str, content: Iterable[bytes] = ()) -> Iterator[bytes]:
    """The answer of an operation around its `return` elements, which are XML already."""
    yield (f'{_START}<ns2:{operation}Response xmlns:ns2="{NAMESPACE}" xmlns:xs="{XSD}" xmlns:xsi="{XSI}">').encode()
    yield from content
    yield f"</ns2:{operation}Response>{_END}".encode()


def fault(error: IcatError) -> bytes:
    """The fault that python-icat turns into one of its exceptions."""
    message = escaped(UNWRITABLE.sub("\ufffd", error.message))
    return (
        f"{_START}<S:Fault><faultcode>S:Server</faultcode><faultstring>{message}</faultstring><detail>"
        f'<ns2:IcatException xmlns:ns2="{NAMESPACE}"><message>{message}</message><offset>{error.offset}</offset>'
        f"<type>{error.type}</type></ns2:IcatException></detail></S:Fault>{_END}"
    ).encode()


def escaped(text: str) -> str:
    """Text as element content that survives a parser unchanged."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _parser() -> etree.XMLParser:
    parser: etree.XMLParser = etree.XMLParser(**_CAREFUL)
    return parser


def _shown(element: etree._Element) -> str:
    name = etree.QName(element)
    return f"{{{name.namespace or ''}}}{name.localname}"
