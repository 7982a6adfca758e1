"""Command lines and empty databases of both kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from icat_schema.server.commands import main
from icat_schema.server.store.engine import create_tables, open_engine
from tests.support.catalogue import start
from tests.support.postgres import own_postgres, postgres

__all__ = ["own_postgres", "postgres", "start"]

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]

NewDatabase = Callable[[], str]


@dataclass(frozen=True)
class Done:
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class CommandLine:
    """`drac catalogue` with a database and a users file of the test, in this process."""

    database: str
    users: Path

    def __call__(self, *arguments: str, text: str | None = None) -> Done:
        where = ["--database", self.database, "--users", str(self.users)]
        result = CliRunner().invoke(main, [*arguments, *where], input=text, prog_name="drac catalogue")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def works(self, *arguments: str, text: str | None = None) -> str:
        done = self(*arguments, text=text)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fails(self, *arguments: str, text: str | None = None) -> str:
        """What it says when it refuses."""
        done = self(*arguments, text=text)
        assert done.returncode in (1, 2), done.stdout
        return done.stderr


@pytest.fixture(params=DATABASES)
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """Addresses of empty databases of one kind."""
    if request.param == "postgresql":
        made: NewDatabase = request.getfixturevalue("postgres").new_database
        return made
    names = iter(range(100))
    return lambda: f"sqlite:///{tmp_path / f'catalogue-{next(names)}.db'}"


@pytest.fixture
def run(new_database: NewDatabase, tmp_path: Path) -> CommandLine:
    return CommandLine(new_database(), tmp_path / "users")


@pytest.fixture
def other(new_database: NewDatabase, tmp_path: Path) -> CommandLine:
    """A second catalogue."""
    return CommandLine(new_database(), tmp_path / "users")


@pytest.fixture
def engine(run: CommandLine) -> Iterator[Engine]:
    """The database of `run` with its tables, to put into it what no client could."""
    opened = open_engine(run.database)
    create_tables(opened)
    yield opened
    opened.dispose()
