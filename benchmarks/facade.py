"""The facade's list of a large session, on one catalogue (PostgreSQL) that grows, against

(a) bare SQL: the driver reads the same rows, they become the same JSON, and
(b) python-icat, straightforwardly: a search with includes, made into the same JSON;

and how soon a facade that was started answers, and how many questions of many callers it answers in a second.

Every answer is read to its last byte and not parsed, as in the benchmark of the catalogue. Where the time of the list
goes: the catalogue's part is what the calls of the facade take when a client repeats them that only moves bytes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import orjson
import psycopg
from icat.client import Client

from benchmarks.clock import best_seconds
from benchmarks.fill import Content, fill
from benchmarks.plain_sql import PlainSql, plain_sql
from benchmarks.postgres import make_database, postgres
from benchmarks.servers import catalogue_on
from drac_plugins.demo.configuration import Places, write_settings
from drac_plugins.demo.processes import Processes, choose_ports
from drac_plugins.demo.verify import Visitor

DATABASE = "facade"
ZONE = ZoneInfo("Europe/Paris")
OTHERS = 3
"""Parameters of each dataset that only makes the catalogue bigger."""


@dataclass(frozen=True)
class Size:
    """`datasets` × `parameters` in the session that is listed; the catalogue holds `small`, then `big` datasets (0: it
    does not grow). `naive`: datasets that python-icat reads; its time is scaled to all of them. `max_entities`: what
    the catalogue answers at once."""

    datasets: int = 5_000
    parameters: int = 100
    small: int = 10_000
    big: int = 1_000_000
    naive: int = 200
    callers: int = 16
    requests: int = 800
    max_entities: int = 10_000


@dataclass(frozen=True)
class Question:
    """What callers of a portal ask, `{investigation}` and `{dataset}` being one of theirs."""

    title: str
    path: str


LIST = Question("the whole session", "/catalogue/datasets?investigationIds={investigation}")
QUESTIONS = (
    Question("first 20 datasets", "/catalogue/datasets?investigationIds={investigation}&limit=20"),
    Question("one dataset", "/catalogue/datasets?datasetIds={dataset}"),
    Question("sessions of the caller", "/catalogue/{session}/investigation?filter=participant"),
)


def run(size: Size, server: str | None = None, kept: Path | None = None) -> None:
    """`server`: address of a PostgreSQL server without a database; None: one of its own, with its data in `kept`."""
    with ExitStack() as stack:
        server = server or stack.enter_context(postgres(kept))
        database = f"{server}/{DATABASE}"
        made = make_database(server, DATABASE)
        if made:
            fill(
                database,
                Content(size.datasets, size.parameters, datasets_each=size.datasets, members={"simple/ada": 1}),
            )
            _grow(database, size.small)
        places = _report(f"{size.small} datasets in the catalogue", database, size, whole=True)
        if size.big:
            _grow(database, size.big)
            grown = _report(f"{size.big} datasets in the catalogue", database, size, whole=False)
            for title, seconds in places.items():
                print(f"  {title:<36} grown / small = {grown[title] / seconds:.1f}")


def _grow(database: str, total: int) -> None:
    with plain_sql(database) as sql:
        held = sql.rows('SELECT count(*) FROM "Dataset"')[0][0]
    if held < total:
        fill(database, Content(total - held, OTHERS, members={"simple/ada": 19}))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _report(title: str, database: str, size: Size, *, whole: bool) -> dict[str, float]:
    """Measure and print; seconds by question. `whole`: with the baselines."""
    print(f"facade: {size.datasets} datasets x {size.parameters} parameters in a session, {title}")
    with catalogue_on(database, size.max_entities) as catalogue, plain_sql(database) as sql:
        investigation = _session(sql)
        with _facade(catalogue) as (url, first):
            ada = Caller(url, "ada")
            print(f"  first answer after drac serve        {first:8.3f} s")
            facts = {"investigation": investigation, "dataset": _a_dataset(sql, investigation), "session": ada.session}
            seconds = {one.title: best_seconds(lambda one=one: ada.get(one, facts)) for one in (LIST, *QUESTIONS)}  # type: ignore[misc]
            if whole:
                assert orjson.loads(ada.get(LIST, facts)) == _bare(sql, investigation), "the answers differ"
            for name, taken in seconds.items():
                print(f"  {name:<36} {taken:8.3f} s")
            for question in QUESTIONS:
                rate = _rate(lambda: Caller(url, "ada", ada.session), question, facts, size)
                print(f"  {size.callers} callers: {question.title:<24} {rate:8.1f} requests/s")
        if whole:
            _compare(seconds[LIST.title], sql, catalogue, investigation, size)
    return seconds


def _compare(facade: float, sql: PlainSql, catalogue: str, investigation: int, size: Size) -> None:
    for name, dump in (("json", json.dumps), ("orjson", orjson.dumps)):
        bare = best_seconds(lambda dump=dump: dump(_bare(sql, investigation)), runs=3)  # type: ignore[misc]
        print(f"  (a) bare SQL and {name:<20} {bare:8.3f} s   facade / (a) = {facade / bare:.1f}")
    client = Client(catalogue)
    client.login("simple", {"username": "ada", "password": "ada"})
    part = min(size.naive, size.datasets)
    naive = best_seconds(lambda: _naive(client, investigation, part), runs=1, warm_up=0) * size.datasets / part
    client.logout()
    print(f"  (b) python-icat, {part} datasets, scaled {naive:9.3f} s   (b) / facade = {naive / facade:.1f}")


class Caller:
    """A caller of the facade with a connection of its own."""

    def __init__(self, url: str, user: str, session: str | None = None) -> None:
        self.session = session or Visitor.log_in(url, user).session_id
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=600)
        self._headers = {"Authorization": f"Bearer {self.session}"}

    def get(self, question: Question, facts: dict[str, Any]) -> bytes:
        self._connection.request("GET", question.path.format(**facts), headers=self._headers)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == 200, content[:2000]
        return content


def _rate(new_caller: Callable[[], Caller], question: Question, facts: dict[str, Any], size: Size) -> float:
    """Answers per second to callers who ask again as soon as they have been answered."""
    each = size.requests // size.callers
    callers = [new_caller() for _ in range(size.callers)]

    def ask(caller: Caller) -> None:
        for _ in range(each):
            caller.get(question, facts)

    with ThreadPoolExecutor(size.callers) as pool:
        list(pool.map(lambda caller: caller.get(question, facts), callers))
        begin = time.perf_counter()
        list(pool.map(ask, callers))
        return each * size.callers / (time.perf_counter() - begin)


@contextmanager
def _facade(catalogue: str) -> Iterator[tuple[str, float]]:
    """A facade of its own; its address, and the seconds from the command to its first answer out of the catalogue, at a
    start that finds its store made."""
    with TemporaryDirectory(prefix="drac-bench-") as folder:
        (port,), state = choose_ports({"facade": 0}).values(), Path(folder)
        places = Places(state / "data", state, port, int(catalogue.rpartition(":")[2]), 0, 0)
        write_settings(places)
        for start in (1, 2):
            with Processes(state / "logs", {"DRAC_CONFIG": str(places.settings_file)}) as processes:
                begin = time.perf_counter()
                processes.start("facade", ["drac_plugins.cli", "serve"], lambda: _answers_soon(port))
                if start == 2:
                    yield places.url, time.perf_counter() - begin


def _answers_soon(port: int) -> bool:
    """Whether the facade answers within a second, to a hundredth of a second."""
    for _ in range(100):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/catalogue/instruments")
            return connection.getresponse().status == 200
        except OSError:
            time.sleep(0.01)
        finally:
            connection.close()
    return False


# The same answer, made otherwise -------------------------------------------------------------------------------------


def _session(sql: PlainSql) -> int:
    """The session that is listed, filled first."""
    return int(sql.rows('SELECT min(investigation_id) FROM "Dataset"')[0][0])


def _a_dataset(sql: PlainSql, investigation: int) -> int:
    return int(sql.rows(f'SELECT max(id) FROM "Dataset" WHERE investigation_id = {investigation}')[0][0])


def _bare(sql: PlainSql, investigation: int) -> list[dict[str, Any]]:
    """What cannot be avoided: read the rows and put them together."""
    home, instrument = _bare_investigation(sql, investigation)
    rows = sql.rows(
        'SELECT d.id, d.name, t.name, d.location, d."startDate", d."endDate", s.name, s.id FROM "Dataset" d '
        'JOIN "DatasetType" t ON t.id = d.type_id LEFT JOIN "Sample" s ON s.id = d.sample_id '
        f"WHERE d.investigation_id = {investigation} ORDER BY d.id"
    )
    page = {"page": {"total": len(rows), "totalPages": 1, "currentPage": 1}}
    found: dict[int, dict[str, Any]] = {row[0]: _dataset(row, instrument, [], home, page) for row in rows}
    for key, owner, name, text, number, units in sql.rows(
        'SELECT p.id, p.dataset_id, t.name, p."stringValue", p."numericValue", t.units FROM "DatasetParameter" p '
        'JOIN "ParameterType" t ON t.id = p.type_id JOIN "Dataset" d ON d.id = p.dataset_id '
        f"WHERE d.investigation_id = {investigation} ORDER BY p.id"
    ):
        value = text if text is not None else _number(number)
        found[owner]["parameters"].append({"id": key, "datasetId": owner, "name": name, "value": value, "units": units})
    return list(found.values())


def _bare_investigation(sql: PlainSql, investigation: int) -> tuple[dict[str, Any], str]:
    (row,) = sql.rows(
        'SELECT i.id, i.name, i.title, i."visitId", i."startDate", i."endDate", i."releaseDate", i.doi, i.summary, '
        't.id, t.name, t.description FROM "Investigation" i JOIN "InvestigationType" t ON t.id = i.type_id '
        f"WHERE i.id = {investigation}"
    )
    members = sql.rows(
        'SELECT u.name, u."fullName", u."givenName", u."familyName", u."orcidId", u.affiliation, m.role '
        f'FROM "InvestigationUser" m JOIN "User" u ON u.id = m.user_id WHERE m.investigation_id = {investigation} '
        "ORDER BY m.id"
    )
    instruments = sql.rows(
        'SELECT l.id, i.id, i.name, i."fullName" FROM "InvestigationInstrument" l '
        f'JOIN "Instrument" i ON i.id = l.instrument_id WHERE l.investigation_id = {investigation} ORDER BY l.id'
    )
    return _investigation(row, members, instruments), instruments[0][2]


def _naive(client: Client, investigation: int, datasets: int) -> list[dict[str, Any]]:
    """As somebody would write it who has read python-icat's manual; of the first datasets."""
    (i,) = client.search(
        f"SELECT i FROM Investigation i WHERE i.id = {investigation} INCLUDE i.type, i.investigationUsers m, m.user, "
        "i.investigationInstruments l, l.instrument"
    )
    members = [
        (m.user.name, m.user.fullName, m.user.givenName, m.user.familyName, m.user.orcidId, m.user.affiliation, m.role)
        for m in i.investigationUsers
    ]
    instruments = [
        (one.id, one.instrument.id, one.instrument.name, one.instrument.fullName) for one in i.investigationInstruments
    ]
    dates = (i.startDate, i.endDate, i.releaseDate)
    row = (i.id, i.name, i.title, i.visitId, *dates, i.doi, i.summary, i.type.id, i.type.name, i.type.description)
    home = _investigation(row, members, instruments)
    page = {"page": {"total": datasets, "totalPages": 1, "currentPage": 1}}
    query = f"SELECT d FROM Dataset d WHERE d.investigation.id = {investigation} ORDER BY d.id"
    included = "INCLUDE d.type, d.sample, d.parameters p, p.type, d.datasetTechniques dt, dt.technique"
    found = []
    for d in client.searchChunked(f"{query} {included}", count=datasets, chunksize=40):
        parameters = [_naive_parameter(d, p) for p in d.parameters]
        sample = (d.sample.name, d.sample.id) if d.sample is not None else (None, None)
        row = (d.id, d.name, d.type.name, d.location, d.startDate, d.endDate, *sample)
        found.append(_dataset(row, instruments[0][2], parameters, home, page))
    assert len(found) == datasets
    json.dumps(found)
    return found


