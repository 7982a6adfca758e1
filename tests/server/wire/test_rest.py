"""The REST interface: JSON shapes, error bodies and the order of checks."""

from __future__ import annotations

import json
import math
from typing import Any
from uuid import uuid4

import pytest

from tests.server.wire.conftest import Facility
from tests.server.wire.raw import RestCalls

NOBODY = "00000000-0000-0000-0000-000000000000"
UNKNOWN_SESSION = (403, "SESSION", f"Unable to find user by sessionid: {NOBODY}", -1)


def test_version_and_properties_need_no_session(rest: RestCalls) -> None:
    assert rest.send("GET", "version").json() == {"version": "5.0.3"}
    properties = rest.send("GET", "properties").json()
    assert (properties["maxEntities"], properties["lifetimeMinutes"]) == (10000, 120)
    keys = {a["mnemonic"]: a["keys"] for a in properties["authenticators"]}
    assert keys["simple"] == [{"name": "username"}, {"name": "password", "hide": True}]
    assert keys["anon"] == []


def test_every_answer_may_be_read_across_origins(rest: RestCalls) -> None:
    for path in ("version", "bogus", "entityManager"):
        headers = rest.send("GET", path).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE, PUT"


def test_a_session_is_opened_shown_refreshed_and_closed(rest: RestCalls) -> None:
    form = {"json": json.dumps({"plugin": "simple", "credentials": {"username": "bo", "password": "bo"}})}
    session_id = rest.send("POST", "session", data=form).json()["sessionId"]
    shown = rest.send("GET", f"session/{session_id}").json()
    assert shown["userName"] == "simple/bo"
    assert 119 < shown["remainingMinutes"] <= 120
    assert rest.send("PUT", f"session/{session_id}").status_code == 204
    assert rest.send("DELETE", f"session/{session_id}").status_code == 204
    for method in ("GET", "PUT", "DELETE"):
        status, code, message, _ = rest.refused(rest.send(method, f"session/{session_id}"))
        assert (status, code) == (403, "SESSION")
        assert message == f"Unable to find user by sessionid: {session_id}"


def test_anon_logs_in_without_credentials(rest: RestCalls) -> None:
    reply = rest.send("POST", "session", data={"json": '{"plugin":"anon"}'})
    shown = rest.send("GET", f"session/{reply.json()['sessionId']}").json()
    assert shown["userName"] == "anon/anon"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, (400, "BAD_PARAMETER", "json must not be null")),
        ({"json": '{"plugin":"bogus"}'}, (403, "SESSION", "Authenticator mnemonic bogus not recognised")),
        ({"json": "{}"}, (403, "SESSION", "Authenticator mnemonic null not recognised")),
        (
            {"json": '{"plugin":"simple","credentials":[{"username":"ada"},{"password":"x"}]}'},
            (403, "SESSION", "The username and password do not match"),
        ),
        ({"json": '{"plugin":"simple"}'}, (403, "SESSION", "username cannot be null or empty.")),
    ],
)
def test_a_refused_login_says_why(rest: RestCalls, form: dict[str, str], expected: tuple[int, str, str]) -> None:
    reply = rest.send("POST", "session", data={"a": "b", **form})
    assert rest.refused(reply)[:3] == expected


@pytest.mark.parametrize("text", ['{"plugin":', "[]", "5", '{"plugin":"simple","credentials":[5]}', "[" * 100_000])
def test_a_login_that_is_no_json_object_is_an_internal_error(rest: RestCalls, text: str) -> None:
    assert rest.refused(rest.send("POST", "session", data={"json": text}))[:2] == (500, "INTERNAL")


def test_whether_a_user_is_logged_in_is_public(rest: RestCalls) -> None:
    assert rest.send("GET", "user/simple/root").json() == {"loggedIn": True}
    assert rest.send("GET", "user/simple/nobody").json() == {"loggedIn": False}
    assert rest.send("GET", "user/nobody").json() == {"loggedIn": False}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_an_unknown_path_is_not_implemented(rest: RestCalls, method: str) -> None:
    expected = (501, "NOT_IMPLEMENTED", "Operation not implemented by this ICAT server.", -1)
    assert rest.refused(rest.send(method, "bogus")) == expected


def test_framework_failures_are_internal_errors_in_json(rest: RestCalls) -> None:
    form = {"sessionId": rest.session_id, "entities": "[]"}
    replies = [
        rest.send("PUT", "entityManager"),
        rest.send("POST", "entityManager", data=form, headers={"Content-Type": "application/json"}),
        rest.send("GET", "version", headers={"Accept": "application/xml"}),
    ]
    assert [rest.refused(r)[:2] for r in replies] == [(500, "INTERNAL")] * 3


