"""Whole catalogues to and from files: the same as icatdump and icatingest, complete, all or nothing."""

from __future__ import annotations

import gzip
import re
import subprocess
import sysconfig
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, func, insert, select

from icat_schema.definitions import schema
from icat_schema.server.dump import keys
from icat_schema.server.dump.loading import Loader, Terms
from icat_schema.server.dump.records import DumpError, Record
from icat_schema.server.dump.shape import EMBEDDED, ORDER
from icat_schema.server.dump.snapshot import KEPT_KEYS, Snapshot
from icat_schema.server.settings import DEFAULT_ZONE
from icat_schema.server.store.engine import reading, writing
from icat_schema.server.store.tables import table
from tests.server.operations.conftest import CommandLine
from tests.support.catalogue import RunningCatalogue

DUMPS = Path(__file__).parents[2] / "data" / "python-icat"
SCRIPTS = Path(sysconfig.get_path("scripts"))
HEAD = re.compile(r"<head>.*?</head>", re.DOTALL)
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _script(name: str, catalogue: RunningCatalogue, *options: str | Path) -> None:
    account = ("-w", catalogue.soap_url, "-a", "simple", "-u", "root", "-p", "root")
    command = [str(part) for part in (SCRIPTS / name, *account, *options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _xml(path: Path) -> str:
    return HEAD.sub("", path.read_text(encoding="utf-8"))


def _yaml(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_every_entity_has_its_place_in_a_dump() -> None:
    entities = schema().entities
    embedded = {entities[owner].to_many(name).target for owner, names in EMBEDDED.items() for name in names}  # type: ignore[union-attr]
    assert {*ORDER, *embedded} == {*entities}
    assert not embedded & {*ORDER}


@pytest.mark.parametrize("name", ["icatdump-5.0.xml", "icatdump-5.0.yaml"])
def test_a_dump_of_icatdump_is_loaded_and_written_as_icatdump_writes_it(
    run: CommandLine, tmp_path: Path, name: str
) -> None:
    run.works("load", str(DUMPS / name))
    run.works("dump", str(tmp_path / "made.xml"))
    run.works("dump", str(tmp_path / "made.yaml"))
    assert _xml(tmp_path / "made.xml") == _xml(DUMPS / "icatdump-5.0.xml")
    assert _yaml(tmp_path / "made.yaml") == _yaml(DUMPS / "icatdump-5.0.yaml")


@pytest.mark.slow
def test_files_go_to_the_genuine_scripts_and_come_back(
    start: Callable[..., RunningCatalogue], run: CommandLine, tmp_path: Path
) -> None:
    run.works("load", str(DUMPS / "icatdump-5.0.xml"))
    run.works("dump", str(tmp_path / "ours.yaml"))
    server = start("--quiet")
    _script("icatingest.py", server, "-f", "YAML", "-i", tmp_path / "ours.yaml")
    _script("icatdump.py", server, "-f", "XML", "-o", tmp_path / "theirs.xml")
    assert _xml(tmp_path / "theirs.xml") == _xml(DUMPS / "icatdump-5.0.xml")


def test_meta_attributes_are_kept_when_asked_for(run: CommandLine, other: CommandLine, tmp_path: Path) -> None:
    run.works("load", str(DUMPS / "icatdump-5.0.yaml"))
    run.works("dump", "--meta", str(tmp_path / "first.xml.gz"))
    other.works("load", "--meta", str(tmp_path / "first.xml.gz"))
    other.works("dump", "--meta", str(tmp_path / "second.xml.gz"))
    first, second = (gzip.decompress((tmp_path / f"{n}.xml.gz").read_bytes()).decode() for n in ("first", "second"))
    assert HEAD.sub("", first) == HEAD.sub("", second)
    assert first.count("<createId>server/operator</createId>") > 400


def test_what_is_hard_to_write_comes_back_unchanged(
    run: CommandLine, other: CommandLine, engine: Engine, tmp_path: Path
) -> None:
    _fill_strangely(engine)
    for kind in ("xml", "yaml"):
        target = other if kind == "xml" else CommandLine(f"sqlite:///{tmp_path / 'third.db'}", tmp_path / "users")
        run.works("dump", "--meta", str(tmp_path / f"first.{kind}"))
        target.works("load", "--meta", str(tmp_path / f"first.{kind}"))
        target.works("dump", "--meta", str(tmp_path / "second.xml"))
        run.works("dump", "--meta", str(tmp_path / "first.xml"))
        assert _xml(tmp_path / "first.xml") == _xml(tmp_path / "second.xml")


def _fill_strangely(engine: Engine) -> None:
    """Odd letters, empty and missing values, a sample of another investigation, objects without keys."""
    meta = {"createId": "simple/ada", "modId": "simple/bo", "createTime": MOMENT, "modTime": MOMENT}
    odd = " ü_(=-)\n<&>'\"]]> \U0001f52c: - #"
    rows: list[tuple[str, dict[str, Any]]] = [
        ("Facility", {"id": 7, "name": odd, "description": "", "daysUntilRelease": 0}),
        ("InvestigationType", {"id": 3, "facility_id": 7, "name": "None"}),
        ("DatasetType", {"id": 4, "facility_id": 7, "name": "yes"}),
        ("Investigation", {"id": 9, "facility_id": 7, "type_id": 3, "name": "1e3", "visitId": "~", "title": odd}),
        ("Investigation", {"id": 5, "facility_id": 7, "type_id": 3, "name": "_", "visitId": "-", "title": "0x1"}),
        ("Sample", {"id": 8, "investigation_id": 9, "name": odd}),
        ("Dataset", {"id": 6, "investigation_id": 5, "type_id": 4, "sample_id": 8, "name": odd, "complete": True}),
        ("Datafile", {"id": 2, "dataset_id": 6, "name": odd, "fileSize": None}),
        ("DataCollection", {"id": 11, "doi": "10.1/" + odd}),
        ("DataCollection", {"id": 12, "doi": None}),
        ("Application", {"id": 1, "facility_id": 7, "name": "a", "version": "1.0"}),
        ("Job", {"id": 1, "application_id": 1, "inputDataCollection_id": 12, "arguments": "1e-05"}),
    ]
    with writing(engine) as connection:
        for name, values in rows:
            connection.execute(insert(table(name)), {**meta, **values})


@pytest.mark.parametrize("kind", ["xml", "yaml"])
def test_a_file_that_cannot_be_loaded_whole_leaves_nothing(run: CommandLine, tmp_path: Path, kind: str) -> None:
    text = (DUMPS / f"icatdump-5.0.{kind}").read_text()
    broken = tmp_path / f"broken.{kind}"
    broken.write_text(re.sub(r"""(ref="|type: )DatasetType_""", r"\1Nonsense_", text))
    assert "Nonsense_" in run.fails("load", str(broken))
    assert "Rule" not in run.works("rule", "list")


def test_an_object_that_exists_already_is_named(run: CommandLine) -> None:
    run.works("load", str(DUMPS / "icatdump-5.0.xml"))
    assert "User exists with name = 'db/acord'" in run.fails("load", str(DUMPS / "icatdump-5.0.xml"))


def test_objects_are_told_by_their_attributes_and_by_made_up_names(run: CommandLine, tmp_path: Path) -> None:
    """As people write files by hand for icatingest."""
    first, second = tmp_path / "first.xml", tmp_path / "second.xml"
    first.write_text(
        "<icatdata><data><facility id='f'><name>F</name></facility>"
        "<datasetType id='t'><name>raw</name><facility ref='f'/></datasetType>"
        "<investigationType id='i'><name>e</name><facility ref='f'/></investigationType></data></icatdata>"
    )
    second.write_text(
        "<icatdata><!-- by hand --><data><facilityRef id='here' name='F'/>"
        "<investigation id='one'><name>n</name><visitId>1</visitId><title>t</title><startDate>2026-07-01T10:00:00"
        "</startDate><facility ref='here'/><type name='e' facility.name='F'/></investigation>"
        "<dataset id='d'><name>x</name><complete>1</complete><investigation ref='one'/>"
        "<type name='raw' facility.ref='Facility_name-F'/></dataset></data></icatdata>"
    )
    run.works("load", str(first))
    run.works("load", "--zone", "Europe/Paris", str(second))
    made = yaml.safe_load_all(run.works("dump", "--format", "yaml", "-"))
    (chunk,) = [document for document in made if "dataset" in document]
    (investigation,) = chunk["investigation"].values()
    assert investigation["startDate"] == "2026-07-01T08:00:00+00:00"
    assert [d["complete"] for d in chunk["dataset"].values()] == [True]


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("xml", "<icatdata><data><facility>", "not well-formed XML"),
        ("xml", "<html/>", "no dump"),
        ("xml", "<!DOCTYPE icatdata [<!ENTITY x 'y'>]><icatdata>&x;</icatdata>", "DOCTYPE"),
        ("xml", "<icatdata><data><lorry/></data></icatdata>", "<lorry> is not an ICAT entity"),
        ("xml", "<icatdata><data><facility><wheels/></facility></data></icatdata>", "has no field 'wheels'"),
        ("xml", "<icatdata><data><facility id='f'/></data></icatdata>", "Facility f: Facility: name cannot be null"),
        ("yaml", "{", "not YAML"),
        ("yaml", "[]", "not a mapping"),
        ("yaml", "lorry: {}", "'lorry' is not an entity"),
        ("yaml", "facility: {f: {name: F, instruments: 1}}", "instruments is not a list"),
        ("yaml", "facility: {f: {name: [1]}}", "name is not a single value"),
        ("yaml", "facility: {f: {name: F, daysUntilRelease: x}}", "'x' is not an integer"),
        ("yaml", "rule: {r: {crudFlags: R, what: Lorry}}", "Lorry"),
        (
            "yaml",
            "datasetType: {t: {name: raw, facility: Facility_name-F}}",
            "leads to Facility_name-F, which is neither",
        ),
        ("yaml", "datasetType: {t: {name: raw, facility: User_name-F}}", "should be the key of Facility"),
        ("yaml", "datasetType: {t: {name: raw, facility: Facility_(}}", "is not a key"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, kind: str, text: str, words: str) -> None:
    """In the process: what the commands add is tested above."""
    from icat_schema.server.commands.dumping import READERS
    from icat_schema.server.store.engine import create_tables, open_engine

    path = tmp_path / f"file.{kind}"
    path.write_text(text)
    engine = open_engine(f"sqlite:///{tmp_path / 'c.db'}")
    create_tables(engine)
    terms = Terms("simple/ada", MOMENT, DEFAULT_ZONE)
    with pytest.raises(DumpError, match=re.escape(words)), path.open("rb") as file, writing(engine) as connection:
        Loader(connection, terms, lambda _: None).load(READERS[kind](file))
    engine.dispose()


def test_a_yaml_file_with_aliases_is_refused(run: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("facility:\n  a: &a {name: F}\n  b: *a\n")
    assert "aliases" in run.fails("load", str(path))


def test_a_dump_that_fails_leaves_no_file(run: CommandLine, engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as connection:
        meta = {"createId": "a", "modId": "a", "createTime": MOMENT, "modTime": MOMENT}
        connection.execute(insert(table("Facility")), {**meta, "name": "bell \x07"})
    assert "cannot be written as XML" in run.fails("dump", str(tmp_path / "made.xml"))
    assert list(tmp_path.glob("made*")) == []


def test_a_dump_shows_one_state_while_others_write(engine: Engine) -> None:
    """What is written after the dump has begun is not in it, in none of its tables."""
    meta = {"createId": "a", "modId": "a", "createTime": MOMENT, "modTime": MOMENT}
    with writing(engine) as connection:
        connection.execute(insert(table("User")), {**meta, "name": "before"})
    with reading(engine) as connection:
        chunks = Snapshot(connection, meta=False, told=lambda _: None).chunks()
        seen = [record.attributes["name"] for record in next(chunks)]
        with writing(engine) as writer:
            writer.execute(insert(table("Technique")), {**meta, "name": "after"})
        seen += [record.attributes["name"] for chunk in chunks for record in chunk]
    assert seen == ["before"]


def test_an_investigation_with_more_datasets_than_keys_are_kept_is_loaded(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that are forgotten are found again in the database, on both ways."""
    monkeypatch.setattr("icat_schema.server.dump.references.KEPT_KEYS", 100)
    monkeypatch.setattr("icat_schema.server.dump.snapshot.KEPT_KEYS", 100)
    assert KEPT_KEYS > 1200
    terms = Terms("simple/ada", MOMENT, DEFAULT_ZONE)
    with writing(engine) as connection:
        Loader(connection, terms, lambda _: None).load([_many_datasets(1200)])
    with reading(engine) as connection:
        files = table("Datafile")
        assert connection.execute(select(func.count()).select_from(files)).scalar() == 1200
        chunks = Snapshot(connection, meta=False, told=lambda _: None).chunks()
        every = [record for chunk in chunks for record in chunk]
    seen = [record for record in every if record.entity.name == "Datafile"]
    datasets = [record for record in every if record.entity.name == "Dataset"]
    assert {str(record.one["dataset"]) for record in seen} == {str(d.key) for d in datasets}
    assert len({record.key for record in seen}) == 1200


def _many_datasets(count: int) -> list[Record]:
    entities = schema().entities

    def made(entity: str, key: str, one: dict[str, str] | None = None, /, **attributes: Any) -> Record:
        return Record(entities[entity], f"{entity}_{key}", attributes, dict(one or {}))

    place = {"facility": "Facility_name-F"}
    owner = "facility-(name-F)_name-i_visitId-1"
    investigation = {"investigation": f"Investigation_{owner}", "type": "DatasetType_facility-(name-F)_name-raw"}
    datasets = [
        made("Dataset", f"investigation-({owner})_name-d{n}", investigation, name=f"d{n}") for n in range(count)
    ]
    return [
        made("Facility", "name-F", name="F"),
        made("InvestigationType", "name-e_facility-(name-F)", place, name="e"),
        made("DatasetType", "facility-(name-F)_name-raw", place, name="raw"),
        made(
            "Investigation",
            owner,
            {**place, "type": "InvestigationType_name-e_facility-(name-F)"},
            name="i",
            visitId="1",
            title="t",
        ),
        *datasets,
        *(
            made("Datafile", f"dataset-({keys.tail(str(d.key))})_name-x", {"dataset": str(d.key)}, name="x")
            for d in datasets
        ),
    ]


@pytest.mark.parametrize("text", ["", "ada", "simple/ada", "ü_(=-)\n\U0001f52c", "=20", "None"])
def test_texts_in_keys_come_back(text: str) -> None:
    assert keys.unquote(keys.quote(text)) == text
    key = f"Dataset_investigation-(facility-(name-{keys.quote(text)})_name-x_visitId-1)_name-{keys.quote(text)}"
    assert keys.parts(key) == {
        "investigation": f"facility-(name-{keys.quote(text)})_name-x_visitId-1",
        "name": keys.quote(text),
    }