def _naive_parameter(d: Any, p: Any) -> dict[str, Any]:
    value = p.stringValue if p.stringValue is not None else _number(p.numericValue)
    return {"id": p.id, "datasetId": d.id, "name": p.type.name, "value": value, "units": p.type.units}


def _dataset(row: Any, instrument: str, parameters: list[Any], home: dict[str, Any], page: Any) -> dict[str, Any]:
    return {
        "id": row[0],
        "name": row[1],
        "type": row[2],
        "location": row[3],
        "startDate": _date(row[4]),
        "endDate": _date(row[5]),
        "sampleName": row[6],
        "sampleId": row[7],
        "instrumentName": instrument,
        "parameters": parameters,
        "techniques": [],
        "investigation": home,
        "meta": page,
    }


def _investigation(row: Any, members: Any, instruments: Any) -> dict[str, Any]:
    return {
        "id": row[0],
        "name": row[1],
        "title": row[2],
        "visitId": row[3],
        "startDate": _date(row[4]),
        "endDate": _date(row[5]),
        "releaseDate": _date(row[6]),
        "doi": row[7],
        "summary": row[8],
        "type": {"id": row[9], "name": row[10], "description": row[11]},
        "parameters": [],
        "members": [
            {
                "name": given or full or name,
                "surname": family or "",
                "orcid": orcid,
                "affilation": affiliation,
                "role": role,
            }
            for name, full, given, family, orcid, affiliation, role in members
        ],
        "investigationInstruments": [
            {"id": link, "instrument": {"id": key, "name": name, "fullName": full}}
            for link, key, name, full in instruments
        ],
    }


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(ZONE).isoformat(timespec="milliseconds")


def _number(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)
