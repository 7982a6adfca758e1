"""What is kept of the catalogue's answers: shown to those it was kept for, forgotten on request."""

from __future__ import annotations

from datetime import UTC

import icat_plus_client
import pytest
from icat_plus_client.exceptions import ForbiddenException, NotFoundException

from drac_plugins.cache import service
from drac_plugins.core.reads.view import View
from icat_schema.gateway import Change, Select
from icat_schema.gateway.conditions import Eq
from tests.support.facade import RunningFacade


@pytest.fixture
def api(facade: RunningFacade) -> icat_plus_client.CacheApi:
    facade.services.caches.forget_everything()
    return icat_plus_client.CacheApi(facade.client())


def bearer(facade: RunningFacade, user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {facade.log_in(user)}"}


def keys(facade: RunningFacade, user: str) -> list[str]:
    api = icat_plus_client.CacheApi(facade.client())
    found: list[str] = api.cache_keys_get_without_preload_content(_headers=bearer(facade, user)).json()
    return found


def test_a_session_is_shown_what_is_kept_for_it(facade: RunningFacade, api: icat_plus_client.CacheApi) -> None:
    found = api.cache_get(_headers=bearer(facade, "ada"))
    mine = Select("Investigation", ["id"], Eq("investigationUsers.user.name", "simple/ada"))
    assert found.username == "simple/ada"
    assert {one.id for one in found.my_investigations} == {id_ for (id_,) in facade.root.rows(mine)}
    assert {one.id for one in found.my_investigations} <= {one.id for one in found.investigations}
    assert all(one.instrument and one.investigation_users for one in found.my_investigations)
    reply = facade.get("/cache", sessionId=facade.log_in("ada"))
    assert reply.json()["investigationsId"] == [{"id": one.id, "name": one.name} for one in found.investigations]


def test_the_second_answer_comes_from_what_is_kept(facade: RunningFacade, api: icat_plus_client.CacheApi) -> None:
    first = api.cache_get(_headers=bearer(facade, "ada"))
    session = facade.services.catalogue.session(facade.log_in("ada"))
    with facade.services.catalogue.counting() as count:
        service.user_storage(facade.services, View(session, UTC))
    assert api.cache_get(_headers=bearer(facade, "ada")) == first
    assert count.calls == 1  # whether the session still lives


def test_what_is_kept_stays_until_it_is_reloaded(facade: RunningFacade, api: icat_plus_client.CacheApi) -> None:
    headers = bearer(facade, "ada")
    before = api.cache_get(_headers=headers)
    row = before.my_investigations[0]
    title = str(row.title)
    facade.root.write([Change("Investigation", int(row.id), {"title": "Another title"})])
    try:
        assert api.cache_get(_headers=headers) == before
        api.cache_session_id_post(facade.log_in("ada"))
        found = {one.id: one.title for one in api.cache_get(_headers=headers).my_investigations}
        assert found[row.id] == "Another title"
    finally:
        facade.root.write([Change("Investigation", int(row.id), {"title": title})])


def test_everybody_sees_the_own_keys_and_administrators_all(
    facade: RunningFacade, api: icat_plus_client.CacheApi
) -> None:
    assert keys(facade, "ada") == []
    for user in ("ada", "bo"):
        api.cache_get(_headers=bearer(facade, user))
    (own,) = keys(facade, "ada")
    assert set(keys(facade, "ed")) == {own, *keys(facade, "bo")}
    assert facade.log_in("ada") not in own


def test_a_key_says_why_it_is_kept_and_to_its_owner_what(facade: RunningFacade, api: icat_plus_client.CacheApi) -> None:
    api.cache_get(_headers=bearer(facade, "ada"))
    (key,) = keys(facade, "ada")
    own = api.cache_keys_key_get_without_preload_content(key, _headers=bearer(facade, "ada")).json()
    assert (own["cache"], own["reason"], own["seconds"]) == ("investigations", service.INVESTIGATIONS.reason, 300)
    assert own["value"]["user_name"] == "simple/ada"
    assert 0 < own["size"] < own["sessionBytes"]
    others = api.cache_keys_key_get_without_preload_content(key, _headers=bearer(facade, "ed")).json()
    assert others == {name: own[name] for name in own if name not in ("value", "question")} | {"age": others["age"]}
    with pytest.raises(NotFoundException, match="Nothing is kept"):
        api.cache_keys_key_get(key, _headers=bearer(facade, "bo"))


def test_an_administrator_reloads_everything(facade: RunningFacade, api: icat_plus_client.CacheApi) -> None:
    api.cache_get(_headers=bearer(facade, "ada"))
    api.cache_session_id_post(facade.log_in("bo"))
    assert len(keys(facade, "ada")) == 1
    api.cache_session_id_post(facade.log_in("ed"))
    assert keys(facade, "ada") == []


def test_statistics_are_for_administrators(facade: RunningFacade, api: icat_plus_client.CacheApi) -> None:
    before = api.cache_stats_get(_headers=bearer(facade, "ed"))
    for _ in range(3):
        api.cache_get(_headers=bearer(facade, "ada"))
    found = api.cache_stats_get(_headers=bearer(facade, "ed"))
    assert (found.hits - before.hits, found.misses - before.misses, found.keys) == (2, 1, 1)
    assert found.ksize > 0
    assert found.vsize > 1000
    with pytest.raises(ForbiddenException):
        api.cache_stats_get(_headers=bearer(facade, "cy"))


def test_nobody_and_ended_sessions_are_shown_nothing(facade: RunningFacade, api: icat_plus_client.CacheApi) -> None:
    ended = facade.services.catalogue.login("simple", {"username": "ada", "password": "ada"})
    headers = {"Authorization": f"Bearer {ended.id}"}
    api.cache_get(_headers=headers)
    facade.request("DELETE", f"/session/{ended.id}").raise_for_status()
    assert facade.services.caches.entries(facade.services.caches.owner(ended.id)) == []
    for ask in (api.cache_get, api.cache_keys_get, api.cache_stats_get):
        with pytest.raises(ForbiddenException):
            ask(_headers=headers)
        with pytest.raises(ForbiddenException, match="sessionId"):
            ask()
    with pytest.raises(ForbiddenException):
        api.cache_session_id_post(ended.id)
