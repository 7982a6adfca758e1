"""Queries of the ICAT+ wire, read into criteria. What cannot be read is refused with what is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marshmallow import ValidationError, fields, validate

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads import grammar
from drac_plugins.core.reads.criteria import (
    DataCollectionCriteria,
    DatafileCriteria,
    DatasetCriteria,
    InvestigationCriteria,
    SampleCriteria,
    Window,
)
from drac_plugins.core.web.fields import Day, Flag, Ids, QuerySchema, SortedPageQuery, Text, WireDateTime, Words

Query = dict[str, Any]
"""What one of the schemas below loads; every key is there."""

MAX_TEXT = 1000
MAX_NAMES = 100

_INSTRUMENTS = "names of instruments, comma-separated; case and dashes do not count"


def _about(key: str, text: str) -> dict[str, Any]:
    return {"data_key": key, "metadata": {"description": text}}


class Line(Text):
    """A text that is searched for."""

    def __init__(self, key: str, description: str) -> None:
        longest = validate.Length(max=MAX_TEXT, error=f"is longer than {MAX_TEXT} characters")
        super().__init__(load_default=None, validate=longest, **_about(key, description))


class Identifiers(Ids):
    """Identifiers, comma-separated."""

    def __init__(self, key: str, description: str, *, required: bool = False) -> None:
        default: dict[str, Any] = {"required": True} if required else {"load_default": ()}
        fields.Field.__init__(self, **default, **_about(key, description))


class Identifier(Identifiers):
    """One identifier, as a tuple of one or none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        ids = super()._deserialize(value, attr, data, **kwargs)
        if len(ids) > 1:
            raise ValidationError("expected one identifier, not several")
        return ids


class Names(Words):
    """Names, comma-separated."""

    def __init__(self, key: str, description: str) -> None:
        super().__init__(load_default=(), **_about(key, description))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        words = super()._deserialize(value, attr, data, **kwargs)
        if len(words) > MAX_NAMES:
            raise ValidationError(f"holds more than {MAX_NAMES} elements")
        return words


class Days(Names):
    """Days, comma-separated."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        words = super()._deserialize(value, attr, data, **kwargs)
        return tuple(Day().deserialize(word, attr, data) for word in words)


class AnyCase(Text):
    """One of some words, in any case of letters."""

    def __init__(self, key: str, words: tuple[str, ...], description: str) -> None:
        super().__init__(load_default=None, **_about(key, f"{description}: {', '.join(words)}"))
        self._words = words

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        word = super()._deserialize(value, attr, data, **kwargs).strip().lower()
        if word not in self._words:
            raise ValidationError(f"expected one of {', '.join(self._words)}")
        return word


class ParameterFilters(Words):
    """The `parameters` filter, see `grammar`."""

    def __init__(self) -> None:
        operators = ", ".join(grammar.OPERATORS)
        text = f"filters name[;name...][~operator~value], comma-separated, that all must hold; operators: {operators}"
        super().__init__(load_default=(), metadata={"description": text})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        try:
            return grammar.parse(str(value))
        except Invalid as error:
            raise ValidationError(error.message) from error


class ListQuery(SortedPageQuery):
    """Which part of a list, in which order, and a text to be searched for in the names of its elements."""

    search = Line("search", "text that occurs in the names of the element, in any case of letters")


class DatasetQuery(ListQuery):
    investigation_ids = Identifiers("investigationIds", "investigation identifiers, comma-separated")
    dataset_ids = Identifiers("datasetIds", "dataset identifiers, comma-separated")
    sample_id = Identifier("sampleId", "sample identifier")
    instrument_name = Names("instrumentName", _INSTRUMENTS)
    dataset_type = Names("datasetType", "type of the datasets: acquisition, processed, ...")
    nested = Flag(metadata={"description": "true: outputDatasets holds what was computed from each, to any depth"})
    parameters = ParameterFilters()


class DatasetSearchQuery(DatasetQuery):
    """The newer route knows three filters more."""

    technique_pids = Names("techniquePids", "techniques, comma-separated; old and new namespaces mean the same")
    start_date = Day(load_default=None, **_about("startDate", "datasets that end on this day or later"))
    end_date = Day(load_default=None, **_about("endDate", "datasets that start on this day or earlier"))


class InvestigationQuery(ListQuery):
    ids = Identifiers("ids", "investigation identifiers, comma-separated; dates do not count then")
    scope = AnyCase("filter", ("participant", "instrumentscientist", "released", "embargoed"), "which part of them")
    instrument_name = Names("instrumentName", _INSTRUMENTS)
    investigation_name = Names("investigationName", "proposals in any spelling, comma-separated")
    start_date = Day(load_default=None, **_about("startDate", "those that start or end on this day or later"))
    end_date = Day(load_default=None, **_about("endDate", "those that start on this day or earlier"))
    parameters = ParameterFilters()


class InvestigationSearchQuery(InvestigationQuery):
    username = Line("username", "beginning of the user name of somebody who takes part")
    release_dates = Days("releaseDates", "release days, comma-separated; only published investigations")
    with_has_access = Flag(**_about("withHasAccess", "true: canAccessDatasets is filled in"))


class AcquisitionInvestigationQuery(InvestigationQuery):
    time = WireDateTime(load_default=None, metadata={"description": "investigations that run at this time"})


class AcquisitionDatasetQuery(ListQuery):
    investigation_id = Identifiers("investigationId", "investigation identifier; needed")


class SampleQuery(ListQuery):
    investigation_id = Identifier("investigationId", "investigation identifier")
    sample_ids = Identifiers("sampleIds", "sample identifiers, comma-separated")
    instrument_name = Names("instrumentName", _INSTRUMENTS)
    start_date = Day(load_default=None, **_about("startDate", "of investigations that end on this day or later"))
    end_date = Day(load_default=None, **_about("endDate", "of investigations that start on this day or earlier"))
    dataset_type = Names("datasetType", "type of the datasets that are filled in")
    having_acquisition_datasets = Flag(**_about("havingAcquisitionDatasets", "true: only samples with raw data"))
    include_datasets = Flag(**_about("includeDatasets", "true: datasets are filled in"))
    nested = Flag(metadata={"description": "true: and what was computed from them"})
    parameters = ParameterFilters()


class DatafilesOfDatasetQuery(ListQuery):
    """Which of a dataset's files; the dataset stands in the path."""


