"""Reading and writing the link table and the table of locations, inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, or_, select, text, update

from drac_plugins.core.links.closure import Graph, graph
from drac_plugins.core.links.paths import inside, spellings
from drac_plugins.core.links.records import Item, Located, Resolution
from drac_plugins.core.links.resolve import places, resolve
from drac_plugins.core.links.tables import dataset_link as links
from drac_plugins.core.links.tables import dataset_location as locations

PORTION = 400  # values in one statement; SQLite takes 32766, planners prefer fewer
_T = TypeVar("_T")
_LINKS = 0x6C696E6B  # advisory lock of PostgreSQL, held until the transaction ends


def alone(connection: Connection) -> None:
    """From here to the end of the transaction nobody else changes links. Who changes a link has to know everything
    above and below it, so two changes of one family must not overlook each other. On SQLite every writing transaction
    is alone anyway. Call it before reading, and before locking rows of the tables of links."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LINKS})


def portions(values: Iterable[_T], size: int = PORTION) -> Iterator[list[_T]]:
    whole = list(values)
    for first in range(0, len(whole), size):
        yield whole[first : first + size]


# ---------------------------------------------------------------------------------------------------- locations


def _located(row: Row[tuple[object, ...]]) -> Located:
    return Located(
        row.dataset_id,
        row.location,
        row.location_key,
        row.investigation_id,
        row.proposal,
        row.name,
        row.start,
        row.processed,
    )


def put_locations(connection: Connection, datasets: Sequence[Located]) -> None:
    """Insert or bring in line; the bookkeeping of the lists is kept."""
    present = {d.dataset_id for d in located(connection, [d.dataset_id for d in datasets]).values()}
    rows = [
        {
            "dataset_id": d.dataset_id,
            "location_key": d.location_key,
            "location": d.location,
            "investigation_id": d.investigation_id,
            "proposal": d.proposal,
            "name": d.name,
            "start": d.start,
            "processed": d.processed,
        }
        for d in datasets
    ]
    fresh = [row for row in rows if row["dataset_id"] not in present]
    if fresh:
        connection.execute(locations.insert(), fresh)
    known = [row | {"which": row["dataset_id"]} for row in rows if row["dataset_id"] in present]
    if known:
        connection.execute(update(locations).where(locations.c.dataset_id == bindparam("which")), known)


def forget(connection: Connection, dataset_ids: Collection[int]) -> None:
    """The datasets have gone from the catalogue: what they declared goes, what others said about them is pending."""
    for portion in portions(dataset_ids):
        connection.execute(delete(locations).where(locations.c.dataset_id.in_(portion)))
        connection.execute(delete(links).where(links.c.output_id.in_(portion)))
        connection.execute(update(links).where(links.c.input_id.in_(portion)).values(input_id=None, inferred=False))


def located(connection: Connection, dataset_ids: Iterable[int]) -> dict[int, Located]:
    found: dict[int, Located] = {}
    for portion in portions(dataset_ids):
        rows = connection.execute(select(locations).where(locations.c.dataset_id.in_(portion)))
        found.update((row.dataset_id, _located(row)) for row in rows)
    return found


def lying_at(connection: Connection, keys: Iterable[str]) -> dict[str, list[Located]]:
    """Datasets by location key."""
    found: dict[str, list[Located]] = {}
    for portion in portions(keys):
        query = select(locations).where(locations.c.location_key.in_(portion)).order_by(locations.c.dataset_id)
        for row in connection.execute(query):
            found.setdefault(row.location_key, []).append(_located(row))
    return found


def lying_inside(connection: Connection, key: str, *, limit: int) -> list[Located]:
    """Datasets whose folder is inside this one, in order of their keys."""
    first, behind = inside(key)
    query = (
        select(locations)
        .where(locations.c.location_key >= first, locations.c.location_key < behind)
        .order_by(locations.c.location_key)
        .limit(limit)
    )
    return [_located(row) for row in connection.execute(query)]


# -------------------------------------------------------------------------------------------------------- links


def declare(connection: Connection, output_id: int, items: Sequence[Item], now: datetime) -> bool:
    """Make these the declared inputs of a dataset, in this order. Returns whether anything was different."""
    return bool(declare_all(connection, {output_id: items}, now))


def declare_all(connection: Connection, wanted: Mapping[int, Sequence[Item]], now: datetime) -> set[int]:
    """The same for several datasets; returns those that had declared something else."""
    before = declared(connection, wanted)
    changed = {output for output, items in wanted.items() if tuple(items) != before.get(output, ())}
    for portion in portions(changed & before.keys()):
        connection.execute(delete(links).where(links.c.output_id.in_(portion)))
    rows = [
        {
            "output_id": output,
            "position": n,
            "declared_path": item.path,
            "path_key": item.key,
            "inferred": False,
            "since": now,
        }
        for output in sorted(changed)
        for n, item in enumerate(wanted[output])
    ]
    if rows:
        connection.execute(links.insert(), rows)
    return changed


