"""Bringing a store up to date: the one linear history of all in-tree tables, run by Alembic configured in code.

Alembic is imported only when there is something to do, since that takes longer than everything else at a start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.storage.store import Store

if TYPE_CHECKING:
    from alembic.config import Config

HISTORY = Path(__file__).with_name("migrations")
_VERSION = "alembic_version"
_LOCK = 0x64726163  # advisory lock of PostgreSQL: one process migrates, the others wait


def upgrade(store: Store) -> None:
    """Create or change the tables up to the newest revision, in one transaction; safe to call from several processes.

    Raises Unavailable when the store does not answer or was written by a newer release.
    """
    if is_current(store):
        return
    from alembic import command

    _run(store, lambda config: command.upgrade(config, "head"))


def downgrade(store: Store, revision: str) -> None:
    """Go back to a revision (`base`: no tables at all). Data in what is removed are lost."""
    from alembic import command

    _run(store, lambda config: command.downgrade(config, revision))


def revise(store: Store, message: str) -> None:
    """Write a new revision from the difference between an up-to-date store and `metadata` (for developers; import every
    module with tables first, and read the result before committing it). Revisions are numbered: 0001, 0002, ..."""
    from alembic import command
    from alembic.script import ScriptDirectory

    number = sum(1 for _ in ScriptDirectory(str(HISTORY)).walk_revisions()) + 1
    _run(store, lambda config: command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}"))


def is_current(store: Store) -> bool:
    """Whether the tables are those of this release."""
    with store.read() as connection:
        if not inspect(connection).has_table(_VERSION):
            return False
        present = connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalars().all()  # noqa: S608
    newest = max(path.name[:4] for path in (HISTORY / "versions").glob("[0-9]*.py"))
    return present == [newest]


def _run(store: Store, action: Callable[[Config], object]) -> None:
    from alembic.config import Config
    from alembic.util import CommandError

    with store.exclusive() as connection, _locked(connection):
        config = Config()
        config.set_main_option("script_location", str(HISTORY).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        config.attributes["connection"] = connection
        try:
            action(config)
        except CommandError as error:
            raise Unavailable(f"{store!r} cannot be brought up to date: {error}") from error


@contextmanager
def _locked(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    yield
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise Unavailable("The migration would leave rows without the rows they refer to; nothing was changed")
