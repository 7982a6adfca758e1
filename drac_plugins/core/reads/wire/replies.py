"""Records as the JSON of the ICAT+ wire.

Plain functions from records to dictionaries: a list of some thousand datasets holds hundreds of thousands of
parameters, for which a schema library would take most of the time of the request. `schemas` describes the same shapes,
and a test holds the two against each other.

Required by clients although ICAT may have nothing there: `units` and `value` are texts, lists and
`Investigation.parameters` are always there, an id is a number. A dataset whose investigation the caller may not
read has one with the id 0, an investigation without an instrument has one with the id 0 and an empty name: no row of
ICAT has that id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from json.encoder import encode_basestring
from typing import Any, TypeVar

import orjson

from drac_plugins.core.reads.days import wire_date
from drac_plugins.core.reads.records import (
    DataCollectionRecord,
    DatafileRecord,
    DatasetRecord,
    InstrumentRecord,
    InvestigationRecord,
    Page,
    ParameterRecord,
    ParameterTypeRecord,
    SampleRecord,
    TeamMember,
    TechniqueEntry,
    TypeRecord,
)
from drac_plugins.core.reads.values import Parameters
from drac_plugins.core.web.fields import page_meta

T = TypeVar("T")
Json = dict[str, Any]

PIECE = 256 * 1024
"""Bytes of a long reply that are sent at once."""

_NO_INVESTIGATION: Json = {"id": 0, "parameters": [], "investigationInstruments": []}


def encoded(elements: Sequence[Any]) -> bytes:
    """The list as JSON. orjson takes a tenth of the time of the standard library; with some thousand datasets that was
    the longest step of a request."""
    return orjson.dumps(elements)


class _Quoted(dict[str, str]):
    """Texts that come again and again, as JSON."""

    def __missing__(self, text: str) -> str:
        quoted = self[text] = encode_basestring(text)
        return quoted


class Datasets:
    """Datasets of one reply. Investigations and outputs that several of them share are written down once; so are the
    parameters, as text: hundreds of thousands of dictionaries would take most of the time of the request."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._investigations: dict[int, orjson.Fragment] = {}
        self._datasets: dict[int, Json] = {}
        self._quoted = _Quoted()

    def reply(self, page: Page[DatasetRecord], *, nested: bool) -> list[Json]:
        return paged(page, lambda record: self.dataset(record, nested=nested))

    def parts(self, page: Page[DatasetRecord], records: Iterable[DatasetRecord]) -> Iterator[bytes]:
        """The reply of `page` in pieces, with its `records`, which may come one after the other. When `records` raises
        in between, the bracket that ends the list does not come."""
        meta = page_meta(page.total, page.limit, page.skip)
        pieces, size = [b"["], 0
        for record in records:
            written = orjson.dumps({**self._members(record), "meta": meta})
            pieces.append(written)
            size += len(written)
            if size > PIECE:
                yield b"".join(pieces)
                pieces, size = [], 0
            pieces.append(b",")
        yield b"".join(pieces[:-1] if pieces[-1:] == [b","] else pieces) + b"]"

    def dataset(self, record: DatasetRecord, *, nested: bool) -> Json:
        known = self._datasets.get(record.id)
        if known is not None:
            return known
        dataset = self._members(record)
        if nested:
            dataset["outputDatasets"] = [self.dataset(output, nested=True) for output in record.outputs]
        self._datasets[record.id] = dataset
        return dataset

    def _members(self, record: DatasetRecord) -> Json:
        zone = self._zone
        return {
            "id": record.id,
            "name": record.name,
            "type": record.type,
            "location": record.location,
            "startDate": wire_date(record.start, zone),
            "endDate": wire_date(record.end, zone),
            "sampleName": record.sample_name,
            "sampleId": record.sample_id,
            "instrumentName": record.instrument,
            "parameters": self._parameters(record.parameters),
            "techniques": [
                {"id": t.id, "datasetId": record.id, "pid": t.pid or "", "name": t.name} for t in record.techniques
            ],
            "investigation": self._investigation(record.investigation),
        }

    def _parameters(self, parameters: Sequence[ParameterRecord]) -> orjson.Fragment:
        quoted, quote = self._quoted, encode_basestring
        texts = [
            f'{{"id":{key},"datasetId":{owner},"name":{quoted[name]},"value":{quote(value)},"units":{quoted[units]}}}'
            for key, owner, name, value, units in (
                parameters.plain() if isinstance(parameters, Parameters) else parameters
            )
        ]
        return orjson.Fragment(f"[{','.join(texts)}]")

    def _investigation(self, record: InvestigationRecord | None) -> orjson.Fragment:
        key = 0 if record is None else record.id
        if key not in self._investigations:
            written = _NO_INVESTIGATION if record is None else investigation_of_dataset(record, self._zone)
            self._investigations[key] = orjson.Fragment(orjson.dumps(written))
        return self._investigations[key]


