"""Scientists of instruments, through the published client."""

from __future__ import annotations

from collections.abc import Iterator

import icat_plus_client
import pytest
from icat_plus_client.exceptions import ForbiddenException, NotFoundException

from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Eq
from tests.support.facade import RunningFacade


@pytest.fixture
def api(facade: RunningFacade) -> Iterator[icat_plus_client.UserManagementApi]:
    yield icat_plus_client.UserManagementApi(facade.client())
    made = Select("InstrumentScientist", ["id"], Eq("user.name", "simple/bo"))
    ids = [id_ for (id_,) in facade.root.rows(made)]
    if ids:
        facade.root.delete("InstrumentScientist", ids)


def add(api: icat_plus_client.UserManagementApi, session: str, users: str, instruments: str) -> list[tuple[str, str]]:
    body = icat_plus_client.CatalogueSessionIdInstrumentscientistPutRequest(
        usernames=users, instrumentnames=instruments
    )
    made = api.catalogue_session_id_instrumentscientist_put(session, body)
    return [(one.user.name, one.instrument.name) for one in made if one.user and one.instrument]


def entries(api: icat_plus_client.UserManagementApi, session: str, instrument: str | None = None) -> list[str]:
    found = api.catalogue_session_id_instrumentscientist_get(session, instrument)
    return sorted(f"{one.user.name} {one.instrument.name}" for one in found if one.user and one.instrument)


@pytest.mark.parametrize("user", ["ed", "cy", "root"])
def test_staff_read_who_is_scientist_of_what(
    facade: RunningFacade, api: icat_plus_client.UserManagementApi, user: str
) -> None:
    assert "simple/cy ID30A-1" in entries(api, facade.log_in(user))
    assert entries(api, facade.log_in(user), "id30a1") == ["simple/cy ID30A-1"]
    assert entries(api, facade.log_in(user), "BM18") == []


@pytest.mark.parametrize("user", ["ada", "dee"])
def test_nobody_else_reads_the_list(facade: RunningFacade, api: icat_plus_client.UserManagementApi, user: str) -> None:
    with pytest.raises(ForbiddenException):
        entries(api, facade.log_in(user))


def test_an_administrator_adds_every_combination_once(
    facade: RunningFacade, api: icat_plus_client.UserManagementApi
) -> None:
    ed = facade.log_in("ed")
    expected = [("simple/bo", "ID30A-1"), ("simple/bo", "CM01")]
    assert sorted(add(api, ed, "simple/bo,simple/bo", "id30a-1, cm01")) == sorted(expected)
    assert add(api, ed, "simple/bo", "ID30A-1") == []
    assert entries(api, ed, "CM01") == ["simple/bo CM01"]


def test_scientists_are_removed_by_user_or_by_entry(
    facade: RunningFacade, api: icat_plus_client.UserManagementApi
) -> None:
    ed = facade.log_in("ed")
    former = icat_plus_client.CatalogueSessionIdInstrumentscientistDeleteRequest
    add(api, ed, "simple/bo", "ID30A-1,CM01,BM18")
    of_bm18 = api.catalogue_session_id_instrumentscientist_get(ed, "BM18")[0].id
    api.catalogue_session_id_instrumentscientist_delete(ed, former(instrumentscientistsid=f"{of_bm18},999999999"))
    assert entries(api, ed, "BM18") == []
    api.catalogue_session_id_instrumentscientist_delete(ed, former(usernames="simple/bo"))
    assert not [entry for entry in entries(api, ed) if entry.startswith("simple/bo")]


def test_an_unknown_name_changes_nothing(facade: RunningFacade, api: icat_plus_client.UserManagementApi) -> None:
    ed = facade.log_in("ed")
    with pytest.raises(NotFoundException, match="simple/nobody"):
        add(api, ed, "simple/bo,simple/nobody", "CM01")
    with pytest.raises(NotFoundException, match="ID99"):
        add(api, ed, "simple/bo", "CM01,ID99")
    assert entries(api, ed, "CM01") == []


@pytest.mark.parametrize("user", ["ada", "cy", "dee"])
def test_only_administrators_change_the_list(
    facade: RunningFacade, api: icat_plus_client.UserManagementApi, user: str
) -> None:
    with pytest.raises(ForbiddenException):
        add(api, facade.log_in(user), "simple/bo", "CM01")
    former = icat_plus_client.CatalogueSessionIdInstrumentscientistDeleteRequest
    with pytest.raises(ForbiddenException):
        api.catalogue_session_id_instrumentscientist_delete(facade.log_in(user), former(usernames="simple/cy"))
    assert entries(api, facade.log_in("ed"), "ID30A-1") == ["simple/cy ID30A-1"]


def test_entries_of_one_user_have_numbers_as_ids(facade: RunningFacade) -> None:
    for name in ("simple%2Fcy", "cy"):
        reply = facade.get(f"/catalogue/{facade.log_in('ada')}/user/name/{name}/instrumentscientist")
        assert [(type(one["id"]), one["instrument"]["name"]) for one in reply.json()] == [(int, "ID30A-1")]
