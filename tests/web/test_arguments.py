"""Arguments: lenient where clients are sloppy, strict where a value makes no sense."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from drac_plugins.app import create_app
from tests.support.facade import RunningFacade, facade_settings
from tests.web.workshop import plugin as workshop


def query(facade: RunningFacade, text: str) -> dict[str, Any]:
    reply = facade.get(f"/workshop/query?{text}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def refusal(facade: RunningFacade, text: str) -> str:
    reply = facade.get(f"/workshop/query?{text}")
    assert reply.status_code == 400, reply.text
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    return reply.text


def test_nothing_given_means_the_defaults(facade: RunningFacade) -> None:
    assert query(facade, "") == {
        "limit": None, "skip": 0, "sort_by": None, "sort_order": "ASC", "search": None, "number": None, "ids": [],
        "words": [], "day": None, "moment": None, "nested": False,
    }  # fmt: skip


def test_unknown_and_empty_arguments_are_ignored(facade: RunningFacade) -> None:
    assert query(facade, "search=&limit=&unknown=1&nested=&day=&ids=%20&_=123") == query(facade, "")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("number=5", "number", 5),
        ("number=-5", "number", -5),
        ("limit=0", "limit", 0),
        ("skip=20", "skip", 20),
        ("ids=3,1,3,2", "ids", [3, 1, 2]),
        ("ids=3&ids=1", "ids", [3, 1]),
        ("manyWords=a,%20b,,c", "words", ["a", "b", "c"]),
        ("day=2031-05-06", "day", "2031-05-06"),
        ("day=2031-05-06T23:30:00.000%2B02:00", "day", "2031-05-06"),
        ("day=2031-05-06T23:30:00.000+02:00", "day", "2031-05-06"),
        ("moment=2031-05-06T08:00:00Z", "moment", "2031-05-06T10:00:00.000+02:00"),
        ("moment=2031-05-06T08:00:00", "moment", "2031-05-06T08:00:00.000+02:00"),
        ("nested=true", "nested", True),
        ("nested=TRUE", "nested", True),
        ("nested=false", "nested", False),
        ("sortOrder=-1", "sort_order", "DESC"),
        ("sortOrder=1", "sort_order", "ASC"),
        ("sortBy=startDate", "sort_by", "startDate"),
        ("search=%25x%25", "search", "%x%"),
    ],
)
def test_arguments_are_read(facade: RunningFacade, text: str, name: str, value: object) -> None:
    found = query(facade, text)[name]
    assert found == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("number=2.5", "number: expected a whole number"),
        ("number=1e3", "number: expected a whole number"),
        ("number=٣", "number: expected a whole number"),
        ("number=99999999999999999999", "number: expected a whole number"),
        ("limit=-1", "limit: must not be negative"),
        ("limit=many", "limit: expected a whole number"),
        ("ids=1,x", "ids: expected identifiers"),
        ("ids=-1", "ids: expected identifiers"),
        ("day=yesterday", "day: 'yesterday' is no day; expected YYYY-MM-DD"),
        ("day=2031-02-30", "is no day"),
        ("moment=0001-01-01T00:00:00%2B14:00", "is no date-time"),
        ("nested=maybe", "nested: expected true or false"),
        ("sortOrder=up", "sortOrder: expected 1 (ascending) or -1 (descending)"),
        ("search=a%00b", "search: contains a control character"),
        ("unknown=%00", "unknown: contains a control character"),
    ],
)
def test_an_argument_that_makes_no_sense_is_explained(facade: RunningFacade, text: str, complaint: str) -> None:
    assert complaint in refusal(facade, text)


def test_all_faults_are_told_at_once(facade: RunningFacade) -> None:
    text = refusal(facade, "number=x&ids=y")
    assert "number:" in text
    assert "ids:" in text


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b"", {"name": None, "count": None}),
        ("application/json", b"  \n", {"name": None, "count": None}),
        ("application/json", b"null", {"name": None, "count": None}),
        (None, b'{"name": "x"}', {"name": "x", "count": None}),
        ("text/plain", b'{"name": "x", "extra": {"y": 1}}', {"name": "x", "count": None}),
        ("application/json; charset=utf-8", b'{"name": 5, "count": "7"}', {"name": "5", "count": 7}),
        ("application/x-www-form-urlencoded", b"name=x&count=7", {"name": "x", "count": 7}),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_bodies_are_read_leniently(
    facade: RunningFacade, method: str, content_type: str | None, body: bytes, expected: dict[str, Any]
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    reply = facade.request(method, "/workshop/body", data=body, headers=headers)
    assert (reply.status_code, reply.json()) == (200, {"value": expected})


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[1]", b'"text"', b"5", b"true", b'{"count": 2.5}', b'{"count": true}', b'{"name": ["x"]}', b"\xff\xfe",
        b'{"name": "a\\u0000b"}', b'{"a": ["\\ud800"]}', b'{"count": NaN}', b"[" * 100_000, b'{"a":' * 50_000,
        b'{"count": 1' + b"0" * 5000 + b"}",
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_answered_400_with_a_sentence(facade: RunningFacade, body: bytes) -> None:
    reply = facade.request("POST", "/workshop/body", data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert len(reply.text) > 10


def test_a_body_that_is_too_large_is_answered_413(facade: RunningFacade) -> None:
    reply = facade.request("POST", "/workshop/body", data=b"x" * (16 * 1024 * 1024 + 1))
    assert reply.status_code == 413
    assert "16777216 bytes" in reply.text


def test_a_chunked_body_is_read_whole_or_refused(tmp_path: Path) -> None:
    settings = facade_settings("http://127.0.0.1:1", tmp_path, {"web": {"max_body_bytes": 1000}})
    client = create_app(settings, (workshop,)).test_client()
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    for size, status in ((900, 200), (2000, 413)):
        body = b'{"name": "x"}' + b" " * size
        reply = client.post("/workshop/body", input_stream=io.BytesIO(body), environ_overrides=chunked)
        assert reply.status_code == status


def test_moments_go_out_with_milliseconds_and_a_numeric_offset_of_the_facility(facade: RunningFacade) -> None:
    assert facade.get("/workshop/moment").json() == {"moment": "2031-05-06T08:00:00.000+02:00"}


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("", {"total": 45, "totalPages": 1, "currentPage": 1}),
        ("limit=20", {"total": 45, "totalPages": 3, "currentPage": 1}),
        ("limit=20&skip=20", {"total": 45, "totalPages": 3, "currentPage": 2}),
        ("limit=45", {"total": 45, "totalPages": 1, "currentPage": 1}),
        ("limit=0", {"total": 45, "totalPages": 1, "currentPage": 1}),
    ],
)
def test_meta_counts_pages_from_one(facade: RunningFacade, text: str, pages: dict[str, int]) -> None:
    assert facade.get(f"/workshop/page?{text}").json() == {"page": pages}
