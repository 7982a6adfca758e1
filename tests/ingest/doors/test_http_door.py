"""Announcing datasets over HTTP, and what staff does with quarantine over the interface and on the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import requests

from drac_plugins.core.inbox import Fields, Filter, Inbox
from drac_plugins.core.quarantine.metrics import exposition
from ingest.domain import DatasetMessage
from ingest.parse.xml import parse
from ingest.transport.monitor import Monitor
from tests.ingest.apply.ground import MESSAGES
from tests.portal.laboratory import Visitor, text_of
from tests.support.catalogue import RunningCatalogue, catalogue
from tests.support.facade import RunningFacade, running_facade

__all__ = ["catalogue"]
Visit = Callable[..., Visitor]
DOCUMENT = {
    "proposal": "MX2745",
    "beamline": "id30a1",
    "name": "run1",
    "location": "/data/visitor/mx2745/id30a1/20260310/RAW_DATA/a/a_run1",
    "startDate": "2026-03-10T10:00:00+01:00",
    "endDate": "2026-03-10T10:01:00+01:00",
    "sample": {"name": "lysozyme <b>"},
    "inputs": ["/data/visitor/mx2745/id30a1/20260310/RAW_DATA/a/a_run0", "/data/visitor/mx2745/id30a1/x"],
    "parameters": {
        "MX_exposureTime": 0.1,
        "InstrumentPositioners_value": [1, 2.5],
        "definition": "MX",
        "a": None,
        "b": True,
    },
}


@pytest.fixture(scope="module")
def facade(catalogue: RunningCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacade]:
    settings = {"plugins": {"enabled": ["session", "displays", "ingestion"]}}
    with running_facade(catalogue, tmp_path_factory.mktemp("facade"), settings=settings) as running:
        yield running


@pytest.fixture
def inbox(facade: RunningFacade) -> Inbox:
    return Inbox.from_settings(facade.services.store, facade.services.settings)


@pytest.fixture
def visit(facade: RunningFacade) -> Iterator[Visit]:
    opened: list[Visitor] = []

    def visitor(login: str | None = None) -> Visitor:
        found = Visitor(facade.url, requests.Session())
        opened.append(found)
        if login is not None:
            assert found.log_in(login, login).status_code == 303
        return found

    yield visitor
    for one in opened:
        one.http.close()


def post(facade: RunningFacade, body: object, key: str | None = None, **query: str) -> requests.Response:
    headers = {"X-API-Key": facade.api_key if key is None else key}
    what = {"data": body} if isinstance(body, bytes) else {"json": body}
    return facade.request("POST", "/ingestion/datasets", headers=headers, params=query, **what)


def quarantined(facade: RunningFacade, inbox: Inbox, body: bytes, reason: str = "session") -> int:
    number: int = post(facade, body).json()["messageId"]
    inbox.sort([(number, "some key", Fields("MA-1234", "id11"), None)])
    inbox.quarantine(number, reason, "session", "No session of <script>alert(1)</script> fits")
    return number


# ---------------------------------------------------------------------------------------------------- the door


def test_a_dataset_as_json_becomes_the_message_that_a_producer_would_send(facade: RunningFacade, inbox: Inbox) -> None:
    reply = post(facade, DOCUMENT)
    assert reply.status_code == 202
    answer = reply.json()
    entry = inbox.show(answer["messageId"])
    assert (entry.queue, entry.source) == ("icatIngest", "http from control system")
    read = parse(inbox.whole_body(entry), facade.services.settings)
    assert isinstance(read, DatasetMessage)
    assert (read.proposal, read.beamline, read.name, read.location) == tuple(
        DOCUMENT[k] for k in ("proposal", "beamline", "name", "location")
    )
    assert read.input_paths == tuple(DOCUMENT["inputs"])  # type: ignore[arg-type]
    assert read.sample is not None
    assert read.sample.name == "lysozyme <b>"
    values = dict(read.parameters)
    assert values["MX_exposureTime"] == "0.1"
    assert values["InstrumentPositioners_value"] == "1 2.5"
    assert values["b"] == "true"
    assert "a" not in values
    state = facade.request("GET", answer["href"], headers={"X-API-Key": facade.api_key}).json()
    assert (state["state"], state["finished"]) == ("received", False)
    assert post(facade, DOCUMENT).json() == {**answer, "duplicate": True}


def test_the_messages_of_producers_are_kept_byte_for_byte(facade: RunningFacade, inbox: Inbox) -> None:
    for name, queue in (("10", None), ("02", None), ("70", "rescheduleInvestigation"), ("85", "icatDataFiles")):
        body = next(MESSAGES.glob(f"{name}-*")).read_bytes()
        answer = post(facade, body, **({"queue": queue} if queue else {}))
        assert answer.status_code == 202
        entry = inbox.show(answer.json()["messageId"])
        assert entry.body == body
        assert entry.queue == (queue or "icatIngest")


def test_several_datasets_are_announced_at_once(facade: RunningFacade, inbox: Inbox) -> None:
    several = [{**DOCUMENT, "name": f"run{n}", "location": f"{DOCUMENT['location']}_{n}"} for n in range(3)]
    answers = post(facade, several).json()
    assert len({one["messageId"] for one in answers}) == 3


@pytest.mark.parametrize("key", ["", "wrong"])
def test_without_a_key_nothing_is_taken(facade: RunningFacade, inbox: Inbox, key: str) -> None:
    before = inbox.count()
    reply = post(facade, {**DOCUMENT, "name": "nobody"}, key)
    assert reply.status_code == 403
    assert "API key" in reply.json()["detail"]
    assert inbox.count() == before
    assert facade.request("GET", "/ingestion/messages/1", headers={"X-API-Key": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"location": "relative"}, "absolute"),
        ({"name": ""}, "name"),
        ({"proposal": None}, "proposal"),
        ({"unknown": 1}, "unknown"),
        ({"inputs": ["/a,b"]}, "comma"),
        ({"inputs": "x"}, "inputs"),
        ({"parameters": {"a": {"b": 1}}}, "a: values are"),
        ({"parameters": {"a": [[1]]}}, "a: values are"),
        ({"files": [{"location": "x", "size": -1}]}, "size"),
        ({"complete": "perhaps"}, "complete"),
    ],
)
def test_a_document_that_is_no_dataset_is_refused_in_words(
    facade: RunningFacade, change: dict[str, object], words: str
) -> None:
    reply = post(facade, {**DOCUMENT, **change})
    assert reply.status_code == 400
    assert words in reply.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[1]", b'"x"', b"\xff\x00", b"[" * 50_000])
def test_bytes_that_are_no_document_are_refused(facade: RunningFacade, body: bytes) -> None:
    assert post(facade, body).status_code == 400


def test_what_is_too_large_is_not_even_kept(facade: RunningFacade, inbox: Inbox) -> None:
    before = inbox.count()
    assert post(facade, b"<x>" + b" " * (11 * 1024 * 1024)).status_code == 413
    assert inbox.count() == before


def test_an_unknown_queue_is_refused_with_the_known_ones(facade: RunningFacade) -> None:
    reply = post(facade, b"{}", queue="icatNothing")
    assert reply.status_code == 400
    assert "icatDataFiles" in reply.json()["detail"]


# ------------------------------------------------------------------------------------------------- the interface


def test_quarantine_is_for_staff(facade: RunningFacade) -> None:
    for user, status in ((None, 401), ("ada", 403), ("dee", 403), ("cy", 200), ("root", 200)):
        for path in ("/ingestion/quarantine", "/ingestion/aliases", "/ingestion/progress"):
            assert facade.get(path, user).status_code == status, (user, path)
        sent = facade.request("POST", "/ingestion/quarantine", user, json={"ids": [999_999]})
        assert sent.status_code == (404 if status == 200 else status)


def test_messages_are_found_by_cause_shown_and_replayed_with_changes(facade: RunningFacade, inbox: Inbox) -> None:
    body = next(MESSAGES.glob("10-*")).read_bytes().replace(b"calib", b"found")
    number = quarantined(facade, inbox, body)
    found = facade.get("/ingestion/quarantine", "cy", reason="session").json()
    assert number in [one["id"] for one in found["messages"]]
    assert facade.get("/ingestion/quarantine", "cy", reason="xml").json()["total"] == 0
    shown = facade.get(f"/ingestion/quarantine/{number}", "cy").json()
    assert shown["body"].encode() == body
    assert shown["meaning"]
    assert shown["cure"]
    wrong = facade.request("POST", "/ingestion/quarantine", "cy", json={"ids": [number], "edits": {"colour": "red"}})
    assert wrong.status_code == 400
    assert facade.request("POST", "/ingestion/quarantine", "cy", json={}).status_code == 400
    asked = {
        "ids": [number],
        "edits": {"proposal": "MA-1234"},
        "aliases": [{"kind": "beamline", "spelling": "ID-11 b", "meant": "ID11"}],
    }
    assert facade.request("POST", "/ingestion/quarantine", "cy", json=asked).json() == {"replayed": 1}
    assert inbox.show(number).state == "received"
    assert inbox.show(number).edits == {"proposal": "MA-1234"}
    known = facade.get("/ingestion/aliases", "cy").json()
    assert [(a["kind"], a["spelling"], a["meant"], a["madeBy"]) for a in known] == [
        ("beamline", "id11b", "ID11", "simple/cy")
    ]
    gone = facade.request("DELETE", "/ingestion/aliases", "cy", params={"kind": "beamline", "spelling": "id11 B"})
    assert gone.status_code == 204


def test_lag_and_rates_are_told_to_staff_and_to_prometheus(facade: RunningFacade, inbox: Inbox) -> None:
    quarantined(facade, inbox, next(MESSAGES.glob("11-*")).read_bytes(), "internal")
    told = facade.get("/ingestion/progress", "cy").json()
    assert told["quarantined"]["internal"] >= 1
    assert any("unexpected" in alarm for alarm in told["alarms"])
    assert told["rates"][0]["arrived"] >= 1
    text = facade.get("/ingestion/metrics").text
    assert re.search(r'^drac_ingest_quarantined\{reason="internal"\} [1-9]', text, re.MULTILINE)
    assert re.search(r"^drac_ingest_lag_seconds \d", text, re.MULTILINE)


# ------------------------------------------------------------------------------------------------------ the page


def test_the_page_is_for_staff(visit: Visit) -> None:
    reply = visit().http.get(f"{visit().url}/portal/ingestion", allow_redirects=False, timeout=30)
    assert reply.status_code == 302
    assert "/portal/log-in" in reply.headers["Location"]
    assert visit("ada").get("/portal/ingestion").status_code == 403
    assert visit("cy").get("/portal/ingestion").status_code == 200


def test_on_the_page_a_message_is_read_changed_and_sent_again(
    visit: Visit, facade: RunningFacade, inbox: Inbox
) -> None:
    body = next(MESSAGES.glob("25-*")).read_bytes()
    number = quarantined(facade, inbox, body)
    visitor = visit("cy")
    listed = visitor.page("/portal/ingestion", reason="session")
    assert f"/portal/ingestion/messages/{number}" in listed
    assert "<script>alert(1)" not in listed
    page = visitor.page(f"/portal/ingestion/messages/{number}")
    assert "<script>alert" not in page
    assert "No session of <script>alert(1)</script> fits" in text_of(page)
    assert "tns:dataset" in text_of(page)
    form = {
        "csrf_token": visitor.token(f"/portal/ingestion/messages/{number}"),
        "beamline": "ID11",
        "aliasKind": "sample",
        "aliasSpelling": "rubyy",
        "aliasMeant": "ruby",
        "proposal": "MA-1234",
    }
    address = f"{visitor.url}/portal/ingestion/messages/{number}"
    forged = visitor.http.post(address, data={**form, "csrf_token": "x"}, timeout=30, allow_redirects=False)
    assert forged.status_code == 403
    inbox_before = inbox.show(number)
    wrong = visitor.http.post(
        address, data={**form, "aliasKind": "proposal", "aliasSpelling": "MA1", "aliasMeant": "ma-1"}, timeout=30
    )
    assert wrong.status_code == 400
    assert "compared as equal" in text_of(wrong.text)
    assert inbox.show(number) == inbox_before
    sent = visitor.http.post(address, data=form, timeout=30, allow_redirects=False)
    assert sent.status_code == 303
    assert inbox.show(number).state == "received"
    assert inbox.show(number).edits == {"beamline": "ID11", "proposal": "MA-1234"}
    overview = text_of(visitor.page("/portal/ingestion"))
    assert "rubyy" in overview
    forget = {"csrf_token": form["csrf_token"], "kind": "sample", "spelling": "rubyy", "scope": "ma1234"}
    gone = visitor.http.post(f"{visitor.url}/portal/ingestion/aliases/forget", data=forget, timeout=30)
    assert "rubyy" not in text_of(gone.text)


def test_on_the_page_everything_that_a_filter_selects_is_sent_again(
    visit: Visit, facade: RunningFacade, inbox: Inbox
) -> None:
    numbers = [
        quarantined(facade, inbox, next(MESSAGES.glob(f"{name}-*")).read_bytes(), "dates") for name in ("17", "18")
    ]
    other = quarantined(facade, inbox, next(MESSAGES.glob("19-*")).read_bytes(), "location")
    visitor = visit("root")
    form = {"csrf_token": visitor.token("/portal/ingestion?reason=dates"), "reason": "dates"}
    reply = visitor.http.post(f"{visitor.url}/portal/ingestion/replay", data=form, timeout=30)
    assert "2 messages sent again" in text_of(reply.text)
    assert {inbox.show(n).state for n in numbers} == {"received"}
    assert inbox.show(other).state == "quarantined"
    assert inbox.count(Filter(state="quarantined", reason="dates")) == 0


def test_the_monitor_of_the_ingester_tells_the_figures_too(facade: RunningFacade) -> None:
    monitor = Monitor(("127.0.0.1", 0), lambda _queue: 1, lambda: exposition(facade.services.store))
    host, port = monitor.start()
    try:
        text = requests.get(f"http://{host}:{port}/metrics", timeout=10).text
    finally:
        monitor.stop()
    assert "drac_ingest_lag_seconds" in text
