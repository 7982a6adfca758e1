"""API keys on the wire: each opens what it is for."""

from __future__ import annotations

import pytest

from drac_plugins.core.apikeys.issued import issue, revoke
from tests.access.world import World


@pytest.mark.parametrize("scope", ["acquisition", "archive", "ingest"])
def test_a_key_opens_what_it_is_for_and_nothing_else(world: World, scope: str) -> None:
    facade, place = world.facade, world.places["embargoed"]
    key = issue(facade.services.store, f"for {scope}", [scope])
    asked = {
        "acquisition": facade.get(f"/dataacquisition/{key}/dataset", investigationId=place.investigation),
        "archive": facade.request("POST", f"/dataacquisition/{key}/dataset/restore?datasetId={place.dataset}", json={}),
        "ingest": facade.request("GET", "/ingestion/messages/999999999", headers={"X-API-Key": key}),
    }
    revoke(facade.services.store, f"for {scope}")
    for needed, reply in asked.items():
        if needed == scope:
            assert reply.status_code in (200, 404), needed
        else:
            assert (reply.status_code, f"is for {scope}" in reply.text) == (403, True), needed


def test_a_key_is_no_session_and_a_session_is_no_key(world: World) -> None:
    facade = world.facade
    assert facade.get(f"/session/{facade.api_key}").status_code == 403
    assert facade.get(f"/dataacquisition/{facade.log_in('ed')}/investigation").status_code == 403
