"""An XML message as a record: read safely, held against the schema, normalised. The catalogue is not asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from lxml import etree

from drac_plugins.core.quarantine.aliases import NO_ALIASES, AliasBook
from drac_plugins.core.settings import Settings
from drac_plugins.core.spelling import comparison_key
from ingest.domain import DatasetMessage, InvestigationMessage, SampleMessage
from ingest.names import beamline_key, normalise_location, place, proposal_key
from ingest.outcome import Refused
from ingest.parse.dates import NotADate, read_instant
from ingest.parse.document import read_document
from ingest.parse.layout import DatasetTexts, InvestigationTexts, dataset_texts, investigation_texts
from ingest.parse.schema import validate
from ingest.parse.values import INPUTS, RootValue, input_paths, repaired_inputs, with_root_values
from ingest.values import whole_number

STEP = "normalise"
_TOLERANCE = timedelta(seconds=1)
_Texts = TypeVar("_Texts", DatasetTexts, InvestigationTexts)
_NO_EDITS: Mapping[str, str] = MappingProxyType({})


def parse(
    body: bytes, settings: Settings, edits: Mapping[str, str] = _NO_EDITS, aliases: AliasBook = NO_ALIASES
) -> DatasetMessage | InvestigationMessage:
    """Read one message. `edits`: fields that an operator changed (proposal, beamline, name, location, start, end,
    sample, investigationId), put over the message before anything is checked; `aliases` do the same for every message
    with certain names.

    Raises Refused with reason xml, kind, size, schema, values, dates or location.
    """
    root = read_document(body)
    validate(root)
    if etree.QName(root).localname == "investigation":
        session = investigation_texts(root)
        return _investigation(session, settings, {**aliases.edits(session.proposal, session.beamline, None), **edits})
    texts = dataset_texts(root)
    sample = texts.sample.name if texts.sample else None
    return _dataset(texts, settings, {**aliases.edits(texts.proposal, texts.beamline, sample), **edits})


# ---------------------------------------------------------------------- investigation


def _investigation(texts: InvestigationTexts, settings: Settings, edits: Mapping[str, str]) -> InvestigationMessage:
    texts = _edited(texts, edits, ("proposal", "beamline", "start"))
    number = texts.investigation_id
    if "investigationId" in edits:
        number = _whole_number(edits["investigationId"])
    _need_letters("proposal", texts.proposal)
    proposal, beamline = texts.proposal.strip(), texts.beamline.strip()
    if number is None and not (proposal and beamline):
        raise Refused("values", "The message names neither a proposal with its beamline nor an investigationId", STEP)
    start, warning = _moment("startDate", texts.start, settings)
    return InvestigationMessage(proposal, beamline, start, number, (warning,) if warning else ())


# ---------------------------------------------------------------------- dataset


def _dataset(texts: DatasetTexts, settings: Settings, edits: Mapping[str, str]) -> DatasetMessage:
    texts = _edited(texts, edits, ("proposal", "beamline", "name", "location", "start", "end"))
    if edits.get("sample"):
        texts = dataclasses.replace(texts, sample=_renamed(texts.sample, edits["sample"]))
    _need_letters("proposal", texts.proposal)
    location = _location(texts, settings, by_hand="proposal" in edits)
    start, end, warnings = _period(texts, settings)
    parameters, differences = with_root_values(texts.parameters, _root_values(texts, location, settings))
    if "investigationId" in edits:
        number = str(_whole_number(edits["investigationId"]))
        parameters = _with(parameters, "investigationId", number)
    inputs, repair = repaired_inputs(dict(parameters).get(INPUTS, ""))
    if repair:
        parameters = _with(parameters, INPUTS, inputs)
        differences.append(repair)
    if location != texts.location:
        differences.append(f"Location {texts.location!r} was normalised to {location!r}")
    return DatasetMessage(
        proposal=texts.proposal.strip(),
        beamline=texts.beamline.strip(),
        name=texts.name.strip(),
        location=location,
        start=start,
        end=end,
        complete=texts.complete,
        dataset_id=texts.dataset_id,
        comment=texts.comment,
        sample=texts.sample,
        files=texts.files,
        parameters=parameters,
        input_paths=input_paths(inputs),
        warnings=(*warnings, *differences),
    )


def _location(texts: DatasetTexts, settings: Settings, *, by_hand: bool) -> str:
    """The normalised location. Raises Refused `location`: not absolute, outside the roots, scratch, or the folder of
    another proposal (unless an operator has set the proposal)."""
    ingest = settings.ingest
    location = normalise_location(texts.location, ingest.mount_prefixes)
    if not location.startswith("/"):
        raise Refused("location", f"Location {texts.location!r} is not an absolute path", STEP)
    found = place(location, ingest.data_roots)
    roots = ", ".join(ingest.data_roots)
    if found is None:
        raise Refused("location", f"Location {location} does not lie below {roots} (setting ingest.data_roots)", STEP)
    if location in {root.rstrip("/") for root in ingest.data_roots}:
        raise Refused("location", f"Location {location} is a data root itself, not the folder of a dataset", STEP)
    if found.scratch:
        raise Refused("location", f"Location {location} lies below a tmp folder; such data are not registered", STEP)
    if found.proposal is not None and not by_hand:
        aliases = ingest.proposal_aliases
        if proposal_key(found.proposal, aliases) != proposal_key(texts.proposal, aliases):
            text = f"Location {location} belongs to proposal {found.proposal}, the message to {texts.proposal.strip()}"
            raise Refused("location", f"{text}; if they are the same, set ingest.proposal_aliases", STEP)
    return location


def _period(texts: DatasetTexts, settings: Settings) -> tuple[datetime, datetime, list[str]]:
    start, about_start = _moment("startDate", texts.start, settings)
    end, about_end = _moment("endDate", texts.end, settings)
    warnings = [text for text in (about_start, about_end) if text]
    if end >= start:
        return start, end, warnings
    if start - end < timedelta(seconds=settings.ingest.clock_slack_seconds):
        return end, start, warnings
    if settings.ingest.late_end == "clamp":
        return start, start, [*warnings, f"endDate {texts.end} is before startDate {texts.start}: end set to start"]
    text = f"endDate {texts.end} is before startDate {texts.start}"
    raise Refused("dates", f"{text}; correct them, or set ingest.late_end to clamp", STEP)


def _moment(name: str, text: str, settings: Settings) -> tuple[datetime, str | None]:
    try:
        moment, warning = read_instant(text, settings.facility.timezone)
    except NotADate as error:
        raise Refused("dates", f"{name}: {error}", STEP) from error
    return moment, f"{name}: {warning}" if warning else None


def _root_values(texts: DatasetTexts, location: str, settings: Settings) -> tuple[RootValue, ...]:
    aliases = settings.ingest
    proposal, beamline, name = texts.proposal.strip(), texts.beamline.strip(), texts.name

    def same_proposal(value: str) -> bool:
        return proposal_key(value, aliases.proposal_aliases) == proposal_key(proposal, aliases.proposal_aliases)

    def same_beamline(value: str) -> bool:
        return beamline_key(value, aliases.beamline_aliases) == beamline_key(beamline, aliases.beamline_aliases)

    def same_location(value: str) -> bool:
        return normalise_location(value, aliases.mount_prefixes) == location

    def moment(parameter: str, root: str) -> RootValue:
        return RootValue(parameter, root, lambda value: _same_instant(value, root, settings))

    values = [
        RootValue("complete", str(texts.complete).lower(), lambda value: _truth(value) == texts.complete),
        RootValue("beamlineID", beamline, same_beamline),
        RootValue("proposal", proposal, same_proposal),
        RootValue("datasetName", name, lambda value: value.strip() == name.strip()),
        RootValue("location", location, same_location, exact=True),
        moment("startDate", texts.start),
        moment("endDate", texts.end),
    ]
    if texts.sample is not None:
        sample = texts.sample.name
        values.append(RootValue("Sample_name", sample, lambda value: value.strip() == sample.strip()))
    return tuple(values)


def _same_instant(value: str, root: str, settings: Settings) -> bool:
    try:
        one, _ = read_instant(value, settings.facility.timezone)
        other, _ = read_instant(root, settings.facility.timezone)
    except NotADate:
        return False
    return abs(one - other) <= _TOLERANCE


def _truth(value: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())


# ---------------------------------------------------------------------- edits


def _edited(texts: _Texts, edits: Mapping[str, str], names: tuple[str, ...]) -> _Texts:
    changes: dict[str, Any] = {name: edits[name] for name in names if edits.get(name)}
    return dataclasses.replace(texts, **changes)


def _renamed(sample: SampleMessage | None, name: str) -> SampleMessage:
    return SampleMessage(name) if sample is None else dataclasses.replace(sample, name=name)


def _whole_number(text: str) -> int:
    number = whole_number(text)
    if number is None or number < 0:
        raise Refused("values", f"investigationId {text[:40]!r} is not a whole number", STEP)
    return number


def _need_letters(name: str, text: str) -> None:
    """Names are compared by their letters and digits: one without any would be equal to every other such name."""
    if text.strip() and not comparison_key(text):
        raise Refused("values", f"The {name} {text.strip()[:40]!r} has neither letters nor digits", STEP)


def _with(parameters: tuple[tuple[str, str], ...], name: str, value: str) -> tuple[tuple[str, str], ...]:
    """The parameter set to the value, in its place or at the end."""
    if any(key == name for key, _ in parameters):
        return tuple((key, value if key == name else text) for key, text in parameters)
    return (*parameters, (name, value))
