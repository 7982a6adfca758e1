"""Links over the wire: every shape, late arrival, re-ingestion, both forms, damage and repair."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from drac_plugins.core.links import linktable, reading
from drac_plugins.core.links.lists import read_ids
from drac_plugins.core.links.records import Located
from drac_plugins.core.links.repair import Repair
from drac_plugins.core.links.tables import dataset_link, dataset_location
from drac_plugins.core.storage import Store
from icat_schema.gateway import Change, Select
from icat_schema.gateway.conditions import Eq
from ingest.domain import DatasetMessage
from tests.ingest.apply.ground import Ground, fresh_ground, message, processed
from tests.ingest.apply.snapshot import Snapshot, changes, take

RAW = "/data/visitor/ma1234/id11/20250310/RAW_DATA/ruby"
MADE = "/data/visitor/ma1234/id11/20250310/PROCESSED_DATA/ruby"


def raw(name: str) -> DatasetMessage:
    return message(f"{RAW}/{name}")


def made(name: str, *inputs: str) -> DatasetMessage:
    return processed(f"{MADE}/{name}", *(i if i.startswith("/") else f"{RAW}/{i}" for i in inputs))


def out(name: str) -> str:
    return f"{MADE}/{name}"


SHAPES: dict[str, tuple[DatasetMessage, ...]] = {
    "one to one": (raw("a"), made("x", "a")),
    "one to many": (raw("a"), made("x", "a"), made("y", "a")),
    "merge": (raw("a"), raw("b"), made("x", "b", "a")),
    "chain": (raw("a"), made("x", "a"), made("y", out("x")), made("z", out("y"))),
    "diamond": (raw("a"), made("x", "a"), made("y", "a"), made("z", out("y"), out("x"))),
    "circle": (made("x", out("y")), made("y", out("x")), made("z", out("x"))),
    "itself": (raw("a"), made("x", out("x"), "a")),
    "file": (raw("a"), made("x", f"{RAW}/a/scan0001/a.h5")),
    "nearest folder": (raw("a"), message(f"{RAW}/a/inner"), made("x", f"{RAW}/a/inner/f.h5")),
    "comma in a name": (message(f"{RAW}/p,q"), raw("a"), made("x", f"{RAW}/p", "/q".removeprefix("/"), f"{RAW}/a")),
    "missing for ever": (raw("a"), made("x", "nobody", "a")),
}
EXPECTED = {
    "one to one": {"x": ["a"]},
    "one to many": {"x": ["a"], "y": ["a"]},
    "merge": {"x": ["b", "a"]},
    "chain": {"x": ["a"], "y": ["x"], "z": ["y"]},
    "diamond": {"x": ["a"], "y": ["a"], "z": ["y", "x"]},
    "circle": {"x": ["y"], "y": ["x"], "z": ["x"]},
    "itself": {"x": ["a"]},
    "file": {"x": ["a"]},
    "nearest folder": {"x": ["inner"]},
    "missing for ever": {"x": ["a"]},
}


@pytest.fixture(scope="module")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterable[Ground]:
    """One catalogue for many small families of datasets, each in folders of its own."""
    with fresh_ground(template, tmp_path_factory.mktemp("links")) as found:
        yield found


def moved(messages: Sequence[DatasetMessage], label: str) -> list[DatasetMessage]:
    """The same family in folders of its own."""

    def elsewhere(text: str) -> str:
        return text.replace("/ruby/", f"/{label}/")

    moved: list[DatasetMessage] = []
    for one in messages:
        base = processed if one.input_paths else message
        inputs = [elsewhere(path) for path in one.input_paths]
        moved.append(base(elsewhere(one.location), *inputs))
    return moved


def family(snapshot: Snapshot, label: str) -> dict[str, dict[str, list[str]]]:
    """Last folder -> what the parameters list, by last folders; Jobs were checked to say the same."""
    found = {}
    mine = {location: d for location, d in snapshot.datasets.items() if f"/{label}/" in location}
    for location, dataset in mine.items():
        names = ("input_datasetIds", "output_datasetIds", "__full_input_datasetIds", "__full_output_datasetIds")
        lists = {n: snapshot.locations(dataset.parameters.get(n)) for n in names}
        jobs = [job for job in snapshot.jobs if location in job.outputs]
        assert len(jobs) == (1 if dataset.type == "processed" else 0)
        assert not jobs or jobs[0].inputs == set(lists["input_datasetIds"])
        short = {n: [other.rsplit("/", 1)[1] for other in others] for n, others in lists.items()}
        found[location.rsplit("/", 1)[1]] = short
    return found


@pytest.mark.parametrize("shape", EXPECTED)
def test_a_shape_is_linked_in_both_forms_and_both_directions_whatever_the_order(shared: Ground, shape: str) -> None:
    results = []
    for number, order in enumerate(itertools.islice(itertools.permutations(SHAPES[shape]), 0, 24, 5)):
        label = f"{shape.replace(' ', '_')}_{number}"
        for one in moved(order, label):
            shared.apply(one)
        results.append(family(take(shared.session), label))
    for result in results:
        assert {
            name: lists["input_datasetIds"] for name, lists in result.items() if lists["input_datasetIds"]
        } == EXPECTED[shape]
        for name, lists in result.items():
            for other in lists["__full_input_datasetIds"]:
                assert name in result[other]["__full_output_datasetIds"]
        assert _unordered(result) == _unordered(results[0])
    assert Repair(shared.consumer.links).check() == []


def _unordered(result: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    """Outputs are in order of arrival."""
    return {name: {n: sorted(others) for n, others in lists.items()} for name, lists in result.items()}


def test_a_chain_is_transitive(shared: Ground) -> None:
    for one in moved(SHAPES["chain"], "transitive"):
        shared.apply(one)
    result = family(take(shared.session), "transitive")
    assert result["z"]["__full_input_datasetIds"] == ["y", "x", "a"]
    assert result["a"]["__full_output_datasetIds"] == ["x", "y", "z"]
    assert result["a"]["output_datasetIds"] == ["x"]


def test_a_folder_name_with_a_comma_is_one_input(ground: Ground) -> None:
    ground.apply(message(f"{RAW}/p,q"))
    ground.apply(processed(f"{MADE}/x", f"{RAW}/p", "q", f"{RAW}/nobody"))
    assert family(take(ground.session), "ruby")["x"]["input_datasetIds"] == ["p,q"]
    assert Repair(ground.consumer.links).check() == []


def test_several_missing_inputs_are_completed_one_by_one(ground: Ground) -> None:
    ground.apply(made("x", "a", "b", "c"))
    seen = []
    for name in ("c", "a", "b"):
        ground.apply(raw(name))
        seen.append(family(take(ground.session), "ruby")["x"]["input_datasetIds"])
    assert seen == [["c"], ["a", "c"], ["a", "b", "c"]]


def test_re_ingestion_that_changes_the_inputs_takes_the_old_links_away(ground: Ground) -> None:
    for one in (raw("a"), raw("b"), made("x", "a"), made("x", "b")):
        ground.apply(one)
    snapshot = take(ground.session)
    result = family(snapshot, "ruby")
    assert result["x"]["input_datasetIds"] == ["b"]
    assert result["a"]["output_datasetIds"] == []
    assert "output_datasetIds" not in snapshot.at("/ruby/a").parameters
    assert Repair(ground.consumer.links).check() == []


def test_a_deleted_dataset_is_pending_again_and_found_when_it_comes_back(
    ground: Ground,
) -> None:
    for one in (raw("a"), made("x", "a")):
        ground.apply(one)
    gone = take(ground.session).at("/ruby/a").id
    ground.session.delete("Dataset", [gone])
    Repair(ground.consumer.links).mend()
    assert family(take(ground.session), "ruby")["x"]["input_datasetIds"] == []
    ground.apply(raw("a"))
    assert family(take(ground.session), "ruby")["x"]["input_datasetIds"] == ["a"]
    assert Repair(ground.consumer.links).check() == []


def test_applying_a_family_again_writes_nothing(ground: Ground) -> None:
    for one in SHAPES["diamond"]:
        ground.apply(one)
    before = changes(ground.session)
    for one in SHAPES["diamond"]:
        ground.apply(one)
    assert changes(ground.session) == before


def test_both_ends_may_arrive_at_the_same_time(template: Path, tmp_path: Path, store: Store) -> None:
    """Eight workers, results before and after their raw data, some twice; one worker per place (the inbox's rule)."""
    with fresh_ground(template, tmp_path / "threads", store=store) as ground:
        _arrive_together(ground)


def _arrive_together(ground: Ground) -> None:
    raws = [raw(f"r{n}") for n in range(4)]
    results = [made(f"m{n}", *(f"r{k}" for k in range(n + 1))) for n in range(4)]
    finals = [made("z", *(out(f"m{n}") for n in range(4)))]
    queue = [*finals, *results, *raws]
    queue += queue[::2]
    lock, failures = threading.Lock(), []
    places = {one.location: threading.Lock() for one in queue}

    def work() -> None:
        while True:
            with lock:
                if not queue:
                    return
                one = queue.pop()
            try:
                with places[one.location]:
                    ground.apply(one)
            except Exception as error:
                failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [repr(failure) for failure in failures] == []
    assert Repair(ground.consumer.links).check() == []
    result = family(take(ground.session), "ruby")
    assert result["m3"]["input_datasetIds"] == ["r0", "r1", "r2", "r3"]
    assert sorted(result["r0"]["__full_output_datasetIds"]) == ["m0", "m1", "m2", "m3", "z"]


# ------------------------------------------------------------------------------------------------- damage, repair


def _parameter(ground: Ground, location: str, name: str) -> tuple[int, str]:
    where = Eq("dataset.location", location)
    rows = ground.session.rows(Select("DatasetParameter", ["type.name", "id", "stringValue"], where=where))
    return next((row, text) for parameter, row, text in rows if parameter == name)


def _wrong_parameter(ground: Ground) -> None:
    row, _ = _parameter(ground, f"{RAW}/a", "output_datasetIds")
    ground.session.write([Change("DatasetParameter", row, {"stringValue": "999999"})])


def _missing_parameter(ground: Ground) -> None:
    row, _ = _parameter(ground, out("z"), "__full_input_datasetIds")
    ground.session.delete("DatasetParameter", [row])


def _missing_job(ground: Ground) -> None:
    rows = ground.session.rows(Select("Job", ["id"]))
    ground.session.delete("Job", [rows[0][0]])


def _missing_input_row(ground: Ground) -> None:
    where = Eq("dataCollection.parameters.type.name", "processing-input")
    rows = ground.session.rows(Select("DataCollectionDataset", ["id"], where=where))
    ground.session.delete("DataCollectionDataset", [rows[0][0]])


def _lost_link_table(ground: Ground) -> None:
    with ground.store.begin() as connection:
        connection.execute(delete(dataset_link))


def _lost_store(ground: Ground) -> None:
    with ground.store.begin() as connection:
        connection.execute(delete(dataset_link))
        connection.execute(delete(dataset_location))


def _wrong_resolution(ground: Ground) -> None:
    with ground.store.begin() as connection:
        connection.execute(update(dataset_link).values(input_id=None))


@pytest.fixture(scope="module")
def damaged(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterable[Ground]:
    """A catalogue that is damaged and repaired again and again."""
    with fresh_ground(template, tmp_path_factory.mktemp("damage")) as found:
        for one in SHAPES["diamond"]:
            found.apply(one)
        yield found


@pytest.mark.parametrize(
    "damage",
    [
        _wrong_parameter,
        _missing_parameter,
        _missing_job,
        _missing_input_row,
        _lost_link_table,
        _lost_store,
        _wrong_resolution,
    ],
)
def test_repair_finds_and_mends_damage(damaged: Ground, damage: Callable[[Ground], None]) -> None:
    repair = Repair(damaged.consumer.links)
    assert repair.check() == []
    whole = take(damaged.session).canonical()
    damage(damaged)
    assert repair.check() != []
    assert repair.mend() != []
    assert repair.check() == []
    assert take(damaged.session).canonical() == whole


def test_repair_takes_away_what_nobody_declared(ground: Ground) -> None:
    for one in SHAPES["diamond"]:
        ground.apply(one)
    row, _ = _parameter(ground, out("z"), "input_datasets")
    ground.session.delete("DatasetParameter", [row])
    repair = Repair(ground.consumer.links)
    assert {finding.kind for finding in repair.check()} >= {"declaration", "stray job"}
    repair.mend()
    assert repair.check() == []
    snapshot = take(ground.session)
    assert not [job for job in snapshot.jobs if out("z") in job.outputs]
    assert snapshot.at("/ruby/x").parameters.get("output_datasetIds") is None


def test_what_an_interrupted_run_left_is_written_later(ground: Ground) -> None:
    for one in SHAPES["chain"][:2]:
        ground.apply(one)
    row, text = _parameter(ground, f"{RAW}/a", "output_datasetIds")
    ground.session.write([Change("DatasetParameter", row, {"stringValue": "1"})])
    with ground.store.begin() as connection:
        linktable.want_written(connection, [d.dataset_id for d in _located(ground)])
    assert ground.consumer.recover() == 2
    assert _parameter(ground, f"{RAW}/a", "output_datasetIds")[1] == text
    assert ground.consumer.recover() == 0


def _located(ground: Ground) -> list[Located]:
    ids = [d.id for d in take(ground.session).datasets.values()]
    with ground.store.read() as connection:
        return list(linktable.located(connection, ids).values())


# -------------------------------------------------------------------------------------------------------- reading


def test_readers_find_the_same_links_in_the_provenance(ground: Ground) -> None:
    for one in SHAPES["diamond"]:
        ground.apply(one)
    snapshot = take(ground.session)
    ids = [d.id for d in snapshot.datasets.values()]

    def read(select: Select, owner: str) -> list[tuple[object, ...]]:
        return ground.session.rows_for(select, f"{owner}.id", ids)

    with ground.catalogue.counting() as counted:
        outputs = reading.outputs_by_provenance(ground.session, read)
        inputs = reading.inputs_by_provenance(ground.session, read)
    assert counted.calls == 4
    for dataset in snapshot.datasets.values():
        assert outputs.get(dataset.id, ()) == read_ids(dataset.parameters.get("output_datasetIds"))
        listed = read_ids(dataset.parameters.get("input_datasetIds"))
        assert set(inputs.get(dataset.id, ())) == set(listed)
        assert reading.union(listed, inputs.get(dataset.id, ())) == listed