def test_reading_looks_for_the_query_before_the_session(rest: RestCalls) -> None:
    assert rest.refused(rest.send("GET", "entityManager")) == (400, "BAD_PARAMETER", "query is not set", -1)
    reply = rest.send("GET", "entityManager", params={"query": "Facility"})
    assert rest.refused(reply) == (403, "SESSION", "Session Id cannot be null or empty.", -1)
    reply = rest.send("GET", "entityManager", params={"query": "Facility", "sessionId": NOBODY})
    assert rest.refused(reply) == UNKNOWN_SESSION


def test_writing_looks_for_the_session_first_and_deleting_last(rest: RestCalls) -> None:
    reply = rest.send("POST", "entityManager", data={"sessionId": NOBODY, "entities": "["})
    assert rest.refused(reply) == UNKNOWN_SESSION
    reply = rest.send("DELETE", "entityManager", params={"sessionId": NOBODY, "entities": "["})
    assert rest.refused(reply)[:2] == (400, "BAD_PARAMETER")
    reply = rest.send("DELETE", "entityManager", params={"sessionId": NOBODY, "entities": "[]"})
    assert rest.refused(reply) == UNKNOWN_SESSION


def test_an_id_that_is_no_number_is_an_unknown_path(rest: RestCalls) -> None:
    params = {"sessionId": rest.session_id, "query": "Facility", "id": "x"}
    assert rest.send("GET", "entityManager", params=params).status_code == 501


def test_an_entity_shows_values_dates_with_milliseconds_and_empty_lists(rest: RestCalls, facility: Facility) -> None:
    start = "2020-01-02T03:04:05.678Z"
    (id_,) = rest.write(facility.dataset("shown", complete=True, startDate=start))
    (found,) = rest.search(f"SELECT d FROM Dataset d WHERE d.id = {id_} INCLUDE d.type")
    content = found["Dataset"]
    assert content["startDate"] == "2020-01-02T04:04:05.000+01:00"  # in Berlin, in whole seconds
    assert (content["complete"], content["fileSize"], content["createId"]) == (True, 0, "simple/root")
    assert content["type"]["name"] == "raw"
    assert content["datafiles"] == []
    assert "description" not in content
    assert "investigation" not in content


def test_an_object_is_got_by_its_id(rest: RestCalls, facility: Facility) -> None:
    params = {"sessionId": rest.session_id, "query": "Facility", "id": str(facility.id)}
    assert rest.send("GET", "entityManager", params=params).json()["Facility"]["name"] == facility.name
    reply = rest.send("GET", "entityManager", params={**params, "id": "999999999"})
    assert rest.refused(reply) == (404, "NO_SUCH_OBJECT_FOUND", "Facility[id:999999999] not found.", -1)


def test_columns_keep_their_nulls(rest: RestCalls, facility: Facility) -> None:
    rest.write([facility.dataset("a", doi="x"), facility.dataset("b")])
    where = f"FROM Dataset d WHERE d.investigation.id = {facility.investigation}"
    assert rest.search(f"SELECT d.name, d.doi, d.fileSize {where} ORDER BY d.name") == [["a", "x", 0], ["b", None, 0]]
    assert rest.search(f"SELECT d.doi {where} ORDER BY d.name") == ["x", None]
    assert rest.search(f"SELECT MIN(d.startDate) {where}") == [None]
    assert rest.search("SELECT d FROM Dataset d WHERE d.id = 999999999") == []


def test_a_tree_is_created_and_only_the_top_id_is_returned(rest: RestCalls, facility: Facility) -> None:
    parameters = [{"type": {"id": facility.number_type}, "numericValue": 2.5}]
    datafiles = [{"name": "a", "fileSize": 5}, {"name": "b"}]
    ids = rest.write(
        [
            facility.dataset("tree", parameters=parameters, datafiles=datafiles),
            {"Technique": {"name": f"unique-{uuid4()}"}},
        ]
    )
    assert len(ids) == 2
    (found,) = rest.search(f"SELECT d FROM Dataset d WHERE d.id = {ids[0]} INCLUDE d.datafiles, d.parameters")
    assert sorted(f["name"] for f in found["Dataset"]["datafiles"]) == ["a", "b"]
    assert found["Dataset"]["parameters"][0]["numericValue"] == 2.5


def test_an_update_changes_the_given_fields_only(rest: RestCalls, facility: Facility) -> None:
    (id_,) = rest.write(facility.dataset("u", complete=True, fileSize=7, description="d"))
    change = {"Dataset": {"id": id_, "doi": "10.5/x", "description": None, "datafiles": [{"name": "appended"}]}}
    assert rest.write(change) == []
    (found,) = rest.search(f"SELECT d FROM Dataset d WHERE d.id = {id_} INCLUDE d.datafiles")
    content = found["Dataset"]
    assert (content["doi"], content["fileSize"], content["complete"]) == ("10.5/x", 7, True)
    assert "description" not in content
    assert [f["name"] for f in content["datafiles"]] == ["appended"]


