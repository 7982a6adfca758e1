"""Answers of the catalogue that are kept for a while: named caches, each with its reason and its bounds, per session.

What one session was told is never told to another, as only the catalogue knows who may see what. A value that is kept
is returned without asking anybody: code whose whole answer may come from here asks `session.user_name()` of the
caller's own session first (one short call), so that a session that has ended gets nothing.

A cache lives in one process; `forget` and `forget_everything` reach all processes that were forked from the one that
made the registry (the workers of the server). Other hosts learn of nothing: there `seconds` is the bound.
"""

from __future__ import annotations

import hashlib
import mmap
import secrets
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields, is_dataclass
from sys import getsizeof
from typing import Any, Generic, TypeVar, cast

from cachetools import LRUCache, TTLCache

Value = TypeVar("Value")

_SLOTS = 4096
_SLOT_BYTES = 8
_SAMPLE = 16
_OVERHEAD_BYTES = 256  # of an entry itself, so that many small ones are bounded too


@dataclass(frozen=True, slots=True)
class Kept(Generic[Value]):
    """Declares a cache, at the module that fills it. `reason`: why asking each time would not do. A value is kept for
    `seconds` at most, of one session at most `session_bytes`, and of at most `sessions` sessions (who was not here for
    the longest time goes first)."""

    name: str
    reason: str
    seconds: float = 60.0
    session_bytes: int = 1024 * 1024
    sessions: int = 256


@dataclass(frozen=True, slots=True)
class Entry:
    """`owner` stands for the session without giving it away. `age` in seconds, `size` an estimate in bytes."""

    cache: str
    owner: str
    key: Hashable
    value: Any
    age: float
    size: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of this process since it began; `keys_size` and `values_size` are estimates in bytes."""

    hits: int = 0
    misses: int = 0
    keys: int = 0
    keys_size: int = 0
    values_size: int = 0


class Cache(Generic[Value]):
    """Made by `Caches.of`. Thread-safe."""

    def __init__(self, kept: Kept[Value], forgotten: _Forgotten, now: Callable[[], float]) -> None:
        self.kept = kept
        self._forgotten = forgotten
        self._now = now
        self._lock = threading.Lock()
        self._sessions: LRUCache[str, TTLCache[Hashable, _Held[Value]]] = LRUCache(kept.sessions)
        self._coming: dict[tuple[str, Hashable, bytes], Future[Value]] = {}
        self._hits = self._misses = 0

    def value(self, session_id: str, key: Hashable, load: Callable[[], Value]) -> Value:
        """What is kept under the key for this session, else what `load` returns. Who asks while another thread loads
        the same waits for it and gets the same, or the same exception; exceptions are not kept."""
        owner = self._forgotten.owner(session_id)
        stamp = self._forgotten.stamp(owner)
        with self._lock:
            held = self._of(owner).get(key)
            if held is not None and held.stamp == stamp:
                self._hits += 1
                return held.value
            self._misses += 1
            coming = self._coming.get((owner, key, stamp))
            mine = coming is None
            if coming is None:
                coming = self._coming[owner, key, stamp] = Future()
        return self._loaded(owner, key, stamp, load, coming) if mine else coming.result()

    def entries(self, owner: str | None = None) -> list[Entry]:
        """What is kept now, of one owner or of all."""
        now = self._now()
        with self._lock:
            found = []
            for name, kept in self._sessions.items():
                kept.expire()
                stamp = self._forgotten.stamp(name)
                found += [
                    Entry(self.kept.name, name, key, held.value, now - held.since, held.size)
                    for key, held in kept.items()
                    if held.stamp == stamp and owner in (None, name)
                ]
        return found

    def statistics(self) -> Statistics:
        entries = self.entries()
        keys_size = sum(estimated_bytes(entry.key) for entry in entries)
        values_size = sum(entry.size for entry in entries)
        return Statistics(self._hits, self._misses, len(entries), keys_size, values_size)

    def _of(self, owner: str) -> TTLCache[Hashable, _Held[Value]]:
        found = self._sessions.get(owner)
        if found is None:
            kept = self.kept
            found = TTLCache(kept.session_bytes, kept.seconds, timer=self._now, getsizeof=_size_of)
            self._sessions[owner] = found
        return found

    def _loaded(
        self, owner: str, key: Hashable, stamp: bytes, load: Callable[[], Value], coming: Future[Value]
    ) -> Value:
        try:
            value = load()
        except BaseException as error:
            coming.set_exception(error)
            raise
        else:
            coming.set_result(value)
            self._keep(owner, key, _Held(value, stamp, self._now(), estimated_bytes(value)))
            return value
        finally:
            with self._lock:
                del self._coming[owner, key, stamp]

    def _keep(self, owner: str, key: Hashable, held: _Held[Value]) -> None:
        if _size_of(held) <= self.kept.session_bytes:
            with self._lock:
                self._of(owner)[key] = held


class Caches:
    """The caches of one process. `now`: seconds of a clock that never goes back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._forgotten = _Forgotten()
        self._lock = threading.Lock()
        self._caches: dict[str, Cache[Any]] = {}

    def of(self, kept: Kept[Value]) -> Cache[Value]:
        """The cache that was declared so; made when it is first asked for. Raises ValueError when another declaration
        has the same name."""
        with self._lock:
            found = self._caches.get(kept.name)
            if found is None:
                found = self._caches[kept.name] = Cache(kept, self._forgotten, self._now)
        if found.kept != kept:
            raise ValueError(f"There are two caches called {kept.name}")
        return cast(Cache[Value], found)

    def owner(self, session_id: str) -> str:
        """What stands for the session in `Entry.owner`; nobody can find the session from it."""
        return self._forgotten.owner(session_id)

    def declared(self) -> Sequence[Kept[Any]]:
        """Of the caches that were used so far, by name."""
        return [cache.kept for cache in self._all()]

    def entries(self, owner: str | None = None) -> list[Entry]:
        return [entry for cache in self._all() for entry in cache.entries(owner)]

    def statistics(self) -> Mapping[str, Statistics]:
        """By name of the cache."""
        return {cache.kept.name: cache.statistics() for cache in self._all()}

    def forget(self, session_id: str) -> None:
        """What a session was told counts no more, also what is being loaded now; call it after a change that the same
        session makes, and when the session ends."""
        self._forgotten.forget(self._forgotten.owner(session_id))

    def forget_everything(self) -> None:
        """For all sessions; call it after changes of what people may see."""
        self._forgotten.forget(None)

    def _all(self) -> list[Cache[Any]]:
        with self._lock:
            return [self._caches[name] for name in sorted(self._caches)]


