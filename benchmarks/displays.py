"""The display engine on a long list, against a plain loop that only reads the same values; and the first page of a
cryo-EM session of any length, against the API call beneath it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import requests

from benchmarks.bulk import Row, bulk
from benchmarks.clock import median_seconds
from benchmarks.fill import FILLER, SYSTEM
from benchmarks.servers import Servers, servers
from displays.library import Library, stock_documents
from displays.listing import build_list
from displays.reader import Reader
from displays.records import Dataset, Lineage, parameters
from drac_plugins.demo.verify import Visitor
from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import Eq
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2025, 3, 24, 8, 0, tzinfo=UTC)
_ESRFET = "https://w3id.org/PaN/ESRFET#"
_COMMON = {
    "technique_pid": f"{_ESRFET}EM {_ESRFET}CRYO-ET",
    "EM_magnification": "81000",
    "EM_sampling_rate": "1.079",
    "EM_dose_per_frame": "-1.0",
    "EM_voltage": "300000",
    "EM_grid_name": "grid3",
    "Sample_name": "Position_12",
}
SHOWN = (
    ("EM_tilt_angle", "EM_magnification", "EM_sampling_rate", "EM_dose_per_frame", "Sample_name", "technique_pid"),
    ("EMMotionCorrection_total_motion",),
    ("EMCTF_resolution_limit", "EMCTF_avg_defocus"),
)
"""What the list shows of a movie, of its motion correction and of its CTF estimation."""


@dataclass(frozen=True)
class Size:
    """`rows` of the list that the engine makes; `movies` of the session, each with two results (0: leave it out)."""

    rows: int = 5_000
    movies: int = 20_000


def run(size: Size) -> None:
    _engine(size.rows)
    if size.movies:
        _session_page(size.movies)


# --------------------------------------------------------------------------------------------------------- the engine


def _engine(rows: int) -> None:
    raws, lineage = _series(rows)
    library = Library.load(stock_documents(), vocabulary(), techniques(), PARIS)
    reader = Reader(PARIS, library.vocabulary, library.techniques)
    display = library.choose(raws[0])
    print(f"displays: {rows} movies under {display.id}, each with motion correction and CTF estimation")
    plain = median_seconds(lambda: _only_read(raws, lineage))
    resolve = median_seconds(lambda: _resolve(library, raws))
    one_by_one = median_seconds(lambda: [library.resolve(one) for one in raws[:200]], runs=3)
    one_by_one *= rows / min(rows, 200)
    render = median_seconds(lambda: build_list(display, raws, lineage, reader), runs=3)
    print(f"  plain loop that only reads the values   {plain * 1000:8.1f} ms")
    print(f"  resolve by signature                    {resolve * 1000:8.1f} ms   / plain = {resolve / plain:.1f}")
    print(f"  resolve one by one (from 200)           {one_by_one * 1000:8.1f} ms   / by signature = "
          f"{one_by_one / resolve:.0f}")  # fmt: skip
    print(f"  render the list                         {render * 1000:8.1f} ms   / plain = {render / plain:.1f}")


def _series(rows: int) -> tuple[list[Dataset], Lineage]:
    raws: list[Dataset] = []
    made: list[Dataset] = []
    links: list[tuple[int, int]] = []
    for number in range(rows):
        chain = [_dataset(3 * number + step + 1, name, values) for step, (name, values) in enumerate(_chain(number))]
        raws.append(replace(chain[0], type="acquisition"))
        made += [raws[-1], *chain[1:]]
        links += [(chain[0].id, chain[1].id), (chain[1].id, chain[2].id)]
    return raws, Lineage.of(made, links)


def _chain(number: int) -> tuple[tuple[str, dict[str, str]], ...]:
    """Names and parameters of a movie and of its two results, as the producer writes them."""
    angle = str((number % 41) * 3.0 - 60)
    motion = {"EMMotionCorrection_total_motion": f"{10 + number % 17}.5"}
    spectrum = {"EMCTF_resolution_limit": f"{4 + number % 3}.25", "EMCTF_avg_defocus": f"{31000 + number % 900}.0"}
    common = {name: _COMMON[name] for name in ("technique_pid", "Sample_name")}
    name = f"{number:05d}"
    return (
        (name, {**_COMMON, "EM_tilt_angle": angle}),
        (f"{name}_MotionCor", {**common, **motion}),
        (f"{name}_CTF", {**common, **spectrum}),
    )


def _dataset(number: int, name: str, values: dict[str, str]) -> Dataset:
    start = START + timedelta(seconds=number)
    return Dataset(number, name, "processed", start, instrument="CM01", parameters=parameters(values))


def _only_read(raws: Sequence[Dataset], lineage: Lineage) -> int:
    """What cannot be avoided: find the two results of each movie, and look every value up."""
    read = 0
    for raw in raws:
        (motion,) = lineage.outputs[raw.id]
        (ctf,) = lineage.outputs[motion]
        for dataset, names in zip((raw, lineage.datasets[motion], lineage.datasets[ctf]), SHOWN, strict=True):
            read += sum(dataset.parameters[name].value is not None for name in names)
    return read


def _resolve(library: Library, raws: Sequence[Dataset]) -> None:
    (group,) = library.resolve_many(raws)
    assert len(group.dataset_ids) == len(raws)


# --------------------------------------------------------------------------------------------------- the session page


def _session_page(movies: int) -> None:
    with servers() as running:
        running.prepare()
        investigation = _fill(running, movies)
        running.start_facade()
        url = running.places.url
        print(f"session page: {movies} movies, {3 * movies} datasets; its first page against the API call beneath it")
        ada = Visitor.log_in(url, "ada")
        api = median_seconds(lambda: _api(ada, investigation, movies), runs=3)
        with requests.Session() as browser:
            _sign_in(browser, url)
            page = median_seconds(lambda: _page(browser, url, investigation), runs=3)
        print(f"  GET /catalogue/datasets, nested, 100    {api:8.3f} s")
        print(f"  GET /portal/investigations/…            {page:8.3f} s    / API call = {page / api:.1f}")


def _fill(running: Servers, movies: int) -> int:
    """Movies and results in ada's session, linked by the parameters that existing catalogues have."""
    root = running.root
    (investigation,) = (key for (key,) in root.rows(Select("Investigation", ["id"], Eq("name", "MX-2745"))))
    (sample,) = root.write([New("Sample", {"name": "Position_12", "investigation": Ref(investigation)})])
    kinds = dict(root.rows(Select("DatasetType", ["name", "id"])))
    types = dict(root.rows(Select("ParameterType", ["name", "id"])))
    tables = ("Dataset", "DatasetParameter")
    with bulk(running.places.catalogue_database, tables) as store:
        first, first_value = (store.last_id(table) + 1 for table in tables)
        now = store.moment(datetime.now(UTC).replace(microsecond=0))
        system = (FILLER, now, FILLER, now)
        owner = (True, int(investigation), int(sample))

        def datasets() -> Iterator[Row]:
            for number in range(movies):
                for step, (name, _) in enumerate(_chain(number)):
                    key = first + 3 * number + step
                    moment = store.moment(START + timedelta(seconds=key))
                    kind = kinds["processed" if step else "acquisition"]
                    yield (key, *system, name, f"/data/{name}", moment, moment, *owner, kind)

        def values() -> Iterator[Row]:
            key = first_value
            for number in range(movies):
                for name, text, dataset in _values(first + 3 * number, number):
                    yield (key, *system, text, None, dataset, types[name])
                    key += 1

        columns = ("name", "location", "startDate", "endDate", "complete", "investigation_id", "sample_id", "type_id")
        for _ in store.write("Dataset", (*SYSTEM, *columns), datasets()):
            pass
        columns = ("stringValue", "numericValue", "dataset_id", "type_id")
        for _ in store.write("DatasetParameter", (*SYSTEM, *columns), values()):
            pass
    return int(investigation)


