"""Who somebody is: the authenticators `simple` (users in a file), `db` (users in the database), `oidc` (tokens of an
OpenID provider) and `anon`.

Passwords are stored as werkzeug hashes (scrypt), never as they are. A name that nobody has costs as much time as a
wrong password, so that names cannot be found out by the clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Column, Connection, String, Table, delete, insert, select
from werkzeug.security import check_password_hash, generate_password_hash

from icat_schema.server.authn_attempts import Attempts
from icat_schema.server.errors import IcatError
from icat_schema.server.settings import Settings
from icat_schema.server.store.tables import metadata

if TYPE_CHECKING:
    from icat_schema.server.authn_tokens import Tokens

accounts = Table(
    "server_account",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("passwordHash", String(511), nullable=False),
)
"""Users of the mechanism `db`."""

MAX_LENGTH = 255
"""Of a user name and of a password in a login."""
UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
"""The character that PostgreSQL does not take, and half characters, which JSON can name."""
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
    """`friendly`: what a form calls it; `admin`: for the people who run the catalogue."""

    mnemonic: str
    keys: tuple[CredentialKey, ...]
    admin: bool = False
    friendly: str | None = None


USERNAME_AND_PASSWORD = (CredentialKey("username"), CredentialKey("password", hide=True))
KEYS: Mapping[str, tuple[CredentialKey, ...]] = {"anon": (), "oidc": (CredentialKey("token", hide=True),)}
"""Of the mechanisms that want something else."""


class UserStore(Protocol):
    """Where the accounts of a mechanism are. All names are without the mechanism."""

    def password_hash(self, connection: Connection, name: str) -> str | None: ...
    def any_hash(self, connection: Connection) -> str | None: ...
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

    def any_hash(self, connection: Connection) -> str | None:  # noqa: ARG002
        return next(iter(self._read().values()), None)

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

    def any_hash(self, connection: Connection) -> str | None:
        return connection.execute(select(accounts.c.passwordHash).limit(1)).scalar()

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
        self._friendly = dict(settings.friendly_names)
        self._admin = settings.admin_mechanisms
        self._tokens = _tokens(settings) if settings.oidc_issuer else None
        self._token_users = settings.oidc_mechanism
        self._attempts = Attempts() if settings.slow_down_logins else None
        self._stores: dict[str, UserStore] = {"db": DatabaseUsers()}
        if settings.users_file is not None:
            self._stores["simple"] = FileUsers(settings.users_file)

    def describe(self) -> Sequence[AuthenticatorInfo]:
        """What a client may ask its user for."""
        return [
            AuthenticatorInfo(m, KEYS.get(m, USERNAME_AND_PASSWORD), m in self._admin, self._friendly.get(m))
            for m in self._mechanisms
        ]

    def store(self, mechanism: str) -> UserStore | None:
        """Where the accounts of `simple` or `db` are kept; None when there is no such place."""
        return self._stores.get(mechanism)

    def authenticate(
        self, connection: Connection, plugin: str | None, credentials: Mapping[str, str], address: str = ""
    ) -> str:
        """Check the credentials and return the user name, `<mechanism>/<name>`. Raises IcatError of type SESSION.

        `address`: where the attempt comes from.
        """
        if plugin not in self._mechanisms:
            raise IcatError("SESSION", f"Authenticator mnemonic {'null' if plugin is None else plugin} not recognised")
        if plugin == "anon":
            return "anon/anon"
        if plugin == "oidc" and self._tokens is not None:
            return f"{self._token_users}/{self._tokens.user(credentials.get('token') or '')}"
        name, password = credentials.get("username"), credentials.get("password")
        if not name:
            raise IcatError("SESSION", "username cannot be null or empty.")
        if not password:
            raise IcatError("SESSION", "password cannot be null or empty.")
        if any(len(text) > MAX_LENGTH or UNSTORABLE.search(text) for text in (name, password)):
            raise IcatError("SESSION", "The username and password do not match")
        account = f"{plugin}/{name}"
        if self._attempts is not None:
            self._attempts.check(account, address)
        known = self._matches(connection, plugin, name, password)
        if self._attempts is not None:
            (self._attempts.succeeded if known else self._attempts.failed)(account, address)
        if not known:
            raise IcatError("SESSION", "The username and password do not match")
        return account

    def _matches(self, connection: Connection, plugin: str, name: str, password: str) -> bool:
        store = self._stores.get(plugin)
        if store is None:
            return False
        expected = store.password_hash(connection, name) if "\0" not in name else None
        if expected is None:
            # The same work as for the accounts that are there, whatever their hashes cost.
            check_password_hash(store.any_hash(connection) or _nobody(), password)
            return False
        return check_password_hash(expected, password)


def hash_password(password: str) -> str:
    return generate_password_hash(password)


@cache
def _nobody() -> str:
    return generate_password_hash("")


def _tokens(settings: Settings) -> Tokens:
    from icat_schema.server.authn_tokens import Tokens  # takes long to load, and few need it

    return Tokens(settings.oidc_issuer, settings.oidc_audiences, settings.oidc_claim)
