"""Before the first message on a catalogue that has datasets already: learn where they lie and what they were declared
to be made from. Nothing is written to the catalogue (`drac links repair` does that).

The dataset with the least id is learned last, so knowing it means that all were learned: an adoption that was
interrupted is done again from the beginning.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from drac_plugins.core.links import linktable
from drac_plugins.core.links.records import Located
from drac_plugins.core.links.tables import dataset_link
from drac_plugins.core.links.truth import Window, second_look, windows
from drac_plugins.core.links.writing import Links
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Ne, NotNull

_PORTION = 400


def adopt(links: Links) -> int:
    """Returns how many datasets were learned; 0 when they were known before. Raises LeaseBusy while another process
    does the same."""
    if _oldest(links) is None:
        return 0
    with links.leases.hold(["links:adopt"]):
        oldest = _oldest(links)
        if oldest is None:
            return 0
        learned = sum(_learn(links, window, oldest) for window in windows(links))
        _settle(links)
        with links.store.begin() as connection:
            linktable.alone(connection)
            linktable.put_locations(connection, [oldest])
            outputs = linktable.interested_in(connection, oldest.location_key) | {oldest.dataset_id}
            linktable.settle(connection, outputs, links.key_of)
    return learned + 1


def _oldest(links: Links) -> Located | None:
    """The dataset with the least id, if it is not known here."""
    located = And(NotNull("location"), Ne("location", ""))
    rows = links.session.page(Select("Dataset", ["id"], located, [("id", "ASC")], limit=1))
    if not rows:
        return None
    with links.store.read() as connection:
        if linktable.located(connection, [rows[0][0]]):
            return None
    return second_look(links, [rows[0][0]]).datasets.get(rows[0][0])


def _learn(links: Links, window: Window, oldest: Located) -> int:
    others = [dataset for id_, dataset in window.datasets.items() if id_ != oldest.dataset_id]
    now = datetime.now(UTC)
    with links.store.begin() as connection:
        linktable.alone(connection)
        linktable.put_locations(connection, others)
        for output, items in window.declared.items():
            linktable.declare(connection, output, items, now)
    return len(others)


def _settle(links: Links) -> None:
    """All links, in portions, now that every place is known."""
    last = 0
    table = dataset_link
    while True:
        query = select(table.c.output_id).where(table.c.output_id > last).distinct().order_by(table.c.output_id)
        with links.store.begin() as connection:
            linktable.alone(connection)
            outputs = connection.execute(query.limit(_PORTION)).scalars().all()
            linktable.settle(connection, outputs, links.key_of)
        if not outputs:
            return
        last = outputs[-1]
