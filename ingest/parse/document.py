"""From hostile bytes to a validated XML tree.

Order matters: encoding, then one pass of expat that refuses a document type before anything is declared or expanded and
counts depth, parameters and lengths without building anything, only then a tree, only then the schema.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from xml.parsers import expat

from lxml import etree

from ingest.outcome import Refused

NAMESPACE = "http://www.esrf.fr/icat"
ROOTS = ("dataset", "investigation")
STEP = "parse"


@dataclass(frozen=True, slots=True)
class Limits:
    """More than any producer sends. Names are everything but the elements `value` and `comment`."""

    depth: int = 6
    parameters: int = 5000
    value_bytes: int = 1024 * 1024
    name_characters: int = 4096
    attributes: int = 50


LIMITS = Limits()
_LONG_TEXTS = ("value", "comment")


def read_document(body: bytes, limits: Limits = LIMITS) -> etree._Element:
    """The root element, its tree entirely in our namespace, not yet held against the schema.

    Raises Refused: `xml` (unreadable, document type), `kind` (JSON, unknown root), `size` (too deep, many or long).
    """
    _check_encoding(body)
    if _is_json(body):
        raise Refused("kind", "The message is JSON; this queue carries XML (root dataset or investigation)", STEP)
    _Scan(limits).run(body)
    root = _tree(body)
    _adopt(root)
    return root


def _check_encoding(body: bytes) -> None:
    if not body.strip():
        raise Refused("xml", "The message is empty", STEP)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            "xml", f"The message is not UTF-8: byte {error.start} is 0x{body[error.start]:02x}", STEP
        ) from error


def _is_json(body: bytes) -> bool:
    if body.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


class _Scan:
    """One pass over the text; raises Refused at the first offence."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._path: list[str] = []
        self._parameters = 0
        self._length = 0
        self._parser = expat.ParserCreate(encoding="utf-8")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def run(self, body: bytes) -> None:
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            text = f"Not well-formed XML: {expat.errors.messages[error.code]}"
            raise Refused("xml", f"{text} (line {error.lineno}, column {error.offset + 1})", STEP) from error

    def _doctype(self, *_declaration: object) -> None:
        raise Refused("xml", "The message has a document type declaration; such messages are refused unread", STEP)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rsplit(":", 1)[-1]
        self._path.append(local)
        self._length = 0
        if len(self._path) > self._limits.depth:
            raise self._too_much(f"elements nest deeper than {self._limits.depth} levels")
        if len(attributes) > self._limits.attributes:
            raise self._too_much(f"an element has more than {self._limits.attributes} attributes")
        if local == "parameter":
            self._parameters += 1
            if self._parameters > self._limits.parameters:
                raise self._too_much(f"there are more than {self._limits.parameters} parameters")

    def _end(self, _name: str) -> None:
        self._path.pop()
        self._length = 0

    def _text(self, data: str) -> None:
        if self._path[-1] in _LONG_TEXTS:
            self._length += len(data.encode("utf-8"))
            if self._length > self._limits.value_bytes:
                raise self._too_much(f"a value has more than {self._limits.value_bytes} bytes")
        else:
            self._length += len(data)
            if self._length > self._limits.name_characters:
                raise self._too_much(f"a text has more than {self._limits.name_characters} characters")

    def _too_much(self, what: str) -> Refused:
        line = self._parser.CurrentLineNumber
        return Refused("size", f"The message is too large: {what} (at {'/'.join(self._path)}, line {line})", STEP)


def _tree(body: bytes) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused("xml", f"Not well-formed XML: {error}", STEP) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refused("xml", "The message has a document type declaration; such messages are refused", STEP)
    return root


def _adopt(root: etree._Element) -> None:
    """Check the root's name; put a message without any namespace into ours."""
    name = etree.QName(root)
    if name.namespace not in (None, NAMESPACE) or name.localname not in ROOTS:
        expected = " or ".join(ROOTS)
        raise Refused("kind", f"Unknown root element {root.tag!r}; expected {expected} in {NAMESPACE}", STEP)
    if name.namespace is None:
        for element in root.iter(etree.Element):
            if etree.QName(element).namespace is None:
                element.tag = etree.QName(NAMESPACE, etree.QName(element).localname).text
