"""From a validated tree to plain texts, whatever the layout: old producers interleave parameters with the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ingest.domain import ListedFile, SampleMessage
from ingest.parse.document import NAMESPACE


@dataclass(frozen=True, slots=True)
class DatasetTexts:
    """Root `dataset` as it stands in the message."""

    proposal: str
    beamline: str
    name: str
    location: str
    start: str
    end: str
    complete: bool
    dataset_id: int | None
    comment: str | None
    sample: SampleMessage | None
    files: tuple[ListedFile, ...]
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class InvestigationTexts:
    """Root `investigation` as it stands in the message; `endDate` of old producers is not read."""

    proposal: str
    beamline: str
    start: str
    investigation_id: int | None


def dataset_texts(root: etree._Element) -> DatasetTexts:
    return DatasetTexts(
        proposal=_text(root, "investigation"),
        beamline=_text(root, "instrument"),
        name=_text(root, "name"),
        location=_text(root, "location"),
        start=_text(root, "startDate"),
        end=_text(root, "endDate"),
        complete=root.get("complete", "true").strip() in ("true", "1"),
        dataset_id=_number(root, "datasetId"),
        comment=_optional(root, "comment"),
        sample=_sample(root.find(_tag("sample"))),
        files=tuple(_file(element) for element in root.iterfind(_tag("datafile"))),
        parameters=tuple(_parameters(root)),
    )


def investigation_texts(root: etree._Element) -> InvestigationTexts:
    return InvestigationTexts(
        proposal=_text(root, "experiment"),
        beamline=_text(root, "instrument"),
        start=_text(root, "startDate"),
        investigation_id=_number(root, "investigationId"),
    )


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _text(parent: etree._Element, name: str) -> str:
    return parent.findtext(_tag(name)) or ""


def _optional(parent: etree._Element, name: str) -> str | None:
    return parent.findtext(_tag(name)) or None


def _number(parent: etree._Element, name: str) -> int | None:
    text = _text(parent, name).strip()
    return int(text) if text else None


def _sample(element: etree._Element | None) -> SampleMessage | None:
    if element is None:
        return None
    return SampleMessage(_text(element, "name"), _optional(element, "type"), tuple(_parameters(element)))


def _file(element: etree._Element) -> ListedFile:
    return ListedFile(_text(element, "location"), _number(element, "size"), tuple(_parameters(element)))


def _parameters(parent: etree._Element) -> Iterator[tuple[str, str]]:
    for element in parent.iterfind(_tag("parameter")):
        yield _text(element, "name").strip(), _text(element, "value")
