"""Metalink 4 (RFC 5854): a list of files with the address of each, for download programs."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from drac_plugins.ids.service import File

NAMESPACE = "urn:ietf:params:xml:ns:metalink"
MEDIA_TYPE = "application/metalink4+xml"


def document(files: Iterable[File]) -> bytes:
    """Names are relative and have no `..`, as section 4.1.2.1 of the RFC demands; what XML cannot hold is left out of
    them."""
    root = etree.Element(f"{{{NAMESPACE}}}metalink", nsmap={None: NAMESPACE})
    for file in files:
        element = etree.SubElement(root, f"{{{NAMESPACE}}}file", name=_relative(file.name))
        if file.size is not None:
            etree.SubElement(element, f"{{{NAMESPACE}}}size").text = str(file.size)
        etree.SubElement(element, f"{{{NAMESPACE}}}url").text = file.url
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return content


def _relative(name: str) -> str:
    parts = (part for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))
    return "".join(sign for sign in "/".join(parts) if sign.isprintable()) or "file"
