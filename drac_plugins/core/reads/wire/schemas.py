# ruff: noqa: N815
"""The shapes of the replies, for the API description and for the test that holds `replies` against it.

Field names are the wire's own. Strict: a number is no text and a text no number, because the clients are.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from drac_plugins.core.web.fields import Meta

WIRE_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}[+-][0-9]{2}:[0-9]{2}"


def _number(description: str = "", *, required: bool = False, optional: bool = False) -> fields.Integer:
    """A JSON number; `optional`: it may be null."""
    return fields.Integer(strict=True, required=required, allow_none=optional, metadata=_metadata(description))


def _text(description: str = "", *, required: bool = False, optional: bool = False) -> fields.String:
    return fields.String(required=required, allow_none=optional, metadata=_metadata(description))


def _date(description: str = "") -> fields.String:
    return fields.String(
        allow_none=True,
        validate=validate.Regexp(f"^{WIRE_DATE}$"),
        metadata={"format": "date-time", **_metadata(description), "example": "2031-05-06T09:00:00.000+02:00"},
    )


def _metadata(description: str) -> dict[str, Any]:
    return {"description": description} if description else {}


def _list(of: type[Schema] | Schema, description: str = "", *, required: bool = True) -> fields.List[Any]:
    return fields.List(fields.Nested(of), required=required, metadata=_metadata(description))


class BookkeepingSchema(Schema):
    createId = _text()
    createTime = _date()
    modId = _text()
    modTime = _date()


class InstrumentSchema(Schema):
    id = _number(required=True)
    name = _text(required=True)
    fullName = _text(optional=True)
    description = _text()


class InvestigationTypeSchema(BookkeepingSchema):
    id = _number(required=True)
    name = _text(required=True)
    description = _text(optional=True)


class TypeOfInvestigationSchema(Schema):
    id = _number(required=True)
    name = _text(required=True)
    description = _text(optional=True)


class ParameterTypeSchema(Schema):
    _id = _text(required=True)
    name = _text(required=True)
    value = _text("always empty: the type has no value", required=True)
    units = _text(required=True)
    description = _text(required=True)


class TechniqueSchema(Schema):
    id = _number(required=True)
    pid = _text("IRI", required=True)
    name = _text(required=True)
    description = _text(optional=True)


class ScientistSchema(Schema):
    name = _text("ICAT user name", required=True)


class InstrumentOfInvestigationSchema(Schema):
    id = _number(required=True)
    name = _text(required=True)
    instrumentScientists = _list(ScientistSchema)


class UserOfInvestigationSchema(Schema):
    name = _text(required=True)
    fullName = _text(optional=True)
    givenName = _text(optional=True)
    familyName = _text(optional=True)
    email = _text(optional=True)


class RoleSchema(Schema):
    role = _text(required=True)
    user = fields.Nested(UserOfInvestigationSchema, required=True)


class InvestigationHeadSchema(Schema):
    id = _number(required=True)
    name = _text("proposal", required=True)
    title = _text(required=True)
    visitId = _text()
    startDate = _date()
    endDate = _date("null while it is open-ended")
    releaseDate = _date("end of the embargo")
    doi = _text(optional=True)
    summary = _text(optional=True)
    type = fields.Nested(TypeOfInvestigationSchema, required=True)


class InvestigationSchema(InvestigationHeadSchema):
    parameters = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    instrument = fields.Nested(InstrumentOfInvestigationSchema, required=True)
    investigationUsers = _list(RoleSchema)
    canAccessDatasets = fields.Boolean(metadata=_metadata("with withHasAccess only"))
    meta = fields.Nested(Meta)


class SampleInvestigationSchema(InvestigationSchema):
    """The same in a sample, without paging; `startDate` is a text even when it is not known."""

    startDate = _text(required=True)

    class Meta:
        exclude = ("meta", "canAccessDatasets")


class InvestigationUserSchema(Schema):
    id = _number(required=True)
    name = _text("ICAT user name", required=True)
    fullName = _text(required=True)
    givenName = _text(required=True, optional=True)
    familyName = _text(required=True, optional=True)
    role = _text(required=True)
    investigationName = _text(required=True)
    investigationId = _number(required=True)
    email = _text(required=True, optional=True)
    orcidId = _text(required=True, optional=True)
    affiliation = _text(required=True, optional=True)


class NameValueSchema(Schema):
    name = _text(required=True)
    value = _text(required=True)


class MemberSchema(Schema):
    name = _text(required=True)
    surname = _text(required=True)
    orcid = _text(optional=True)
    affilation = _text(optional=True)
    role = _text(required=True)


class ScheduledInstrumentSchema(Schema):
    id = _number(required=True)
    name = _text(required=True)
    fullName = _text(optional=True)


class InvestigationInstrumentSchema(Schema):
    id = _number(required=True)
    instrument = fields.Nested(ScheduledInstrumentSchema, required=True)


class InvestigationOfDatasetSchema(InvestigationHeadSchema):
    """Only `id` is certain: published datasets can be read without their investigation."""

    name = _text()
    title = _text()
    type = fields.Nested(TypeOfInvestigationSchema)
    parameters = _list(NameValueSchema)
    members = _list(MemberSchema, required=False)
    investigationInstruments = _list(InvestigationInstrumentSchema)


class DatasetParameterSchema(Schema):
    id = _number(required=True)
    datasetId = _number(required=True)
    name = _text(required=True)
    value = _text(required=True)
    units = _text(required=True)


class DatasetTechniqueSchema(Schema):
    id = _number(required=True)
    datasetId = _number(required=True)
    pid = _text("IRI", required=True)
    name = _text(required=True)


class DatasetSchema(Schema):
    id = _number(required=True)
    name = _text(required=True)
    type = _text("acquisition, processed, ...", required=True)
    location = _text("folder", required=True, optional=True)
    startDate = _date()
    endDate = _date()
    sampleName = _text(required=True, optional=True)
    sampleId = _number(required=True, optional=True)
    instrumentName = _text(required=True, optional=True)
    parameters = _list(DatasetParameterSchema)
    techniques = _list(DatasetTechniqueSchema)
    investigation = fields.Nested(InvestigationOfDatasetSchema, required=True)
    outputDatasets = fields.List(
        fields.Nested(lambda: DatasetSchema()), metadata=_metadata("what was computed from it; with nested only")
    )
    meta = fields.Nested(Meta)


class SampleParameterSchema(Schema):
    id = _number(required=True)
    name = _text(required=True)
    value = _text(required=True)
    units = _text(required=True)


class SampleSchema(Schema):
    id = _number(required=True)
    name = _text(required=True)
    modTime = _date()
    parameters = _list(SampleParameterSchema)
    investigation = fields.Nested(SampleInvestigationSchema)
    datasets = _list(DatasetSchema, "with includeDatasets only", required=False)
    meta = fields.Nested(Meta)


class ReferenceSchema(Schema):
    id = _number(required=True)


class DatafileSchema(BookkeepingSchema):
    id = _number(required=True)
    name = _text("path in the dataset, with a leading slash", required=True)
    fileSize = _number(optional=True)
    location = _text(optional=True)
    dataset = fields.Nested(ReferenceSchema)
    dataCollectionDatafiles = fields.List(fields.String())
    destDatafiles = fields.List(fields.String())
    sourceDatafiles = fields.List(fields.String())
    isReleased = fields.Boolean()


class DatafileWrapperSchema(Schema):
    Datafile = fields.Nested(DatafileSchema, required=True)
    meta = fields.Nested(Meta)


class ParameterNameSchema(Schema):
    name = _text(required=True)


class DataCollectionParameterSchema(NameValueSchema):
    id = _number(required=True)
    stringValue = _text(required=True)
    type = fields.Nested(ParameterNameSchema, required=True)


class CollectedDatasetSchema(Schema):
    id = _number(required=True)
    name = _text(required=True)
    sampleName = _text(optional=True)
    location = _text(optional=True)
    startDate = _date()
    endDate = _date()


class DataCollectionDatasetSchema(Schema):
    dataset = fields.Nested(CollectedDatasetSchema, required=True)


class DataCollectionSchema(BookkeepingSchema):
    id = _number(required=True)
    doi = _text(optional=True)
    parameters = _list(DataCollectionParameterSchema)
    dataCollectionDatasets = _list(DataCollectionDatasetSchema)
    meta = fields.Nested(Meta)