def declared(connection: Connection, output_ids: Iterable[int], *, lock: bool = False) -> dict[int, tuple[Item, ...]]:
    """Declared inputs by dataset. `lock`: nobody else looks these up before the transaction ends."""
    found: dict[int, list[Item]] = {}
    for portion in portions(sorted(output_ids)):
        query = select(links).where(links.c.output_id.in_(portion)).order_by(links.c.output_id, links.c.position)
        if lock:
            query = query.with_for_update()
        for row in connection.execute(query):
            found.setdefault(row.output_id, []).append(Item(row.declared_path, row.path_key))
    return {output: tuple(items) for output, items in found.items()}


def interested_in(connection: Connection, key: str) -> set[int]:
    """Datasets that declared this folder, or something inside it, as an input (in whatever spelling)."""
    found: set[int] = set()
    for place in (key, *spellings(key)):
        first, behind = inside(place)
        condition = or_(links.c.path_key == place, and_(links.c.path_key >= first, links.c.path_key < behind))
        found.update(connection.execute(select(links.c.output_id).where(condition).distinct()).scalars())
    if "," in key:
        head = key.split(",", 1)[0]
        found.update(connection.execute(select(links.c.output_id).where(links.c.path_key == head)).scalars())
    return found


def settle(connection: Connection, output_ids: Collection[int], key_of: Callable[[str], str]) -> dict[int, set[int]]:
    """Look up again what the declared inputs of these datasets mean. Returns those whose links became different, each
    with the inputs that it gained or lost."""
    changed: dict[int, set[int]] = {}
    here = located(connection, output_ids)
    for portion in portions(sorted(here)):
        items = declared(connection, portion, lock=True)  # before looking around, so that the later of two sees both
        known = lying_at(connection, set().union(*(places(i, key_of) for i in items.values())))
        before = resolved(connection, portion)
        for output, wanted in items.items():
            after = resolve(wanted, known, key_of, near=here[output])
            if after != before[output]:
                _rewrite(connection, output, after, before[output])
                changed[output] = {r.dataset_id for r in {*after} ^ {*before[output]} if r is not None}
    return changed


def resolved(connection: Connection, output_ids: Collection[int]) -> dict[int, tuple[Resolution | None, ...]]:
    found: dict[int, list[Resolution | None]] = {}
    query = select(links).where(links.c.output_id.in_(output_ids)).order_by(links.c.output_id, links.c.position)
    for row in connection.execute(query):
        resolution = None if row.input_id is None else Resolution(row.input_id, row.inferred)
        found.setdefault(row.output_id, []).append(resolution)
    return {output: tuple(rows) for output, rows in found.items()}


def _rewrite(
    connection: Connection,
    output_id: int,
    after: Sequence[Resolution | None],
    before: Sequence[Resolution | None],
) -> None:
    for position, (new, old) in enumerate(zip(after, before, strict=True)):
        if new != old:
            connection.execute(
                update(links)
                .where(links.c.output_id == output_id, links.c.position == position)
                .values(input_id=new.dataset_id if new else None, inferred=bool(new and new.inferred))
            )


# -------------------------------------------------------------------------------------------------------- graph


def inferred_inputs(connection: Connection, output_ids: Iterable[int]) -> dict[int, set[int]]:
    """Inputs that were found by a file or folder inside them only."""
    found: dict[int, dict[int, bool]] = {}
    for portion in portions(output_ids):
        query = select(links.c.output_id, links.c.input_id, links.c.inferred).where(
            links.c.output_id.in_(portion), links.c.input_id.is_not(None)
        )
        for output, source, inferred in connection.execute(query):
            known = found.setdefault(output, {})
            known[source] = known.get(source, True) and inferred
    return {output: {s for s, inferred in known.items() if inferred} for output, known in found.items()}


