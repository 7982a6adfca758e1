"""What people who are not root may write, by ICAT's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.wire.conftest import Facility, make_facility
from tests.server.wire.raw import RestCalls, SoapCalls
from tests.support.catalogue import RunningCatalogue


@pytest.fixture
def root(rest: RestCalls) -> Iterator[RestCalls]:
    """The root user, who takes back all rules at the end."""
    yield rest
    rest.delete([{"Rule": {"id": i}} for i in rest.search("SELECT r.id FROM Rule r")])


@pytest.fixture
def place(root: RestCalls) -> Facility:
    return make_facility(root)


@pytest.fixture
def bo(catalogue: RunningCatalogue, root: RestCalls) -> RestCalls:
    return RestCalls.login(catalogue.rest_url, "bo")


def _allow(root: RestCalls, flags: str, what: str) -> None:
    root.write({"Rule": {"crudFlags": flags, "what": what}})


def _soap(catalogue: RunningCatalogue, calls: RestCalls) -> SoapCalls:
    return SoapCalls(f"{catalogue.url}/ICATService/ICAT", calls.session_id)


def _within(place: Facility) -> str:
    return f"FROM Dataset d WHERE d.investigation.id = {place.investigation}"


def _denied(access: str, entity: str, offset: int = 0) -> tuple[int, str, str, int]:
    return 403, "INSUFFICIENT_PRIVILEGES", f"{access} access to this {entity} is not allowed.", offset


def test_without_a_rule_nothing_is_written(root: RestCalls, bo: RestCalls, place: Facility) -> None:
    assert bo.refused(bo.post(place.dataset("x"))) == _denied("CREATE", "Dataset")
    assert bo.refused(bo.post({"Facility": {"id": place.id, "url": "x"}})) == _denied("UPDATE", "Facility")
    assert bo.refused(bo.delete({"Facility": {"id": place.id}})) == _denied("DELETE", "Facility")
    assert root.search(f"SELECT COUNT(d) {_within(place)}") == [0]


def test_a_rule_is_effective_at_once_and_so_is_its_end(root: RestCalls, bo: RestCalls, place: Facility) -> None:
    (rule,) = root.write({"Rule": {"crudFlags": "c", "what": "SELECT d FROM Dataset d WHERE d.complete = False"}})
    bo.write(place.dataset("open"))
    assert bo.refused(bo.post([place.dataset("a"), place.dataset("b", complete=True)])) == _denied(
        "CREATE", "Dataset", 1
    )
    assert root.search(f"SELECT d.name {_within(place)}") == ["open"]
    root.delete({"Rule": {"id": rule}})
    assert bo.refused(bo.post(place.dataset("late"))) == _denied("CREATE", "Dataset")


def test_nested_objects_need_permission_over_rest_but_not_over_soap(
    catalogue: RunningCatalogue, root: RestCalls, bo: RestCalls, place: Facility
) -> None:
    _allow(root, "CR", "Dataset")
    nested = place.dataset("n", datafiles=[{"name": "f"}])
    assert bo.refused(bo.post(nested)) == _denied("CREATE", "Datafile")
    bean = (
        f'<bean xsi:type="t:dataset"><name>n</name><investigation><id>{place.investigation}</id></investigation>'
        f"<type><id>{place.dataset_type}</id></type><datafiles><name>f</name></datafiles></bean>"
    )
    _soap(catalogue, bo).call("create", bean)
    assert root.search(f"SELECT f.name FROM Datafile f WHERE f.dataset.investigation.id = {place.investigation}") == [
        "f"
    ]


def test_a_refusal_before_a_broken_object_is_reported_first(root: RestCalls, bo: RestCalls, place: Facility) -> None:
    _allow(root, "C", "SELECT d FROM Dataset d WHERE d.complete = False")
    broken: dict[str, Any] = place.dataset("x" * 300)
    assert bo.refused(bo.post([place.dataset("done", complete=True), broken])) == _denied("CREATE", "Dataset", 0)
    assert bo.refused(bo.post([place.dataset("open"), broken]))[1:] == (
        "VALIDATION",
        "Dataset: name cannot have length > 255",
        1,
    )


def test_an_update_is_judged_by_the_state_before(root: RestCalls, bo: RestCalls, place: Facility) -> None:
    _allow(root, "CU", "SELECT d FROM Dataset d WHERE d.complete = False")
    (id_,) = bo.write(place.dataset("d"))
    bo.write({"Dataset": {"id": id_, "complete": True}})
    assert bo.refused(bo.post({"Dataset": {"id": id_, "complete": False}})) == _denied("UPDATE", "Dataset")


def test_moving_an_object_needs_delete_and_create(
    catalogue: RunningCatalogue, root: RestCalls, bo: RestCalls, place: Facility
) -> None:
    other = root.write(
        {
            "Investigation": {
                "name": "other",
                "visitId": "1",
                "title": "T",
                "facility": {"id": place.id},
                "type": {"id": place.investigation_type},
            }
        }
    )[0]
    (id_,) = root.write(place.dataset("d"))
    move = {"Dataset": {"id": id_, "investigation": {"id": other}}}
    bean = (
        f'<bean xsi:type="t:dataset"><id>{id_}</id><name>d</name><investigation><id>{other}</id></investigation>'
        f"<type><id>{place.dataset_type}</id></type></bean>"
    )
    _allow(root, "U", "Dataset")
    implied = "DELETE access implied by UPDATE to this Dataset is not allowed."
    assert bo.refused(bo.post(move)) == (403, "INSUFFICIENT_PRIVILEGES", implied, 0)
    assert _soap(catalogue, bo).refused("update", bean).message == "DELETE access to this Dataset is not allowed."
    _allow(root, "D", "Dataset")
    assert bo.refused(bo.post(move)) == _denied("CREATE", "Dataset")
    _allow(root, "C", "SELECT d FROM Dataset d WHERE d.investigation.name = 'other'")
    assert bo.write(move) == []
    assert root.search(f"SELECT d.investigation.name FROM Dataset d WHERE d.id = {id_}") == ["other"]


def test_attribute_rules_allow_single_fields_over_rest_only(
    catalogue: RunningCatalogue, root: RestCalls, bo: RestCalls, place: Facility
) -> None:
    _allow(root, "U", "SELECT i.doi FROM Investigation i")
    own = {"id": place.investigation}
    assert bo.write({"Investigation": {**own, "doi": "new"}}) == []
    assert bo.refused(bo.post({"Investigation": {**own, "doi": "x", "title": "y"}})) == _denied(
        "UPDATE", "Investigation"
    )
    appended = {"Investigation": {**own, "doi": "x", "keywords": [{"name": "k"}]}}
    assert bo.refused(bo.post(appended)) == _denied("UPDATE", "Investigation")
    bean = f'<bean xsi:type="t:investigation"><id>{place.investigation}</id><doi>z</doi></bean>'
    fault = _soap(catalogue, bo).refused("update", bean)
    assert fault.message == "UPDATE access to this Investigation is not allowed."
    query = f"SELECT i.doi, i.title FROM Investigation i WHERE i.id = {place.investigation}"
    assert root.search(query) == [["new", "T"]]


def test_deletion_needs_permission_on_everything_below(root: RestCalls, bo: RestCalls, place: Facility) -> None:
    plain, full = root.write([place.dataset("plain"), place.dataset("full", datafiles=[{"name": "f"}])])
    _allow(root, "D", "Dataset")
    both = [{"Dataset": {"id": plain}}, {"Dataset": {"id": full}}]
    assert bo.refused(bo.delete(both)) == _denied("DELETE", "Datafile", 1)
    assert root.search(f"SELECT COUNT(d) {_within(place)}") == [2]
    assert bo.delete(both[0]).status_code == 204
    _allow(root, "D", "Datafile")
    assert bo.delete(both[1]).status_code == 204


def test_a_bad_rule_or_public_step_is_refused(root: RestCalls) -> None:
    def refusal(entity: dict[str, Any]) -> str:
        status, code, message, _ = root.refused(root.post(entity))
        assert (status, code) == (400, "BAD_PARAMETER")
        return message

    assert "CX" in refusal({"Rule": {"crudFlags": "CX", "what": "Dataset"}})
    assert refusal({"Rule": {"crudFlags": "R"}}) == "'what' must not be null"
    assert "Attribute selection" in refusal({"Rule": {"crudFlags": "R", "what": "SELECT i.doi FROM Investigation i"}})
    step = {"PublicStep": {"origin": "Study", "field": "name"}}
    assert refusal(step) == "Field value name does not implement a relationship from Study"
    (id_,) = root.write({"Rule": {"crudFlags": " dr ", "what": "Dataset"}})
    assert root.search(f"SELECT r.crudFlags FROM Rule r WHERE r.id = {id_}") == ["DR"]
    status, code, _, _ = root.refused(root.post({"Rule": {"id": id_, "crudFlags": "X"}}))
    assert (status, code) == (400, "BAD_PARAMETER")
    root.write({"Rule": {"id": id_, "crudFlags": "cu"}})
    assert root.search(f"SELECT r.crudFlags FROM Rule r WHERE r.id = {id_}") == ["CU"]