def paged(page: Page[T], dump: Callable[[T], Json]) -> list[Json]:
    """Every element with the paging object; elements may be shared with what is nested in others, which has none."""
    meta = page_meta(page.total, page.limit, page.skip)
    return [{**dump(item), "meta": meta} for item in page.items]


def investigation_of_dataset(record: InvestigationRecord, zone: tzinfo) -> Json:
    """Here `parameters` is a list."""
    return {
        **_investigation_head(record, zone),
        "parameters": [{"name": p.name, "value": p.value} for p in record.parameters],
        "members": [_member(member) for member in record.team],
        "investigationInstruments": [
            {"id": one.link_id, "instrument": {"id": one.id, "name": one.name, "fullName": one.full_name}}
            for one in record.instruments
        ],
    }


def investigations(page: Page[InvestigationRecord], zone: tzinfo) -> list[Json]:
    return paged(page, lambda record: investigation(record, zone))


def investigation(record: InvestigationRecord, zone: tzinfo) -> Json:
    """Here `parameters` is an object."""
    known = {} if record.can_access_datasets is None else {"canAccessDatasets": record.can_access_datasets}
    return {**_investigation_head(record, zone), **_investigation_relations(record), **known}


def _investigation_head(record: InvestigationRecord, zone: tzinfo) -> Json:
    return {
        "id": record.id,
        "name": record.name,
        "title": record.title,
        "visitId": record.visit_id,
        "startDate": wire_date(record.start, zone),
        "endDate": wire_date(record.end, zone),
        "releaseDate": wire_date(record.release, zone),
        "doi": record.doi,
        "summary": record.summary,
        "type": {"id": record.type.id, "name": record.type.name, "description": record.type.description},
    }


def _investigation_relations(record: InvestigationRecord) -> Json:
    first = record.instruments[0] if record.instruments else InstrumentRecord(0, "")
    return {
        "parameters": {p.name: p.value for p in record.parameters},
        "instrument": {
            "id": first.id,
            "name": first.name,
            "instrumentScientists": [{"name": name} for name in first.scientists],
        },
        "investigationUsers": [{"role": member.role, "user": _user(member)} for member in record.team],
    }


def _member(member: TeamMember) -> Json:
    """The contract spells the last field so."""
    return {
        "name": member.given_name or member.full_name or member.name,
        "surname": member.family_name or "",
        "orcid": member.orcid,
        "affilation": member.affiliation,
        "role": member.role,
    }


def _user(member: TeamMember) -> Json:
    return {
        "name": member.name,
        "fullName": member.full_name,
        "givenName": member.given_name,
        "familyName": member.family_name,
        "email": member.email,
    }


def investigation_users(team: Iterable[TeamMember], record: InvestigationRecord) -> list[Json]:
    return [
        {
            "id": member.id,
            **_user(member),
            "fullName": member.full_name or member.name,
            "role": member.role,
            "investigationName": record.name,
            "investigationId": record.id,
            "orcidId": member.orcid,
            "affiliation": member.affiliation,
        }
        for member in team
    ]


