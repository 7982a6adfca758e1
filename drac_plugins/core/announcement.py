"""Writing dataset messages: the XML that producers send, for doors that are handed something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from drac_plugins.core.errors import Invalid
from icat_schema.parameters import vocabulary

NAMESPACE = "http://www.esrf.fr/icat"


@dataclass(frozen=True, slots=True)
class AnnouncedFile:
    location: str
    size: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnnouncedSample:
    name: str
    type: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a dataset message says. Values of `parameters` are texts, numbers, truth values, moments or lists of them;
    None is left out. `inputs`: folders that a processed dataset was computed from. Dates may be texts as they came."""

    proposal: str
    beamline: str
    name: str
    location: str
    start: datetime | str
    end: datetime | str
    complete: bool = True
    comment: str | None = None
    sample: AnnouncedSample | None = None
    files: Sequence[AnnouncedFile] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()


def message(said: Announcement) -> bytes:
    """The message in the present layout. Raises Invalid for what XML cannot hold."""
    root = etree.Element(_tag("dataset"), {"complete": "true" if said.complete else "false"}, nsmap={"tns": NAMESPACE})
    for name, value in (
        ("investigation", said.proposal),
        ("instrument", said.beamline),
        ("name", said.name),
        ("location", said.location),
        ("startDate", said.start),
        ("endDate", said.end),
        ("comment", said.comment),
    ):
        _add(root, name, value)
    if said.sample is not None:
        sample = etree.SubElement(root, _tag("sample"))
        _add(sample, "name", said.sample.name)
        _add(sample, "type", said.sample.type)
        _parameters(sample, said.sample.parameters)
    for file in said.files:
        element = etree.SubElement(root, _tag("datafile"))
        _add(element, "location", file.location)
        _add(element, "size", file.size)
        _parameters(element, file.parameters)
    parameters = dict(said.parameters)
    if said.inputs:
        if wrong := next((path for path in said.inputs if "," in path), None):
            raise Invalid(f"inputs: {wrong!r} contains a comma, which separates paths in messages")
        parameters["input_datasets"] = ",".join(said.inputs)
    _parameters(root, parameters)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def text_of(name: str, value: Any) -> str | None:
    """A value as producers write it; None: nothing to write. Lists are joined by the separator of their definition,
    numbers otherwise by blanks and texts by commas. Raises Invalid for objects."""
    if not isinstance(value, list | tuple):
        return _text(value, name)
    definition = vocabulary().get(name)
    numbers = all(isinstance(item, int | float) and not isinstance(item, bool) for item in value)
    separator = definition.separator if definition and definition.separator else " " if numbers else ","
    return separator.join(text for item in value if (text := _text(item, name)) is not None)


def _text(value: Any, name: str = "") -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise Invalid(f"{name}: values are texts, numbers, truth values or lists of them")


def _parameters(parent: etree._Element, parameters: Mapping[str, Any]) -> None:
    for name, value in parameters.items():
        text = text_of(name, value)
        if text is None:
            continue
        element = etree.SubElement(parent, _tag("parameter"))
        _add(element, "name", name)
        _add(element, "value", text)


def _add(parent: etree._Element, name: str, value: Any) -> None:
    text = _text(value, name)
    if text is None:
        return
    try:
        etree.SubElement(parent, _tag(name)).text = text
    except ValueError as error:
        raise Invalid(f"{name}: {text[:40]!r} holds characters that a message cannot carry") from error


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
