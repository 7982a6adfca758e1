"""`check` finds what no client could have done, says where it is, and derives anew what can be derived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text

from icat_schema.server.integrity.examine import CONTENT, STRUCTURE
from icat_schema.server.integrity.findings import Finding
from icat_schema.server.integrity.structure import last_id
from icat_schema.server.store.engine import reading, writing
from icat_schema.server.store.tables import table
from tests.server.operations.conftest import CommandLine

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
META = {"createId": "a", "modId": "a", "createTime": MOMENT, "modTime": MOMENT}
NUMBER = {"valueType": "NUMERIC", "enforced": True, "maximumNumericValue": 10.5, "applicableToDataset": True}
COLOUR = {"valueType": "STRING", "enforced": True, "applicableToDataset": True}
FLAGS = ("Dataset", "Datafile", "DataCollection", "Investigation", "Sample")


def _put(engine: Engine, *rows: tuple[str, dict[str, Any]]) -> None:
    with writing(engine) as connection:
        for name, values in rows:
            connection.execute(insert(table(name)), {**META, **values})


def _facility(engine: Engine) -> None:
    flags = {f"applicableTo{name}": False for name in FLAGS} | {"verified": False}
    _put(
        engine,
        ("Facility", {"id": 1, "name": "F"}),
        ("InvestigationType", {"id": 1, "name": "e", "facility_id": 1}),
        ("DatasetType", {"id": 1, "name": "raw", "facility_id": 1}),
        ("ParameterType", {**flags, **NUMBER, "id": 1, "name": "number", "units": "m", "facility_id": 1}),
        ("ParameterType", {**flags, **COLOUR, "id": 2, "name": "colour", "units": "-", "facility_id": 1}),
        ("PermissibleStringValue", {"id": 1, "type_id": 2, "value": "red"}),
        ("Investigation", {"id": 1, "name": "i", "visitId": "1", "title": "t", "type_id": 1, "facility_id": 1}),
        ("Dataset", {"id": 1, "name": "d", "investigation_id": 1, "type_id": 1, "complete": True, "fileCount": 0}),
    )


def _findings(engine: Engine) -> list[Finding]:
    with reading(engine) as connection:
        return [one for check in (*STRUCTURE, *CONTENT) for one in check.find(connection)]


def _faults(engine: Engine) -> list[str]:
    return [one.text for one in _findings(engine) if one.fault]


def _without_foreign_keys(engine: Engine, statements: Sequence[str]) -> None:
    """What a careless administrator can do."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()


def test_a_sound_catalogue_has_no_faults(engine: Engine) -> None:
    _facility(engine)
    with writing(engine) as connection:  # ids above were given by hand
        for one in _findings(engine):
            if one.repair is not None:
                one.repair(connection)
    assert _findings(engine) == []


def test_relations_that_lead_nowhere_are_found(engine: Engine) -> None:
    _facility(engine)
    _without_foreign_keys(engine, ['DELETE FROM "Investigation" WHERE id = 1'])
    assert "Dataset.investigation leads nowhere: Dataset 1" in _faults(engine)


def test_values_that_their_types_do_not_permit_are_found(engine: Engine) -> None:
    _facility(engine)
    datasets = [{"id": n, "name": f"d{n}", "investigation_id": 1, "type_id": 1, "complete": True} for n in range(2, 5)]
    _put(
        engine,
        *(("Dataset", values) for values in datasets),
        ("DatasetParameter", {"id": 1, "dataset_id": 1, "type_id": 1, "numericValue": 11.0}),
        ("DatasetParameter", {"id": 2, "dataset_id": 2, "type_id": 1, "stringValue": "much"}),
        ("DatasetParameter", {"id": 3, "dataset_id": 3, "type_id": 2, "stringValue": "blue"}),
        ("DatasetParameter", {"id": 4, "dataset_id": 4, "type_id": 2, "stringValue": "red"}),
        ("InvestigationParameter", {"id": 1, "investigation_id": 1, "type_id": 1, "numericValue": 1.0}),
    )
    assert [text for text in _faults(engine) if "Parameter " in text and "counter" not in text] == [
        "the value is not of the type NUMERIC: DatasetParameter 2",
        "the value is outside the bounds of its type: DatasetParameter 1",
        "the value is not one that its type permits: DatasetParameter 3",
        "the type is not for such objects: InvestigationParameter 1",
    ]


