"""The JSON messages: what is read, what is refused and with which words."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drac_plugins.core.quarantine.aliases import AliasBook
from drac_plugins.core.settings import Settings
from ingest.domain import ArchiveStatus, FileRequest, MetadataUpdate
from ingest.outcome import Refused
from ingest.parse.requests import KEYS, kind_of, location_of, parse_request, parts

MESSAGES = Path(__file__).parents[2] / "messages"
UPDATE = {
    "proposal": "ma1234",
    "beamline": "id11",
    "datasetPaths": ["/data/visitor/ma1234/id11/20250310/RAW_DATA/a/a_0001"],
    "metadataName": "Sample_description",
    "metadataValue": "rod",
}

MANY = [f"/{number}" for number in range(6000)]


def body(name: str) -> bytes:
    return next(MESSAGES.glob(f"{name}-*.json")).read_bytes()


def test_the_messages_of_the_corpus_are_read() -> None:
    assert parse_request(body("80"), "archive_status") == ArchiveStatus(
        5001, "archiving", "info", json.loads(body("80"))["message"]
    )
    restore = parse_request(body("81"), "archive_status")
    assert isinstance(restore, ArchiveStatus)
    assert (restore.type, restore.level) == ("restoration", "error")
    silent = parse_request(body("82"), "archive_status")
    assert isinstance(silent, ArchiveStatus)
    assert silent.text is None
    update = parse_request(body("83"), "update_metadata")
    assert isinstance(update, MetadataUpdate)
    assert (len(update.paths), update.name) == (2, "Sample_description")
    one = parse_request(body("84"), "update_metadata")
    assert isinstance(one, MetadataUpdate)
    assert len(one.paths) == 1
    assert parse_request(body("85"), "datafiles") == FileRequest(5001)


def test_a_body_is_told_apart_by_its_keys() -> None:
    kinds = [kind_of(body(name)) for name in ("80", "83", "85")]
    assert kinds == ["archive_status", "update_metadata", "datafiles"]
    assert kind_of(b"<x/>") is None
    assert kind_of(b'{"something": 1}') is None


def test_paths_come_as_a_list_or_as_text_with_commas() -> None:
    for paths in (["/data/a", " /data/b "], "/data/a,/data/b", "/data/a, /data/b,"):
        update = parse_request(json.dumps({**UPDATE, "datasetPaths": paths}).encode(), "update_metadata")
        assert isinstance(update, MetadataUpdate)
        assert update.paths == ("/data/a", "/data/b")


def test_the_parts_of_an_update_say_together_what_it_says() -> None:
    whole = parse_request(body("83"), "update_metadata")
    assert isinstance(whole, MetadataUpdate)
    read = [parse_request(part, "update_metadata") for part in parts(whole)]
    assert [r.paths for r in read if isinstance(r, MetadataUpdate)] == [(path,) for path in whole.paths]
    assert {(r.name, r.value) for r in read if isinstance(r, MetadataUpdate)} == {(whole.name, whole.value)}


def test_changes_of_operators_and_aliases_are_put_over_an_update() -> None:
    aliases = AliasBook({("beamline", "", "id11"): "ID11-new"})
    update = parse_request(json.dumps(UPDATE).encode(), "update_metadata", {"location": "/data/x"}, aliases)
    assert isinstance(update, MetadataUpdate)
    assert (update.beamline, update.paths) == ("ID11-new", ("/data/x",))


@pytest.mark.parametrize(
    ("kind", "text", "reason", "words"),
    [
        ("datafiles", b"", "json", "empty"),
        ("datafiles", b"{", "json", "JSON"),
        ("datafiles", b'{"datasetId": NaN}', "json", "NaN"),
        ("datafiles", b'{"datasetId": 1, "datasetId": 2}', "json", "twice"),
        ("datafiles", b"\xff\xfe{}", "json", "UTF-8"),
        ("datafiles", b"[" * 100_000, "size", "deep"),
        ("datafiles", b"[1]", "schema", "object"),
        ("datafiles", b"<tns:dataset/>", "kind", "XML"),
        ("datafiles", b'{"datasetId": 0}', "schema", "not the id"),
        ("datafiles", b'{"datasetId": true}', "schema", "not the id"),
        ("datafiles", b'{"datasetId": 1e3}', "schema", "not the id"),
        ("datafiles", b'{"datasetId": -4}', "schema", "not the id"),
        ("datafiles", b'{"datasetId": 99999999999999999999999}', "schema", "not the id"),
        ("datafiles", b'{"datasetId": 1, "more": 2}', "schema", "Unknown"),
        ("archive_status", b'{"datasetId": 1}', "kind", "another queue"),
        ("archive_status", b'{"datasetId": 1, "type": "burning", "level": "info", "message": ""}', "schema", "type"),
        ("archive_status", b'{"datasetId": 1, "type": "archiving", "level": 1, "message": ""}', "schema", "level"),
        ("archive_status", b'{"datasetId": 1, "type": "archiving", "level": "info", "message": 1}', "schema", "text"),
        ("update_metadata", json.dumps({**UPDATE, "datasetPaths": []}).encode(), "schema", "empty"),
        ("update_metadata", json.dumps({**UPDATE, "datasetPaths": {"a": 1}}).encode(), "schema", "list"),
        ("update_metadata", json.dumps({**UPDATE, "datasetPaths": MANY}).encode(), "size", "more than"),
        ("update_metadata", json.dumps({**UPDATE, "metadataName": " "}).encode(), "schema", "metadataName"),
        ("update_metadata", json.dumps({**UPDATE, "metadataName": "a\nb"}).encode(), "values", "name"),
        ("update_metadata", json.dumps({**UPDATE, "metadataValue": ""}).encode(), "schema", "metadataValue"),
        ("update_metadata", json.dumps({**UPDATE, "metadataValue": ["a"]}).encode(), "schema", "metadataValue"),
        ("update_metadata", json.dumps({**UPDATE, "metadataValue": "a\0b"}).encode(), "values", "NUL"),
        ("update_metadata", json.dumps({**UPDATE, "proposal": ""}).encode(), "schema", "proposal"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_request_is_refused_in_words(kind: str, text: bytes, reason: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        parse_request(text, kind)  # type: ignore[arg-type]
    assert refused.value.reason == reason


@pytest.mark.parametrize("path", ["relative/path", "/etc/passwd", "/data/../etc", "/data/id11/tmp/x"])
def test_an_update_of_a_place_where_no_datasets_are_is_refused(path: str) -> None:
    update = parse_request(json.dumps({**UPDATE, "datasetPaths": [path]}).encode(), "update_metadata")
    assert isinstance(update, MetadataUpdate)
    with pytest.raises(Refused) as refused:
        location_of(update, Settings())
    assert refused.value.reason == "location"


def test_numbers_and_truth_values_become_the_text_that_producers_write() -> None:
    for value, text in ((True, "true"), (1, "1"), (0.00009, "9e-05")):
        update = parse_request(json.dumps({**UPDATE, "metadataValue": value}).encode(), "update_metadata")
        assert isinstance(update, MetadataUpdate)
        assert update.value == text


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: json.dumps({"datasetId": t}).encode()))
def test_any_bytes_are_read_or_refused_and_nothing_else(text: bytes) -> None:
    for kind in KEYS:
        with contextlib.suppress(Refused):
            parse_request(text, kind)
