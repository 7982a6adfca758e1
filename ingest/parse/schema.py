"""Holding a message against the schema of the vocabulary; faults come with path and line."""

from __future__ import annotations

import re
import threading
from importlib.resources import files

from lxml import etree

from ingest.outcome import Refused
from ingest.parse.document import NAMESPACE, STEP

_PER_THREAD = threading.local()
_FAULTS_SHOWN = 3
_LONGEST_FAULT = 400


def validate(root: etree._Element) -> None:
    """Raises Refused with reason `schema`; the text names up to three faults."""
    schema = _schema()
    if schema.validate(root):
        return
    faults = [_sentence(root, fault) for fault in list(schema.error_log)[:_FAULTS_SHOWN]]
    raise Refused("schema", "; ".join(dict.fromkeys(faults)) or "The message does not follow the schema", STEP)


def _schema() -> etree.XMLSchema:
    """One compiled schema per thread, because its error log belongs to the object."""
    found: etree.XMLSchema | None = getattr(_PER_THREAD, "schema", None)
    if found is None:
        source = files("ingest.parse").joinpath("schemas/icat-messages.xsd").read_bytes()
        found = _PER_THREAD.schema = etree.XMLSchema(etree.fromstring(source))
    return found


def _sentence(root: etree._Element, fault: etree._LogEntry) -> str:
    text = fault.message.replace(f"{{{NAMESPACE}}}", "")
    text = re.sub(r"^Element '[^']*'(, attribute '[^']*')?: ", "", text)
    text = re.sub(r"^\[facet '[^']*'\] ", "", text)
    if len(text) > _LONGEST_FAULT:
        text = text[:_LONGEST_FAULT] + "..."
    return f"{_place(root, fault.path)}, line {fault.line}: {text}"


def _place(root: etree._Element, path: str | None) -> str:
    """The libxml2 path of a fault (`/*/*[5]/*[2]`, `/tns:dataset/tns:parameter[3]`) as `dataset/parameter[3]/value`."""
    prefixes = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        found = root.xpath(path, namespaces=prefixes) if path else []
    except etree.XPathError:  # a prefix that is declared further down
        found = []
    if not isinstance(found, list) or not found or not isinstance(found[0], etree._Element):
        return etree.QName(root).localname
    return "/".join(_step(element) for element in reversed([found[0], *found[0].iterancestors()]))


def _step(element: etree._Element) -> str:
    """The element's name, with its position where it has siblings of that name."""
    name, tag = etree.QName(element).localname, str(element.tag)
    before = len(list(element.itersiblings(tag, preceding=True)))
    several = before or next(element.itersiblings(tag), None) is not None
    return f"{name}[{before + 1}]" if several else name
