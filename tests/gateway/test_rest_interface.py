"""The REST interface that the gateway stands on, as ICAT 5.0 offers it: plain HTTP against the embedded catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from icat_schema.gateway import Session
from tests.gateway.world import World
from tests.support.catalogue import RunningCatalogue

Call = Callable[..., requests.Response]


@pytest.fixture
def base(catalogue: RunningCatalogue) -> str:
    return catalogue.rest_url


@pytest.fixture
def post(base: str, root: Session) -> Call:
    """POST entityManager as root."""

    def call(entities: Any, session: Session = root) -> requests.Response:
        text = entities if isinstance(entities, str) else json.dumps(entities)
        return requests.post(f"{base}/entityManager", data={"sessionId": session.id, "entities": text}, timeout=20)

    return call


@pytest.fixture
def get(base: str, root: Session) -> Call:
    """GET entityManager as root."""

    def call(query: str | None, **more: Any) -> requests.Response:
        params = {"sessionId": root.id, "query": query, **more}
        return requests.get(f"{base}/entityManager", params=params, timeout=20)

    return call


def refused(reply: requests.Response, status: int, code: str, offset: int | None = None) -> str:
    body = reply.json()
    assert (reply.status_code, body["code"], body.get("offset")) == (status, code, offset), body
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    return str(body["message"])


def dataset(world: World, name: str, /, **more: Any) -> dict[str, Any]:
    known = {"name": name, "investigation": {"id": world.investigation}, "type": {"id": world.dataset_type}}
    return {"Dataset": {**known, **more}}


def one(reply: requests.Response) -> int:
    assert reply.status_code == 200, reply.text
    (id_,) = reply.json()
    return int(id_)


# Answers


def test_entities_have_dates_with_milliseconds_no_nulls_and_every_list(get: Call, world: World) -> None:
    (found,) = get(f"SELECT o FROM Dataset o WHERE o.id = {world.datasets[1]} INCLUDE o.type").json()
    assert list(found) == ["Dataset"]
    value = found["Dataset"]
    assert list(value)[:5] == ["id", "createId", "createTime", "modId", "modTime"]
    assert value["startDate"] == "2024-07-02T10:00:00.000+02:00"
    assert value["type"]["name"] == "raw"
    assert value["parameters"] == value["datafiles"] == []
    assert {"doi", "endDate", "sample", "investigation"}.isdisjoint(value)
    assert value["fileSize"] == 2**40 + 1


def test_one_object_is_got_by_its_id(get: Call, world: World) -> None:
    found = get("Dataset INCLUDE 1", id=world.datasets[0]).json()
    assert found["Dataset"]["sample"]["name"] == "lysozyme"
    refused(get("Dataset", id=10**9), 404, "NO_SUCH_OBJECT_FOUND")
    refused(get("Dataset", id="x"), 501, "NOT_IMPLEMENTED")


def test_values_are_bare_in_one_column_and_nulls_stay(get: Call, world: World) -> None:
    where = f"FROM Dataset o WHERE o.investigation.id = {world.investigation}"
    assert get(f"SELECT o.name {where} ORDER BY o.id LIMIT 1, 2").json() == ["d1", "d2"]
    assert get(f"SELECT o.doi {where} LIMIT 0, 2").json() == [None, None]
    assert get(f"SELECT o.name, o.doi {where} ORDER BY o.id LIMIT 0, 1").json() == [["d0", None]]
    assert get(f"SELECT MIN(o.name) {where} AND o.id = 0").json() == [None]
    assert get(f"SELECT SUM(o.fileSize), COUNT(o) {where} AND o.id = 0").json() == [[None, 0]]
    assert get(f"SELECT o {where} AND o.id = 0").json() == []


@pytest.mark.parametrize(
    "query",
    ["SELECT o FROM Bogus o", "Bogus", "SELECT o.bogus FROM Dataset o", "SELECT o FROM Dataset o WHERE", "SELECT", ""],
)
def test_a_query_that_is_wrong_is_a_bad_parameter(get: Call, query: str) -> None:
    refused(get(query), 400, "BAD_PARAMETER")


def test_the_query_is_looked_at_before_the_session(base: str) -> None:
    url = f"{base}/entityManager"
    assert refused(requests.get(url, timeout=20), 400, "BAD_PARAMETER") == "query is not set"
    refused(requests.get(url, params={"query": "Facility"}, timeout=20), 403, "SESSION")
    refused(requests.get(url, params={"query": "Facility", "sessionId": "x"}, timeout=20), 403, "SESSION")


def test_writes_look_at_the_session_first_and_deletions_at_the_objects(base: str, root: Session) -> None:
    url = f"{base}/entityManager"
    refused(requests.post(url, data={"entities": "?"}, timeout=20), 403, "SESSION")
    assert (
        refused(requests.post(url, data={"sessionId": root.id}, timeout=20), 400, "BAD_PARAMETER")
        == "entities is not set"
    )
    refused(requests.delete(url, params={"entities": "?"}, timeout=20), 400, "BAD_PARAMETER", None)
    refused(requests.delete(url, params={"entities": '{"Facility":{"id":1}}'}, timeout=20), 403, "SESSION")


def test_what_is_not_there_is_not_implemented(base: str) -> None:
    for call in (requests.get, requests.post, requests.put, requests.delete):
        refused(call(f"{base}/nothing", timeout=20), 501, "NOT_IMPLEMENTED")
    refused(requests.put(f"{base}/entityManager", timeout=20), 500, "INTERNAL")


# Writing


def test_one_object_and_a_list_of_objects_are_created(post: Call, get: Call, world: World) -> None:
    first = one(post(dataset(world, "p0")))
    second, third = post([dataset(world, "p1"), dataset(world, "p2", complete=True)]).json()
    assert get(
        f"SELECT o.name, o.complete FROM Dataset o WHERE o.id IN ({first},{second},{third}) ORDER BY o.id"
    ).json() == [
        ["p0", False],
        ["p1", False],
        ["p2", True],
    ]
    assert post([]).json() == []


def test_an_update_touches_only_the_given_fields_and_answers_no_id(post: Call, get: Call, world: World) -> None:
    id_ = one(post(dataset(world, "p", description="d", doi="x", sample={"id": world.sample})))
    assert post({"Dataset": {"id": id_, "doi": None, "sample": None}}).json() == []
    select = f"SELECT o.name, o.description, o.doi FROM Dataset o WHERE o.id = {id_} AND o.sample IS NULL"
    assert get(select).json() == [["p", "d", None]]
    new = post([{"Dataset": {"id": id_, "doi": "y"}}, dataset(world, "q")]).json()
    assert len(new) == 1
    assert new[0] > id_


def test_children_are_appended_and_must_not_have_an_id(post: Call, get: Call, world: World) -> None:
    type_ = {"id": world.parameter_types["scanType"]}
    id_ = one(post(dataset(world, "p", parameters=[{"type": type_, "stringValue": "a"}])))
    other = {"id": world.parameter_types["definition"]}
    assert post({"Dataset": {"id": id_, "parameters": [{"type": other, "stringValue": "b"}]}}).json() == []
    query = f"SELECT p.stringValue FROM DatasetParameter p WHERE p.dataset.id = {id_} ORDER BY p.id"
    assert get(query).json() == ["a", "b"]
    refused(post([{"Dataset": {"id": id_, "parameters": [{"id": 1, "type": other}]}}]), 400, "BAD_PARAMETER", 0)


def test_a_related_object_with_more_than_an_id_is_updated_too(post: Call, get: Call, world: World) -> None:
    related = {"id": world.sample, "pid": "a:1"}
    one(post(dataset(world, "p", sample=related)))
    assert get(f"SELECT s.pid FROM Sample s WHERE s.id = {world.sample}").json() == ["a:1"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"colour": 1}, 400, "BAD_PARAMETER"),
        ({"sample": {"name": "x"}}, 400, "BAD_PARAMETER"),
        ({"sample": 5}, 400, "BAD_PARAMETER"),
        ({"sample": {"id": 10**12}}, 404, "NO_SUCH_OBJECT_FOUND"),
        ({"parameters": {"id": 1}}, 400, "BAD_PARAMETER"),
        ({"startDate": "2024-01-01T00:00:00Z"}, 400, "BAD_PARAMETER"),
        ({"startDate": "2024-01-01T00:00:00.000"}, 400, "BAD_PARAMETER"),
        ({"startDate": "yesterday"}, 400, "BAD_PARAMETER"),
        ({"complete": "true"}, 400, "BAD_PARAMETER"),
        ({"fileSize": "5"}, 400, "BAD_PARAMETER"),
        ({"createId": "me"}, 400, "BAD_PARAMETER"),
        ({"name": None}, 412, "VALIDATION"),
        ({"name": "x" * 300}, 412, "VALIDATION"),
        ({"name": "d0"}, 412, "OBJECT_ALREADY_EXISTS"),
    ],
    ids=str,
)
def test_fields_that_do_not_fit_are_refused_at_their_position(
    post: Call, get: Call, world: World, fields: dict[str, Any], status: int, code: str
) -> None:
    bad = dataset(world, "bad", **fields)
    refused(post([dataset(world, "good"), bad]), status, code, 1)
    refused(post(bad), status, code, 0)
    assert get(f"SELECT COUNT(o) FROM Dataset o WHERE o.investigation.id = {world.investigation}").json() == [6]


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "5",
        '"x"',
        "{}",
        '{"Dataset": 5}',
        '{"Dataset": {}, "Sample": {}}',
        "[[]]",
        '{"Bogus": {}}',
        '{"Dataset": {"id": "x"}}',
    ],
)
def test_what_is_no_object_is_a_bad_parameter(post: Call, text: str) -> None:
    reply = post(text)
    assert (reply.status_code, reply.json()["code"]) == (400, "BAD_PARAMETER")


@pytest.mark.parametrize(
    "written", ["2024-07-01T12:00:00.500Z", "2024-07-01T14:00:00.500+02:00", "2024-07-01T07:00:00.500-05:00"]
)
def test_dates_have_milliseconds_that_are_not_kept_and_an_offset(
    post: Call, get: Call, world: World, written: str
) -> None:
    id_ = one(post(dataset(world, "p", startDate=written)))
    assert get(f"SELECT o.startDate FROM Dataset o WHERE o.id = {id_}").json() == ["2024-07-01T14:00:00.000+02:00"]


def test_enumerations_are_read_in_any_case_but_a_study_status_not_at_all(post: Call, get: Call, world: World) -> None:
    fields = {"name": "n", "units": "u", "valueType": "numeric", "facility": {"id": world.facility}}
    id_ = one(post({"ParameterType": fields}))
    assert get(f"SELECT t.valueType FROM ParameterType t WHERE t.id = {id_}").json() == ["NUMERIC"]
    refused(post({"Study": {"name": "s", "status": "NEW"}}), 400, "BAD_PARAMETER", 0)


def test_parameters_are_checked_with_the_stored_type(post: Call, world: World) -> None:
    unfit = {"name": "n", "units": "u", "valueType": "NUMERIC", "facility": {"id": world.facility}}
    bounded = unfit | {"name": "m", "applicableToDataset": True, "enforced": True, "minimumNumericValue": 2}
    first, second = (one(post({"ParameterType": fields})) for fields in (unfit, bounded))
    for type_, says in ((first, "not applicable"), (second, "< 2")):
        parameter = {"type": {"id": type_}, "numericValue": 1}
        assert says in refused(post(dataset(world, "p", parameters=[parameter])), 412, "VALIDATION", 0)


def test_an_investigation_with_parameters_can_be_updated_over_rest_here(post: Call, get: Call, world: World) -> None:
    link = {"investigation": {"id": world.investigation}, "type": {"id": world.parameter_types["scanType"]}}
    one(post({"InvestigationParameter": link | {"stringValue": "v"}}))
    assert post({"Investigation": {"id": world.investigation, "title": "new"}}).json() == []
    assert get(f"SELECT i.title FROM Investigation i WHERE i.id = {world.investigation}").json() == ["new"]


def test_deleting_takes_ids_only_and_is_all_or_nothing(base: str, root: Session, get: Call, world: World) -> None:
    def delete(entities: Any) -> requests.Response:
        params = {"sessionId": root.id, "entities": json.dumps(entities)}
        return requests.delete(f"{base}/entityManager", params=params, timeout=20)

    there, absent = ({"Dataset": {"id": i}} for i in (world.datasets[0], 10**12))
    refused(delete([there, absent]), 404, "NO_SUCH_OBJECT_FOUND", 1)
    refused(delete([there, {"Dataset": {"id": 1, "name": "x"}}]), 400, "BAD_PARAMETER", 1)
    refused(delete([there, {"Dataset": {}}]), 400, "BAD_PARAMETER", 1)
    refused(delete([{"Bogus": {"id": 1}}]), 400, "BAD_PARAMETER", None)
    assert get(f"SELECT COUNT(o) FROM Dataset o WHERE o.id = {world.datasets[0]}").json() == [1]
    reply = delete(there)
    assert (reply.status_code, reply.content) == (204, b"")
    assert get(f"SELECT COUNT(o) FROM Dataset o WHERE o.id = {world.datasets[0]}").json() == [0]


# Sessions


@pytest.mark.parametrize(
    "credentials",
    [
        [{"username": "ada"}, {"password": "ada"}],
        [{"password": "ada"}, {"username": "ada"}],
        [{"username": "ada", "password": "ada"}],
    ],
    ids=str,
)
def test_a_session_is_opened_shown_refreshed_and_ended(base: str, credentials: list[dict[str, str]]) -> None:
    body = json.dumps({"plugin": "simple", "credentials": credentials})
    reply = requests.post(f"{base}/session", data={"json": body}, timeout=20)
    url = f"{base}/session/{reply.json()['sessionId']}"
    shown = requests.get(url, timeout=20).json()
    assert shown["userName"] == "simple/ada"
    assert 119 < shown["remainingMinutes"] <= 120
    assert requests.put(url, timeout=20).status_code == 204
    assert requests.delete(url, timeout=20).status_code == 204
    for call in (requests.get, requests.put, requests.delete):
        refused(call(url, timeout=20), 403, "SESSION")


def test_logins_that_fail_say_why(base: str) -> None:
    def login(text: str | None) -> requests.Response:
        return requests.post(f"{base}/session", data={"x": ""} if text is None else {"json": text}, timeout=20)

    wrong = [{"username": "ada"}, {"password": "x"}]
    refused(login(json.dumps({"plugin": "simple", "credentials": wrong})), 403, "SESSION")
    assert "bogus" in refused(login(json.dumps({"plugin": "bogus", "credentials": []})), 403, "SESSION")
    assert "null" in refused(login(json.dumps({"credentials": wrong})), 403, "SESSION")
    assert refused(login(None), 400, "BAD_PARAMETER") == "json must not be null"
    refused(login("?"), 500, "INTERNAL")
    assert login(json.dumps({"plugin": "anon"})).status_code == 200
