"""POST cloner: deep copies."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.server.wire.conftest import Facility
from tests.server.wire.raw import RestCalls
from tests.support.catalogue import RunningCatalogue


def _clone(rest: RestCalls, entity: str, id_: object, keys: Any) -> requests.Response:
    form = {"sessionId": rest.session_id, "name": entity, "id": str(id_), "keys": json.dumps(keys)}
    return rest.send("POST", "cloner", data=form)


def test_a_copy_has_everything_below_and_refers_to_its_own_parts(rest: RestCalls, facility: Facility) -> None:
    (sample_type,) = rest.write(
        {"SampleType": {"name": "s", "molecularFormula": "H2O", "facility": {"id": facility.id}}}
    )
    own = {"investigation": {"id": facility.investigation}}
    (sample,) = rest.write({"Sample": {"name": "s", "type": {"id": sample_type}, **own}})
    parameters = [{"type": {"id": facility.text_type}, "stringValue": "v"}]
    datafiles = [{"name": "f", "fileSize": 7}]
    rest.write(facility.dataset("d", sample={"id": sample}, parameters=parameters, datafiles=datafiles))
    reply = _clone(rest, "Investigation", facility.investigation, {"name": "copy", "visitId": "9"})
    assert reply.status_code == 200, reply.text
    id_ = reply.json()["id"]
    include = "i.facility, i.samples, i.datasets d, d.sample, d.datafiles, d.parameters"
    (found,) = rest.search(f"SELECT i FROM Investigation i WHERE i.id = {id_} INCLUDE {include}")
    copy = found["Investigation"]
    assert (copy["name"], copy["visitId"], copy["title"]) == ("copy", "9", "T")
    assert copy["facility"]["id"] == facility.id
    (dataset,) = copy["datasets"]
    assert dataset["datafiles"][0]["fileSize"] == 7
    assert dataset["parameters"][0]["stringValue"] == "v"
    assert dataset["sample"]["id"] == copy["samples"][0]["id"] != sample
    query = f"SELECT COUNT(d) FROM Dataset d WHERE d.investigation.id = {facility.investigation}"
    assert rest.search(query) == [1]


def test_what_cannot_be_copied_is_refused(rest: RestCalls, facility: Facility) -> None:
    def refusal(entity: str, id_: object, keys: Any) -> tuple[int, str, str, int]:
        return rest.refused(_clone(rest, entity, id_, keys))

    clash = refusal("Facility", facility.id, {})
    assert clash == (412, "OBJECT_ALREADY_EXISTS", f"Facility exists with name = '{facility.name}'", -1)
    assert refusal("Bogus", 5, {}) == (400, "BAD_PARAMETER", "Bogus is not an EntityBaseBean", -1)
    unknown = (404, "NO_SUCH_OBJECT_FOUND", "Facility:999999999", -1)
    assert refusal("Facility", 999999999, {"name": "x"}) == unknown
    for key in ("bogus", "title", "facility"):
        expected = (400, "BAD_PARAMETER", f"{key} is not a constraint field of Investigation", -1)
        assert refusal("Investigation", facility.investigation, {key: "x"}) == expected
    assert refusal("Facility", facility.id, [])[:2] == (400, "BAD_PARAMETER")
    assert refusal("Facility", "x", {})[0] == 501
    reply = rest.send("POST", "cloner", data={"sessionId": rest.session_id})
    assert rest.refused(reply) == (400, "BAD_PARAMETER", "name is not set", -1)


@pytest.fixture
def everything_readable(rest: RestCalls) -> Any:
    ids = rest.write(
        [{"Rule": {"crudFlags": "R", "what": w}} for w in ("Dataset", "SELECT f FROM Datafile f WHERE f.name = 'f'")]
    )
    yield
    rest.delete([{"Rule": {"id": i}} for i in ids])


@pytest.mark.usefixtures("everything_readable")
def test_a_copy_needs_read_on_the_originals_and_create_on_the_copies(
    catalogue: RunningCatalogue, rest: RestCalls, facility: Facility
) -> None:
    hidden, shown = rest.write([facility.dataset(n, datafiles=[{"name": f}]) for n, f in (("a", "g"), ("b", "f"))])
    bo = RestCalls.login(catalogue.rest_url, "bo")
    read = (403, "INSUFFICIENT_PRIVILEGES", "READ access to this Datafile is not allowed.", -1)
    assert bo.refused(_clone(bo, "Dataset", hidden, {"name": "c"})) == read
    create = (403, "INSUFFICIENT_PRIVILEGES", "CREATE access to this Dataset is not allowed.", -1)
    assert bo.refused(_clone(bo, "Dataset", shown, {"name": "c"})) == create
    query = f"SELECT COUNT(d) FROM Dataset d WHERE d.investigation.id = {facility.investigation}"
    assert rest.search(query) == [2]