@dataclass(frozen=True, slots=True)
class _Held(Generic[Value]):
    value: Value
    stamp: bytes
    since: float
    size: int


class _Forgotten:
    """When the values of a session were last declared void: a stamp per session, in memory that forked processes share.
    Sessions that happen to have the same slot are forgotten together, which costs them one question more."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        self._stamps = mmap.mmap(-1, (_SLOTS + 1) * _SLOT_BYTES)

    def owner(self, session_id: str) -> str:
        return hashlib.blake2b(session_id.encode(), key=self._secret, digest_size=8).hexdigest()

    def stamp(self, owner: str) -> bytes:
        slot = self._slot(owner)
        return self._stamps[:_SLOT_BYTES] + self._stamps[slot : slot + _SLOT_BYTES]

    def forget(self, owner: str | None) -> None:
        """Of one owner, or of all."""
        slot = 0 if owner is None else self._slot(owner)
        self._stamps[slot : slot + _SLOT_BYTES] = secrets.token_bytes(_SLOT_BYTES)

    def _slot(self, owner: str) -> int:
        return (1 + int(owner, 16) % _SLOTS) * _SLOT_BYTES


def estimated_bytes(value: Any) -> int:
    """How much memory a value takes, about: of long collections some members are looked at and count for all."""
    if isinstance(value, Mapping):
        return getsizeof(value) + _sampled(list(value)) + _sampled(list(value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return getsizeof(value) + _sampled(list(value))
    if is_dataclass(value) and not isinstance(value, type):
        return getsizeof(value) + sum(estimated_bytes(getattr(value, field.name)) for field in fields(value))
    return getsizeof(value)


def _sampled(values: list[Any]) -> int:
    looked_at = values[:: max(1, len(values) // _SAMPLE)]
    return sum(map(estimated_bytes, looked_at)) * len(values) // len(looked_at) if looked_at else 0


def _size_of(held: _Held[Any]) -> int:
    return held.size + _OVERHEAD_BYTES
