"""Fill the database of an embedded catalogue with a facility of any size, without going through the server.

Works on an empty catalogue and on one that holds something; what is there stays. The server may run, but nobody else
should write meanwhile.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.bulk import Bulk, Row, bulk

FILLER = "simple/root"
SYSTEM = ("id", "createId", "createTime", "modId", "modTime")
FIRST_DAY = datetime(2016, 1, 4, 8, tzinfo=UTC)
DAYS = 3650
BEAMLINES = ("ID30A-1", "ID23-1", "BM29", "BM18", "CM01", "ID16A")
SCANS = ("datacollection", "characterisation", "tomo", "mesh", "line")
TABLES = (
    "Facility",
    "InvestigationType",
    "DatasetType",
    "Instrument",
    "ParameterType",
    "User",
    "Investigation",
    "InvestigationInstrument",
    "InvestigationUser",
    "Sample",
    "Dataset",
    "DatasetParameter",
    "Datafile",
)


@dataclass(frozen=True)
class Content:
    """`parameters` and `datafiles` are per dataset, `datasets_each` and `samples` per investigation. `members`: user
    names with the number of investigations that each takes part in."""

    datasets: int = 1_000_000
    parameters: int = 3
    datafiles: int = 0
    datasets_each: int = 1000
    samples: int = 10
    members: Mapping[str, int] = field(default_factory=dict)

    @property
    def investigations(self) -> int:
        return -(-self.datasets // self.datasets_each)


def fill(database: str, content: Content, *, quiet: bool = False) -> None:
    """Make the tables if need be, and add the content. Progress goes to stderr unless it shall be quiet."""
    make = [sys.executable, "-m", "icat_schema.server", "init", "--database", database]
    subprocess.run(make, check=True, capture_output=True)
    with bulk(database, TABLES) as store, _progress(quiet) as progress:
        for table, columns, rows, total in _Facility(store, content).tables():
            task = progress.add_task(table, total=total)
            for count in store.write(table, (*SYSTEM, *columns), rows):
                progress.advance(task, count)
        progress.add_task("indexes, keys, statistics", total=None)


def _progress(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet)


Table = tuple[str, Sequence[str], Iterator[Row], int]
"""Name, columns behind the system ones, rows, number of rows."""


class _Facility:
    """Rows with ids that follow on the stored ones; objects of the same name that are stored already are used."""

    def __init__(self, store: Bulk, content: Content) -> None:
        self._store = store
        self._content = content
        self._last = {table: store.last_id(table) for table in TABLES}
        now = store.moment(datetime.now(UTC).replace(microsecond=0))
        self._system = (FILLER, now, FILLER, now)
        self._days = [store.moment(FIRST_DAY + timedelta(days=day)) for day in range(DAYS + 1200)]

    def tables(self) -> Iterator[Table]:
        content = self._content
        known: dict[str, int] = dict(self._store.rows('SELECT name, id FROM "Facility"'))
        facility = next(iter(known.values()), self._last["Facility"] + 1)
        yield self._named("Facility", () if known else ("ESRF",), (), ())
        yield self._named("InvestigationType", ("MX",), ("facility_id",), (facility,))
        yield self._named("DatasetType", ("acquisition", "processed"), ("facility_id",), (facility,))
        yield self._named("Instrument", BEAMLINES, ("facility_id",), (facility,))
        yield self._parameter_types(facility)
        yield self._named("User", (*content.members, *(f"simple/user{n:04d}" for n in range(200))), (), ())
        yield self._investigations(facility)
        yield self._instruments()
        yield self._members()
        yield self._samples()
        yield self._datasets()
        yield self._parameters()
        if content.datafiles:
            yield self._datafiles()

    # Lists ---------------------------------------------------------------------------------------------------------

    def _ids(self, table: str, names: Sequence[str]) -> list[int]:
        """Ids of the objects with these names, in their order."""
        found: dict[str, int] = dict(self._store.rows(f'SELECT name, id FROM "{table}"'))
        return [found[name] for name in names]

    def _named(self, table: str, names: Sequence[str], columns: Sequence[str], values: Row) -> Table:
        """Those of the names that are not stored yet."""
        known = {name for (name,) in self._store.rows(f'SELECT name FROM "{table}"')}
        missing = [name for name in names if name not in known]
        first = self._last[table] + 1
        rows = ((first + n, *self._system, name, *values) for n, name in enumerate(missing))
        return table, ("name", *columns), rows, len(missing)

    def _parameter_types(self, facility: int) -> Table:
        flags = [f"applicableTo{owner}" for owner in ("Dataset", "Datafile", "DataCollection", "Investigation")]
        columns = ("units", "valueType", *flags, "applicableToSample", "enforced", "verified", "facility_id")
        rest = (True, *[False] * 6, facility)
        known = {name for (name,) in self._store.rows('SELECT name FROM "ParameterType"')}
        missing = [(n, k) for k, n in enumerate(parameter_names(self._content.parameters)) if n not in known]
        first = self._last["ParameterType"] + 1
        # Kinds of values are stored by their place among ICAT's constants: DATE_AND_TIME, NUMERIC, STRING.
        rows = (
            (first + n, *self._system, name, "NA", 1 if k % 3 == 1 else 2, *rest) for n, (name, k) in enumerate(missing)
        )
        return "ParameterType", ("name", *columns), rows, len(missing)

    # Investigations --------------------------------------------------------------------------------------------------

    def _investigations(self, facility: int) -> Table:
        (type_,) = self._ids("InvestigationType", ("MX",))
        count, first = self._content.investigations, self._last["Investigation"] + 1
        columns = ("name", "visitId", "title", "startDate", "endDate", "releaseDate", "facility_id", "type_id")
        rows = ((first + n, *self._system, *self._session(first + n, n), facility, type_) for n in range(count))
        return "Investigation", columns, rows, count

    def _session(self, id_: int, n: int) -> Row:
        dates = (self._days[day(n) + later] for later in (0, 2, 1095))
        return f"MX-{10_000 + id_}", visit(id_), f"Crystals of protein {n}", *dates

    def _instruments(self) -> Table:
        instruments = self._ids("Instrument", BEAMLINES)
        first, investigation = self._last["InvestigationInstrument"] + 1, self._last["Investigation"] + 1
        rows = (
            (first + n, *self._system, investigation + n, instruments[(investigation + n) % len(BEAMLINES)])
            for n in range(self._content.investigations)
        )
        columns = ("investigation_id", "instrument_id")
        return "InvestigationInstrument", columns, rows, self._content.investigations

    def _members(self) -> Table:
        """A team of three of the facility's people for each; the named members are spread over the years."""
        count, first = self._content.investigations, self._last["Investigation"] + 1
        people = self._ids("User", [f"simple/user{n:04d}" for n in range(200)])
        teams = [
            (first + n, people[(n * 7 + k * 31) % 200], role)
            for n in range(count)
            for k, role in enumerate(("Principal investigator", "Participant", "Local contact"))
        ]
        for name, number in self._content.members.items():
            (user,) = self._ids("User", (name,))
            chosen = {k * count // max(number, 1) for k in range(min(number, count))}
            teams += [(first + n, user, "Principal investigator") for n in sorted(chosen)]
        start = self._last["InvestigationUser"] + 1
        rows = ((start + n, *self._system, *member) for n, member in enumerate(teams))
        return "InvestigationUser", ("investigation_id", "user_id", "role"), rows, len(teams)

    def _samples(self) -> Table:
        first, investigation, each = self._last["Sample"] + 1, self._last["Investigation"] + 1, self._content.samples
        total = each * self._content.investigations
        rows = ((first + n, *self._system, f"crystal{n % each:02d}", investigation + n // each) for n in range(total))
        return "Sample", ("name", "investigation_id"), rows, total

    # Datasets ------------------------------------------------------------------------------------------------------

    def _datasets(self) -> Table:
        columns = ("name", "location", "startDate", "endDate", "complete", "investigation_id", "sample_id", "type_id")
        kinds = self._ids("DatasetType", ("acquisition", "processed"))
        return "Dataset", columns, self._dataset_rows(*kinds), self._content.datasets

    def _dataset_rows(self, acquisition: int, processed: int) -> Iterator[Row]:
        first, first_sample = self._last["Dataset"] + 1, self._last["Sample"] + 1
        first_investigation, content = self._last["Investigation"] + 1, self._content
        for n in range(content.datasets):
            session, k = divmod(n, content.datasets_each)
            investigation = first_investigation + session
            sample = n % content.samples
            name = f"crystal{sample:02d}_{k:05d}"
            folder = f"/data/visitor/mx{10_000 + investigation}/{visit(investigation)}/RAW_DATA/crystal{sample:02d}"
            start, end = self._days[day(session)], self._days[day(session) + 1]
            owner = (investigation, first_sample + session * content.samples + sample)
            kind = processed if k % 5 == 4 else acquisition
            yield (first + n, *self._system, name, f"{folder}/{name}", start, end, True, *owner, kind)

    def _parameters(self) -> Table:
        total = self._content.datasets * self._content.parameters
        columns = ("stringValue", "numericValue", "dataset_id", "type_id")
        types = self._ids("ParameterType", parameter_names(self._content.parameters))
        return "DatasetParameter", columns, self._parameter_rows(types), total

    def _parameter_rows(self, types: Sequence[int]) -> Iterator[Row]:
        """By turns a word that many share, a number of many values, and a text of its own."""
        id_, first = self._last["DatasetParameter"], self._last["Dataset"] + 1
        for dataset in range(first, first + self._content.datasets):
            for k, type_ in enumerate(types):
                id_ += 1
                value: tuple[str | None, float | None]
                if k % 3 == 0:
                    value = (SCANS[(dataset + k) % len(SCANS)], None)
                elif k % 3 == 1:
                    value = (None, (dataset * 7919 + k) % 1_000_003 / 1000)
                else:
                    value = (f"{dataset:09d}-{k:02d}", None)
                yield (id_, *self._system, *value, dataset, type_)

    def _datafiles(self) -> Table:
        each, first = self._content.datafiles, self._last["Dataset"] + 1
        start, total = self._last["Datafile"] + 1, self._content.datasets * each
        numbers = ((start + n, f"file{n % each:04d}.h5", first + n // each) for n in range(total))
        rows = ((id_, *self._system, name, f"/data/{own}/{name}", 1_000_000, own) for id_, name, own in numbers)
        return "Datafile", ("name", "location", "fileSize", "dataset_id"), rows, total


def parameter_names(count: int) -> list[str]:
    """Names of the parameter types: the first is a word, the second a number, the third a text, and so on."""
    kinds = ("scanType", "resolution", "collectionId")
    return [f"{kinds[k % 3]}_{k:02d}" for k in range(count)]


def day(investigation: int) -> int:
    """Days from the first one to the start of an investigation: 7 and 3650 have no common divisor."""
    return investigation * 7 % DAYS


def visit(investigation: int) -> str:
    start = FIRST_DAY + timedelta(days=day(investigation))
    return f"{BEAMLINES[investigation % len(BEAMLINES)].lower()}-{start:%Y%m%d}"
