"""Changes of links in one family wait for each other, on both engines: none overlooks what the other does."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from drac_plugins.core.links import linktable
from drac_plugins.core.links.closure import ancestors
from drac_plugins.core.links.paths import location_key
from drac_plugins.core.links.records import Item, Located
from drac_plugins.core.storage import Store

NOW = datetime(2031, 5, 6, 7, tzinfo=UTC)
ROOM = "/data/visitor/ma1234/id11/20250310/PROCESSED_DATA/c"


def located(dataset_id: int) -> Located:
    place = f"{ROOM}/{dataset_id}"
    return Located(dataset_id, place, place, 1, "MA-1234", str(dataset_id), NOW, processed=True)


def test_two_links_of_a_chain_that_appear_together_are_seen_by_both(store: Store) -> None:
    """1 -> 2 and 2 -> 3 are settled in two transactions at the same time. The one that comes second has to see the
    first one's link, or 1 and 3 never hear of each other."""
    with store.begin() as connection:
        linktable.put_locations(connection, [located(1), located(2), located(3)])
        for output in (2, 3):
            linktable.declare(connection, output, [Item(f"{ROOM}/{output - 1}", f"{ROOM}/{output - 1}")], NOW)
    entered, seen = threading.Event(), {}

    def second() -> None:
        entered.wait(10)
        with store.begin() as connection:
            linktable.alone(connection)
            linktable.settle(connection, [3], location_key)
            seen["above 3"] = ancestors(linktable.family(connection, [3]), 3)

    thread = threading.Thread(target=second)
    thread.start()
    with store.begin() as connection:
        linktable.alone(connection)
        linktable.settle(connection, [2], location_key)
        entered.set()
        time.sleep(0.3)
    thread.join()
    assert seen["above 3"] == (2, 1)
