from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine, event

from icat_schema.server.caller import Caller
from icat_schema.server.search import Catalogue, Limits
from icat_schema.server.store.engine import create_tables, open_engine, writing
from tests.server.query.content import MOMENT, Content, fill
from tests.support.postgres import postgres

__all__ = ["postgres"]

ZONE = ZoneInfo("Europe/Berlin")


class _Undone(Exception):
    """Ends a test's transaction."""


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with empty tables; both databases run every test."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('catalogue') / 'catalogue.db'}"
    else:
        url = request.getfixturevalue("postgres").new_database()
    opened = open_engine(url)
    create_tables(opened)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def stored(engine: Engine) -> dict[str, int]:
    """The ids of the small catalogue, stored once."""
    with writing(engine) as connection:
        made = Content(connection)
        fill(made)
    return made.ids


@pytest.fixture
def content(engine: Engine, stored: dict[str, int]) -> Iterator[Content]:
    """The small catalogue in a transaction that is taken back after the test."""
    try:
        with writing(engine) as connection:
            yield Content(connection, dict(stored))
            raise _Undone
    except _Undone:
        pass


@dataclass
class Asking:
    """Asks the small catalogue as one of the people; root unless told otherwise."""

    content: Content
    catalogue: Catalogue

    def caller(self, user: str = "root") -> Caller:
        return Caller(f"simple/{user}", user == "root", MOMENT)

    def __call__(self, query: str, user: str = "root") -> list[Any]:
        found = self.catalogue.search(self.content.connection, self.caller(user), query)
        rows = list(found.rows)
        return [tuple(r) for r in rows] if found.kind == "rows" else rows

    def types(self, query: str) -> tuple[str, ...]:
        return self.catalogue.search(self.content.connection, self.caller(), query).types

    def get(self, query: str, id_: int, user: str = "root") -> Any:
        return self.catalogue.get(self.content.connection, self.caller(user), query, id_).values()[0]

    def limited(self, limits: Limits) -> Asking:
        return Asking(self.content, Catalogue(self.catalogue.engine, ZONE, limits))

    def rule(self, flags: str, what: str, group: str | None = None) -> int:
        """Store a rule the way the server does: looked at first."""
        self.catalogue.rules.check_rule(flags, what)
        grouping = None if group is None else self.content.ids[f"Grouping {group}"]
        return self.content.add("Rule", crudFlags=flags, what=what, grouping=grouping)

    def group(self, name: str, *members: str) -> int:
        grouping = self.content.add("Grouping", name=name)
        for member in members:
            self.content.add("UserGroup", grouping=grouping, user=self.content.ids[f"User simple/{member}"])
        return grouping


@pytest.fixture
def ask(content: Content, engine: Engine) -> Asking:
    return Asking(content, Catalogue(engine, ZONE, Limits()))


@pytest.fixture
def statements(content: Content) -> Iterator[Callable[[], list[str]]]:
    """The statements sent so far on the test's connection."""
    seen: list[str] = []

    def note(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("SET "):  # of a time limit
            seen.append(statement)

    event.listen(content.connection, "before_cursor_execute", note)
    yield lambda: seen
    event.remove(content.connection, "before_cursor_execute", note)
