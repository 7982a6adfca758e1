"""The end of an embargo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import icat_plus_client
import pytest

from drac_plugins.core.events import outbox
from drac_plugins.core.events.records import LOGBOOK
from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import Eq
from tests.support.facade import RunningFacade

Body = icat_plus_client.CatalogueInvestigationsInvestigationIdReleaseDatePostRequest


@pytest.fixture
def visit(facade: RunningFacade) -> Iterator[int]:
    """A session of ada's that is released in 2040."""
    root = facade.root
    ((home, type_),) = root.page(Select("InvestigationType", ["facility.id", "id"], limit=1))
    ((ada,),) = root.rows(Select("User", ["id"], Eq("name", "simple/ada")))
    fields = {
        "name": "XX-90",
        "visitId": "ID30A-1 90",
        "title": "Embargoed",
        "facility": Ref(home),
        "type": Ref(type_),
        "releaseDate": datetime(2040, 1, 1, tzinfo=UTC),
        "investigationUsers": [New("InvestigationUser", {"user": Ref(ada), "role": "Principal investigator"})],
    }
    (made,) = root.write([New("Investigation", fields)])
    yield made
    root.delete("Investigation", [made])


def released(facade: RunningFacade, visit: int) -> datetime:
    ((moment,),) = facade.root.rows(Select("Investigation", ["releaseDate"], Eq("id", visit)))
    assert isinstance(moment, datetime)
    return moment


def test_a_data_manager_sets_it_and_indexers_and_logbook_are_told(facade: RunningFacade, visit: int) -> None:
    api = icat_plus_client.CatalogueApi(facade.client("ed"))
    body = Body(releaseDate=date(2035, 1, 1), message="asked by the team")
    api.catalogue_investigations_investigation_id_release_date_post(str(visit), body)
    zone = facade.services.settings.facility.timezone
    assert released(facade, visit) == datetime(2035, 1, 1, tzinfo=zone)
    with facade.services.store.read() as connection:
        events = [one for one in outbox.since(connection, 0, 1000) if one.investigation_id == visit]
        waiting = outbox.waiting(connection, LOGBOOK, [visit])
    told = {"type": "investigation_release_changed", "investigationId": str(visit)}
    assert [one.body for one in events if one.kind == "publication"] == [told]
    assert [(one.body["by"], one.body["message"]) for one in waiting] == [("simple/ed", "asked by the team")]


@pytest.mark.parametrize(("user", "status"), [("ada", 403), ("cy", 403), ("dee", 403), (None, 403)])
def test_nobody_else_sets_it(facade: RunningFacade, visit: int, user: str | None, status: int) -> None:
    path = f"/catalogue/investigations/{visit}/release-date"
    reply = facade.request("POST", path, user, json={"releaseDate": "2020-01-01"})
    assert reply.status_code == status
    assert released(facade, visit).year == 2040


@pytest.mark.parametrize("body", [{}, {"releaseDate": "soon"}, {"releaseDate": None}])
def test_a_day_is_needed(facade: RunningFacade, visit: int, body: dict[str, object]) -> None:
    path = f"/catalogue/investigations/{visit}/release-date"
    assert facade.request("POST", path, "ed", json=body).status_code == 400
    assert released(facade, visit).year == 2040


def test_an_investigation_that_is_not_there_is_not_found(facade: RunningFacade) -> None:
    path = "/catalogue/investigations/999999999/release-date"
    assert facade.request("POST", path, "ed", json={"releaseDate": "2035-01-01"}).status_code == 404
