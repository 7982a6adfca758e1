"""Who somebody is: the authenticators `simple` (users in a file), `db` (users in the database) and `anon`.

Passwords are stored as werkzeug hashes (scrypt), never as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from sqlalchemy import Column, Connection, String, Table, delete, insert, select
from werkzeug.security import check_password_hash, generate_password_hash

from icat_schema.server.errors import IcatError
from icat_schema.server.settings import Settings
from icat_schema.server.store.tables import metadata

accounts = Table(
    "server_account",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("passwordHash", String(511), nullable=False),
)
"""Users of the mechanism `db`."""

HASH_METHODS = ("scrypt:", "pbkdf2:")


class UsersFileError(Exception):
    """The users file cannot be read or has a line that is not `name:hash`; the text says which."""


@dataclass(frozen=True, slots=True)
class CredentialKey:
    """A field of the login form; `hide` for what must not be shown while typed."""

    name: str
    hide: bool = False


@dataclass(frozen=True, slots=True)
class AuthenticatorInfo:
    mnemonic: str
    keys: tuple[CredentialKey, ...]
    admin: bool = False


USERNAME_AND_PASSWORD = (CredentialKey("username"), CredentialKey("password", hide=True))


class UserStore(Protocol):
    """Where the accounts of a mechanism are. All names are without the mechanism."""

    def password_hash(self, connection: Connection, name: str) -> str | None: ...
    def names(self, connection: Connection) -> list[str]: ...
    def put(self, connection: Connection, name: str, password_hash: str) -> None: ...
    def remove(self, connection: Connection, name: str) -> bool: ...


class FileUsers:
    """Accounts in a text file, one `name:hash` per line, `#` starts a comment. Read again whenever it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._users: dict[str, str] = {}

    def password_hash(self, connection: Connection, name: str) -> str | None:  # noqa: ARG002
        return self._read().get(name)

    def names(self, connection: Connection) -> list[str]:  # noqa: ARG002
        return sorted(self._read())

    def put(self, connection: Connection, name: str, password_hash: str) -> None:  # noqa: ARG002
        if ":" in name or name.startswith("#") or name != name.strip():
            raise UsersFileError(f"User name '{name}' cannot be kept in a users file: no ':', no '#' or blank in front")
        self._write({**self._read(), name: password_hash})

    def remove(self, connection: Connection, name: str) -> bool:  # noqa: ARG002
        users = dict(self._read())
        known = users.pop(name, None) is not None
        if known:
            self._write(users)
        return known

    def _read(self) -> dict[str, str]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return {}
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._users, self._stamp = self._parse(self._path.read_text(encoding="utf-8")), stamp
        return self._users

    def _parse(self, text: str) -> dict[str, str]:
        users: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, password_hash = line.partition(":")
            if not name or not password_hash.startswith(HASH_METHODS):
                raise UsersFileError(f"{self._path}, line {number}: expected name:hash with a hash made by 'user add'")
            users[name] = password_hash.strip()
        return users

    def _write(self, users: Mapping[str, str]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.touch(mode=0o600)
        fresh.write_text("".join(f"{name}:{users[name]}\n" for name in sorted(users)), encoding="utf-8")
        fresh.replace(self._path)


class DatabaseUsers:
    """Accounts in the database of the catalogue."""

    def password_hash(self, connection: Connection, name: str) -> str | None:
        return connection.execute(select(accounts.c.passwordHash).where(accounts.c.name == name)).scalar()

    def names(self, connection: Connection) -> list[str]:
        return list(connection.execute(select(accounts.c.name).order_by(accounts.c.name)).scalars())

    def put(self, connection: Connection, name: str, password_hash: str) -> None:
        self.remove(connection, name)
        connection.execute(insert(accounts), {"name": name, "passwordHash": password_hash})

    def remove(self, connection: Connection, name: str) -> bool:
        return connection.execute(delete(accounts).where(accounts.c.name == name)).rowcount > 0


class Authenticators:
    """The mechanisms that are switched on, in their configured order."""

    def __init__(self, settings: Settings) -> None:
        self._mechanisms = settings.mechanisms
        self._stores: dict[str, UserStore] = {"db": DatabaseUsers()}
        if settings.users_file is not None:
            self._stores["simple"] = FileUsers(settings.users_file)

    def describe(self) -> Sequence[AuthenticatorInfo]:
        """What a client may ask its user for."""
        return [AuthenticatorInfo(m, () if m == "anon" else USERNAME_AND_PASSWORD) for m in self._mechanisms]

    def store(self, mechanism: str) -> UserStore | None:
        """Where the accounts of `simple` or `db` are kept; None when there is no such place."""
        return self._stores.get(mechanism)

    def authenticate(self, connection: Connection, plugin: str | None, credentials: Mapping[str, str]) -> str:
        """Check the credentials and return the user name, `<mechanism>/<name>`. Raises IcatError of type SESSION."""
        if plugin not in self._mechanisms:
            raise IcatError("SESSION", f"Authenticator mnemonic {'null' if plugin is None else plugin} not recognised")
        if plugin == "anon":
            return "anon/anon"
        name, password = credentials.get("username"), credentials.get("password")
        if not name:
            raise IcatError("SESSION", "username cannot be null or empty.")
        if not password:
            raise IcatError("SESSION", "password cannot be null or empty.")
        store = self._stores.get(plugin)
        expected = store.password_hash(connection, name) if store and "\0" not in name else None
        # An unknown name costs as much time as a wrong password, so that names cannot be guessed by the clock.
        if not check_password_hash(expected or _nobody(), password) or expected is None:
            raise IcatError("SESSION", "The username and password do not match")
        return f"{plugin}/{name}"


def hash_password(password: str) -> str:
    return generate_password_hash(password)


@cache
def _nobody() -> str:
    return generate_password_hash("")
