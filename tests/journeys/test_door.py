"""Bad input at the STOMP door of a running demonstration: kept with its reason, while good messages go through."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import requests

from tests.journeys.messages import Announced, Door, fresh
from tests.support.demonstration import Demonstration

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow]

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def door(demonstration: Demonstration) -> Door:
    return Door.of(demonstration.broker, demonstration.settings_file)


def _bomb() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    good = Announced(fresh("bomb")).body.decode().split("?>", 1)[1].replace("lysozyme", "&l9;")
    return f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "lol">{entities}]>{good}'.encode()


def _doctype(external: str) -> bytes:
    good = Announced(fresh("doctype")).body.decode().split("?>", 1)[1]
    return f"<?xml version='1.0'?><!DOCTYPE dataset {external}>{good}".encode()


def _secret_by_entity() -> bytes:
    good = Announced(fresh("xxe")).body.decode().split("?>", 1)[1].replace("lysozyme", "&secret;")
    return f'<!DOCTYPE dataset [<!ENTITY secret SYSTEM "file:///etc/passwd">]>{good}'.encode()


def _hostile() -> Mapping[str, tuple[bytes, str]]:
    """What -> (body, reason of quarantine)."""
    good = Announced(fresh("cut")).body
    outside = "/data/visitor/mx6101/id30a1/20260615"
    return {
        "cut off in the middle": (good[: len(good) // 2], "xml"),
        "no XML at all": (b"\xde\xad\xbe\xef" * 10, "xml"),
        "empty": (b" \n", "xml"),
        "wrong encoding": (
            Announced(fresh("latin"), metadata={"Process_note": "ä"}).body.decode().encode("latin-1"),
            "xml",
        ),
        "control characters": (good.replace(b"lysozyme", b"lyso\x01\x08zyme"), "xml"),
        "null bytes": (good.replace(b"lysozyme", b"lyso\x00zyme"), "xml"),
        "entity bomb": (_bomb(), "xml"),
        "document type": (_doctype('SYSTEM "http://127.0.0.1:9/evil.dtd"'), "xml"),
        "a file by entity": (_secret_by_entity(), "xml"),
        "no end date": (good.replace(b"<endDate>", b"<theEnd>").replace(b"</endDate>", b"</theEnd>"), "schema"),
        "unknown root": (b'<sample xmlns="http://www.esrf.fr/icat"/>', "kind"),
        "JSON on an XML queue": (f'{{"dataset": "{fresh("json")}"}}'.encode(), "kind"),
        "deep nesting": (b"<dataset>" * 5000 + b"</dataset>" * 5000, "size"),
        "a date that is none": (good.replace(b"<endDate>2026-06-15", b"<endDate>2026-02-31"), "schema"),
        "an end before the start": (Announced(fresh("end"), minutes=-60).body, "dates"),
        "eleven mebibytes": (good + b" " * (11 * MEBIBYTE), "size"),
        "outside the roots": (Announced(fresh("out"), folder="/etc/mx6101/secret").body, "location"),
        "a relative path": (Announced(fresh("relative"), folder="visitor/mx6101/x").body, "schema"),
        "a data root": (Announced(fresh("root"), folder="/data/").body, "location"),
        "escape out of the roots": (
            Announced(fresh("up"), folder=f"{outside}/../../../../../etc/cron.d").body,
            "location",
        ),
        "escape into another proposal": (
            Announced(fresh("into"), folder=f"{outside}/RAW_DATA/../../../../mx2745/id30a1/20260310/RAW_DATA/x").body,
            "location",
        ),
        "path of another proposal": (
            Announced(fresh("other"), folder="/data/visitor/mx2745/id30a1/20260310/RAW_DATA/x").body,
            "location",
        ),
        "below a tmp folder": (Announced(fresh("tmp"), folder="/data/tmp/mx6101/x").body, "location"),
    }


def _registered(demonstration: Demonstration, entry_dataset: int | None) -> dict[str, object]:
    """The dataset as root sees it through the facade."""
    assert entry_dataset is not None
    credentials = {"plugin": "simple", "username": "root", "password": "root"}
    session = requests.post(f"{demonstration.url}/session", json=credentials, timeout=30).json()["sessionId"]
    path = f"{demonstration.url}/catalogue/{session}/dataset/id/{entry_dataset}/dataset"
    (found,) = requests.get(path, timeout=30).json()
    result: dict[str, object] = found
    return result


def test_hostile_messages_are_kept_with_their_reason_and_the_good_ones_between_them_registered(
    demonstration: Demonstration, door: Door
) -> None:
    hostile = _hostile()
    good = [Announced(fresh("good"), minutes=1) for _ in range(len(hostile) + 1)]
    door.send(good[0].body)
    for (body, _), announced in zip(hostile.values(), good[1:], strict=True):
        door.send(body, announced.body)

    fates = {what: door.entry(body) for what, (body, _) in hostile.items()}
    assert {what: (entry.state, entry.reason) for what, entry in fates.items()} == {
        what: ("quarantined", reason) for what, (_, reason) in hostile.items()
    }
    for what, entry in fates.items():
        assert entry.text, what
        assert len(entry.text) > 15, what
        assert "root:x:" not in entry.text, what
    for announced in good:
        entry = door.entry(announced.body)
        assert entry.state == "done"
    last = _registered(demonstration, entry.dataset_id)
    assert last["location"] == good[-1].location


def test_numbers_beyond_all_bounds_and_names_without_letters_are_no_internal_errors(door: Door) -> None:
    fine = [
        Announced(fresh("digits"), metadata={name: "9" * length})
        for name in ("Process_sequence_index", "investigationId", "MX_numberOfImages")
        for length in (19, 30, 3000)
    ]
    far = [
        Announced(fresh("odd"), metadata={"Process_sequence_index": text}) for text in ("-", "--5", "1e5", "１２", "")
    ]
    nameless = Announced(fresh("odd"), "'--", folder="/data/visitor/'--/id30a1/20260615/RAW_DATA/x")
    door.send(*(one.body for one in (*fine, *far)), nameless.body)
    for one in (*fine, *far):
        entry = door.entry(one.body)
        assert entry.state == "done", entry.text
    entry = door.entry(nameless.body)
    assert (entry.state, entry.reason) == ("quarantined", "values")
    assert "letters" in (entry.text or "")


def test_a_message_for_an_unknown_queue_is_kept_and_the_text_names_the_known_ones(door: Door) -> None:
    for queue in ("/queue/icatIngets", "/topic/icatIngest", "/queue/../../etc", ""):
        body = Announced(fresh("queue")).body
        door.send(body, queue=queue)
        entry = door.entry(body)
        assert (entry.state, entry.reason) == ("quarantined", "kind")
        assert "/queue/icatIngest" in (entry.text or "")


def test_an_unknown_beamline_waits_with_a_reason_and_holds_nobody_up(door: Door) -> None:
    unknown = Announced(fresh("beamline"), beamline="id99z")
    good = Announced(fresh("good"))
    door.send(unknown.body, good.body)
    entry = door.entry(unknown.body)
    assert (entry.state, entry.reason) == ("waiting", "instrument")
    assert "id99z" in (entry.text or "")
    assert door.entry(good.body).state == "done"


def test_names_full_of_markup_and_query_language_are_data(demonstration: Demonstration, door: Door) -> None:
    nasty = "x' OR 1=1 -- <script>alert(1)</script> {{7*7}} %s ${jndi:ldap://x}"
    name = fresh("nasty")
    announced = Announced(
        name, metadata={"Sample_name": nasty, "Process_note": nasty, nasty[:200]: nasty, "technique_pid": nasty}
    )
    door.send(announced.body)
    entry = door.entry(announced.body)
    assert entry.state == "done", entry.text
    found = _registered(demonstration, entry.dataset_id)
    parameters = {p["name"]: p["value"] for p in found["parameters"]}  # type: ignore[attr-defined]
    assert parameters["Process_note"] == nasty
    assert found["sampleName"] == nasty