def test_rules_and_public_steps_without_meaning_are_found(engine: Engine) -> None:
    _put(
        engine,
        ("Rule", {"id": 1, "crudFlags": "R", "what": "Dataset"}),
        ("Rule", {"id": 2, "crudFlags": "R", "what": "SELECT l FROM Lorry l"}),
        ("PublicStep", {"id": 1, "origin": "Dataset", "field": "wheels"}),
    )
    faults = "\n".join(_faults(engine))
    assert "Rule 2 means nothing: SELECT l FROM Lorry l" in faults
    assert "PublicStep 1 means nothing" in faults
    assert "Rule 1 " not in faults


def test_counts_of_datafiles_are_derived_anew(run: CommandLine, engine: Engine) -> None:
    _facility(engine)
    _put(
        engine,
        ("Dataset", {"id": 2, "name": "e", "investigation_id": 1, "type_id": 1, "complete": True, "fileCount": 5}),
        ("Datafile", {"id": 1, "dataset_id": 1, "name": "f", "fileSize": 7}),
        ("Datafile", {"id": 2, "dataset_id": 2, "name": "f", "fileSize": None}),
        ("Datafile", {"id": 3, "dataset_id": 2, "name": "g", "fileSize": 5}),
    )
    assert "fileCount or fileSize is not the sum of the datafiles: Dataset 2" in run("check").stdout
    assert "fileCount and fileSize are not kept up: 1 of Dataset" in run("check").stdout
    assert "no faults" in run.works("check", "--repair")
    assert run.works("check", "--quiet") == ""
    with reading(engine) as connection:
        made = table("Dataset")
        counts = select(made.c.fileCount, made.c.fileSize).order_by(made.c.id)
        assert [tuple(row) for row in connection.execute(counts)] == [(1, 7), (2, 5)]
        made = table("Investigation")
        assert connection.execute(select(made.c.fileCount, made.c.fileSize)).one() == (3, 12)


def test_counters_of_ids_are_put_right(run: CommandLine, engine: Engine) -> None:
    _put(engine, ("Technique", {"id": 500, "name": "t"}))
    if engine.dialect.name == "sqlite":
        with writing(engine) as connection:
            connection.execute(text("UPDATE sqlite_sequence SET seq = 3 WHERE name = 'Technique'"))
    assert "the counter of Technique is at" in run.fails("check") + run("check").stdout
    run.works("check", "--repair")
    with reading(engine) as connection:
        assert last_id(connection, "Technique") == 500


def test_missing_indexes_are_made_and_missing_columns_named(run: CommandLine, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text('DROP INDEX "ix_Dataset_name"'))
    assert "index ix_Dataset_name is missing" in run("check").stdout
    run.works("check", "--repair")
    with writing(engine) as connection:
        connection.execute(text('ALTER TABLE "Technique" DROP COLUMN description'))
    done = run("check", "--repair")
    assert done.returncode == 1
    assert "column description of Technique is missing" in done.stdout


def test_a_key_that_is_taken_twice_is_found(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with writing(engine) as connection:
            connection.execute(text('ALTER TABLE "PublicStep" RENAME TO old'))
            connection.execute(text('CREATE TABLE "PublicStep" AS SELECT * FROM old'))
            connection.execute(text("DROP TABLE old"))
    else:
        with writing(engine) as connection:
            connection.execute(text('ALTER TABLE "PublicStep" DROP CONSTRAINT "uq_PublicStep"'))
    same = {"origin": "Dataset", "field": "datafiles"}
    _put(engine, ("PublicStep", {"id": 1, **same}), ("PublicStep", {"id": 2, **same}))
    assert "unique constraint of PublicStep is missing; 1 keys are taken more than once" in _faults(engine)


def test_a_damaged_file_is_found(run: CommandLine, engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    _facility(engine)
    engine.dispose()
    path = run.database.removeprefix("sqlite:///")
    with open(path, "r+b") as file:  # noqa: PTH123 - bytes in the middle
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)
    done = run("check")
    assert done.returncode == 1
    assert "damaged" in done.stdout + done.stderr or "malformed" in done.stderr


@pytest.mark.parametrize("name", ["dump", "check"])
def test_a_catalogue_that_is_not_there_is_not_made(run: CommandLine, name: str) -> None:
    arguments = ["-", "--format", "xml"] if name == "dump" else []
    assert "There is no catalogue in" in run.fails(name, *arguments)
    assert "There is no catalogue in" in run.fails(name, *arguments)
