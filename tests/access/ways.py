"""How each operation is asked about a place, and what in its answer, or in the catalogue afterwards, shows that it did.

What only shows something is asked for the mark of the place; what changes something is looked at by a root user and put
back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from tests.access.callers import Caller
from tests.access.places import NOTE, Place
from tests.access.world import World

Json = dict[str, Any]
Judge = Callable[[World, Caller, Place, requests.Response], bool]


def shows_mark(_world: World, _caller: Caller, place: Place, reply: requests.Response) -> bool:
    return place.mark.encode() in reply.content


def listed(read: Callable[[Any], Any], wanted: Callable[[Place], Any]) -> Judge:
    """Whether one of the elements of the answer reads as wanted."""

    def judge(_world: World, _caller: Caller, place: Place, reply: requests.Response) -> bool:
        return any(read(one) == wanted(place) for one in reply.json())

    return judge


def answered(_world: World, _caller: Caller, _place: Place, reply: requests.Response) -> bool:
    return bool(reply.status_code < 400)


@dataclass(frozen=True)
class Way:
    """`query` and `body` are made for a place, `sent` is a body made for a caller; with `form` a file goes along.
    `before` puts the place into the state in which the operation can do something, and may answer a caller with another
    session; `after` puts it back. Of what `changes` something, `shows` is asked even when the answer is a refusal."""

    query: Callable[[Place], Json] = lambda _: {}
    body: Callable[[Place], Json] | None = None
    sent: Callable[[Caller], Json] | None = None
    form: Mapping[str, str] | None = None
    shows: Judge = shows_mark
    before: Callable[[World, Caller, Place], object] = lambda *_: None
    after: Callable[[World, Caller, Place], None] = lambda *_: None
    follows: bool = True
    changes: bool = False


VARIABLES: Mapping[str, Callable[[Place], object]] = {
    "investigationId": lambda place: place.investigation,
    "investigationName": lambda place: place.stored_name.lower().replace("-", "").replace(" ", ""),
    "datasetId": lambda place: place.dataset,
    "datasetIds": lambda place: place.dataset,
    "sampleId": lambda place: place.sample,
    "id": lambda place: place.sample_parameter,
    "name": lambda place: f"simple%2F{place.scientist}",
}


def investigation(place: Place) -> Json:
    return {"investigationId": place.investigation}


def dataset(place: Place) -> Json:
    return {"datasetId": place.dataset}


def datasets(place: Place) -> Json:
    return {"datasetIds": place.dataset}


def datafiles(place: Place) -> Json:
    return {"datafileIds": place.datafile}


def _values(place: Place) -> Json:
    return {"investigationId": place.investigation, "name": NOTE}


def _in_file(path: str) -> Callable[[Place], Json]:
    return lambda place: {"datafileId": place.datafile, "path": path}


_nothing = Way(shows=answered)

READS: Mapping[str, Way] = {
    "GET /catalogue/instruments": Way(shows=listed(lambda one: one["name"], lambda place: place.instrument)),
    "GET /catalogue/investigationtypes": Way(shows=listed(lambda one: one["name"], lambda _: "MX")),
    "GET /catalogue/parameters": Way(shows=listed(lambda one: one["name"], lambda _: NOTE)),
    "GET /catalogue/techniques": _nothing,
    "GET /facilities": Way(shows=listed(lambda one: one["name"], lambda _: "ESRF")),
    "GET /messages": _nothing,
    "GET /catalogue/investigation/name/{investigationName}/normalize": Way(
        shows=lambda _world, _caller, place, reply: reply.text == place.stored_name
    ),
    "GET /catalogue/datasets": Way(datasets),
    "GET /catalogue/datasets/documents": Way(lambda place: {"startDate": place.day, "endDate": place.day}),
    "GET /catalogue/{sessionId}/dataset": Way(lambda place: {"investigationIds": place.investigation}),
    "GET /catalogue/{sessionId}/dataset/id/{datasetIds}/dataset": Way(),
    "GET /catalogue/{sessionId}/dataset/id/{datasetIds}/dataset_document": Way(),
    "GET /catalogue/{sessionId}/dataset/timeline": Way(investigation),
    "GET /catalogue/{sessionId}/datasetparameter": Way(_values),
    "GET /catalogue/{sessionId}/datasetparameter#csv": Way(
        lambda place: {"investigationId": place.investigation, "name": f"{NOTE},title", "format": "csv"}
    ),
    "GET /catalogue/{sessionId}/datasetparameter/values": Way(_values),
    "GET /catalogue/{sessionId}/datafile": Way(dataset),
    "GET /catalogue/{sessionId}/dataset/id/{datasetId}/datafile": Way(),
    "GET /catalogue/{sessionId}/datafile/download": Way(
        lambda place: {"filepath": place.location, **dataset(place), **investigation(place)}
    ),
    "GET /catalogue/{sessionId}/datacollection": Way(dataset),
    "GET /catalogue/{sessionId}/dataset/id/{datasetId}/datacollection": Way(),
    "GET /catalogue/{sessionId}/investigation": Way(lambda place: {"ids": place.investigation}),
    "GET /catalogue/{sessionId}/investigation/timeline": Way(
        lambda place: {"instrument": place.instrument},
        shows=listed(lambda one: one["investigationId"], lambda place: place.investigation),
    ),
    "GET /catalogue/{sessionId}/instruments": Way(
        shows=listed(lambda one: one["name"], lambda place: place.instrument)
    ),
    "GET /catalogue/{sessionId}/investigation/id/{investigationId}/investigationusers": Way(
        shows=listed(lambda one: one["investigationId"], lambda place: place.investigation)
    ),
    "GET /catalogue/{sessionId}/investigation/{investigationId}/user": Way(
        shows=listed(lambda one: one["name"], lambda _: "simple/guest")
    ),
    "GET /catalogue/{sessionId}/user": Way(shows=listed(lambda one: one["name"], lambda _: "simple/guest")),
    "GET /catalogue/{sessionId}/samples": Way(lambda place: {"sampleIds": place.sample}),
    "GET /catalogue/{sessionId}/samples/{sampleId}/page": Way(
        investigation, shows=lambda _world, _caller, _place, reply: reply.json()["page"]["total"] == 1
    ),
    "GET /catalogue/{sessionId}/investigation/id/{investigationId}/sample": Way(),
    "GET /catalogue/{sessionId}/files": Way(lambda place: {"sampleId": place.sample}),
    "GET /catalogue/{sessionId}/files/download": Way(
        lambda place: {"sampleId": place.sample, "resourceId": place.sample_file}
    ),
    "GET /catalogue/{sessionId}/instrumentscientist": Way(
        lambda place: {"instrumentName": place.instrument},
        shows=listed(lambda one: one["instrument"]["name"], lambda place: place.instrument),
    ),
    "GET /catalogue/{sessionId}/user/name/{name}/instrumentscientist": Way(
        shows=listed(lambda one: one["user"]["name"], lambda place: f"simple/{place.scientist}")
    ),
    "GET /dataacquisition/{apiKey}/dataset": Way(investigation),
    "GET /dataacquisition/{apiKey}/investigation": Way(lambda place: {"ids": place.investigation}),
    "GET /ids/data/download": Way(datafiles),
    "GET /ids/data/download#datasets": Way(datasets, shows=lambda _w, _c, place, reply: place.mark in _names(reply)),
    "GET /ids/data/metalink": Way(datasets),
    "GET /ids/{sessionId}/data/download": Way(datafiles),
    "GET /ids/{sessionId}/datasets/status": Way(
        datasets, shows=lambda _world, _caller, _place, reply: len(reply.json()) == 1
    ),
    "GET /ids/{sessionId}/path": Way(datasets),
    "GET /ids/{sessionId}/path#datafiles": Way(datafiles),
    "GET /resource/{sessionId}/file/download": Way(lambda place: {"resourceId": place.picture}),
    "GET /resource/{sessionId}/file/download#attachment": Way(lambda place: {"resourceId": place.attachment}),
    "GET /dmp/{sessionId}/questionnaires": Way(
        lambda place: {**investigation(place), "investigationName": place.stored_name},
        shows=listed(lambda one: one["uuid"], lambda _: "a questionnaire"),
    ),
    "GET /cache": Way(),
    "GET /cache/keys": Way(
        before=lambda world, caller, _: world.kept_of(caller.headers),
        shows=lambda world, caller, _place, reply: set(world.kept_of(caller.headers)) <= set(reply.json()),
    ),
    "GET /cache/keys/{key}": Way(),
    "GET /cache/stats": Way(shows=lambda _world, _caller, _place, reply: "hits" in reply.json()),
    "GET /h5grove/attr": Way(_in_file("/")),
    "GET /h5grove/data": Way(lambda place: _in_file(f"/{place.mark}")(place)),
    "GET /h5grove/meta": Way(_in_file("/")),
    "GET /h5grove/stats": Way(
        _in_file("/plot/numbers"), shows=lambda _world, _caller, _place, reply: "max" in reply.json()
    ),
    "GET /cod": Way(lambda _: {"doi": "10.99999/1"}, follows=False, shows=answered),
}
"""What changes nothing."""


def _names(reply: requests.Response) -> str:
    """Names in a ZIP are not compressed."""
    return reply.content.decode("latin-1")
