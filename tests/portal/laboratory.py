"""What the tests of the pages put into the catalogue and look at: datasets as the ingester would register them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import count
from typing import Any

import requests

from drac_plugins.core import resources
from icat_schema.gateway import New, Ref, Select
from tests.support.facade import RunningFacade

ESRFET = "https://w3id.org/PaN/ESRFET#"
START = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
SCALING = "MXAutoprocIntegrationScaling_overall"
_SERIAL = count(1)


@dataclass
class Laboratory:
    """Makes sessions of ada (principal investigator) on ID30A-1, unless told otherwise, and datasets in them."""

    facade: RunningFacade
    _known: dict[str, dict[str, int]] = field(default_factory=dict)

    def session(
        self,
        instrument: str = "ID30A-1",
        team: Mapping[str, str] | None = None,
        start: datetime = START,
        **more: object,
    ) -> int:
        """A new session; nothing else is in it."""
        number = next(_SERIAL)
        members = {"ada": "Principal investigator"} if team is None else team
        users = [
            New("InvestigationUser", {"user": Ref(self._id("User", f"simple/{login}")), "role": role})
            for login, role in members.items()
        ]
        content = {
            "name": f"PO-{number}",
            "visitId": f"{instrument} {number}",
            "title": f"Portal {number}",
            "startDate": start,
            "endDate": start + timedelta(days=1),
            "releaseDate": datetime(2040, 1, 1, tzinfo=UTC),
            "facility": Ref(self._id("Facility", "ESRF")),
            "type": Ref(self._id("InvestigationType", "MX")),
            "investigationUsers": users,
            "investigationInstruments": [
                New("InvestigationInstrument", {"instrument": Ref(self._id("Instrument", instrument))})
            ],
            **more,
        }
        return self.facade.root.write([New("Investigation", content)])[0]

    def datasets(self, investigation: int, facts: Sequence[Mapping[str, Any]]) -> list[int]:
        """Facts per dataset: name; optional values, type, start, inputs (ids), location. Inputs are linked both ways
        in which ICAT knows it: the parameter, and a Job."""
        ids = self.facade.root.write([self._dataset(investigation, fact) for fact in facts])
        ends = [(fact["inputs"], key) for fact, key in zip(facts, ids, strict=True) if fact.get("inputs")]
        collections = [
            self._collection(mark, members, result)
            for inputs, result in ends
            for mark, members in (("processing-input", inputs), ("processing-output", [result]))
        ]
        made = iter(self.facade.root.write(collections) if collections else ())
        jobs = [
            {"inputDataCollection": Ref(source), "outputDataCollection": Ref(result)}
            for source, result in zip(made, made, strict=True)
        ]
        if jobs:
            application = Ref(self._made("Application", "a pipeline", {"version": "1"}))
            self.facade.root.write([New("Job", {"application": application, **job}) for job in jobs])
        return ids

    def _collection(self, mark: str, datasets: Sequence[int], result: int) -> New:
        members = [New("DataCollectionDataset", {"dataset": Ref(key)}) for key in datasets]
        kind = Ref(self._parameter_type(mark))
        marks = [New("DataCollectionParameter", {"type": kind, "stringValue": str(result)})]
        return New("DataCollection", {"dataCollectionDatasets": members, "parameters": marks})

    def dataset(self, investigation: int, name: str, **fact: Any) -> int:
        return self.datasets(investigation, [{"name": name, **fact}])[0]

    def mx_raw(self, investigation: int, name: str = "run_01", **values: str) -> int:
        return self.dataset(
            investigation, name, values={"technique_pid": ESRFET + "MX", "scanType": "datacollection", **values}
        )

    def mx_result(self, investigation: int, program: str, inputs: Sequence[int], **values: str) -> int:
        """`values` are statistics of the overall shell, and parameters whose names begin with MX or Process."""
        parameters = {"technique_pid": ESRFET + "MX", "scanType": "integration", "Process_program": program}
        for name, value in values.items():
            parameters[name if name.startswith(("MX", "Process")) else f"{SCALING}_{name}"] = value
        name = f"{program}_{next(_SERIAL)}"
        return self.dataset(investigation, name, type="processed", inputs=inputs, values=parameters)

    def picture(self, dataset: int, filename: str, content: bytes) -> str:
        """A gallery file; the id of the resource."""
        with self.facade.services.store.begin() as connection:
            return resources.put(connection, dataset, f"/data/gallery/{filename}", content)

    def _dataset(self, investigation: int, fact: Mapping[str, Any]) -> New:
        start = fact.get("start", START)
        values = dict(fact.get("values", {}))
        inputs = fact.get("inputs", ())
        if inputs:
            values["input_datasetIds"] = " ".join(map(str, inputs))
        parameters = [
            New("DatasetParameter", {"type": Ref(self._parameter_type(name)), "stringValue": value})
            for name, value in values.items()
        ]
        content = {
            "name": fact["name"],
            "location": fact.get("location", f"/data/visitor/po{investigation}/{fact['name']}"),
            "startDate": start,
            "endDate": start + timedelta(minutes=5),
            "complete": True,
            "investigation": Ref(investigation),
            "type": Ref(self._type(fact.get("type", "acquisition"))),
            "parameters": parameters,
        }
        return New("Dataset", content)

    def _id(self, entity: str, name: str) -> int:
        known = self._known.setdefault(entity, {})
        if name not in known:
            known.update(dict(self.facade.root.rows(Select(entity, ["name", "id"]))))
        return known[name]

    def _type(self, name: str) -> int:
        return self._made("DatasetType", name, {})

    def _parameter_type(self, name: str) -> int:
        return self._made(
            "ParameterType",
            name,
            {"valueType": "STRING", "units": "NA", "applicableToDataset": True, "applicableToDataCollection": True},
        )

    def _made(self, entity: str, name: str, fields: Mapping[str, object]) -> int:
        try:
            return self._id(entity, name)
        except KeyError:
            content = {"name": name, "facility": Ref(self._id("Facility", "ESRF")), **fields}
            self._known[entity][name] = self.facade.root.write([New(entity, content)])[0]
            return self._known[entity][name]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(html: str) -> str:
    """What a reader sees: the text without tags, runs of blanks made one."""
    parser = _Text()
    parser.feed(html)
    return " ".join("".join(parser.parts).split())


@dataclass
class Visitor:
    """Somebody in front of the pages; cookies are kept, redirects are not followed."""

    url: str
    http: requests.Session

    def get(self, path: str, **query: object) -> requests.Response:
        return self.http.get(self.url + path, params=query, timeout=30, allow_redirects=False)

    def page(self, path: str, **query: object) -> str:
        """HTML of a page that must be there."""
        reply = self.get(path, **query)
        assert reply.status_code == 200, reply.text
        return reply.text

    def token(self, path: str = "/portal/log-in") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page(path))
        assert found
        return found[1]

    def log_in(self, username: str, password: str, next: str = "", token: str | None = None) -> requests.Response:  # noqa: A002
        form = {
            "username": username,
            "password": password,
            "next": next,
            "csrf_token": self.token() if token is None else token,
        }
        return self.http.post(f"{self.url}/portal/log-in", data=form, timeout=30, allow_redirects=False)
