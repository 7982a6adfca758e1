"""Whose an offered key is."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from drac_plugins.core.apikeys.scopes import SCOPES
from drac_plugins.core.apikeys.tables import api_key
from drac_plugins.core.errors import Unavailable
from drac_plugins.core.settings import SettingsError
from drac_plugins.core.storage import Store

_DIGEST = re.compile(r"sha256:([0-9a-fA-F]{64})")
_LOG = logging.getLogger(__name__)
NOTED_EVERY = 60.0
"""Seconds between two notes of the last use of one key, so that not every request writes."""


@dataclass(frozen=True, slots=True)
class Application:
    """The owner of a key, and what the key is for."""

    name: str
    scopes: frozenset[str]


class ApiKeys:
    """The keys of the settings (`auth.api_keys`: name of an application -> the key, or `sha256:<hex digest>` of it),
    which may be used for everything, and those of the store. Thread-safe.

    Raises SettingsError when an entry of the settings is empty or its digest malformed. `clock`: seconds that never go
    back.
    """

    def __init__(self, keys: Mapping[str, str], store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._digests = {name: _digest(name, key) for name, key in keys.items()}
        self._store = store
        self._clock = clock
        self._noted: dict[str, float] = {}
        self._lock = threading.Lock()

    def application(self, key: str) -> Application | None:
        """The owner of the key, None when nobody has it. Raises Unavailable when the store does not answer."""
        offered = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        owner = None
        for name, digest in self._digests.items():  # all of them: the time does not tell which
            if hmac.compare_digest(offered, digest):
                owner = name
        return Application(owner, frozenset(SCOPES)) if owner is not None else self._in_store(offered.hex())

    def _in_store(self, digest: str) -> Application | None:
        c = api_key.c
        with self._store.read() as connection:
            found = connection.execute(select(c.id, c.name, c.scopes).where(c.digest == digest)).first()
        if found is None:
            return None
        self._note_use(found.id)
        return Application(found.name, frozenset(found.scopes))

    def _note_use(self, id_: str) -> None:
        now = self._clock()
        with self._lock:
            if now - self._noted.get(id_, -NOTED_EVERY) < NOTED_EVERY:
                return
            self._noted[id_] = now
        try:
            with self._store.begin() as connection:
                moment = {"last_used": datetime.now(UTC)}
                connection.execute(api_key.update().where(api_key.c.id == id_).values(moment))
        except Unavailable as error:  # worth a line, not somebody's request
            _LOG.warning("the last use of an API key could not be noted: %s", error)


def _digest(name: str, key: str) -> bytes:
    if not key:
        raise SettingsError(f"auth.api_keys.{name}: an API key must not be empty")
    if not key.startswith("sha256:"):
        return hashlib.sha256(key.encode()).digest()
    match = _DIGEST.fullmatch(key)
    if match is None:
        raise SettingsError(f"auth.api_keys.{name}: after sha256: come 64 hexadecimal digits")
    return bytes.fromhex(match[1])
