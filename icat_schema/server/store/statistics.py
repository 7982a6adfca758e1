"""What SQLite knows about the sizes of tables: it plans by figures that somebody has to renew as the catalogue grows.

PostgreSQL does so by itself.
"""

from __future__ import annotations

import sqlite3
from threading import Lock

from sqlalchemy import Connection

FIRST = 5_000
GROWTH = 4
AT_MOST = 1_000_000
"""Changed rows after which figures are renewed: at first, times GROWTH each time, and in the end."""
LOOKED_AT = 1_000
"""Rows of an index that are looked at: that takes milliseconds, whatever the size."""
PATIENCE_MS = 500
"""How long to wait for another writer; the next change is an occasion, too."""


class Statistics:
    """Counts the changes of all connections of one engine."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._changes = 0
        self._due = FIRST

    def note(self, connection: Connection, busy_timeout_ms: int) -> None:
        """To be called behind a commit. Renews the figures when it is time; every connection to come knows them."""
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        if not self._is_due(driver.total_changes - connection.info.get("changes", 0)):
            connection.info["changes"] = driver.total_changes
            return
        try:
            driver.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
            driver.execute(f"PRAGMA analysis_limit = {LOOKED_AT}")
            driver.execute("ANALYZE")
        except sqlite3.OperationalError:  # somebody writes
            with self._lock:
                self._changes = self._due
        finally:
            driver.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
            connection.info["changes"] = driver.total_changes
        connection.engine.dispose()  # figures are read when a connection is opened

    def _is_due(self, changes: int) -> bool:
        with self._lock:
            self._changes += changes
            if self._changes < self._due:
                return False
            self._changes = 0
            self._due = min(self._due * GROWTH, AT_MOST)
            return True
