"""An input that is a file: the dataset around it is the input, and the Job names the file once it is registered."""

from __future__ import annotations

from contextlib import suppress

from drac_plugins.core.links.repair import Repair
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Eq
from ingest.domain import ListedFile
from ingest.outcome import NotYet
from tests.ingest.apply.ground import Ground, message, processed

SESSION = "/data/visitor/ma1234/id11/20250310"


def input_files(ground: Ground, output: int) -> set[str]:
    """Locations of the Datafiles in the input collection of the Job that made this dataset."""
    where = And(
        Eq("outputDataCollection.dataCollectionDatasets.dataset.id", output),
        Eq("outputDataCollection.parameters.type.name", "processing-output"),
    )
    ((source,),) = ground.session.rows(Select("Job", ["inputDataCollection.id"], where))
    found = Select("DataCollectionDatafile", ["datafile.location"], Eq("dataCollection.id", source))
    return {location for (location,) in ground.session.rows(found)}


def measured(ground: Ground, raw: str, *names: str) -> int:
    """A raw dataset with these files; its id. The files are registered by `files`."""
    done = ground.apply(message(raw, files=tuple(ListedFile(name, 10) for name in names)))
    assert done.dataset_id is not None
    return done.dataset_id


def files(ground: Ground, dataset_id: int) -> None:
    with suppress(NotYet):
        ground.consumer.run_stage("files", dataset_id)


def made(ground: Ground, location: str, *inputs: str) -> int:
    done = ground.apply(processed(location, *inputs))
    assert done.dataset_id is not None
    return done.dataset_id


def test_the_job_names_the_file_whichever_comes_first(shared: Ground) -> None:
    for label, order in (("ff1", "raw files result"), ("ff2", "result raw files"), ("ff3", "raw result files")):
        raw, out = f"{SESSION}/RAW_DATA/{label}/a", f"{SESSION}/PROCESSED_DATA/{label}/x"
        ids: dict[str, int] = {}
        for step in order.split():
            if step == "raw":
                ids["raw"] = measured(shared, raw, "scan1/a.h5", "b.h5")
            elif step == "files":
                files(shared, ids["raw"])
            else:
                ids["result"] = made(shared, out, f"{raw}/scan1/a.h5")
        assert input_files(shared, ids["result"]) == {f"{raw}/scan1/a.h5"}, order
    assert Repair(shared.consumer.links).check() == []


def test_other_inputs_take_the_old_file_out(shared: Ground) -> None:
    raw, out = f"{SESSION}/RAW_DATA/ff4/a", f"{SESSION}/PROCESSED_DATA/ff4/x"
    files(shared, measured(shared, raw, "a.h5", "b.h5"))
    result = made(shared, out, f"{raw}/a.h5")
    assert made(shared, out, f"{raw}/b.h5") == result
    assert input_files(shared, result) == {f"{raw}/b.h5"}
    made(shared, out, raw)
    assert input_files(shared, result) == set()
    assert Repair(shared.consumer.links).check() == []


def test_repair_finds_and_mends_a_missing_and_a_foreign_file(shared: Ground) -> None:
    raw, out = f"{SESSION}/RAW_DATA/ff5/a", f"{SESSION}/PROCESSED_DATA/ff5/x"
    files(shared, measured(shared, raw, "a.h5", "b.h5"))
    result = made(shared, out, f"{raw}/a.h5", f"{raw}/b.h5")
    where = Eq("datafile.location", f"{raw}/a.h5")
    (row,) = shared.session.rows(Select("DataCollectionDatafile", ["id"], where))
    shared.session.delete("DataCollectionDatafile", list(row))
    repair = Repair(shared.consumer.links)
    assert [finding.kind for finding in repair.check()] == ["job"]
    repair.mend()
    assert repair.check() == []
    assert input_files(shared, result) == {f"{raw}/a.h5", f"{raw}/b.h5"}
