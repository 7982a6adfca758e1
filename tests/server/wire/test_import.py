"""POST port: the text of an export becomes objects again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from werkzeug.test import Client

from icat_schema.server.service import Service
from icat_schema.server.settings import Settings
from icat_schema.server.wsgi import application
from tests.server.wire.conftest import Facility, make_facility
from tests.server.wire.raw import RestCalls
from tests.support.catalogue import RunningCatalogue

NAME_ONLY = "Facility(name:0)"
FACILITY = "Facility(name:0,daysUntilRelease:1,url:2)"


def _send(rest: RestCalls, text: str | bytes, **options: str) -> requests.Response:
    wanted = json.dumps({"sessionId": rest.session_id, **options})
    content = text.encode() if isinstance(text, str) else text
    return rest.send("POST", "port", files=[("json", (None, wanted)), ("file", ("icat.port", content))])


def _accepted(rest: RestCalls, text: str, **options: str) -> None:
    reply = _send(rest, text, **options)
    assert (reply.status_code, reply.text) == (204, "")


def _refused(rest: RestCalls, text: str | bytes, **options: str) -> tuple[str, str, int]:
    """Type, message and offset."""
    return rest.refused(_send(rest, text, **options))[1:]


def _export(rest: RestCalls, **wanted: str) -> str:
    reply = rest.send("GET", "port", params={"json": json.dumps({"sessionId": rest.session_id, **wanted})})
    assert reply.status_code == 200, reply.text
    return reply.text


def _facility(rest: RestCalls, name: str) -> list[Any]:
    return rest.search(f"SELECT f.daysUntilRelease, f.url FROM Facility f WHERE f.name = '{name}'")


def test_an_export_of_everything_fills_an_empty_catalogue_with_the_same_objects(
    fresh_catalogue: RunningCatalogue, start: Callable[..., RunningCatalogue]
) -> None:
    source = RestCalls.login(fresh_catalogue.rest_url, "root")
    facility = make_facility(source)
    text = 'ä "quoted"\\\n\t\r, end'
    source.write(
        [
            facility.dataset(
                "d",
                complete=True,
                description=text,
                startDate="2020-02-29T12:00:00.000+02:00",
                parameters=[{"numericValue": 2.5, "type": {"id": facility.number_type}}],
                datafiles=[{"name": f"{n}.h5", "fileSize": n * 10**12} for n in range(3)],
            ),
            {"User": {"name": "db/x"}},
            {"DataCollection": {"doi": "10.0/a"}},
            {"DataCollection": {"doi": "10.0/b"}},
            {"Rule": {"crudFlags": "R", "what": "Facility"}},
        ]
    )
    collection = source.search("SELECT c.id FROM DataCollection c WHERE c.doi = '10.0/b'")[0]
    dataset = source.search("SELECT d.id FROM Dataset d")[0]
    source.write(
        {"DataCollectionDataset": {"dataCollection": {"id": collection}, "dataset": {"id": dataset}}},
    )
    exported = _export(source, attributes="ALL")
    target = RestCalls.login(start(folder="target").rest_url, "root")
    _accepted(target, exported, attributes="ALL")
    assert _export(target, attributes="ALL") == exported
    _accepted(target, exported, duplicate="CHECK")
    assert target.search("SELECT COUNT(d) FROM Datafile d") == [3]


def test_without_all_attributes_the_objects_are_the_importers(rest: RestCalls) -> None:
    name = uuid4().hex
    _accepted(rest, f'1.0\n\nFacility(createId:0,createTime:1,name:2)\n"somebody",2001-01-01T00:00:00Z,"{name}"\n')
    assert rest.search(f"SELECT f.createId FROM Facility f WHERE f.name = '{name}'") == ["simple/root"]
    assert rest.search(f"SELECT COUNT(f) FROM Facility f WHERE f.name = '{name}' AND f.createTime < '2002-01-01'") == [
        0
    ]


def test_all_attributes_are_for_root_alone(catalogue: RunningCatalogue) -> None:
    ada = RestCalls.login(catalogue.rest_url, "ada")
    expected = ("INSUFFICIENT_PRIVILEGES", "Only root users may import with Attributes.ALL", -1)
    assert _refused(ada, f'1.0\n\n{NAME_ONLY}\n"x"\n', attributes="all") == expected


def test_commas_between_fields_and_blank_lines_between_tables_may_be_missing(rest: RestCalls) -> None:
    name = uuid4().hex
    text = (
        f'# made by hand\n1.0\nFacility ( name : 0 daysUntilRelease:1 )\n"{name}", 7 , "beyond"\n# more\n'
        f'InvestigationType(facility(name:0) name:1)\n"{name}","one"\n\n"{name}","two"\r\n'
    )
    _accepted(rest, text)
    query = f"SELECT t.name FROM InvestigationType t WHERE t.facility.name = '{name}' ORDER BY t.name"
    assert rest.search(query) == ["one", "two"]
    assert _facility(rest, name) == [[7, None]]


def test_one_column_may_serve_several_relations_and_null_means_none(rest: RestCalls, facility: Facility) -> None:
    header = (
        "Dataset(name:0,complete:1,startDate:2,fileSize:3,investigation(facility(name:4),name:5,visitId:6),"
        "type(facility(name:4),name:7),sample(investigation(facility(name:8),name:9,visitId:10),name:11))"
    )
    row = f'"a",TRUE,2020-01-01T12:00:00,Null,"{facility.name}","i","1","raw",NULL,NA,NA,NULL'
    _accepted(rest, f"1.0\n\n{header}\n{row}\n")
    (found,) = rest.search(f"SELECT d FROM Dataset d WHERE d.investigation.id = {facility.investigation} INCLUDE 1")
    dataset = found["Dataset"]
    assert (dataset["complete"], dataset["fileSize"], dataset["startDate"]) == (
        True,
        0,
        "2020-01-01T12:00:00.000+01:00",
    )
    assert (dataset["type"]["name"], "sample" in dataset) == ("raw", False)
    wrong = row.replace("NULL,NA,NA,NULL", 'NA,NA,NA,"s"').replace('"a"', '"b"')
    assert _refused(rest, f"1.0\n\n{header}\n{wrong}\n")[::2] == ("BAD_PARAMETER", 4)


def test_objects_without_a_key_are_told_by_local_names(rest: RestCalls, facility: Facility) -> None:
    doi = uuid4().hex
    text = (
        f'1.0\n\nDataCollection(?:0,doi:1)\n"first","{doi}1"\n5,"{doi}2"\n\n'
        f"DataCollectionInvestigation(dataCollection(?:0),investigation(facility(name:1),name:2,visitId:3))\n"
        f'5,"{facility.name}","i","1"\n'
    )
    _accepted(rest, text)
    query = "SELECT c.dataCollection.doi FROM DataCollectionInvestigation c WHERE c.investigation.id = "
    assert rest.search(f"{query}{facility.investigation}") == [f"{doi}2"]
    unknown = text.replace('\n5,"' + facility.name, '\n"nobody","' + facility.name)
    assert _refused(rest, unknown)[::2] == ("NO_SUCH_OBJECT_FOUND", 8)


def test_rows_before_a_refused_one_stay_stored_and_the_error_names_the_line(rest: RestCalls) -> None:
    name = uuid4().hex
    rows = "".join(f'"{name}-{n}"\n' for n in range(1200))
    text = f'1.0\n\n{NAME_ONLY}\n{rows}"{name}-7"\n"{name}-never"\n'
    expected = ("OBJECT_ALREADY_EXISTS", f"Facility exists with name = '{name}-7' at line 1204", 1204)
    assert _refused(rest, text) == expected
    assert rest.search(f"SELECT COUNT(f) FROM Facility f WHERE f.name LIKE '{name}%'") == [1200]


@pytest.mark.parametrize(
    ("duplicate", "left"), [("IGNORE", [[7, "u"]]), ("ignore", [[7, "u"]]), ("OVERWRITE", [[8, None]])]
)
def test_a_duplicate_is_ignored_or_overwritten(rest: RestCalls, duplicate: str, left: list[Any]) -> None:
    name = uuid4().hex
    _accepted(rest, f'1.0\n\n{FACILITY}\n"{name}",7,"u"\n')
    _accepted(rest, f'1.0\n\n{FACILITY}\n"{name}",8,NULL\n"{name}2",9,NULL\n', duplicate=duplicate)
    assert _facility(rest, name) == left
    assert _facility(rest, f"{name}2") == [[9, None]]


def test_a_checked_duplicate_must_be_equal_in_every_field(rest: RestCalls, facility: Facility) -> None:
    header = (
        "Dataset(name:0,startDate:1,investigation(facility(name:2),name:3,visitId:4),type(facility(name:2),name:5))"
    )
    text = f'1.0\n\n{header}\n"a",2020-01-01T12:00:00Z,"{facility.name}","i","1","raw"\n'
    _accepted(rest, text)
    _accepted(rest, text, duplicate="CHECK")
    _accepted(rest, text.replace("12:00:00Z", "13:00:01+01:00"), duplicate="CHECK")
    other = _refused(rest, text.replace("12:00:00Z", "12:00:02Z"), duplicate="CHECK")
    assert other == ("VALIDATION", "Duplicate check fails for field startDate of Dataset at line 4", 4)
    rest.write({"DatasetType": {"name": "other", "facility": {"id": facility.id}}})
    assert _refused(rest, text.replace('"raw"', '"other"'), duplicate="CHECK")[1] == (
        "Duplicate check fails for field type of Dataset at line 4"
    )


def test_what_one_may_not_create_is_refused_at_its_line(catalogue: RunningCatalogue, rest: RestCalls) -> None:
    ada = RestCalls.login(catalogue.rest_url, "ada")
    expected = ("INSUFFICIENT_PRIVILEGES", "CREATE access to this Facility is not allowed. at line 4", 4)
    assert _refused(ada, f'1.0\n\n{NAME_ONLY}\n"{uuid4()}"\n') == expected


def test_overwriting_and_checking_need_the_rights_to_do_so(catalogue: RunningCatalogue, rest: RestCalls) -> None:
    name, ada = uuid4().hex, RestCalls.login(catalogue.rest_url, "ada")
    rest.write({"Application": {"name": name, "version": "1", "facility": {"id": make_facility(rest).id}}})
    (facility,) = rest.search(f"SELECT a.facility.name FROM Application a WHERE a.name = '{name}'")
    text = f'1.0\n\nApplication(name:0,version:1,facility(name:2))\n"{name}","1","{facility}"\n'
    for duplicate, access in (("OVERWRITE", "UPDATE"), ("CHECK", "READ")):
        refused = _refused(ada, text, duplicate=duplicate)
        assert refused[1] == f"{access} access to this Application is not allowed. at line 4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("VALIDATION", "Version of file must be 1.0 at line 1", 1)),
        ("2.0\n", ("VALIDATION", "Version of file must be 1.0 at line 1", 1)),
        ("# x\n\n1.1\n", ("VALIDATION", "Version of file must be 1.0 at line 3", 3)),
        ('1.0\n\nBogus(name:0)\n"x"\n', ("BAD_PARAMETER", "Bogus is not an EntityBaseBean at line 3", 3)),
        ('1.0\n"x"\n', ("BAD_PARAMETER", None, 2)),
        ("1.0\nFacility(bogus:0)\n", ("BAD_PARAMETER", "Field bogus not found in Facility at line 2", 2)),
        ("1.0\nFacility(investigations:0)\n", ("BAD_PARAMETER", None, 2)),
        ("1.0\nFacility(name:0,name:1)\n", ("BAD_PARAMETER", None, 2)),
        ("1.0\nFacility(name:0\n", ("BAD_PARAMETER", "The header ends too early at line 2", 2)),
        ("1.0\nFacility(name:99999)\n", ("BAD_PARAMETER", None, 2)),
        ("1.0\nFacility(?:0,name:1)\n", ("BAD_PARAMETER", None, 2)),
        ("1.0\nFacility(name:0) x\n", ("BAD_PARAMETER", None, 2)),
        ("1.0\nDataset(type(name:0))\n", ("BAD_PARAMETER", "The key of DatasetType needs facility at line 2", 2)),
        ("1.0\nDataset(type(description:0))\n", ("BAD_PARAMETER", None, 2)),
        ("1.0\nJob(inputDataCollection())\n", ("BAD_PARAMETER", None, 2)),
        (
            '1.0\nFacility(name:0,url:1)\n"x"\n',
            ("BAD_PARAMETER", "2 values are needed for Facility, not 1 at line 3", 3),
        ),
        ("1.0\nFacility(name:0)\n5\n", ("BAD_PARAMETER", None, 3)),
        ("1.0\nFacility(name:0)\nNULL\n", ("VALIDATION", "Facility: name cannot be null. at line 3", 3)),
        ('1.0\nFacility(name:0)\n"x\n', ("BAD_PARAMETER", None, 3)),
        ('1.0\nFacility(name:0)\n"x\\q"\n', ("BAD_PARAMETER", "Unknown escape \\q in a string at line 3", 3)),
        ('1.0\nFacility(name:0)\n"x" "y"\n', ("BAD_PARAMETER", None, 3)),
        ('1.0\nFacility(name:0)\n"x",,\n', ("BAD_PARAMETER", None, 3)),
        ('1.0\nFacility(daysUntilRelease:0,name:1)\n9999999999,"x"\n', ("BAD_PARAMETER", None, 3)),
        ('1.0\nFacility(daysUntilRelease:0,name:1)\n1.5,"x"\n', ("BAD_PARAMETER", None, 3)),
        ("1.0\nShift(startDate:0)\n2020-01-01\n", ("BAD_PARAMETER", None, 3)),
        ('1.0\nShift(startDate:0)\n"2020-01-01T00:00:00"\n', ("BAD_PARAMETER", None, 3)),
        ("1.0\nParameterType(valueType:0)\nBOGUS\n", ("BAD_PARAMETER", None, 3)),
        ("1.0\nDataset(complete:0)\n1\n", ("BAD_PARAMETER", None, 3)),
        ("1.0\nParameterType(minimumNumericValue:0)\n1e999\n", ("BAD_PARAMETER", None, 3)),
        (
            '1.0\nInvestigationType(facility(name:0),name:1)\n"nowhere","x"\n',
            ("NO_SUCH_OBJECT_FOUND", "Facility with name = 'nowhere' not found. at line 3", 3),
        ),
        (b'1.0\nFacility(name:0)\n"\xff"\n', ("BAD_PARAMETER", "The line is not encoded in UTF-8 at line 3", 3)),
        ("1.0\n" + "Facility(" * 5_000, ("BAD_PARAMETER", None, 2)),
        ("1.0\nFacility(name:0)\n" + '"\\' * 100_000, ("BAD_PARAMETER", None, 3)),
        ("1.0\nFacility(name:0)\n" + "x" * 1_100_000, ("BAD_PARAMETER", None, 3)),
    ],
)
def test_what_cannot_be_understood_is_refused_at_its_line(
    rest: RestCalls, text: str | bytes, expected: tuple[str, str | None, int]
) -> None:
    type_, message, offset = _refused(rest, text)
    assert (type_, message if expected[1] else None, offset) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("file", ("f", b"1.0\n"))], (400, "BAD_PARAMETER", "json must not be null")),
        ([("json", (None, "{}"))], (400, "BAD_PARAMETER", None)),
        ([("json", (None, "[]")), ("file", ("f", b""))], (400, "BAD_PARAMETER", None)),
        (
            [("json", (None, '{"bogus":"x"}')), ("file", ("f", b""))],
            (400, "BAD_PARAMETER", "bogus is not an expected key in the json"),
        ),
        ([("json", (None, '{"duplicate":"SOME"}')), ("file", ("f", b""))], (400, "BAD_PARAMETER", None)),
        ([("json", (None, "{}")), ("file", ("f", b""))], (403, "SESSION", "Session Id cannot be null or empty.")),
    ],
)
def test_the_form_is_read_before_the_file(rest: RestCalls, fields: Any, expected: tuple[int, str, str | None]) -> None:
    status, type_, message, _ = rest.refused(rest.send("POST", "port", files=fields))
    assert (status, type_, message if expected[2] else None) == expected


def test_another_content_type_and_half_a_form_are_errors(rest: RestCalls) -> None:
    assert rest.refused(rest.send("POST", "port", data={"json": "{}"}))[:2] == (500, "INTERNAL")
    heads = {"Content-Type": "multipart/form-data; boundary=x"}
    half = b'--x\r\nContent-Disposition: form-data; name="json"\r\n\r\n{}'
    assert rest.refused(rest.send("POST", "port", data=half, headers=heads))[:2] == (400, "BAD_PARAMETER")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    services: list[Service] = []

    def make(**limits: float) -> Client:
        settings = Settings(database=f"sqlite:///{tmp_path / 'c.db'}", users_file=None, **limits)  # type: ignore[arg-type]
        services.append(Service(settings))
        return Client(application(services[-1]))

    yield make
    for service in services:
        service.close()


def test_an_import_has_limits_of_size_and_time(small: Callable[..., Client]) -> None:
    http = small(max_import_bytes=5_000, max_import_seconds=0.0)
    session_id = http.post("/icat/session", data={"json": '{"plugin":"anon"}'}).get_json()["sessionId"]

    def send(content: bytes) -> Any:
        upload = (BytesIO(content), "f")
        return http.post("/icat/port", data={"json": json.dumps({"sessionId": session_id}), "file": upload}).get_json()

    assert send(b"#" * 6_000)["message"] == "The request is larger than this server accepts"
    assert send(b"1.0\n") == {
        "code": "VALIDATION",
        "message": "The import takes longer than 0 s at line 1",
        "offset": 1,
    }
