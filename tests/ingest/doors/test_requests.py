"""The five queues through the inbox into the catalogue: archive, corrections, late files, sessions that move."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from drac_plugins.core.events import outbox
from drac_plugins.core.events.records import LOGBOOK
from drac_plugins.core.inbox import Filter
from drac_plugins.core.quarantine import alarms
from drac_plugins.core.quarantine.figures import progress
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Eq
from ingest.domain import DatasetMessage
from ingest.outcome import Done
from ingest.tables import archive_status
from tests.ingest.apply.ground import message, processed
from tests.ingest.doors.conftest import Door

A, B = (f"/data/visitor/ma1234/id11/20250310/RAW_DATA/rod/rod_000{n}" for n in (1, 2))
UPDATES, STATUS, FILES = "icatUpdateDatasetMetadata", "icatArchiveRestoreStatus", "icatDataFiles"


def update(name: str, value: str, *paths: str, **more: str) -> bytes:
    document = {"proposal": "MA-1234", "beamline": "id11", "datasetPaths": list(paths or (A,))}
    return json.dumps({**document, "metadataName": name, "metadataValue": value, **more}).encode()


def registered(door: Door, *locations: str, **parts: object) -> list[int]:
    made = [door.ground.apply(message(location, **parts)) for location in locations]
    return [done.dataset_id for done in made if done.dataset_id is not None]


def parameters(door: Door, dataset_id: int) -> dict[str, str]:
    query = Select("DatasetParameter", ["type.name", "stringValue"], where=Eq("dataset.id", dataset_id))
    return dict(door.ground.session.rows(query))


def column(door: Door, dataset_id: int, name: str) -> Any:
    return door.ground.session.rows(Select("Dataset", [name], where=Eq("id", dataset_id)))[0][0]


def again(door: Door, name: str, value: str, **more: str) -> Done:
    """The dataset at A is announced again."""
    extra = tuple(more.items())
    sent = message(A)
    parameters = (*sent.parameters, (name, value), *extra)
    return door.ground.apply(
        DatasetMessage(**{f: getattr(sent, f) for f in sent.__dataclass_fields__} | {"parameters": parameters})
    )


# ----------------------------------------------------------------------------------------------------- updates


def test_a_parameter_of_several_datasets_is_set(door: Door) -> None:
    ids = registered(door, A, B)
    whole = door.send(UPDATES, update("Sample_description", "second half", A, B))
    door.work()
    assert [parameters(door, i)["Sample_description"] for i in ids] == ["second half"] * 2
    assert door.message(whole).state == "done"
    assert "one message for each" in door.message(whole).warnings[0]
    assert door.quarantined() == []


def test_updates_wait_for_a_dataset_and_are_applied_in_their_order(door: Door) -> None:
    early = door.send(UPDATES, update("Sample_description", "first"))
    late = door.send(UPDATES, update("Sample_description", "second"))
    door.work()
    assert [door.message(n).state for n in (early, late)] == ["waiting", "waiting"]
    dataset_id = registered(door, A)[0]
    door.wait(seconds=120)
    door.work()
    assert parameters(door, dataset_id)["Sample_description"] == "second"


def test_an_update_does_not_hold_up_the_message_that_brings_its_dataset(door: Door) -> None:
    body = update("Process_note", "early", "/data/visitor/ma1234/id11/20250310/RAW_DATA/calib/calib_0001")
    door.send(UPDATES, body)
    door.send("icatIngest", door.ground.body("10"))
    door.work()
    door.wait(seconds=2)
    door.work()
    (dataset_id,) = [row[0] for row in door.ground.session.rows(Select("Dataset", ["id"]))]
    assert parameters(door, dataset_id)["Process_note"] == "early"


def test_an_update_of_a_dataset_that_never_comes_ends_in_quarantine_and_the_others_are_applied(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    door.send(UPDATES, update("Sample_description", "x", A, B))
    door.work()
    assert parameters(door, dataset_id)["Sample_description"] == "x"
    for _ in range(70):
        door.wait(minutes=1)
        door.work()
    left = door.quarantined()
    assert [(entry.reason, entry.location) for entry in left] == [("dataset", B)]
    registered(door, B)
    assert door.inbox.replay(Filter(ids=(left[0].id,))) == 1
    door.work()
    assert door.quarantined() == []


def test_a_value_that_was_set_stands_against_the_producer_unless_the_index_is_higher(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    again(door, "Sample_description", "of the producer")
    door.send(UPDATES, update("Sample_description", "by hand"))
    door.work()
    again(door, "Sample_description", "of the producer, later")
    assert parameters(door, dataset_id)["Sample_description"] == "by hand"
    again(door, "Sample_description", "of the reprocessing", Process_sequence_index="1")
    assert parameters(door, dataset_id)["Sample_description"] == "of the reprocessing"
    door.send(UPDATES, update("Sample_description", "by hand once more"))
    door.work()
    again(door, "Sample_description", "index 1 again", Process_sequence_index="1")
    assert parameters(door, dataset_id)["Sample_description"] == "by hand once more"


def test_the_same_value_can_be_set_again_after_another(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    for value in ("one", "two", "one"):
        door.send(UPDATES, update("Process_note", value))
    door.work()
    assert parameters(door, dataset_id)["Process_note"] == "one"


def test_what_the_broker_delivers_again_is_no_new_request(door: Door) -> None:
    registered(door, A)
    first = door.send(UPDATES, update("Process_note", "one"))
    second = door.send(UPDATES, update("Process_note", "one"), redelivered="true")
    assert first == second


def test_an_older_update_that_was_split_does_not_undo_a_newer_one(door: Door) -> None:
    a, b = registered(door, A, B)
    door.send(UPDATES, update("Process_note", "old", A, B))
    door.send(UPDATES, update("Process_note", "new", A))
    door.work()
    assert parameters(door, a)["Process_note"] == "new"
    assert parameters(door, b)["Process_note"] == "old"


def test_the_sample_of_a_dataset_is_changed_and_stays_so(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    again(door, "Sample_name", "rod")
    door.send(UPDATES, update("Sample_name", "the other rod"))
    door.work()
    again(door, "Sample_name", "rod")
    assert column(door, dataset_id, "sample.name") == "the other rod"
    assert parameters(door, dataset_id)["Sample_name"] == "the other rod"


def test_start_and_end_are_changed_in_both_places(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    door.send(UPDATES, update("endDate", "2025-03-10T12:30:00+00:00"))
    door.work()
    again(door, "endDate", "2025-03-10T12:01:00+00:00")
    assert column(door, dataset_id, "endDate") == datetime(2025, 3, 10, 12, 30, tzinfo=UTC)
    assert parameters(door, dataset_id)["endDate"] == "2025-03-10T12:30:00+00:00"
    assert parameters(door, dataset_id)["__elapsedTime"] == "1800000"


def test_techniques_follow_their_parameter(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    door.send(UPDATES, update("technique_pid", "https://w3id.org/PaN/ESRFET#XRD"))
    door.work()
    query = Select("DatasetTechnique", ["technique.name"], where=Eq("dataset.id", dataset_id))
    assert door.ground.session.rows(query) == [("XRD",)]


def test_inputs_make_a_dataset_processed_and_linked(door: Door) -> None:
    raw, made = registered(door, A, B)
    door.send(UPDATES, update("input_datasets", A, B))
    door.work()
    assert column(door, made, "type.name") == "processed"
    assert parameters(door, made)["input_datasetIds"] == str(raw)
    assert parameters(door, raw)["output_datasetIds"] == str(made)
    changed = processed(B, A + "/other")
    door.ground.apply(changed)
    assert parameters(door, made)["input_datasetIds"] == str(raw)


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        (update("location", "/data/x"), "values", "cannot be set"),
        (update("proposal", "x"), "values", "cannot be set"),
        (update("complete", "false"), "values", "cannot be set"),
        (update("__fileCount", "1"), "values", "cannot be set"),
        (update("output_datasetIds", "1"), "values", "cannot be set"),
        (update("startDate", "yesterday"), "dates", "not a date"),
        (update("endDate", "2001-01-01T00:00:00Z"), "dates", "before it starts"),
        (update("Process_note", "x", proposal="hg222"), "session", "belongs to MA-1234"),
        (update("Process_note", "x", beamline="id21"), "session", "belongs to ID11"),
        (update("Process_note", "x", "/somewhere/else"), "location", "does not lie"),
        (b"{", "json", "JSON"),
    ],
)  # fmt: skip
def test_what_may_not_be_set_is_refused_in_words(door: Door, body: bytes, reason: str, words: str) -> None:
    registered(door, A)
    number = door.send(UPDATES, body)
    door.work()
    entry = door.message(number)
    assert (entry.state, entry.reason) == ("quarantined", reason)
    assert words in (entry.text or "")


# ------------------------------------------------------------------------------------------------------ archive


def status(dataset_id: int, level: str = "info", text: str | None = "on tape", type_: str = "archiving") -> bytes:
    return json.dumps({"datasetId": dataset_id, "type": type_, "level": level, "message": text}).encode()


def history(door: Door) -> list[tuple[str, str, str | None, int]]:
    table = archive_status
    with door.ground.store.read() as connection:
        rows = connection.execute(select(table.c.type, table.c.level, table.c.text, table.c.times).order_by(table.c.id))
        return [tuple(row) for row in rows]


def test_the_archive_has_a_history_and_the_dataset_its_present_state(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    for body in (
        status(dataset_id),
        status(dataset_id),
        status(dataset_id, "error", "tape broken"),
        status(dataset_id, "warning", None, "restoration"),
        status(dataset_id),
    ):
        door.send(STATUS, body)
    door.work()
    assert history(door) == [
        ("archiving", "info", "on tape", 2),
        ("archiving", "error", "tape broken", 1),
        ("restoration", "warning", None, 1),
        ("archiving", "info", "on tape", 1),
    ]
    shown = parameters(door, dataset_id)
    assert shown["__archiveStatus"].split()[0] == "info"
    assert shown["__restoreStatus"].split()[0] == "warning"
    datetime.fromisoformat(shown["__archiveStatus"].split()[1])
    again(door, "Sample_description", "x")
    assert parameters(door, dataset_id)["__archiveStatus"] == shown["__archiveStatus"]


def test_a_failure_of_the_archive_is_an_alarm_until_it_works(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    door.send(STATUS, status(dataset_id, "error", "tape broken"))
    door.work()
    with door.ground.store.read() as connection:
        assert [(a.kind, a.dataset_id, a.text) for a in alarms.listing(connection)] == [
            ("archiving", dataset_id, "tape broken")
        ]
        assert progress(connection, datetime.now(UTC)).alarms == ("1 datasets that could not be archived",)
    door.send(STATUS, status(dataset_id))
    door.work()
    with door.ground.store.read() as connection:
        assert alarms.listing(connection) == []


def test_users_are_told_once_that_their_data_are_back(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    number = door.send(STATUS, status(dataset_id, "info", "on disk", "restoration"))
    door.send(STATUS, status(dataset_id, "warning", "soon", "restoration"))
    door.work()
    door.inbox.replay(Filter(ids=(number,)))
    door.work()
    with door.ground.store.read() as connection:
        due = outbox.due(connection, LOGBOOK, datetime.now(UTC), 10)
    assert [(d.event.kind, d.event.dataset_id, d.event.body) for d in due] == [
        ("restoration", dataset_id, {"text": "on disk"})
    ]


def test_the_same_message_applied_twice_is_told_once(door: Door) -> None:
    dataset_id = registered(door, A)[0]
    number = door.send(STATUS, status(dataset_id))
    door.work()
    from drac_plugins.core.inbox import Filter

    door.inbox.replay(Filter(ids=(number,)))
    door.work()
    assert history(door) == [("archiving", "info", "on tape", 1)]


def test_requests_about_a_dataset_that_does_not_exist_are_tried_for_an_hour(door: Door) -> None:
    numbers = [door.send(STATUS, status(5001)), door.send(FILES, b'{"datasetId": 5001}')]
    door.work()
    assert {door.message(n).state for n in numbers} == {"waiting"}
    for _ in range(140):
        door.wait(minutes=1)
        door.work()
    assert {(door.message(n).state, door.message(n).reason) for n in numbers} == {("quarantined", "dataset")}


# -------------------------------------------------------------------------------------------------------- files


@pytest.fixture
def folder(door: Door, tmp_path: Path) -> Path:
    """The folder of A on this host."""
    data = tmp_path / "data"
    here = data / A.removeprefix("/data/")
    here.mkdir(parents=True)
    door.ground.settings.ingest.path_map["/data"] = data  # type: ignore[index]
    return here


def files(door: Door, dataset_id: int) -> set[str]:
    query = Select("Datafile", ["name"], where=Eq("dataset.id", dataset_id))
    return {name for (name,) in door.ground.session.rows(query)}


def test_a_folder_is_read_again_each_time_it_is_asked_for(door: Door, folder: Path) -> None:
    dataset_id = registered(door, A)[0]
    for name in ("one.h5", "two.h5"):
        (folder / name).write_bytes(b"x" * 10)
        door.send(FILES, b'{"datasetId": %d}' % dataset_id)
        door.work(stages=True)
        door.wait(seconds=61)
        door.work(stages=True)
    assert files(door, dataset_id) == {"one.h5", "two.h5"}
    assert parameters(door, dataset_id)["__fileCount"] == "2"
    assert parameters(door, dataset_id)["__volume"] == "20"


def test_requests_within_a_minute_are_followed_together(door: Door, folder: Path) -> None:
    dataset_id = registered(door, A)[0]
    now = {"at": datetime.now(UTC)}
    door.ground.consumer._late_files._now = lambda: now["at"]
    late = door.ground.consumer._late_files
    moments = [late._due(dataset_id) for _ in range(3)]
    assert moments[0] == now["at"]
    assert moments[1] == moments[2]
    assert (moments[1] - moments[0]).total_seconds() == 60


def test_files_of_a_dataset_that_somebody_else_registered_are_found(door: Door, folder: Path) -> None:
    registered(door, B)
    from icat_schema.gateway import New, Ref

    session = door.ground.session
    investigation = session.rows(Select("Investigation", ["id"], where=Eq("name", "MA-1234")))[0][0]
    kind = session.rows(Select("DatasetType", ["id"], where=Eq("name", "acquisition")))[0][0]
    fields = {"name": "x", "location": A, "investigation": Ref(investigation), "type": Ref(kind), "complete": True}
    made = session.write([New("Dataset", fields)])[0]
    (folder / "one.h5").write_bytes(b"x")
    door.send(FILES, b'{"datasetId": %d}' % made)
    door.work(stages=True)
    assert files(door, made) == {"one.h5"}


# ----------------------------------------------------------------------------------------------------- sessions


@pytest.mark.parametrize("name", ["66", "70"])
def test_a_session_is_rescheduled_from_now_on(door: Door, name: str) -> None:
    door.send("rescheduleInvestigation", door.ground.body(name))
    door.work()
    assert door.quarantined() == []
    query = Select("InvestigationParameter", ["type.name", "stringValue"], And(Eq("type.name", "actualStartDate")))
    assert len(door.ground.session.rows(query)) == 1


def test_the_corpus_messages_of_the_json_queues_are_applied(door: Door) -> None:
    for name in ("10", "11", "12", "27"):
        door.send("icatIngest", door.ground.body(name))
    door.work()
    ids = {loc: i for i, loc in door.ground.session.rows(Select("Dataset", ["id", "location"]))}
    some = next(iter(ids.values()))
    for name, queue in (
        ("80", STATUS),
        ("81", STATUS),
        ("82", STATUS),
        ("83", UPDATES),
        ("84", UPDATES),
        ("85", FILES),
    ):
        body = door.ground.body(name)
        for sent in (b"5001", b"5002"):
            body = body.replace(sent, str(some).encode())
        door.send(queue, body)
    door.work()
    assert door.quarantined() == []
    described = {i for i in ids.values() if "Sample_description" in parameters(door, i)}
    sent = json.loads(door.ground.body("83"))
    assert {parameters(door, ids[p])["Sample_description"] for p in sent["datasetPaths"]} == {sent["metadataValue"]}
    assert len(described) >= 2
    noted = json.loads(door.ground.body("84"))
    assert parameters(door, ids[str(noted["datasetPaths"])])["Process_note"] == noted["metadataValue"]
