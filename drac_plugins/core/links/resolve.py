"""Which dataset a declared input path means. Pure: the caller hands over the datasets at the places asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from drac_plugins.core.links.paths import ancestors, joins, spellings
from drac_plugins.core.links.records import Item, Located, Resolution

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
Known = Mapping[str, Sequence[Located]]


def places(items: Sequence[Item], key_of: Callable[[str], str]) -> set[str]:
    """Every location key that the resolution of these items may look at."""
    wanted: set[str] = set()
    for n, item in enumerate(items):
        wanted.update(_readings(item.key))
        wanted.update(key_of(text) for text, _ in joins([i.path for i in items], n))
    return wanted


def resolve(
    items: Sequence[Item], known: Known, key_of: Callable[[str], str], *, near: Located
) -> tuple[Resolution | None, ...]:
    """For every item the dataset it means, None when nobody has registered it. `near` is the dataset that declares
    them: among several datasets at one place its own investigation wins, then the nearest start."""
    found: list[Resolution | None] = []
    paths = [item.path for item in items]
    while len(found) < len(items):
        at = len(found)
        one = _one(items[at].key, known, near)
        if one is not None:
            found.append(one)
            continue
        joined, count = _joined(paths, at, known, key_of, near)
        found.extend([joined] * count)
    return tuple(found)


def _readings(key: str) -> Iterable[str]:
    yield key
    yield from ancestors(key)
    for other in spellings(key):
        yield other
        yield from ancestors(other)


def _one(key: str, known: Known, near: Located) -> Resolution | None:
    for spelling in (key, *spellings(key)):
        for n, place in enumerate((spelling, *ancestors(spelling))):
            if known.get(place):
                return Resolution(_best(known[place], near).dataset_id, inferred=n > 0)
    return None


def _joined(
    paths: Sequence[str], at: int, known: Known, key_of: Callable[[str], str], near: Located
) -> tuple[Resolution | None, int]:
    for text, count in joins(paths, at):
        here = known.get(key_of(text))
        if here:
            return Resolution(_best(here, near).dataset_id), count
    return None, 1


def _best(candidates: Sequence[Located], near: Located) -> Located:
    def distance(other: Located) -> tuple[bool, float, int]:
        apart = abs(((other.start or _LONG_AGO) - (near.start or _LONG_AGO)).total_seconds())
        return other.investigation_id != near.investigation_id, apart, other.dataset_id

    return min(candidates, key=distance)
