"""Two ingesters on one store: each message is applied by one of them, also when the other is killed over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from drac_plugins.core.inbox import Inbox, Incoming
from drac_plugins.core.links.repair import Repair
from drac_plugins.core.storage import Store, upgrade
from icat_schema.gateway import Select
from tests.ingest.apply.ground import Ground, fill, ground_on
from tests.ingest.door.running import wait_until
from tests.support.catalogue import start_catalogue
from tests.support.ingester import IngesterProcess
from tests.support.postgres import RunningPostgres, postgres

__all__ = ["postgres"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
GROUPS = 5


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    url = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    if request.param == "postgres":
        server: RunningPostgres = request.getfixturevalue("postgres")
        url = server.new_database()
    store = Store(url)
    upgrade(store)
    catalogue = start_catalogue(tmp_path / "icat")
    found = ground_on(catalogue, tmp_path / "ground", store=store)
    fill(found.session)
    try:
        yield found
    finally:
        found.close()
        catalogue.stop()


def ingester(ground: Ground, folder: Path) -> IngesterProcess:
    return IngesterProcess(
        folder,
        {
            "DRAC_STORE__URL": ground.store.engine.url.render_as_string(hide_password=False),
            "DRAC_ICAT__URL": ground.settings.icat.url,
            "DRAC_ICAT__INGESTER__USERNAME": "root",
            "DRAC_ICAT__INGESTER__PASSWORD": "root",
            "DRAC_INGEST__SUMS_PAUSE_SECONDS": "0",
            "DRAC_INGEST__LEASE_SECONDS": "3",
            "DRAC_INGEST__PATH_MAP": f'{{"/data" = "{folder.parent / "data"}"}}',
        },
    )


def test_of_two_ingesters_one_is_killed_and_nothing_is_lost_or_applied_twice(ground: Ground, tmp_path: Path) -> None:
    whole = ground.body("10-raw-minimal")
    place = "/data/visitor/ma1234/id11/20250310/RAW_DATA/many/many"
    start = whole.index(b"<tns:location>") + len(b"<tns:location>")
    end = whole.index(b"</tns:location>")
    bodies = []
    for number in range(GROUPS * 4):
        location = f"{place}_{number:03d}".encode()
        (tmp_path / location.decode().lstrip("/")).mkdir(parents=True)
        bodies.append(whole[:start] + location + whole[end:])
        bodies.append(bodies[-1].replace(b'complete="true"', b'complete="false"'))
    inbox = Inbox(ground.store)
    with ExitStack() as stack:
        first, second = (stack.enter_context(ingester(ground, tmp_path / name)) for name in ("first", "second"))
        inbox.put_all([Incoming("icatIngest", body) for body in bodies])
        wait_until(lambda: inbox.counters().states.get("working", 0) > 0, seconds=30)
        first.kill()
        wait_until(lambda: _finished(inbox, len(bodies)), seconds=150)
        assert second.stop() == 0
    found = ground.session.rows(Select("Dataset", ["location"]))
    assert sorted(location for (location,) in found) == [f"{place}_{number:03d}" for number in range(GROUPS * 4)]
    assert [str(finding) for finding in Repair(ground.consumer.links).check()] == []


def _finished(inbox: Inbox, messages: int) -> bool:
    counters = inbox.counters()
    return counters.states == {"done": messages} and not counters.stages
