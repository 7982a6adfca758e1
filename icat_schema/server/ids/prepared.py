"""Prepared selections: whoever knows the id gets the data. Kept in the database, they survive a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Boolean, Column, Engine, Index, String, Table, Text, delete, insert, select

from icat_schema.server.ids.failures import not_found
from icat_schema.server.store.columns import Instant
from icat_schema.server.store.engine import reading, writing
from icat_schema.server.store.tables import metadata

prepared = Table(
    "server_data_prepared",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("created", Instant, nullable=False),
    Column("zip", Boolean, nullable=False),
    Column("compress", Boolean, nullable=False),
    Column("content", Text, nullable=False),
    Index("ix_server_data_prepared_created", "created"),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was selected, by ids, and how it is to be sent."""

    datasets: tuple[int, ...]
    datafiles: tuple[int, ...]
    zip: bool
    compress: bool


class PreparedSelections:
    """Stores and finds them; those older than `days` are dropped when new ones come."""

    def __init__(self, engine: Engine, days: int) -> None:
        self._engine = engine
        self._lifetime = timedelta(days=days)

    def add(self, selection: Prepared, now: datetime) -> str:
        id_ = str(uuid4())
        content = json.dumps({"datasets": selection.datasets, "datafiles": selection.datafiles})
        row = {"id": id_, "created": now, "zip": selection.zip, "compress": selection.compress, "content": content}
        with writing(self._engine) as connection:
            connection.execute(delete(prepared).where(prepared.c.created < now - self._lifetime))
            connection.execute(insert(prepared), row)
        return id_

    def get(self, id_: str) -> Prepared:
        """Raises IdsError (NotFoundException)."""
        with reading(self._engine) as connection:
            row = connection.execute(select(prepared).where(prepared.c.id == id_)).first()
        if row is None:
            raise not_found(f"The preparedId {id_} is not known")
        content = json.loads(row.content)
        return Prepared(tuple(content["datasets"]), tuple(content["datafiles"]), row.zip, row.compress)
