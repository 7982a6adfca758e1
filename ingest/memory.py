"""What the ingester remembers about datasets in its own store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from drac_plugins.core.links.tables import dataset_long_value
from drac_plugins.core.storage import insert_into
from ingest.competition import Origin, from_document, to_document
from ingest.tables import dataset_aside, dataset_origin, investigation_sums
from ingest.values import Value


def origin_of(connection: Connection, dataset_id: int) -> Origin | None:
    """Which messages the dataset's values came from; None when none is remembered."""
    query = select(dataset_origin.c.document).where(dataset_origin.c.dataset_id == dataset_id)
    document = connection.execute(query).scalar()
    return from_document(document) if document is not None else None


def keep_origin(connection: Connection, dataset_id: int, origin: Origin | None) -> None:
    """None: forget what was remembered."""
    if origin is None:
        connection.execute(delete(dataset_origin).where(dataset_origin.c.dataset_id == dataset_id))
        return
    keep_origins(connection, {dataset_id: origin})


def keep_origins(connection: Connection, origins: Mapping[int, Origin]) -> None:
    """Of several datasets."""
    if not origins:
        return
    statement = insert_into(connection, dataset_origin)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["dataset_id"], set_={"document": statement.excluded.document}),
        [{"dataset_id": dataset_id, "document": to_document(origin)} for dataset_id, origin in origins.items()],
    )


def keep_long_values(
    connection: Connection, dataset_id: int, values: Mapping[str, Value], *, fresh: bool = False
) -> None:
    """The whole texts of the values that were taken; names that fit now are forgotten. `fresh`: nothing has been
    kept of the dataset."""
    if fresh and not any(value.whole is not None for value in values.values()):
        return
    connection.execute(
        delete(dataset_long_value).where(
            dataset_long_value.c.dataset_id == dataset_id, dataset_long_value.c.name.in_(list(values))
        )
    )
    rows = [
        {"dataset_id": dataset_id, "name": name, "value": value.whole}
        for name, value in values.items()
        if value.whole is not None
    ]
    if rows:
        connection.execute(dataset_long_value.insert(), rows)


def keep_aside(connection: Connection, dataset_id: int, aside: Mapping[str, tuple[str, str]], now: datetime) -> None:
    """Values that the catalogue did not take, with the reason."""
    if not aside:
        return
    connection.execute(
        delete(dataset_aside).where(dataset_aside.c.dataset_id == dataset_id, dataset_aside.c.name.in_(list(aside)))
    )
    connection.execute(
        dataset_aside.insert(),
        [
            {"dataset_id": dataset_id, "name": name[:255], "value": text, "reason": reason, "since": now}
            for name, (text, reason) in aside.items()
        ],
    )


def want_sums(connection: Connection, investigation_id: int) -> None:
    """Sums of the session and of its samples have to be made again."""
    table = investigation_sums
    connection.execute(
        insert_into(connection, table)
        .values(investigation_id=investigation_id, wanted=1, written=0)
        .on_conflict_do_update(index_elements=["investigation_id"], set_={"wanted": table.c.wanted + 1})
    )
