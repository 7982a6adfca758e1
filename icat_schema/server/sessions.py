"""Sessions: who is behind a session id, and until when. They are in the database and survive a restart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Column, Connection, Index, String, Table, delete, insert, select, update

from icat_schema.server.errors import IcatError
from icat_schema.server.store.columns import Instant
from icat_schema.server.store.tables import metadata

SESSION_ID_LENGTH = 36
PURGE_EVERY = timedelta(hours=1)

sessions = Table(
    "server_session",
    metadata,
    Column("id", String(SESSION_ID_LENGTH), primary_key=True),
    Column("userName", String(255), nullable=False),
    Column("expires", Instant, nullable=False),
    Index("ix_server_session_userName", "userName"),
    Index("ix_server_session_expires", "expires"),
)


class Sessions:
    """Opens, reads, extends and closes sessions. Every failure is an IcatError of type SESSION with ICAT's text."""

    def __init__(self, lifetime_minutes: int, clock: Callable[[], datetime]) -> None:
        self._lifetime = timedelta(minutes=lifetime_minutes)
        self._clock = clock
        self._purged: datetime | None = None

    def open(self, connection: Connection, user_name: str) -> str:
        """Start a session and return its id, a random UUID."""
        self._purge(connection)
        session_id = str(uuid4())
        connection.execute(
            insert(sessions), {"id": session_id, "userName": user_name, "expires": self._clock() + self._lifetime}
        )
        return session_id

    def user_name(self, connection: Connection, session_id: str | None) -> str:
        return self._valid(connection, session_id)[0]

    def remaining_minutes(self, connection: Connection, session_id: str | None) -> float:
        expires = self._valid(connection, session_id)[1]
        return (expires - self._clock()).total_seconds() / 60

    def refresh(self, connection: Connection, session_id: str | None) -> None:
        """Let the session live a whole lifetime from now on; an expired one stays expired."""
        self._valid(connection, session_id)
        connection.execute(
            update(sessions).where(sessions.c.id == session_id).values(expires=self._clock() + self._lifetime)
        )

    def close(self, connection: Connection, session_id: str | None) -> None:
        """Forget the session; works for an expired one as well."""
        self._stored(connection, session_id)
        connection.execute(delete(sessions).where(sessions.c.id == session_id))

    def is_logged_in(self, connection: Connection, user_name: str) -> bool:
        """Whether any unexpired session belongs to this user name."""
        condition = (sessions.c.userName == user_name) & (sessions.c.expires > self._clock())
        return connection.execute(select(sessions.c.id).where(condition).limit(1)).first() is not None

    def _valid(self, connection: Connection, session_id: str | None) -> tuple[str, datetime]:
        user_name, expires = self._stored(connection, session_id)
        if expires <= self._clock():
            raise IcatError("SESSION", f"Session id:{session_id} has expired")
        return user_name, expires

    @staticmethod
    def _stored(connection: Connection, session_id: str | None) -> tuple[str, datetime]:
        if not session_id:
            raise IcatError("SESSION", "Session Id cannot be null or empty.")
        statement = select(sessions.c.userName, sessions.c.expires).where(sessions.c.id == session_id)
        possible = len(session_id) <= SESSION_ID_LENGTH and session_id.isascii() and "\0" not in session_id
        row = connection.execute(statement).first() if possible else None
        if row is None:
            raise IcatError("SESSION", f"Unable to find user by sessionid: {session_id}")
        return row.userName, row.expires

    def _purge(self, connection: Connection) -> None:
        """Drop expired sessions, at most once an hour."""
        now = self._clock()
        if self._purged is None or now - self._purged >= PURGE_EVERY:
            connection.execute(delete(sessions).where(sessions.c.expires <= now))
            self._purged = now
