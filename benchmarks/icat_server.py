"""The embedded catalogue against plain SQL on the same rows, and against itself with a hundred times the content.

Times are those of the server: the client moves bytes over one HTTP connection and reads each answer to its end without
parsing it; plain SQL is the driver's `fetchall` of the same columns. Ratios are between bests of several runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from icat.client import Client

from benchmarks.clock import best_seconds
from benchmarks.fill import Content, fill
from benchmarks.plain_sql import PlainSql, plain_sql
from benchmarks.postgres import make_database, postgres
from benchmarks.servers import catalogue_on
from benchmarks.wire import Wire

BATCH = 100
"""Datasets of one createMany call."""
PAGE = 80
NOW = "2026-01-02 03:04:05+00"


@dataclass(frozen=True)
class Size:
    """`datasets` × `parameters` for the ratios to plain SQL; `small` and `big` datasets × 3 for the growth, 0: none."""

    datasets: int = 2_000
    parameters: int = 60
    small: int = 10_000
    big: int = 1_000_000


@dataclass(frozen=True)
class Goal:
    """A line of the report; `genuine` is what ICAT 5.0.3 takes, plain SQL = 1."""

    name: str
    genuine: float
    ask: Callable[[Wire, str], bytes]
    query: str
    plain: tuple[str, ...]


def run(size: Size, server: str | None = None, kept: Path | None = None) -> None:
    """`server`: address of a PostgreSQL server without a database; None: one of its own, with its data in `kept`."""
    with ExitStack() as stack:
        server = server or stack.enter_context(postgres(kept))
        if size.datasets:
            with _own_database(server) as database:
                _compare("PostgreSQL", database, size)
            with TemporaryDirectory(prefix="drac-bench-") as folder:
                _compare("SQLite", f"sqlite:///{folder}/catalogue.db", size)
        if size.big:
            _grow(server, size)


@contextmanager
def _own_database(server: str) -> Iterator[str]:
    name = "compared"
    with plain_sql(f"{server}/postgres") as sql:
        sql.execute(f"DROP DATABASE IF EXISTS {name}")
        make_database(server, name)
        yield f"{server}/{name}"
        sql.execute(f"DROP DATABASE {name} WITH (FORCE)")


# Against plain SQL ---------------------------------------------------------------------------------------------------


def _compare(engine: str, database: str, size: Size) -> None:
    fill(database, Content(datasets=1, parameters=size.parameters), quiet=True)
    with catalogue_on(database) as url, Wire(url, "root") as wire, plain_sql(database) as sql:
        print(f"icat-server on {engine}: {size.datasets} datasets x {size.parameters} parameters (http.client, raw)")
        ready = best_seconds(lambda: Client(url))
        print(f"  a new python-icat client is ready after   {ready:8.3f} s")
        _create(wire, sql, size)
        sql.execute("ANALYZE")
        for goal in _goals(sql):
            _report(goal, wire, sql)


def _create(wire: Wire, sql: PlainSql, size: Size) -> None:
    """Nested createMany, and plain inserts of the same number of rows."""
    place = sql.rows('SELECT max(investigation_id), max(sample_id), max(type_id), max(id) FROM "Dataset"')[0]
    types = [key for (key,) in sql.rows('SELECT DISTINCT type_id FROM "DatasetParameter" ORDER BY type_id')]
    columns = [value for (value,) in sql.rows('SELECT "valueType" FROM "ParameterType" ORDER BY id')][-len(types) :]
    batches = [
        "".join(_bean(f"made{n}", place, types, columns) for n in range(begin, min(begin + BATCH, size.datasets)))
        for begin in range(0, size.datasets, BATCH)
    ]
    seconds = best_seconds(lambda: [wire.create_many(batch) for batch in batches], runs=1, warm_up=0)
    last = sql.rows('SELECT max(id) FROM "DatasetParameter"')[0][0]
    seconds_plain = best_seconds(lambda: _insert(sql, place, types, size), runs=1, warm_up=0)
    sql.execute(f'DELETE FROM "DatasetParameter" WHERE id > {last}')
    sql.execute("DELETE FROM \"Dataset\" WHERE name LIKE 'plain%'")
    rate = size.datasets / seconds
    print(
        f"  createMany, nested, {BATCH} a call          {seconds:8.3f} s  {seconds / seconds_plain:6.1f}  "
        f"{rate:.0f} datasets/s, {rate * size.parameters:.0f} parameters/s (genuine: 41, 2470)"
    )


def _bean(name: str, place: tuple[int, ...], types: list[int], kinds: list[int]) -> str:
    investigation, sample, type_, _ = place
    values = {1: "<numericValue>12.5</numericValue>", 2: "<stringValue>twelve and a half</stringValue>"}
    parameters = "".join(
        f"<parameters>{values[kind]}<type><id>{key}</id></type></parameters>"
        for key, kind in zip(types, kinds, strict=True)
    )
    return (
        f'<beans xsi:type="i:dataset"><complete>true</complete><location>/data/{name}</location><name>{name}</name>'
        f"<investigation><id>{investigation}</id></investigation>{parameters}<sample><id>{sample}</id></sample>"
        f"<type><id>{type_}</id></type></beans>"
    )


def _insert(sql: PlainSql, place: tuple[int, ...], types: list[int], size: Size) -> None:
    investigation, sample, type_, _ = place
    moment = sql.moment(NOW)
    system = (moment, "simple/root", moment, "simple/root")
    first = sql.rows('SELECT max(id) + 1 FROM "Dataset"')[0][0]
    last_parameter = sql.rows('SELECT max(id) FROM "DatasetParameter"')[0][0]
    for begin in range(0, size.datasets, BATCH):
        ids = range(first + begin, first + min(begin + BATCH, size.datasets))
        sql.insert(
            'INSERT INTO "Dataset" (id, "createTime", "createId", "modTime", "modId", complete, name, location, '
            "investigation_id, sample_id, type_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(n, *system, True, f"plain{n}", f"/data/{n}", investigation, sample, type_) for n in ids],
        )
        rows = []
        for n in ids:
            for key in types:
                last_parameter += 1
                rows.append((last_parameter, *system, "twelve and a half", n, key))
        sql.insert(
            'INSERT INTO "DatasetParameter" (id, "createTime", "createId", "modTime", "modId", "stringValue", '
            "dataset_id, type_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def _goals(sql: PlainSql) -> Iterator[Goal]:
    investigation = sql.rows("SELECT max(investigation_id) FROM \"Dataset\" WHERE name LIKE 'made%'")[0][0]
    page = sql.rows("SELECT id FROM \"Dataset\" WHERE name LIKE 'made%' ORDER BY id")[:PAGE]
    ids = ", ".join(str(key) for (key,) in page)
    every = (f"ds.investigation.id = {investigation}", f"d.investigation_id = {investigation}")
    some = (f"ds.id IN ({ids})", f"d.id IN ({ids})")
    for (icat, plain), title, genuine in ((every, "all", (16, 13, 3, 1)), (some, f"page of {PAGE}", (7, 4, 3, 1))):
        include = f"SELECT ds FROM Dataset ds WHERE {icat} INCLUDE ds.type, ds.parameters p, p.type"
        objects = _plain_objects(plain)
        yield Goal(f"{title}: SOAP include", genuine[0], Wire.soap, include, objects)
        yield Goal(f"{title}: REST include", genuine[1], Wire.rest, include, objects)
        names = "ds.id, ds.name, t.name, t.units, p.stringValue, p.numericValue"
        tuples = f"SELECT {names} FROM Dataset ds JOIN ds.parameters p JOIN p.type t WHERE {icat}"
        row = (_plain_tuples(plain),)
        yield Goal(f"{title}: SOAP tuples", genuine[2], Wire.soap, tuples, row)
        yield Goal(f"{title}: REST tuples", max(genuine[3], 2), Wire.rest, tuples, row)


def _plain_objects(condition: str) -> tuple[str, ...]:
    parameters = f'FROM "DatasetParameter" p JOIN "Dataset" d ON d.id = p.dataset_id WHERE {condition}'
    return (
        f'SELECT d.* FROM "Dataset" d WHERE {condition}',
        f'SELECT DISTINCT t.* FROM "DatasetType" t JOIN "Dataset" d ON d.type_id = t.id WHERE {condition}',
        f"SELECT p.* {parameters}",
        f'SELECT * FROM "ParameterType" WHERE id IN (SELECT p.type_id {parameters})',
    )


def _plain_tuples(condition: str) -> str:
    return (
        'SELECT d.id, d.name, t.name, t.units, p."stringValue", p."numericValue" FROM "Dataset" d '
        'JOIN "DatasetParameter" p ON p.dataset_id = d.id JOIN "ParameterType" t ON t.id = p.type_id '
        f"WHERE {condition}"
    )


def _report(goal: Goal, wire: Wire, sql: PlainSql) -> None:
    seconds = best_seconds(lambda: goal.ask(wire, goal.query))
    plain = best_seconds(lambda: [sql.rows(statement) for statement in goal.plain])
    print(f"  {goal.name:<40}  {seconds:8.3f} s  {seconds / plain:6.1f}  (goal: {goal.genuine:g})")


# Against itself ------------------------------------------------------------------------------------------------------

GROWTH = {
    "a page of datasets with parameters": (
        "SELECT ds.id, ds.name, t.name, p.stringValue, p.numericValue FROM Dataset ds JOIN ds.parameters p "
        "JOIN p.type t WHERE ds.id IN ({ids})"
    ),
    "the same, as objects": "SELECT ds FROM Dataset ds WHERE ds.id IN ({ids}) INCLUDE ds.type, ds.parameters p, p.type",
    "first page of an investigation": (
        "SELECT ds.id, ds.name, ds.location FROM Dataset ds WHERE ds.investigation.id = {investigation} "
        "ORDER BY ds.startDate DESC, ds.id LIMIT 0, 80"
    ),
    "datasets of an investigation, counted": (
        "SELECT COUNT(ds) FROM Dataset ds WHERE ds.investigation.id = {investigation}"
    ),
    "a dataset by location": "SELECT ds.id, ds.name FROM Dataset ds WHERE ds.location = '{location}'",
    "a dataset by session and name": (
        "SELECT ds.id FROM Dataset ds WHERE ds.investigation.id = {investigation} AND ds.name = '{name}'"
    ),
    "datasets by a text of their own": (
        "SELECT ds.id FROM Dataset ds JOIN ds.parameters p JOIN p.type t "
        "WHERE t.name = 'collectionId_02' AND p.stringValue = '{text}'"
    ),
    "datasets by a narrow range of numbers": (
        "SELECT ds.id FROM Dataset ds JOIN ds.parameters p JOIN p.type t "
        "WHERE t.name = 'resolution_01' AND p.numericValue BETWEEN {number} AND {number} + 0.001"
    ),
    "latest sessions": "SELECT i.id, i.name, i.title FROM Investigation i ORDER BY i.startDate DESC, i.id LIMIT 0, 20",
}


def _grow(server: str, size: Size) -> None:
    """The same questions to a small and to a big catalogue, as root and as a scientist with twenty sessions."""
    places: list[tuple[str, int]] = [("small", size.small), ("big", size.big)]
    for name, datasets in places:
        if make_database(server, name):
            fill(f"{server}/{name}", Content(datasets=datasets, members={"simple/ada": 20}))
    print(f"icat-server, {size.big} datasets x 3 parameters / {size.small}, REST (http.client, raw); seconds and ratio")
    with ExitStack() as stack:
        urls = [stack.enter_context(catalogue_on(f"{server}/{name}")) for name, _ in places]
        facts = [_some_facts(f"{server}/{name}") for name, _ in places]
        for user in ("root", "ada"):
            wires = [stack.enter_context(Wire(url, user)) for url in urls]
            for title, query in GROWTH.items():
                queries = [query.format(**fact) for fact in facts]
                small, big = (
                    best_seconds(lambda w=w, q=q: w.rest(q), runs=7)  # type: ignore[misc]
                    for w, q in zip(wires, queries, strict=True)
                )
                print(f"  {user:<5} {title:<40} {small:8.4f} {big:8.4f}  {big / small:6.1f}")


def _some_facts(database: str) -> dict[str, str]:
    """What to ask for: a session of ada's in the middle of the years and a page of its datasets."""
    with plain_sql(database) as sql:
        sessions = sql.rows(
            'SELECT m.investigation_id FROM "InvestigationUser" m JOIN "User" u ON u.id = m.user_id JOIN "Dataset" d '
            "ON d.investigation_id = m.investigation_id WHERE u.name = 'simple/ada' GROUP BY 1 ORDER BY 1"
        )
        ((investigation,),) = sessions[len(sessions) // 2 :][:1]
        page = sql.rows(
            f'SELECT id, name, location FROM "Dataset" WHERE investigation_id = {investigation} ORDER BY id'
        )[:PAGE]
        of_first = f'SELECT "stringValue", "numericValue" FROM "DatasetParameter" WHERE dataset_id = {page[0][0]}'
        values = sql.rows(f"{of_first} ORDER BY type_id")
    return {
        "investigation": str(investigation),
        "ids": ", ".join(str(key) for key, _, _ in page),
        "name": page[0][1],
        "location": page[0][2],
        "number": str(values[1][1]),
        "text": values[2][0],
    }
