"""The gallery store: pictures and small files of datasets, kept whole in the store and handed out by id."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, String, Table, UniqueConstraint, select

from drac_plugins.core.content import sniff
from drac_plugins.core.storage.tables_base import Instant, metadata, new_document_id

resource = Table(
    "resource",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("dataset_id", BigInteger, nullable=False),
    Column("path", String(1024), nullable=False),
    Column("filename", String(255), nullable=False),
    Column("content_type", String(127), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created", Instant, nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("dataset_id", "path", "sha256"),
)
Index(None, resource.c.dataset_id)


@dataclass(frozen=True, slots=True)
class Resource:
    """`content_type` is what the bytes are (no parameters); `shown` whether a browser may show it inside our pages."""

    id: str
    dataset_id: int
    filename: str
    content_type: str
    content: bytes
    sha256: str

    @property
    def shown(self) -> bool:
        return sniff(self.content).shown


def put(connection: Connection, dataset_id: int, path: str, content: bytes) -> str:
    """Keep a file of a dataset and return its id. `path` is where it was found; the same path with the same bytes keeps
    its id, changed bytes get a new one (clients cache by id)."""
    sha256 = hashlib.sha256(content).hexdigest()
    c = resource.c
    known = select(c.id).where(c.dataset_id == dataset_id, c.path == path, c.sha256 == sha256)
    present: str | None = connection.execute(known).scalar()
    if present:
        return present
    id_ = new_document_id()
    connection.execute(
        resource.insert().values(
            id=id_,
            dataset_id=dataset_id,
            path=path,
            filename=PurePosixPath(path).name[-255:] or "file",
            content_type=sniff(content).media_type,
            sha256=sha256,
            size=len(content),
            created=datetime.now(UTC),
            content=content,
        )
    )
    return id_


def get(connection: Connection, id_: str) -> Resource | None:
    """The resource of this id, None when there is none."""
    c = resource.c
    found = connection.execute(
        select(c.id, c.dataset_id, c.filename, c.content_type, c.content, c.sha256).where(c.id == id_)
    ).first()
    return Resource(*found) if found else None
