"""Hostile requests to every operation of a running facade: a 4xx that says what to do, never a 500, and no secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
import requests

from drac_plugins.core.settings import load
from drac_plugins.demo.verify import API_KEY, Visitor
from tests.journeys.showers import Operation, Shot, operations, pages, shots
from tests.journeys.visitors import submit_log_in
from tests.support.demonstration import Demonstration

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow]

PATIENCE_SECONDS = 20.0
NOT_OFFERED = 501
"""What needs a neighbour that the demonstration does not have."""

PASSWORD = "correct-horse-battery"
"""A password that is wrong; it must appear nowhere."""

_HTML_TAGS = re.compile(r"<(?:style|script).*?</(?:style|script)>|<[^>]*>", re.DOTALL)
_BROKEN = re.compile(r"Traceback|File \"/|sqlalchemy|marshmallow|werkzeug|\bNone\b|<class |object at 0x", re.IGNORECASE)


@dataclass
class Gunner:
    """Sends shots as ada and collects what is wrong with the answers."""

    url: str
    good: Mapping[str, str]
    secrets: tuple[str, ...]
    faults: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def fire(self, volley: Iterable[Shot], *, shows_session: bool = False) -> None:
        with requests.Session() as connection:
            for shot in volley:
                self._one(connection, shot, shows_session)

    def _one(self, connection: requests.Session, shot: Shot, shows_session: bool) -> None:
        headers = {"Authorization": f"Bearer {self.good['sessionId']}"}
        if shot.body is not None:
            headers |= {"Content-Type": shot.content_type or "", "Connection": "close"}
        try:
            reply = connection.request(
                shot.method,
                self.url + shot.path,
                params=shot.query,
                data=shot.body,
                headers=headers,
                timeout=PATIENCE_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self.faults.append(f"{type(error).__name__}: {shot}")
            return
        self.statuses.add(reply.status_code)
        fault = _fault(reply)
        if fault:
            self.faults.append(f"{fault}: {shot}: {reply.status_code} {reply.text[:300]}")
        if not (shows_session or _is_address_of_files(shot, reply)):
            self.faults += [f"a secret in the answer: {shot}" for secret in self.secrets if secret in reply.text]


def _is_address_of_files(shot: Shot, reply: requests.Response) -> bool:
    """The addresses at the data service hold the session of who asks for them."""
    return reply.status_code < 400 and ("/data/download" in shot.path or shot.path.endswith("/data/metalink"))


def _fault(reply: requests.Response) -> str | None:
    if reply.status_code >= 500 and reply.status_code != NOT_OFFERED:
        return "a failure"
    if reply.status_code < 400 or reply.request.method == "HEAD":
        return None
    text = " ".join(_HTML_TAGS.sub(" ", reply.text).split())
    if len(text) < 20:
        return "says nothing"
    if len(text) > 10_000:
        return "says too much"
    if _BROKEN.search(text):
        return "shows our insides"
    if any("\r" in value or "\n" in value for value in reply.headers.values()):
        return "a line end in a header"
    return None


@pytest.fixture(scope="module")
def gunner(demonstration: Demonstration) -> Gunner:
    ada = Visitor.log_in(demonstration.url, "ada")
    investigation = ada.investigations()["MX-2745"]
    dataset = ada.datasets(investigation)[0]["id"]
    good = {
        "sessionId": ada.session_id,
        "apiKey": API_KEY,
        "investigationId": str(investigation),
        "datasetId": str(dataset),
        "datasetIds": str(dataset),
        "investigationName": "MX-2745",
        "displayId": "mx",
        "resource": "0" * 24,
        "path": "x",
    }
    return Gunner(demonstration.url, good, (ada.session_id, API_KEY, PASSWORD))


def _good_for(operation: Operation, good: Mapping[str, str]) -> Mapping[str, str]:
    if operation.path.startswith("/session"):
        return {**good, "sessionId": str(uuid4())}  # ada's own must survive DELETE
    return {**good, "id": good["investigationId" if "investigations" in operation.path else "datasetId"]}


def _fire_all(gunner: Gunner, targets: Iterable[Operation]) -> int:
    number, known = 0, set[str]()
    for operation in targets:
        gunner.fire(shots(operation, _good_for(operation, gunner.good), known))
        known.update(operation.query, operation.variables)
        number += 1
    return number


def test_no_parameter_of_any_described_operation_breaks_the_facade(gunner: Gunner) -> None:
    document = requests.get(f"{gunner.url}/swagger.json", timeout=30).json()
    gunner.faults.clear()
    assert _fire_all(gunner, operations(document)) >= 20
    assert gunner.faults == []
    assert {200, 400, 401, 403, 404, 405} <= gunner.statuses


def test_no_address_of_any_page_breaks_the_facade(gunner: Gunner) -> None:
    gunner.faults.clear()
    _fire_all(gunner, pages())
    assert gunner.faults == []
    assert requests.get(f"{gunner.url}/health", timeout=30).ok


def test_sessions_that_are_none_or_have_ended_are_refused_with_what_to_do(gunner: Gunner) -> None:
    ended = Visitor.log_in(gunner.url, "bo").session_id
    assert requests.delete(f"{gunner.url}/session/{ended}", timeout=30).ok
    for odd in (ended, str(uuid4()), "x", "0", "null", "' OR '1'='1", "..", "é" * 50):
        path = requests.utils.quote(odd, safe="")  # type: ignore[attr-defined]
        for tail in ("dataset?investigationIds=1", "investigation", "samples?investigationId=1", "datacollection"):
            reply = requests.get(f"{gunner.url}/catalogue/{path}/{tail}", timeout=30)
            if odd != "..":  # which browsers and clients resolve before they ask
                assert reply.status_code in (400, 401, 403), (odd, tail, reply.text)
                assert "log in" in reply.text, (odd, tail, reply.text)
            assert ended not in reply.text
        headers = {"Authorization": f"Bearer {odd}".encode()}
        reply = requests.get(f"{gunner.url}/catalogue/datasets?investigationIds=1", headers=headers, timeout=30)
        assert reply.status_code in (400, 401, 403), (odd, reply.text)
    for header in ("Basic YWRhOmFkYQ==", "x", "Token a", "Bearer a b c"):
        reply = requests.get(
            f"{gunner.url}/catalogue/datasets?investigationIds=1", headers={"Authorization": header}, timeout=30
        )
        assert reply.status_code in (400, 401, 403), (header, reply.status_code, reply.text)


def test_no_session_id_key_or_password_gets_into_a_log(gunner: Gunner, demonstration: Demonstration) -> None:
    refusals = [
        requests.post(
            f"{gunner.url}/session",
            json={"plugin": "simple", "username": "ada", "password": PASSWORD},
            timeout=30,
        )
    ]
    with requests.Session() as browser:
        odd = ("ada", "nobody", "ada' OR '1'='1", "<b>x</b>", "ä" * 100, "")
        refusals += [submit_log_in(browser, gunner.url, name, PASSWORD) for name in odd]
    for reply in refusals:
        assert reply.status_code in (400, 403)
        assert PASSWORD not in reply.text
        assert "<b>x" not in reply.text
    requests.get(f"{gunner.url}/catalogue/{gunner.good['sessionId']}/nothing/here?password={PASSWORD}", timeout=30)
    settings = load(demonstration.settings_file, {})
    logs = {path.name: path.read_text(errors="replace") for path in (settings.var / "logs").glob("*.log")}
    assert logs.keys() == {"catalogue.log", "facade.log", "ingester.log"}
    for name, text in logs.items():
        assert len(text) > 20, f"{name} says nothing"
        for secret in gunner.secrets:
            assert secret not in text, name
        assert not re.search(r"sessionId=(?!\*)|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", text), name
        assert "Traceback" not in text, name
