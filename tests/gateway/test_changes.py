"""Writes are checked against the schema before anything goes over the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from icat_schema.gateway import Change, New, Ref
from icat_schema.gateway.changes import Operation, as_json, as_values, needs_soap
from icat_schema.gateway.errors import InvalidRequest


def test_a_new_object_becomes_json_with_its_children() -> None:
    moment = datetime(2024, 7, 1, 14, 0, 5, 250999, tzinfo=timezone(timedelta(hours=2)))
    new = New(
        "Dataset",
        {
            "name": "x",
            "complete": True,
            "doi": None,
            "startDate": moment,
            "fileCount": 3,
            "investigation": Ref(12),
            "type": Ref(1),
            "parameters": [New("DatasetParameter", {"type": Ref(7), "numericValue": 3})],
        },
    )
    assert as_json(new) == {
        "Dataset": {
            "name": "x",
            "complete": True,
            "startDate": "2024-07-01T12:00:05.250Z",
            "fileCount": 3,
            "investigation": {"id": 12},
            "type": {"id": 1},
            "parameters": [{"type": {"id": 7}, "numericValue": 3.0}],
        }
    }


def test_a_change_keeps_null_and_carries_the_id() -> None:
    change = Change("Dataset", 5, {"doi": None, "sample": None, "name": "y"})
    assert as_json(change) == {"Dataset": {"id": 5, "doi": None, "sample": None, "name": "y"}}


def test_values_for_soap_have_related_objects_as_ids() -> None:
    change = Change("Investigation", 5, {"doi": None, "type": Ref(3), "startDate": datetime(2024, 1, 1, tzinfo=UTC)})
    assert as_values(change) == {"doi": None, "type": 3, "startDate": datetime(2024, 1, 1, tzinfo=UTC)}


def test_relations_to_many_cannot_go_over_soap() -> None:
    change = Change("Investigation", 5, {"keywords": [New("Keyword", {"name": "k"})]})
    with pytest.raises(InvalidRequest, match="create the Keyword objects on their own"):
        as_values(change)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Change("Investigation", 1, {"title": "t"}), True),
        (Change("Facility", 1, {"fullName": "t"}), True),
        (Change("InvestigationType", 1, {"description": "t"}), True),
        (Change("ParameterType", 1, {"description": "t"}), True),
        (Change("InvestigationParameter", 1, {"stringValue": "t"}), False),
        (Change("Dataset", 1, {"name": "t"}), False),
        (Change("Instrument", 1, {"fullName": "t"}), False),
        (New("Investigation", {"title": "t"}), False),
        (New("Study", {"status": "NEW"}), True),
        (New("Study", {"name": "s"}), False),
        (Change("Study", 1, {"status": "COMPLETE"}), True),
    ],
)
def test_what_the_rest_interface_cannot_do_goes_over_soap(operation: Operation, expected: bool) -> None:
    assert needs_soap(operation) is expected


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (New("dataset", {}), "not an entity"),
        (New("Dataset", {"colour": 1}), "Dataset has no field 'colour'"),
        (New("Dataset", {"createId": "me"}), "set by the catalogue"),
        (New("Dataset", {"id": 4}), "set by the catalogue"),
        (New("Dataset", {"name": 4}), "Dataset.name is a String, not a int"),
        (New("Dataset", {"name": "\ud800"}), "Dataset.name is a String"),
        (New("Dataset", {"fileCount": 1.5}), "Dataset.fileCount is a Long"),
        (New("Dataset", {"fileCount": True}), "Dataset.fileCount is a Long"),
        (New("Dataset", {"fileCount": 2**63}), "Dataset.fileCount is a Long"),
        (New("Dataset", {"complete": 1}), "Dataset.complete is a Boolean"),
        (New("Dataset", {"startDate": "2020-01-01"}), "Dataset.startDate is a Date"),
        (New("Dataset", {"startDate": datetime(2020, 1, 1)}), "without time zone"),  # noqa: DTZ001
        (New("DatasetParameter", {"numericValue": float("inf")}), "numericValue is a Double"),
        (New("DatasetParameter", {"numericValue": 10**400}), "numericValue is a Double"),
        (New("ParameterType", {"valueType": "TEXT"}), "one of DATE_AND_TIME, NUMERIC, STRING"),
        (New("Dataset", {"investigation": 5}), "takes a Ref to a Investigation"),
        (New("Dataset", {"investigation": Ref("5")}), "id of a Investigation is a whole number"),  # type: ignore[arg-type]
        (New("Dataset", {"parameters": [Ref(1)]}), "list of New DatasetParameter"),
        (New("Dataset", {"parameters": [New("Datafile", {})]}), "list of New DatasetParameter"),
        (New("Dataset", {"parameters": [New("DatasetParameter", {"x": 1})]}), "no field 'x'"),
        (Change("Dataset", "5", {}), "id of a Dataset is a whole number"),  # type: ignore[arg-type]
        (Change("Dataset", 5, {"modTime": datetime(2020, 1, 1, tzinfo=UTC)}), "set by the catalogue"),
    ],
)
def test_fields_and_values_that_do_not_fit_are_refused(operation: Operation, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        as_json(operation)
