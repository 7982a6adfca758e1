"""One client of the crowd: a process that creates datasets and data collections, and makes mistakes.

`python -m tests.server.crowd.client ORDERS`: the orders are a JSON object with the fields of `Orders`.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import icat
import requests

from tests.server.crowd.journal import Call, Journal

SECONDS = 120
FILES = 2
"""Datafiles of each dataset."""
KINDS = {"single": 70, "many": 8, "wrong": 7, "repeated": 5, "contested": 4, "collection": 3, "cut": 3}
"""What a call is about, with weights."""


@dataclass
class Orders:
    """What a client is told. It makes the calls `first` to `last` - 1; `rest` lets it speak REST, otherwise SOAP."""

    url: str
    number: int
    first: int
    last: int
    seed: int
    journal: str
    rest: bool
    investigation: int
    type: int

    def text(self) -> str:
        return json.dumps(asdict(self))


class Refused(Exception):
    """The catalogue did not store anything; the text is the type of the fault."""


class Wire(Protocol):
    session_id: str

    def create(self, objects: list[dict[str, Any]]) -> None: ...


class Rest:
    def __init__(self, url: str) -> None:
        self._url = f"{url}/icat"
        self._http = requests.Session()
        login = {"plugin": "simple", "credentials": [{"username": "root"}, {"password": "root"}]}
        reply = self._http.post(f"{self._url}/session", data={"json": json.dumps(login)}, timeout=SECONDS)
        self.session_id = reply.json()["sessionId"]

    def create(self, objects: list[dict[str, Any]]) -> None:
        form = {"sessionId": self.session_id, "entities": json.dumps(objects)}
        reply = self._http.post(f"{self._url}/entityManager", data=form, timeout=SECONDS)
        if reply.status_code != 200:
            raise Refused(reply.json()["code"])


class Soap:
    def __init__(self, url: str) -> None:
        self._client = icat.Client(url)
        self._client.timeout = SECONDS
        self.session_id = self._client.login("simple", {"username": "root", "password": "root"})
        self._client.autoLogout = False

    def create(self, objects: list[dict[str, Any]]) -> None:
        beans = [self._bean(name, content) for one in objects for name, content in one.items()]
        try:
            if len(beans) == 1:
                self._client.create(beans[0])
            else:
                self._client.createMany(beans)
        except icat.ICATError as error:
            raise Refused(type(error).__name__) from error

    def _bean(self, name: str, content: dict[str, Any]) -> Any:
        bean = self._client.new(name)
        for field, value in content.items():
            if isinstance(value, dict):
                reference = self._client.new(str(bean.getAttrType(field)))
                reference.id = value["id"]
                value = reference
            elif isinstance(value, list):
                value = [self._bean(str(bean.getAttrType(field)), one) for one in value]
            setattr(bean, field, value)
        return bean


class Client:
    def __init__(self, orders: Orders, wire: Wire) -> None:
        self._orders = orders
        self._wire = wire
        self._random = random.Random(f"{orders.seed}-{orders.number}-{orders.first}")
        self._stored: list[str] = []

    def work(self) -> None:
        journal = Journal(Path(self._orders.journal))
        for number in range(self._orders.first, self._orders.last):
            kind = self._random.choices(list(KINDS), list(KINDS.values()))[0]
            call, objects = getattr(self, f"_{kind}")(f"c{self._orders.number}-{number}")
            journal.begin(number, call)
            started = time.perf_counter()
            if call.kind == "cut":
                self._cut_off(objects)
            else:
                self._carry_out(call, objects)
            call.milliseconds = (time.perf_counter() - started) * 1000
            journal.end(number, call)

    def _carry_out(self, call: Call, objects: list[dict[str, Any]]) -> None:
        try:
            self._wire.create(objects)
        except Refused as refusal:
            call.outcome, call.type = "refused", str(refusal)
        else:
            call.outcome = "stored"
            self._stored += call.names[:1] if call.kind != "collection" else []

    # Kinds of calls ------------------------------------------------------------------------------------------------

    def _single(self, name: str) -> tuple[Call, list[dict[str, Any]]]:
        return Call("single", [name]), [self._dataset(name)]

    def _many(self, name: str) -> tuple[Call, list[dict[str, Any]]]:
        names = [f"{name}-{n}" for n in range(self._random.randint(2, 8))]
        return Call("many", names), [self._dataset(n) for n in names]

    def _wrong(self, name: str) -> tuple[Call, list[dict[str, Any]]]:
        """One object of the call is bad; it may be the last of several."""
        names = [f"{name}-{n}" for n in range(self._random.randint(1, 4))]
        objects = [self._dataset(n) for n in names]
        last = objects[-1]["Dataset"]
        match self._random.randrange(4):
            case 0:
                del last["name"]
            case 1:
                last["type"] = {"id": 987_654_321}
            case 2:
                last["description"] = "x" * 300
            case 3:
                last["datafiles"][-1] = dict(last["datafiles"][0])
        return Call("wrong", names, wrong=True), objects

    def _repeated(self, name: str) -> tuple[Call, list[dict[str, Any]]]:
        """A key that is taken, behind a good object."""
        if not self._stored:
            return self._single(name)
        taken = self._random.choice(self._stored)
        return Call("repeated", [name], wrong=True), [self._dataset(name), self._dataset(taken)]

    def _contested(self, name: str) -> tuple[Call, list[dict[str, Any]]]:
        """Another client tries to create the same, perhaps at this moment."""
        number = int(name.rpartition("-")[2])
        shared = f"shared-{number + self._random.randint(-3, 3)}"
        return Call("contested", [shared], contested=True), [self._dataset(shared)]

    def _collection(self, name: str) -> tuple[Call, list[dict[str, Any]]]:
        return Call("collection", [name]), [{"DataCollection": {"doi": name}}]

    def _cut(self, name: str) -> tuple[Call, list[dict[str, Any]]]:
        names = [f"{name}-{n}" for n in range(self._random.randint(1, 8))]
        return Call("cut", names), [self._dataset(n) for n in names]

    def _dataset(self, name: str) -> dict[str, Any]:
        content = {
            "name": name,
            "investigation": {"id": self._orders.investigation},
            "type": {"id": self._orders.type},
            "datafiles": [{"name": f"{name}.{n}"} for n in range(FILES)],
        }
        return {"Dataset": content}

    def _cut_off(self, objects: list[dict[str, Any]]) -> None:
        """Send the whole call or a part of it, and hang up without waiting for an answer."""
        body = urlencode({"sessionId": self._wire.session_id, "entities": json.dumps(objects)}).encode()
        address = urlsplit(self._orders.url)
        head = (
            f"POST /icat/entityManager HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        sent = body if self._random.random() < 0.6 else body[: self._random.randrange(len(body))]
        with socket.create_connection((str(address.hostname), address.port or 80), timeout=SECONDS) as connection:
            connection.sendall(head.encode() + sent)
            if self._random.random() < 0.5:
                time.sleep(self._random.random() / 50)


def main() -> None:
    orders = Orders(**json.loads(sys.argv[1]))
    Client(orders, Rest(orders.url) if orders.rest else Soap(orders.url)).work()


if __name__ == "__main__":
    main()
