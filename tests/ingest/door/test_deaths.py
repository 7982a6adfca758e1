"""The corpus through an ingester that is killed at any of its steps, hundreds of times."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from drac_plugins.core.inbox import Inbox
from drac_plugins.core.leases import lease
from drac_plugins.core.links.repair import Repair
from tests.ingest.apply.corpus import APPLIED
from tests.ingest.apply.ground import Ground, filled_database, fresh_ground
from tests.ingest.apply.snapshot import Snapshot, differences, take
from tests.ingest.door.mortal import live

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled_database(tmp_path_factory.mktemp("template"))


@pytest.fixture
def ground(template: Path, tmp_path: Path) -> Iterator[Ground]:
    with fresh_ground(template, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def expected(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """What the corpus leaves when its messages are applied one after the other and nobody dies."""
    with fresh_ground(template, tmp_path_factory.mktemp("straight")) as ground:
        datasets = dict.fromkeys(done for name in APPLIED if (done := ground.feed(name).dataset_id) is not None)
        ground.finish(list(datasets))
        return take(ground.session)


def _is_whole(ground: Ground, inbox: Inbox, expected: Snapshot) -> None:
    assert inbox.counters().states == {"done": len(APPLIED)}
    assert [str(finding) for finding in Repair(ground.consumer.links).check()] == []
    with ground.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(lease)).scalar() == 0
    found = differences(take(ground.session), expected)
    assert found == {}, json.dumps(found, indent=1)


@pytest.mark.parametrize(("seed", "longest"), [(2, 90)])
def test_an_ingester_that_is_killed_at_any_step_leaves_what_one_leaves_that_is_not(
    ground: Ground, expected: Snapshot, seed: int, longest: int
) -> None:
    chance = random.Random(seed)
    inbox = Inbox.from_settings(ground.store, ground.settings)
    for name in APPLIED:
        inbox.put("icatIngest", ground.body(name), {})
    deaths = 0
    while live(ground.settings, chance.randint(1, longest)):
        deaths += 1
        longest += deaths % 50 == 0  # the way to the next message gets longer with the links of those before
    assert deaths > 15
    _is_whole(ground, inbox, expected)