def _values(first: int, number: int) -> Iterator[tuple[str, str, int]]:
    """(name, text, dataset id) of the parameters of one movie and its results, links included."""
    for step, (_, texts) in enumerate(_chain(number)):
        yield from ((name, text, first + step) for name, text in texts.items())
        if step:
            yield "input_datasetIds", str(first + step - 1), first + step
        if step < 2:
            yield "output_datasetIds", str(first + step + 1), first + step


def _api(ada: Visitor, investigation: int, movies: int) -> None:
    query = {"datasetType": "acquisition", "nested": "true", "limit": "100", "skip": "0", "sortBy": "STARTDATE"}
    reply = requests.get(
        f"{ada.url}/catalogue/datasets",
        params={"investigationIds": str(investigation), **query},
        headers={"Authorization": f"Bearer {ada.session_id}"},
        timeout=300,
    )
    found = reply.json()
    assert len(found) == min(100, movies)
    assert found[0]["outputDatasets"][0]["outputDatasets"]


def _sign_in(browser: requests.Session, url: str) -> None:
    form = browser.get(f"{url}/portal/log-in", timeout=30).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token
    credentials = {"username": "ada", "password": "ada", "csrf_token": token[1], "next": ""}
    browser.post(f"{url}/portal/log-in", data=credentials, timeout=30).raise_for_status()


def _page(browser: requests.Session, url: str, investigation: int) -> None:
    reply = browser.get(f"{url}/portal/investigations/{investigation}", timeout=300)
    reply.raise_for_status()
    assert "00000" in reply.text
