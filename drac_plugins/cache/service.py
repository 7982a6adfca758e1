"""Use cases of the cache. Everybody sees what is kept for the own session; administrators also that there is something
for others, but not what: that is between those people and the catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from typing import Any

from drac_plugins.core.caches import Entry, Kept
from drac_plugins.core.errors import NotFound
from drac_plugins.core.people import person_of, require_administrator
from drac_plugins.core.reads import investigations
from drac_plugins.core.reads.criteria import InvestigationCriteria, Window
from drac_plugins.core.reads.records import InvestigationRecord
from drac_plugins.core.reads.view import View
from drac_plugins.core.services import Services
from icat_schema.gateway import Session

MOST = 500
_LATEST = Window(limit=MOST, sort_by="STARTDATE", descending=True)


@dataclass(frozen=True, slots=True)
class UserStorage:
    """The latest investigations that the session sees, and those in which its user takes part; `MOST` of each."""

    user_name: str
    mine: Sequence[InvestigationRecord]
    seen: Sequence[InvestigationRecord]


INVESTIGATIONS: Kept[UserStorage] = Kept(
    "investigations",
    "portals ask for the lists that they open with again and again, and nobody's sessions change by the minute",
    seconds=300,
    session_bytes=8 * 1024 * 1024,
    sessions=64,
)


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    reason: str
    hits: int
    misses: int
    keys: int
    values_size: int


@dataclass(frozen=True, slots=True)
class Totals:
    hits: int
    misses: int
    keys: int
    keys_size: int
    values_size: int
    caches: Sequence[Named]


def user_storage(services: Services, view: View) -> UserStorage:
    """What is kept for the session; asked for where it is not kept yet."""
    name = view.session.user_name()
    return services.caches.of(INVESTIGATIONS).value(view.session.id, "storage", lambda: _loaded(view, name))


def reload(services: Services, view: View) -> None:
    """What is kept for the session counts no more, for an administrator what is kept for anybody; the session's own
    lists are asked for at once."""
    if person_of(services, view.session).is_administrator:
        services.caches.forget_everything()
    else:
        services.caches.forget(view.session.id)
    user_storage(services, view)


def keys(services: Services, session: Session) -> list[str]:
    """Of the session; for administrators, of all."""
    everybody = person_of(services, session).is_administrator
    found = services.caches.entries(None if everybody else services.caches.owner(session.id))
    return sorted(map(_key, found))


def content(services: Services, session: Session, key: str) -> Mapping[str, Any]:
    """What is kept under the key, as the wire has it. Raises NotFound, also for what is kept for others unless an
    administrator asks."""
    everybody = person_of(services, session).is_administrator
    owner = services.caches.owner(session.id)
    found = next((e for e in services.caches.entries(None if everybody else owner) if _key(e) == key), None)
    if found is None:
        raise NotFound(f"Nothing is kept under {key!r} (any more); GET /cache/keys lists what is")
    kept = next(one for one in services.caches.declared() if one.name == found.cache)
    facts = {
        "key": key,
        "cache": kept.name,
        "reason": kept.reason,
        "seconds": kept.seconds,
        "sessionBytes": kept.session_bytes,
        "sessions": kept.sessions,
        "age": round(found.age, 3),
        "size": found.size,
    }
    return facts if found.owner != owner else {**facts, "question": str(found.key), "value": _plain(found.value)}


def totals(services: Services, session: Session) -> Totals:
    """Raises Forbidden for who is no administrator."""
    require_administrator(services, session)
    found = services.caches.statistics()
    reasons = {kept.name: kept.reason for kept in services.caches.declared()}
    return Totals(
        hits=sum(one.hits for one in found.values()),
        misses=sum(one.misses for one in found.values()),
        keys=sum(one.keys for one in found.values()),
        keys_size=sum(one.keys_size for one in found.values()),
        values_size=sum(one.values_size for one in found.values()),
        caches=[
            Named(name, reasons[name], one.hits, one.misses, one.keys, one.values_size) for name, one in found.items()
        ],
    )


def _loaded(view: View, name: str) -> UserStorage:
    mine = investigations.find(view, InvestigationCriteria(scope="participant"), _LATEST)
    seen = investigations.find(view, InvestigationCriteria(), _LATEST)
    return UserStorage(name, mine.items, seen.items)


def _key(entry: Entry) -> str:
    """The question itself stays with the session that asked it."""
    question = hashlib.blake2b(repr(entry.key).encode(), digest_size=6).hexdigest()
    return f"{entry.cache}:{entry.owner}:{question}"


def _plain(value: Any) -> Any:
    """As JSON can carry it."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return value if value is None or isinstance(value, bool | int | float | str | date) else str(value)
