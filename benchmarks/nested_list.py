"""The facade's nested dataset list of a session, against

(a) one bare SQL read of the same rows with a JSON dump of them, and
(b) python-icat's search with includes of the same datasets, made into the same JSON.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

import requests
from icat.client import Client

from benchmarks.clock import median_seconds
from benchmarks.servers import Servers, servers
from drac_plugins.demo.verify import Visitor
from icat_schema.gateway import Change, New, Ref, Select
from icat_schema.gateway.conditions import Eq


@dataclass(frozen=True)
class Size:
    raw: int = 150
    results: int = 3
    parameters: int = 40


def run(size: Size) -> None:
    with servers() as running:
        investigation = _fill(running, size)
        running.start_facade()
        total = size.raw * (1 + size.results)
        print(
            f"nested list: {size.raw} raw, {size.results} results each, {size.parameters} parameters ({total} datasets)"
        )
        ada = Visitor.log_in(running.places.url, "ada")
        facade = median_seconds(lambda: _facade(ada, investigation, size))
        sql = median_seconds(lambda: _bare_sql(running, investigation, total))
        client = Client(running.places.catalogue_url)
        client.login("simple", {"username": "ada", "password": "ada"})
        naive = median_seconds(lambda: _naive(client, investigation, total), runs=1, warm_up=0)
        client.logout()
        print(f"  facade /catalogue/datasets?nested=true  {facade:8.3f} s")
        print(f"  (a) bare SQL and JSON dump              {sql:8.3f} s   facade / (a) = {facade / sql:.1f}")
        print(f"  (b) python-icat search with includes    {naive:8.3f} s   (b) / facade = {naive / facade:.1f}")


def _fill(running: Servers, size: Size) -> int:
    """Raw datasets and their results in ada's session, linked by the parameters that existing catalogues have."""
    root = running.root
    facility = root.rows(Select("Facility", ["id"]))[0][0]
    (investigation,) = (key for (key,) in root.rows(Select("Investigation", ["id"], Eq("name", "MX-2745"))))
    acquisition, processed = root.write(
        [New("DatasetType", {"name": name, "facility": Ref(facility)}) for name in ("acquisition", "processed")]
    )
    names = [f"Parameter_{number:02d}" for number in range(size.parameters)] + ["input_datasetIds", "output_datasetIds"]
    facts = {"units": "NA", "valueType": "STRING", "applicableToDataset": True, "facility": Ref(facility)}
    types = dict(zip(names, root.write([New("ParameterType", {"name": n, **facts}) for n in names]), strict=True))
    (sample,) = root.write([New("Sample", {"name": "s", "investigation": Ref(investigation)})])
    common = {"investigation": Ref(investigation), "sample": Ref(sample), "complete": True}
    values = [New("DatasetParameter", {"type": Ref(types[n]), "stringValue": "12.5"}) for n in names[: size.parameters]]

    def datasets(kind: int, names: list[str]) -> list[int]:
        made: list[int] = []
        for begin in range(0, len(names), 100):
            part = [
                New("Dataset", {"name": n, "location": f"/data/{n}", "type": Ref(kind), **common, "parameters": values})
                for n in names[begin : begin + 100]
            ]
            made += root.write(part)
        return made

    raws = datasets(acquisition, [f"raw{number}" for number in range(size.raw)])
    results = datasets(processed, [f"result{n}-{k}" for n in range(size.raw) for k in range(size.results)])
    links = []
    for number, raw in enumerate(raws):
        outputs = results[number * size.results : (number + 1) * size.results]
        texts = [(raw, "output_datasetIds", " ".join(map(str, outputs)))]
        texts += [(output, "input_datasetIds", str(raw)) for output in outputs]
        links += [
            New("DatasetParameter", {"dataset": Ref(key), "type": Ref(types[name]), "stringValue": text})
            for key, name, text in texts
        ]
    for begin in range(0, len(links), 1000):
        root.write(links[begin : begin + 1000])
    root.write([Change("Dataset", raws[0], {"description": "filled"})])
    return int(investigation)


def _facade(ada: Visitor, investigation: int, size: Size) -> None:
    reply = requests.get(
        f"{ada.url}/catalogue/datasets",
        params={"investigationIds": str(investigation), "datasetType": "acquisition", "nested": "true"},
        headers={"Authorization": f"Bearer {ada.session_id}"},
        timeout=300,
    )
    found = json.loads(reply.content)
    assert len(found) == size.raw
    assert all(len(dataset["outputDatasets"]) == size.results for dataset in found)


def _bare_sql(running: Servers, investigation: int, total: int) -> None:
    """What cannot be avoided: read the rows, build the objects, dump them."""
    path = running.places.catalogue_database.removeprefix("sqlite:///")
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    datasets = {
        row[0]: {
            "id": row[0],
            "name": row[1],
            "location": row[2],
            "type": row[3],
            "sampleName": row[4],
            "parameters": [],
        }
        for row in connection.execute(
            "SELECT d.id, d.name, d.location, t.name, s.name FROM DATASET d JOIN DATASETTYPE t ON t.id = d.type_id "
            "LEFT JOIN SAMPLE s ON s.id = d.sample_id WHERE d.investigation_id = ?",
            [investigation],
        )
    }
    for key, owner, name, units, value in connection.execute(
        "SELECT p.id, p.dataset_id, t.name, t.units, p.stringValue FROM DATASETPARAMETER p "
        "JOIN PARAMETERTYPE t ON t.id = p.type_id JOIN DATASET d ON d.id = p.dataset_id WHERE d.investigation_id = ?",
        [investigation],
    ):
        datasets[owner]["parameters"].append(
            {"id": key, "datasetId": owner, "name": name, "units": units, "value": value}
        )
    connection.close()
    assert len(datasets) == total
    json.dumps(list(datasets.values()))


def _naive(client: Client, investigation: int, total: int) -> None:
    found = client.search(
        f"SELECT d FROM Dataset d JOIN d.investigation i WHERE i.id = {investigation} "
        "INCLUDE d.type, d.sample, d.parameters p, p.type"
    )
    datasets = [
        {
            "id": dataset.id,
            "name": dataset.name,
            "location": dataset.location,
            "type": dataset.type.name,
            "sampleName": dataset.sample.name,
            "parameters": [
                {
                    "id": p.id,
                    "datasetId": dataset.id,
                    "name": p.type.name,
                    "units": p.type.units,
                    "value": p.stringValue,
                }
                for p in dataset.parameters
            ],
        }
        for dataset in found
    ]
    assert len(datasets) == total
    json.dumps(datasets)
