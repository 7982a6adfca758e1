"""Where a sample is in a list, and what people write about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import icat_plus_client
import pytest

from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Eq
from tests.catalogue.seed import Facility, Seeder

Get = Callable[..., Any]


@pytest.fixture
def api(facade: str) -> icat_plus_client.CatalogueApi:
    return icat_plus_client.CatalogueApi(icat_plus_client.ApiClient(icat_plus_client.Configuration(host=facade)))


@pytest.fixture
def basket(seeder: Seeder, facility: Facility, root: Session) -> Iterator[tuple[int, list[int]]]:
    """A session of ada's and bo's at cy's instrument with five samples."""
    team = {"ada": "Principal investigator", "bo": "Participant"}
    visit = seeder.investigation("XX-78", "ID30A-1 78", "ID30A-1", team)
    yield visit, [seeder.sample(visit, f"cherry {number}") for number in range(5)]
    root.delete("Investigation", [visit])


def described(root: Session, sample: int) -> list[tuple[int, str]]:
    return list(root.rows(Select("SampleParameter", ["id", "stringValue"], Eq("sample.id", sample))))


def test_the_page_of_a_sample_is_told_under_the_same_filters(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], basket: tuple[int, list[int]]
) -> None:
    visit, samples = basket

    def page(sample: int, **query: str) -> tuple[float, float, float]:
        found = api.catalogue_session_id_samples_sample_id_page_get(
            sessions("ada").id, str(sample), investigation_id=str(visit), **query
        ).page
        assert found is not None
        return found.current_page, found.total_pages, found.total

    assert page(samples[0], limit="2") == (1, 3, 5)
    assert page(samples[2], limit="2") == (2, 3, 5)
    assert page(samples[4], limit="2") == (3, 3, 5)
    assert page(samples[4], limit="2", sort_by="NAME", sort_order="-1") == (1, 3, 5)
    assert page(samples[4]) == (1, 1, 5)
    assert page(samples[4], search="cherry 4", limit="2") == (1, 1, 1)


def test_a_sample_that_is_not_in_the_list_has_no_page(get: Get, basket: tuple[int, list[int]]) -> None:
    visit, samples = basket
    path = f"/catalogue/{{s}}/samples/{samples[0]}/page"
    assert get("ada", path, investigationId=visit, search="plum").status_code == 404
    assert get("dee", path, investigationId=visit).status_code == 404


def test_samples_of_an_investigation_come_the_older_way_too(get: Get, basket: tuple[int, list[int]]) -> None:
    visit, samples = basket
    found = get("ada", f"/catalogue/{{s}}/investigation/id/{visit}/sample").json
    assert [one["id"] for one in found] == samples
    assert found[0]["investigation"]["id"] == visit
    assert get("dee", f"/catalogue/{{s}}/investigation/id/{visit}/sample").json == []


@pytest.mark.parametrize("login", ["ada", "cy", "ed"])
def test_responsible_people_describe_a_sample_and_change_their_mind(
    api: icat_plus_client.CatalogueApi,
    sessions: Callable[[str], Session],
    root: Session,
    basket: tuple[int, list[int]],
    login: str,
) -> None:
    visit, samples = basket
    session = sessions(login).id
    text = icat_plus_client.Parameter(name="Sample_description", value="red")
    new = api.catalogue_session_id_samples_sample_id_sample_parameters_post(session, str(samples[0]), str(visit), text)
    assert described(root, samples[0]) == [(int(new), "red")]
    text.value = "dark red"
    api.catalogue_session_id_sample_parameters_id_put(session, int(new), str(visit), text)
    assert described(root, samples[0]) == [(int(new), "dark red")]


@pytest.mark.parametrize(("login", "status"), [("bo", 403), ("dee", 404)])
def test_nobody_else_describes_it(
    api: icat_plus_client.CatalogueApi,
    sessions: Callable[[str], Session],
    root: Session,
    basket: tuple[int, list[int]],
    login: str,
    status: int,
) -> None:
    visit, samples = basket
    text = icat_plus_client.Parameter(name="Sample_description", value="red")
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_samples_sample_id_sample_parameters_post(
            sessions(login).id, str(samples[0]), str(visit), text
        )
    assert refused.value.status == status
    assert described(root, samples[0]) == []


@pytest.mark.parametrize(
    ("sample", "visit", "name", "status"),
    [
        (0, 0, "scanType", 403),
        (0, 0, "Sample_notes", 400),
        (0, 1, "Sample_description", 404),
        (None, 0, "Sample_description", 404),
    ],
)
def test_only_what_people_write_by_hand_can_be_written_where_it_belongs(
    api: icat_plus_client.CatalogueApi,
    sessions: Callable[[str], Session],
    basket: tuple[int, list[int]],
    facility: Facility,
    sample: int | None,
    visit: int,
    name: str,
    status: int,
) -> None:
    target = 999_999_999 if sample is None else basket[1][sample]
    home = (basket[0], facility.apple)[visit]
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_samples_sample_id_sample_parameters_post(
            sessions("ada").id, str(target), str(home), icat_plus_client.Parameter(name=name, value="x")
        )
    assert refused.value.status == status


def test_a_second_description_is_refused_and_another_investigations_one_is_not_found(
    api: icat_plus_client.CatalogueApi,
    sessions: Callable[[str], Session],
    basket: tuple[int, list[int]],
    facility: Facility,
) -> None:
    visit, samples = basket
    session = sessions("ada").id
    text = icat_plus_client.Parameter(name="Sample_description", value="red")
    new = api.catalogue_session_id_samples_sample_id_sample_parameters_post(session, str(samples[1]), str(visit), text)
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_samples_sample_id_sample_parameters_post(session, str(samples[1]), str(visit), text)
    assert refused.value.status == 409
    with pytest.raises(icat_plus_client.ApiException) as refused:
        api.catalogue_session_id_sample_parameters_id_put(session, int(new), str(facility.apple), text)
    assert refused.value.status == 404