def inferred_items(connection: Connection, output_ids: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """By output what it declared inside its inputs: the input, and the path inside its folder."""
    found: dict[int, list[tuple[int, str]]] = {}
    for portion in portions(output_ids):
        query = (
            select(links.c.output_id, links.c.input_id, links.c.path_key, locations.c.location_key)
            .join(locations, locations.c.dataset_id == links.c.input_id)
            .where(links.c.output_id.in_(portion), links.c.inferred)
            .order_by(links.c.output_id, links.c.position)
        )
        for output, source, path, folder in connection.execute(query):
            inner = next((p[len(folder) + 1 :] for p in (path, *spellings(path)) if p.startswith(f"{folder}/")), "")
            if inner:
                found.setdefault(output, []).append((source, inner))
    return found


def declared_inside(connection: Connection, input_ids: Iterable[int]) -> set[int]:
    """Outputs that declared something inside these datasets as their input."""
    found: set[int] = set()
    for portion in portions(input_ids):
        query = select(links.c.output_id).where(links.c.input_id.in_(portion), links.c.inferred).distinct()
        found.update(connection.execute(query).scalars())
    return found


def family(connection: Connection, dataset_ids: Iterable[int]) -> Graph:
    """All links above and below these datasets, over any distance."""
    start = set(dataset_ids)
    pairs = {**_walk(connection, start, up=True), **_walk(connection, start, up=False)}
    return graph((output, source) for (output, _), source in sorted(pairs.items()))


def _walk(connection: Connection, start: set[int], *, up: bool) -> dict[tuple[int, int], int]:
    pairs: dict[tuple[int, int], int] = {}
    seen, level = set(start), set(start)
    while level:
        following: set[int] = set()
        for portion in portions(level):
            for row in connection.execute(_edges(portion, up=up)):
                output, position, source = row.output_id, row.position, row.input_id
                pairs[output, position] = source
                following.add(source if up else output)
        level = following - seen
        seen |= following
    return pairs


def _edges(dataset_ids: Collection[int], *, up: bool) -> Select[tuple[int, int, int]]:
    end = links.c.output_id if up else links.c.input_id
    return select(links.c.output_id, links.c.position, links.c.input_id).where(
        end.in_(dataset_ids), links.c.input_id.is_not(None), links.c.input_id != links.c.output_id
    )


# -------------------------------------------------------------------------------------------------- bookkeeping


def want_written(connection: Connection, dataset_ids: Iterable[int]) -> None:
    """The lists of these datasets have to be brought in line in the catalogue."""
    for portion in portions(dataset_ids):
        connection.execute(
            update(locations)
            .where(locations.c.dataset_id.in_(portion))
            .values(links_wanted=locations.c.links_wanted + 1)
        )


def want_jobs(connection: Connection, dataset_ids: Iterable[int]) -> None:
    for portion in portions(dataset_ids):
        connection.execute(
            update(locations)
            .where(locations.c.dataset_id.in_(portion))
            .values(job_wanted=True, links_wanted=locations.c.links_wanted + 1)
        )


def revisions(connection: Connection, dataset_ids: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for portion in portions(dataset_ids):
        query = select(locations.c.dataset_id, locations.c.links_wanted).where(locations.c.dataset_id.in_(portion))
        found.update((row.dataset_id, row.links_wanted) for row in connection.execute(query))
    return found


def jobs_wanted(connection: Connection, dataset_ids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for portion in portions(dataset_ids):
        query = select(locations.c.dataset_id).where(locations.c.dataset_id.in_(portion), locations.c.job_wanted)
        found.update(connection.execute(query).scalars())
    return found


def written(connection: Connection, done: Mapping[int, int], jobs: Iterable[int]) -> None:
    """The catalogue shows these revisions; what was asked for meanwhile stays due."""
    if done:
        connection.execute(
            update(locations)
            .where(
                locations.c.dataset_id == bindparam("which"),
                locations.c.links_written < bindparam("revision"),
            )
            .values(links_written=bindparam("revision")),
            [{"which": dataset_id, "revision": revision} for dataset_id, revision in done.items()],
        )
    jobs_done = [{"which": dataset_id, "revision": done[dataset_id]} for dataset_id in jobs if dataset_id in done]
    if jobs_done:
        connection.execute(
            update(locations)
            .where(locations.c.dataset_id == bindparam("which"), locations.c.links_wanted == bindparam("revision"))
            .values(job_wanted=False),
            jobs_done,
        )


def due(connection: Connection, limit: int) -> list[int]:
    """Datasets whose lists the catalogue does not show yet (a writer was killed, or the catalogue was down)."""
    query = (
        select(locations.c.dataset_id)
        .where(locations.c.links_wanted > locations.c.links_written)
        .order_by(locations.c.dataset_id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def due_among(connection: Connection, dataset_ids: Iterable[int]) -> set[int]:
    """Those of these datasets whose lists the catalogue does not show yet."""
    found: set[int] = set()
    for portion in portions(dataset_ids):
        query = select(locations.c.dataset_id).where(
            locations.c.dataset_id.in_(portion), locations.c.links_wanted > locations.c.links_written
        )
        found.update(connection.execute(query).scalars())
    return found