def samples(page: Page[SampleRecord], zone: tzinfo, *, nested: bool) -> list[Json]:
    datasets = Datasets(zone)
    return paged(page, lambda record: _sample(record, zone, datasets, nested=nested))


def _sample(record: SampleRecord, zone: tzinfo, datasets: Datasets, *, nested: bool) -> Json:
    sample: Json = {
        "id": record.id,
        "name": record.name,
        "modTime": wire_date(record.modified, zone),
        "parameters": [_parameter(p) for p in record.parameters],
    }
    if record.investigation is not None:
        own = record.investigation
        sample["investigation"] = {
            **_investigation_head(own, zone),
            **_investigation_relations(own),
            "startDate": wire_date(own.start, zone) or "",
        }
    if record.datasets is not None:
        sample["datasets"] = [datasets.dataset(inside, nested=nested) for inside in record.datasets]
    return sample


def _parameter(record: ParameterRecord) -> Json:
    return {"id": record.id, "name": record.name, "value": record.value, "units": record.units}


def datafiles(page: Page[DatafileRecord], zone: tzinfo) -> list[Json]:
    """Each element is wrapped."""
    return paged(page, lambda record: {"Datafile": _datafile(record, zone)})


def _datafile(record: DatafileRecord, zone: tzinfo) -> Json:
    return {
        "id": record.id,
        "name": record.name if record.name.startswith("/") else f"/{record.name}",
        "fileSize": record.size,
        "location": record.location,
        **_bookkeeping(record, zone),
        "dataset": {"id": record.dataset_id},
        "dataCollectionDatafiles": [],
        "destDatafiles": [],
        "sourceDatafiles": [],
        "isReleased": record.released,
    }


def data_collections(page: Page[DataCollectionRecord], zone: tzinfo) -> list[Json]:
    return paged(page, lambda record: _data_collection(record, zone))


def _data_collection(record: DataCollectionRecord, zone: tzinfo) -> Json:
    """Parameters both as ICAT has them and with a plain name and value."""
    return {
        "id": record.id,
        "doi": record.doi,
        **_bookkeeping(record, zone),
        "parameters": [
            {"id": p.id, "name": p.name, "value": p.value, "stringValue": p.value, "type": {"name": p.name}}
            for p in record.parameters
        ],
        "dataCollectionDatasets": [
            {
                "dataset": {
                    "id": dataset.id,
                    "name": dataset.name,
                    "sampleName": dataset.sample_name,
                    "location": dataset.location,
                    "startDate": wire_date(dataset.start, zone),
                    "endDate": wire_date(dataset.end, zone),
                }
            }
            for dataset in record.datasets
        ],
    }


def _bookkeeping(record: DatafileRecord | DataCollectionRecord | TypeRecord, zone: tzinfo) -> Json:
    return {
        "createId": record.create_id,
        "createTime": wire_date(record.create_time, zone),
        "modId": record.mod_id,
        "modTime": wire_date(record.mod_time, zone),
    }


def instruments(records: Iterable[InstrumentRecord]) -> list[Json]:
    return [
        {"id": one.id, "name": one.name, "fullName": one.full_name, "description": one.description or ""}
        for one in records
    ]


def investigation_types(records: Iterable[TypeRecord], zone: tzinfo) -> list[Json]:
    return [
        {"id": one.id, "name": one.name, "description": one.description, **_bookkeeping(one, zone)} for one in records
    ]


def techniques(records: Iterable[TechniqueEntry]) -> list[Mapping[str, Any]]:
    return [{"id": one.id, "pid": one.pid or "", "name": one.name, "description": one.description} for one in records]


def parameter_types(records: Iterable[ParameterTypeRecord]) -> list[Mapping[str, Any]]:
    """`value` is what the original leaves null, which its own clients cannot read."""
    return [
        {"_id": str(one.id), "name": one.name, "value": "", "units": one.units, "description": one.description or ""}
        for one in records
    ]