def test_a_referenced_object_with_more_than_its_id_is_changed_too(rest: RestCalls, facility: Facility) -> None:
    (id_,) = rest.write(facility.dataset("r", type={"id": facility.dataset_type, "description": "new"}))
    query = f"SELECT d.type.description FROM Dataset d WHERE d.id = {id_}"
    assert rest.search(query) == ["new"]


def test_an_object_that_is_only_referenced_keeps_its_modification(rest: RestCalls, facility: Facility) -> None:
    query = f"SELECT i.modTime FROM Investigation i WHERE i.id = {facility.investigation}"
    before = rest.search(query)
    rest.write(facility.dataset("m"))
    assert rest.search(query) == before


def _refusals(facility: Facility) -> list[tuple[Any, tuple[int, str, str]]]:
    bad, invalid, missing = (400, "BAD_PARAMETER"), (412, "VALIDATION"), (404, "NO_SUCH_OBJECT_FOUND")
    exists = (412, "OBJECT_ALREADY_EXISTS", f"Facility exists with name = '{facility.name}'")
    return [
        ({"Facility": {"name": facility.name}}, exists),
        ({"Facility": {"name": "z", "bogus": 1}}, (*bad, "Field bogus not found in Facility")),
        ({"Bogus": {}}, (*bad, "Bogus is not an EntityBaseBean")),
        ({"Facility": {}}, (*invalid, "Facility: name cannot be null.")),
        ({"Facility": {"name": "z" * 256}}, (*invalid, "Facility: name cannot have length > 255")),
        (facility.dataset("x", complete="yes"), (*bad, "Field complete must be true or false in Dataset")),
        (facility.dataset("x", type=5), (*bad, "Badly formatted relationship object 5")),
        (facility.dataset("x", type={"id": 999999999}), (*missing, "DatasetType[id:999999999] not found.")),
        ({"Dataset": {"id": 999999999, "doi": "x"}}, (*missing, "Dataset[id:999999999] not found.")),
        (facility.dataset("x", fileSize="5"), (*bad, "Field fileSize must be a number in Dataset")),
        (facility.dataset("x", fileSize=2**63), (*bad, "Field fileSize must be an integer of type Long in Dataset")),
        (facility.dataset("x", createId="me"), (*bad, "Field createId of Dataset is set by the server")),
        ({"Study": {"name": "s", "status": "NEW"}}, (*bad, 'Badly formatted relationship object "NEW"')),
    ]


@pytest.mark.parametrize("number", range(13))
def test_what_cannot_be_stored_is_refused_with_its_offset(rest: RestCalls, facility: Facility, number: int) -> None:
    entity, expected = _refusals(facility)[number]
    assert rest.refused(rest.post(entity)) == (*expected, 0)
    first = facility.dataset("first")
    assert rest.refused(rest.post([first, entity])) == (*expected, 1)
    query = f"SELECT COUNT(d) FROM Dataset d WHERE d.investigation.id = {facility.investigation}"
    assert rest.search(query) == [0]


@pytest.mark.parametrize(
    "date",
    ["2020-01-02T03:04:05Z", "2020-01-02", "yesterday", "2020-13-02T03:04:05.000Z", "0001-01-01T00:00:00.000+14:00"],
)
def test_a_date_needs_milliseconds_and_an_offset(rest: RestCalls, facility: Facility, date: str) -> None:
    status, code, message, _ = rest.refused(rest.post(facility.dataset("d", startDate=date)))
    assert (status, code) == (400, "BAD_PARAMETER")
    assert message.startswith("Badly formatted date")


@pytest.mark.parametrize("number", [math.inf, math.nan, 10**400])
def test_numbers_must_be_finite(rest: RestCalls, facility: Facility, number: float) -> None:
    entity = facility.dataset("n", parameters=[{"type": {"id": facility.text_type}, "numericValue": number}])
    assert rest.refused(rest.post(json.dumps(entity)))[:2] == (400, "BAD_PARAMETER")


@pytest.mark.parametrize("text", ['{"Facility":{"name":', "", "nonsense", '"\\ud800', "[" * 100_000, "{" * 5])
def test_broken_json_is_refused(rest: RestCalls, text: str) -> None:
    status, code, message, offset = rest.refused(rest.post(text))
    assert (status, code, offset) == (400, "BAD_PARAMETER", 0)
    assert "in json" in message
    assert len(message) < 2000


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "bell\x07"])
def test_characters_that_xml_cannot_carry_are_refused(rest: RestCalls, name: str) -> None:
    status, code, message, _ = rest.refused(rest.post(json.dumps({"Facility": {"name": name}})))
    assert (status, code) == (412, "VALIDATION")
    assert message == "Facility: name contains a control character that XML cannot carry"


