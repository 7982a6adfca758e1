"""Look at the demonstration through the facade, as its users would, and compare with what was announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from drac_plugins.core.errors import DracError

API_KEY = "elogbook-00000000-0000-0000-0000-000000000000"
TIMEOUT_SECONDS = 30.0


class NotAsAnnounced(DracError):
    """What the facade serves differs from what was announced."""

    code = "demo.not-as-announced"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A user who is logged in at the facade."""

    url: str
    session_id: str

    @classmethod
    def log_in(cls, url: str, name: str) -> Visitor:
        body = {"plugin": "simple", "username": name, "password": name}
        reply = requests.post(f"{url}/session", json=body, timeout=TIMEOUT_SECONDS)
        reply.raise_for_status()
        return cls(url, reply.json()["sessionId"])

    def get(self, path: str, **query: str) -> Any:
        """The JSON answer; `{session}` in the path becomes the session id."""
        address = self.url + path.format(session=self.session_id)
        headers = {"Authorization": f"Bearer {self.session_id}"}
        reply = requests.get(address, params=query, headers=headers, timeout=TIMEOUT_SECONDS)
        reply.raise_for_status()
        return reply.json()

    def investigations(self) -> dict[str, int]:
        """Name -> id of the sessions that the visitor sees."""
        return {found["name"]: found["id"] for found in self.get("/catalogue/{session}/investigation")}

    def datasets(self, investigation: int, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/catalogue/datasets", investigationIds=str(investigation), **query)
        return found


def registered(url: str, investigations: Sequence[int]) -> tuple[int, int]:
    """How many datasets the control systems find in these sessions, and how many of them have their files counted."""
    datasets = [
        dataset
        for investigation in investigations
        for dataset in requests.get(
            f"{url}/dataacquisition/{API_KEY}/dataset",
            params={"investigationId": investigation},
            timeout=TIMEOUT_SECONDS,
        ).json()
    ]
    return len(datasets), sum(int(parameter(dataset, "__fileCount") or 0) > 0 for dataset in datasets)


def parameter(dataset: Mapping[str, Any], name: str) -> str | None:
    """Value of a dataset's parameter on the wire, None when absent."""
    return next((p["value"] for p in dataset["parameters"] if p["name"] == name), None)


def verify(url: str) -> None:
    """Check the main job. Raises NotAsAnnounced, or requests' exceptions when the facade fails."""
    ada, dee = Visitor.log_in(url, "ada"), Visitor.log_in(url, "dee")
    known = ada.investigations()
    mx = known["MX-2745"]
    collections = ada.datasets(mx, datasetType="acquisition", nested="true")
    _expect("raw collections of the MX session", 3, len(collections))
    for collection in collections:
        results = collection["outputDatasets"]
        _expect(f"results of {collection['name']}", 5, len(results))
        merges = [result for result in results if parameter(result, "datasetName") == "merged"]
        _expect(
            f"inputs of the merge under {collection['name']}",
            3,
            len((parameter(merges[0], "input_datasetIds") or "").split()),
        )
    best = ada.get("/displays/mx/actions", investigationId=str(known["MX-2760"]))["best"]
    _expect("best crystal of the session with several samples", "thaumatin-x1", best["sample"])
    movies = ada.datasets(known["MX-2790"], datasetType="acquisition", nested="true")
    _expect("movies of the tilt series", 5, len(movies))
    for movie in movies:
        _expect(f"levels below movie {movie['name']}", 2, _depth(movie))
    _expect("sessions of ada that dee sees", ["MD-1290"], sorted(dee.investigations()))
    _expect("datasets of the MX session that dee sees", [], dee.datasets(mx))
    resolved = ada.get("/displays/resolve", datasetId=str(collections[0]["id"]))
    _expect("display of an MX collection", "mx", resolved["display"]["id"])


def _depth(dataset: Mapping[str, Any]) -> int:
    return max((1 + _depth(output) for output in dataset.get("outputDatasets") or ()), default=0)


def _expect(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise NotAsAnnounced(f"{what}: expected {expected}, found {found}")
