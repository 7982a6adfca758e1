"""The change feed over the wire: pages and server-sent events, each only with what the caller may see."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from drac_plugins.core.events import outbox
from drac_plugins.core.events.records import NewEvent
from tests.catalogue.seed import Facility
from tests.support.facade import RunningFacade

NOW = datetime(2031, 5, 6, 7, tzinfo=UTC)


def note(facade: RunningFacade, *events: NewEvent) -> int:
    """Note events; returns the id after which they come."""
    with facade.services.store.begin() as connection:
        before = outbox.bounds(connection)[1]
        outbox.put(connection, events, NOW)
    return before


def changes(facade: RunningFacade, user: str | None, **query: Any) -> Any:
    return facade.get("/ingestion/changes", user, **query).json()


def test_everybody_gets_the_changes_of_what_they_may_see(facade: RunningFacade, facility: Facility) -> None:
    ours, hers, public = facility.raw[0], facility.other_raw, facility.open_raw
    since = note(
        facade,
        NewEvent("dataset", ours, facility.apple),
        NewEvent("dataset", hers, facility.other),
        NewEvent("files", public),
        NewEvent("investigation", None, facility.apple),
        NewEvent("dataset", 10**9),
        NewEvent("processing", ours, facility.apple, {"location": "/data"}),
    )

    def seen(user: str | None) -> list[tuple[str, int | None, int | None]]:
        found = changes(facade, user, since=since)
        assert (found["next"], found["more"], found["reset"]) == (since + 6, False, False)
        return [(c["kind"], c["datasetId"], c["investigationId"]) for c in found["changes"]]

    assert seen("ada") == [
        ("dataset", ours, facility.apple),
        ("files", public, None),
        ("investigation", None, facility.apple),
    ]
    assert seen("dee") == [("dataset", hers, facility.other), ("files", public, None)]
    assert seen(None) == [("files", public, None)]


def test_pages_follow_each_other_without_gap_or_repetition(facade: RunningFacade, facility: Facility) -> None:
    wanted = [facility.raw[n % 3] for n in range(25)]
    since = note(
        facade, *(e for id_ in wanted for e in (NewEvent("links", id_), NewEvent("links", facility.other_raw)))
    )
    got: list[int] = []
    more = True
    while more:
        page = changes(facade, "ada", since=since, limit=7)
        assert len(page["changes"]) <= 7
        got += [change["datasetId"] for change in page["changes"]]
        since, more = page["next"], page["more"]
    assert got == wanted


def test_without_since_one_learns_where_to_begin(facade: RunningFacade, facility: Facility) -> None:
    before = note(facade, NewEvent("dataset", facility.raw[0]))
    found = changes(facade, "ada")
    assert found == {"changes": [], "next": before + 1, "more": False, "reset": False}


@pytest.mark.parametrize("since", [10**9, 2**63 - 1])
def test_a_place_that_does_not_exist_says_begin_again(facade: RunningFacade, since: int) -> None:
    assert changes(facade, "ada", since=since)["reset"] is True


@pytest.mark.parametrize("query", [{"since": "-1"}, {"since": "x"}, {"limit": "0"}, {"limit": "1001"}])
def test_nonsense_is_refused_with_a_sentence(facade: RunningFacade, query: dict[str, str]) -> None:
    reply = facade.get("/ingestion/changes", "ada", **query)
    assert reply.status_code == 400
    assert next(iter(query)) in reply.json()["detail"]


def test_the_number_of_calls_does_not_grow_with_the_changes(facade: RunningFacade, facility: Facility) -> None:
    since = note(facade, *(NewEvent("links", facility.raw[n % 3], facility.apple) for n in range(900)))
    with facade.services.catalogue.counting() as counted:
        assert len(changes(facade, "ada", since=since, limit=1000)["changes"]) == 900
    assert counted.calls <= 2


def stream(facade: RunningFacade, user: str, **headers: str) -> requests.Response:
    headers |= {"Authorization": f"Bearer {facade.log_in(user)}", "Accept": "text/event-stream"}
    return requests.get(f"{facade.url}/ingestion/changes/stream", headers=headers, stream=True, timeout=30)


def blocks(reply: requests.Response) -> list[dict[str, str]]:
    """Blocks of a stream until it ends, as a browser would read them."""
    text = reply.content.decode()
    return [dict(line.split(": ", 1) for line in block.split("\n") if ": " in line) for block in text.split("\n\n")]


def test_changes_come_while_one_listens_and_go_on_where_one_left(facade: RunningFacade, facility: Facility) -> None:
    with stream(facade, "ada") as reply:
        assert reply.headers["Content-Type"].startswith("text/event-stream")
        timer = threading.Timer(
            0.4, note, (facade, NewEvent("dataset", facility.other_raw), NewEvent("dataset", facility.raw[1]))
        )
        timer.start()
        found = blocks(reply)
        timer.join()
    events = [block for block in found if "event" in block]
    assert [(e["event"], json.loads(e["data"])["datasetId"]) for e in events] == [("dataset", facility.raw[1])]
    assert found[0]["retry"]
    last = int(events[0]["id"])
    note(facade, NewEvent("gallery", facility.raw[2]))
    with stream(facade, "ada", **{"Last-Event-ID": str(last)}) as reply:
        again = [json.loads(block["data"]) for block in blocks(reply) if "event" in block]
    assert [(e["kind"], e["datasetId"]) for e in again] == [("gallery", facility.raw[2])]


def test_there_are_only_so_many_streams(facade: RunningFacade, facility: Facility) -> None:
    open_ = [stream(facade, "ada")]
    refused = [stream(facade, "ada")]  # one of two places is for others
    open_.append(stream(facade, "bo"))
    refused.append(stream(facade, "cy"))
    for reply in refused:
        assert reply.status_code == 503
        assert reply.headers["Retry-After"]
    for reply in open_:
        assert reply.status_code == 200
        reply.close()
    end = time.monotonic() + 10
    while stream(facade, "ada").status_code != 200:  # places come back when their readers have gone
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_session_that_has_ended_is_told_so(facade: RunningFacade) -> None:
    reply = requests.get(
        f"{facade.url}/ingestion/changes/stream", headers={"Authorization": "Bearer 0000-nobody"}, timeout=30
    )
    assert reply.status_code == 401