@pytest.mark.parametrize(
    "entity",
    [
        {"Fac\ud800ility": {"name": "x"}},
        {"Facility": {"n\ud800": "x"}},
        {"Facility": {"name": "x", "url": {"\ud800": 1}}},
        {"Dataset": {"name": "x", "startDate": "\ud800"}},
    ],
)
def test_messages_may_quote_any_character(rest: RestCalls, entity: Any) -> None:
    assert rest.refused(rest.post(json.dumps(entity)))[:2] == (400, "BAD_PARAMETER")
    assert rest.refused(rest.delete(entity))[:2] == (400, "BAD_PARAMETER")


def test_two_names_or_a_list_in_one_element_are_refused(rest: RestCalls) -> None:
    two = rest.refused(rest.post({"Facility": {"name": "a"}, "Technique": {"name": "b"}}))
    assert two[:2] == (400, "BAD_PARAMETER")
    assert two[2].startswith("Entity must have one keyword followed by its values in json")
    assert rest.refused(rest.post([[{"Facility": {"name": "a"}}]]))[2].startswith("Unexpected array found in JSON")


def test_parameters_are_checked_against_their_stored_type(rest: RestCalls, facility: Facility) -> None:
    def refusal(type_id: int, **value: Any) -> str:
        entity = facility.dataset("p", parameters=[{"type": {"id": type_id}, **value}])
        status, code, message, _ = rest.refused(rest.post(entity))
        assert (status, code) == (412, "VALIDATION")
        return message

    assert refusal(facility.number_type, numericValue=10.75) == "Parameter of type number has value 10.75 > 10.5"
    assert refusal(facility.number_type, numericValue=-1) == "Parameter of type number has value -1.0 < 0.0"
    assert refusal(facility.number_type) == "Parameter of type number has value null but its type has bounds"
    assert (
        refusal(facility.colour_type, stringValue="blue")
        == "Parameter of type colour has value blue not in allowed set [green, red]"
    )
    assert (
        refusal(facility.investigation_only_type, stringValue="x")
        == "Parameter of type session is not applicable to a Dataset"
    )
    kept = [{"type": {"id": facility.number_type}, "numericValue": n} for n in (0.0,)]
    rest.write(facility.dataset("p", parameters=kept))


def test_several_objects_are_deleted_together_or_not_at_all(rest: RestCalls, facility: Facility) -> None:
    ids = rest.write([facility.dataset("a"), facility.dataset("b")])
    objects = [{"Dataset": {"id": i}} for i in ids]
    status, code, message, offset = rest.refused(rest.delete([*objects, {"Dataset": {"id": 999999999}}]))
    assert (status, code, offset) == (404, "NO_SUCH_OBJECT_FOUND", 2)
    assert message == "Dataset[id:999999999] not found."
    assert rest.delete(objects).status_code == 204
    assert rest.search(f"SELECT COUNT(d) FROM Dataset d WHERE d.id in ({ids[0]}, {ids[1]})") == [0]


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        ({"Facility": {}}, "entity must have the id value specified in json"),
        ({"Facility": {"id": 1, "name": "x"}}, "entity must have only the id value specified in json"),
        ({"Facility": {"id": "1"}}, "Badly formatted id"),
        ({"Bogus": {"id": 1}}, "Bogus is not an EntityBaseBean"),
    ],
)
def test_a_deletion_names_nothing_but_ids(rest: RestCalls, entity: Any, expected: str) -> None:
    status, code, message, offset = rest.refused(rest.delete(entity))
    assert (status, code) == (400, "BAD_PARAMETER")
    assert message.startswith(expected)
    assert offset == (-1 if "EntityBaseBean" in expected else 0)


def test_missing_parameters_are_named(rest: RestCalls) -> None:
    reply = rest.send("DELETE", "entityManager", params={"sessionId": rest.session_id})
    assert rest.refused(reply) == (400, "BAD_PARAMETER", "entities is not set", -1)
    reply = rest.send("POST", "entityManager", data={"sessionId": rest.session_id})
    assert rest.refused(reply) == (400, "BAD_PARAMETER", "entities is not set", -1)
    assert rest.write([]) == []


@pytest.mark.parametrize("plugin", ["db", "simple"])
def test_half_characters_in_a_login_are_a_wrong_name(rest: RestCalls, plugin: str) -> None:
    for name, password in (("\\udfff\\ud800", "x"), ("x", "\\ud800")):
        text = f'{{"plugin": "{plugin}", "credentials": {{"username": "{name}", "password": "{password}"}}}}'
        assert rest.refused(rest.send("POST", "session", data={"json": text}))[:2] == (403, "SESSION")
