"""MX sessions over `/displays/mx`: the view models of the pages, and how many calls of the catalogue they take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from icat_schema.gateway import Session
from tests.portal.laboratory import ESRFET, START, Laboratory
from tests.support.facade import RunningFacade

SHELL = "MXAutoprocIntegrationScaling_overall"


def collections(laboratory: Laboratory, session: int, count: int, results: int) -> list[int]:
    """Raw datasets of as many crystals, each with results of as many pipelines; the last pipeline is always best."""
    facts = [
        {
            "name": f"run{number}",
            "start": START + timedelta(minutes=number),
            "values": {
                "technique_pid": f"{ESRFET}MX",
                "scanType": "datacollection",
                "Sample_name": f"crystal-{number}",
                "SampleProtein_acronym": "LYSO",
                "SampleTrackingContainer_id": f"PUCK-{number // 16}",
                "SampleTrackingContainer_position": str(number % 16 + 1),
            },
        }
        for number in range(count)
    ]
    raw = laboratory.datasets(session, facts)
    laboratory.datasets(
        session,
        [
            {
                "name": f"pipeline{place}_{key}",
                "type": "processed",
                "inputs": [key],
                "values": {
                    "scanType": "integration",
                    "Process_program": f"pipeline{place}",
                    "MXAutoprocIntegration_space_group": "P 21 21 21",
                    f"{SHELL}_mean_I_over_sigI": str(5 + place),
                },
            }
            for key in raw
            for place in range(results)
        ],
    )
    return raw


@pytest.fixture(scope="module")
def session(laboratory: Laboratory) -> tuple[int, list[int]]:
    key = laboratory.session()
    return key, collections(laboratory, key, 24, 2)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the calls of the catalogue while the block runs."""
    calls: list[str] = []
    with monkeypatch.context() as patched:
        for name in ("rows", "rows_for", "page", "count"):
            real = getattr(Session, name)

            def noting(self: Session, *given: Any, _name: str = name, _real: Any = real, **more: Any) -> Any:
                calls.append(_name)
                return _real(self, *given, **more)

            patched.setattr(Session, name, noting)
        yield calls


def test_actions_come_in_pages_with_best_result_reasons_and_statistics(
    facade: RunningFacade, session: tuple[int, list[int]]
) -> None:
    key, raw = session
    reply = facade.get("/displays/mx/actions", "ada", investigationId=key, limit=5, page=2)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["page"] == {"total": 24, "totalPages": 5, "currentPage": 2}
    assert body["rankedBy"]["parameter"] == f"{SHELL}_mean_I_over_sigI"
    assert body["counters"]["results"] == 48
    assert [one["id"] for one in body["actions"]] == raw[-6:-11:-1], "newest first"
    row = body["actions"][0]
    assert (row["best"]["program"], row["value"]["value"], row["value"]["coloured"]["position"]) == (
        "pipeline1",
        6.0,
        0.5,
    )
    assert row["best"]["reasons"][-1].startswith("higher overall I/sigma: 6; next 5 (pipeline0)")
    assert row["statistics"]["blocks"][0]["lines"][0]["shell"] == "overall"
    assert [one["program"] for one in row["pipelines"]] == ["pipeline1", "pipeline0"]


def test_one_action_comes_with_all_results_and_what_would_win_if(
    facade: RunningFacade, session: tuple[int, list[int]]
) -> None:
    _, raw = session
    body = facade.get(f"/displays/mx/actions/{raw[3]}", "ada", symmetry="ignore").json()
    assert body["action"]["row"]["sample"] == "crystal-3"
    assert len(body["action"]["table"]["blocks"]) == 2
    alternatives = {one["label"]: one for one in body["action"]["alternatives"]}
    assert alternatives["higher symmetry first"]["same"] is True


def test_the_summary_has_containers_and_targets(facade: RunningFacade, session: tuple[int, list[int]]) -> None:
    body = facade.get("/displays/mx/summary", "ada", investigationId=session[0]).json()["summary"]
    assert [(c["label"], c["capacity"], c["guessed"]) for c in body["containers"]] == [
        ("PUCK-0", 16, True),
        ("PUCK-1", 10, True),
    ]
    (target,) = body["targets"]
    assert (target["protein"], target["counters"]["datasets"], target["bestProgram"]) == ("LYSO", 24, "pipeline1")
    assert [one["count"] for one in target["distribution"]] == [24]


@pytest.mark.parametrize("path", ["/displays/mx/actions", "/displays/mx/summary"])
def test_who_may_not_see_a_session_is_told_that_there_is_none(
    facade: RunningFacade, session: tuple[int, list[int]], path: str
) -> None:
    assert facade.get(path, "dee", investigationId=session[0]).status_code == 404
    assert facade.get(path, "dee").status_code == 400
    assert facade.get(f"/displays/mx/actions/{session[1][0]}", "dee").status_code == 404


def test_what_no_reader_may_choose_is_refused_with_a_sentence(
    facade: RunningFacade, session: tuple[int, list[int]]
) -> None:
    reply = facade.get("/displays/mx/actions", "ada", investigationId=session[0], has="everything")
    assert reply.status_code == 400
    assert "has" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["", "/summary"])
def test_the_calls_of_a_page_do_not_grow_with_its_session(
    facade: RunningFacade,
    laboratory: Laboratory,
    session: tuple[int, list[int]],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    small = laboratory.session()
    collections(laboratory, small, 2, 2)
    numbers = []
    for key in (small, session[0]):
        with counted(monkeypatch) as calls:
            query = {"investigationId": key}
            reply = facade.get(f"/displays/mx{path or '/actions'}", "ada", **query)
            assert reply.status_code == 200
        numbers.append(len(calls))
    assert numbers[1] <= numbers[0] + 1, "the larger one counts its results once, to read them by one condition"
    assert numbers[1] < 40
