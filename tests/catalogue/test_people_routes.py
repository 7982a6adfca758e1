"""Who takes part, who could, and which instruments somebody has to do with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import icat_plus_client
import pytest

from icat_schema.gateway import New, Select, Session
from icat_schema.gateway.conditions import Eq, In
from tests.catalogue.seed import Facility, Seeder

Name = icat_plus_client.CatalogueSessionIdInvestigationIdInvestigationIdInvestigationusersPostRequest


@pytest.fixture
def api(facade: str) -> icat_plus_client.CatalogueApi:
    return icat_plus_client.CatalogueApi(icat_plus_client.ApiClient(icat_plus_client.Configuration(host=facade)))


@pytest.fixture
def visit(seeder: Seeder, facility: Facility, root: Session) -> Iterator[int]:
    """A session of ada's with bo, at cy's instrument."""
    team = {"ada": "Principal investigator", "bo": "Participant"}
    made = seeder.investigation("XX-77", "ID30A-1 77", "ID30A-1", team)
    yield made
    root.delete("Investigation", [made])


@pytest.fixture
def old_users(root: Session, facility: Facility) -> Iterator[None]:
    """Bo has moved twice."""
    names = ("simple/bo/1", "simple/bo/2")
    ids = root.write([New("User", {"name": name, "affiliation": f"University {name[-1]}"}) for name in names])
    yield
    root.delete("User", ids)


def team(root: Session, visit: int) -> list[str]:
    rows = root.rows(Select("InvestigationUser", ["user.name", "role"], Eq("investigation.id", visit)))
    return sorted(f"{name} {role}" for name, role in rows)


@pytest.mark.parametrize("login", ["ada", "cy", "ed"])
def test_responsible_people_let_others_take_part(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], root: Session, visit: int, login: str
) -> None:
    new = api.catalogue_session_id_investigation_id_investigation_id_investigationusers_post(
        sessions(login).id, visit, Name(name="simple/dee")
    )
    assert (new.name, new.role, new.investigation_id) == ("simple/dee", "Participant", visit)
    assert "simple/dee Participant" in team(root, visit)


@pytest.mark.parametrize(("login", "status"), [("bo", 403), ("dee", 404)])
def test_nobody_else_does(
    api: icat_plus_client.CatalogueApi,
    sessions: Callable[[str], Session],
    root: Session,
    visit: int,
    login: str,
    status: int,
) -> None:
    before = team(root, visit)
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_investigation_id_investigation_id_investigationusers_post(
            sessions(login).id, visit, Name(name="simple/dee")
        )
    assert refused.value.status == status
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_investigation_id_investigation_id_investigationusers_delete(
            sessions(login).id, visit, Name(name="simple/ada")
        )
    assert refused.value.status == status
    assert team(root, visit) == before


def test_nobody_else_learns_which_users_there_are(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], visit: int
) -> None:
    told = set()
    for name in ("simple/dee", "simple/nobody"):
        with pytest.raises(icat_plus_client.ApiException) as refused:
            api.catalogue_session_id_investigation_id_investigation_id_investigationusers_post(
                sessions("bo").id, visit, Name(name=name)
            )
        told.add((refused.value.status, refused.value.body))
    assert len(told) == 1


@pytest.mark.parametrize(("name", "status"), [("simple/bo", 409), ("simple/nobody", 404), ("", 400)])
def test_what_cannot_be_added_is_refused_in_words(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], visit: int, name: str, status: int
) -> None:
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_investigation_id_investigation_id_investigationusers_post(
            sessions("ada").id, visit, Name(name=name)
        )
    assert refused.value.status == status


def test_removing_somebody_answers_who_is_left(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], visit: int
) -> None:
    left = api.catalogue_session_id_investigation_id_investigation_id_investigationusers_delete(
        sessions("ada").id, visit, Name(name="simple/bo")
    )
    assert [one.name for one in left] == ["simple/ada"]
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_investigation_id_investigation_id_investigationusers_delete(
            sessions("ada").id, visit, Name(name="simple/bo")
        )
    assert refused.value.status == 404


@pytest.mark.usefixtures("old_users")
def test_administrators_list_all_users_or_the_newest_of_each_person(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session]
) -> None:
    everybody = [one.name for one in api.catalogue_session_id_user_get(sessions("ed").id)]
    assert {"simple/bo", "simple/bo/1", "simple/bo/2", "simple/dee"} <= set(everybody)
    newest = api.catalogue_session_id_user_get(sessions("ed").id, only_latest_affiliation=True)
    assert [one.affilation for one in newest if (one.name or "").startswith("simple/bo")] == ["University 2"]


@pytest.mark.parametrize(
    ("login", "allowed"), [("ada", True), ("cy", True), ("ed", True), ("bo", False), ("dee", False)]
)
def test_those_who_may_add_users_see_whom(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], visit: int, login: str, allowed: bool
) -> None:
    if allowed:
        found = api.catalogue_session_id_investigation_investigation_id_user_get(sessions(login).id, str(visit))
        assert "simple/dee" in [one.name for one in found]
        return
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_investigation_investigation_id_user_get(sessions(login).id, str(visit))
    assert refused.value.status == 403


@pytest.mark.parametrize("login", ["ada", "cy", "dee"])
def test_the_whole_list_is_for_administrators(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], login: str
) -> None:
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_user_get(sessions(login).id)
    assert refused.value.status == 403


def test_instruments_are_those_of_ones_sessions_or_of_ones_work(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], root: Session, facility: Facility
) -> None:
    def of(login: str, scope: str | None = None) -> set[str]:
        found = api.catalogue_session_id_instruments_get(sessions(login).id, scope)
        return {one.name for one in found}

    everything = {name for (name,) in root.rows(Select("Instrument", ["name"]))}
    own = instruments_of(root, "simple/bo")
    assert of("bo") == of("bo", "PARTICIPANT") == own
    assert of("bo", "instrumentscientist") == set()
    assert of("cy", "instrumentscientist") == {"ID30A-1"}
    assert of("cy") >= {"ID30A-1"}
    assert of("ed") == everything
    assert of("ed", "participant") == set()


def instruments_of(root: Session, name: str) -> set[str]:
    """Instruments of the sessions in which a user takes part, asked the other way round."""
    visits = [id_ for (id_,) in root.rows(Select("InvestigationUser", ["investigation.id"], Eq("user.name", name)))]
    rows = root.rows(Select("InvestigationInstrument", ["instrument.name"], In("investigation.id", visits)))
    return {instrument for (instrument,) in rows}