class DatafileQuery(ListQuery):
    dataset_id = Identifier("datasetId", "dataset identifier")
    datafile_ids = Identifiers("datafileIds", "datafile identifiers, comma-separated")
    location = Line("location", "path of a file, exactly")


class DataCollectionQuery(ListQuery):
    dataset_id = Identifier("datasetId", "collections that hold this dataset")
    kind = AnyCase("type", ("datacollection", "document"), "collections of datasets, or of investigations")


class ParameterTypeQuery(QuerySchema):
    parameter_type_id = Identifier("parameterTypeId", "one parameter type")
    name = Line("name", "by name, in any case of letters")


def window(query: Query) -> Window:
    return Window(
        limit=query["limit"] or None,
        skip=query["skip"],
        sort_by=(query["sort_by"] or "").strip().upper() or None,
        descending=query["sort_order"] == "DESC",
    )


def dataset_criteria(query: Query) -> DatasetCriteria:
    return DatasetCriteria(
        ids=query["dataset_ids"],
        investigation_ids=query["investigation_ids"],
        sample_ids=query["sample_id"],
        instruments=query["instrument_name"],
        start=query.get("start_date"),
        end=query.get("end_date"),
        types=query["dataset_type"],
        techniques=query.get("technique_pids", ()),
        parameters=query["parameters"],
        search=query["search"],
    )


def investigation_criteria(
    query: Query, users: tuple[str, ...] = (), mechanisms: Iterable[str] = ()
) -> InvestigationCriteria:
    """`users`: the caller's ICAT user names; `mechanisms`: authenticators whose name may stand before a user's."""
    ids = query["ids"]
    username = query.get("username")
    prefixes = ["", *(f"{mechanism}/" for mechanism in mechanisms)]
    return InvestigationCriteria(
        ids=ids,
        scope=query["scope"],
        instruments=query["instrument_name"],
        names=query["investigation_name"],
        start=None if ids else query["start_date"],
        end=None if ids else query["end_date"],
        participants=tuple(f"{prefix}{username}" for prefix in prefixes) if username else (),
        releases=query.get("release_dates", ()),
        running_at=query.get("time"),
        parameters=query["parameters"],
        search=query["search"],
        users=users,
    )


def sample_criteria(query: Query) -> SampleCriteria:
    return SampleCriteria(
        ids=query["sample_ids"],
        investigation_ids=query["investigation_id"],
        instruments=query["instrument_name"],
        start=query["start_date"],
        end=query["end_date"],
        with_acquisitions=query["having_acquisition_datasets"],
        parameters=query["parameters"],
        search=query["search"],
    )


def datafile_criteria(query: Query) -> DatafileCriteria:
    return DatafileCriteria(
        ids=query["datafile_ids"],
        dataset_ids=query["dataset_id"],
        location=query["location"],
        search=query["search"],
    )


def collection_criteria(query: Query) -> DataCollectionCriteria:
    return DataCollectionCriteria(dataset_ids=query["dataset_id"], kind=query["kind"], search=query["search"])
