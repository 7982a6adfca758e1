"""GET port and GET jpql."""

from __future__ import annotations

import json
from uuid import uuid4

import requests

from tests.server.wire.conftest import Facility
from tests.server.wire.raw import RestCalls


def _export(rest: RestCalls, **wanted: str) -> requests.Response:
    return rest.send("GET", "port", params={"json": json.dumps({"sessionId": rest.session_id, **wanted})})


def _tables(reply: requests.Response) -> dict[str, list[str]]:
    """Rows by header."""
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"] == "text/plain;charset=utf-8"
    version, *tables = reply.text.rstrip("\n").split("\n\n")
    assert version == "# ICAT Export file written by simple/root\n1.0"
    return {header: rows for header, *rows in (table.split("\n") for table in tables)}


def test_text_is_quoted_so_that_a_row_stays_a_line(rest: RestCalls) -> None:
    name = uuid4().hex
    rest.write({"Facility": {"name": name, "description": 'a "b"\\\n\tc,d', "daysUntilRelease": 3}})
    tables = _tables(_export(rest, query=f"SELECT f FROM Facility f WHERE f.name = '{name}'"))
    header = "Facility(daysUntilRelease:0,description:1,fullName:2,name:3,url:4)"
    assert tables == {header: [f'3,"a \\"b\\"\\\\\\n\\tc,d",NULL,"{name}",NULL']}


def test_relations_are_told_by_keys_and_missing_ones_by_null(rest: RestCalls, facility: Facility) -> None:
    name = uuid4().hex
    rest.write(facility.dataset(name))
    query = f"SELECT d FROM Dataset d WHERE d.name = '{name}' INCLUDE d.type"
    tables = _tables(_export(rest, query=query))
    assert next(iter(tables)) == "DatasetType(description:0,facility(name:1),name:2)"
    ((row,),) = [rows for header, rows in tables.items() if header.startswith("Dataset(")]
    key = f'"{facility.name}","i","1"'
    assert f",{key},NULL," in row, "investigation, then no location"
    assert ",NULL,NA,NA,NA,NULL," in row, "no sample, then no startDate"
    assert row.endswith(f'"{facility.name}","raw"')


def test_objects_without_a_key_get_their_id_as_local_name(rest: RestCalls) -> None:
    (id_,) = rest.write({"DataCollection": {"doi": "10.0/x"}})
    reply = _export(rest, query=f"SELECT c FROM DataCollection c WHERE c.id = {id_}", attributes="all")
    ((header, (row,)),) = _tables(reply).items()
    assert header == "DataCollection(?:0,createId:1,createTime:2,modId:3,modTime:4,doi:5)"
    assert row.startswith(f'{id_},"simple/root",')


def test_the_whole_catalogue_has_a_table_per_entity_in_the_order_of_import(rest: RestCalls, facility: Facility) -> None:
    tables = _tables(_export(rest))
    names = [header.partition("(")[0] for header in tables]
    assert names[:2] == ["User", "Grouping"]
    assert len(names) == 52
    assert any(f'"{facility.name}"' in row for row in tables[next(h for h in tables if h.startswith("Facility("))])


def test_export_refuses_what_it_does_not_know(rest: RestCalls) -> None:
    assert rest.refused(_export(rest, attributes="SOME"))[:2] == (400, "BAD_PARAMETER")
    assert rest.refused(_export(rest, bogus="x"))[2] == "bogus is not an expected key in the json"
    assert rest.refused(rest.send("GET", "port"))[2] == "json must not be null"
    assert rest.refused(rest.send("GET", "port", params={"json": "[]"}))[:2] == (400, "BAD_PARAMETER")
    assert rest.refused(rest.send("GET", "port", params={"json": "{}"}))[:2] == (403, "SESSION")


def test_nothing_to_export_is_no_content(rest: RestCalls) -> None:
    assert _export(rest, query="SELECT f FROM Facility f WHERE f.name = 'nothing'").status_code == 204


def test_jpql_shows_the_first_results_to_root(rest: RestCalls) -> None:
    name = uuid4().hex
    rest.write([{"Facility": {"name": f"{name}{i}", "daysUntilRelease": i}} for i in range(3)])
    query = f"SELECT f.daysUntilRelease, f.url FROM Facility f WHERE f.name LIKE '{name}%' ORDER BY f.name"
    reply = rest.send("GET", "jpql", params={"sessionId": rest.session_id, "query": query, "max": "2"})
    assert reply.text == "Count 3: [0, null], [1, null], ..."


def test_no_session_id_whatever_is_more_than_unknown(rest: RestCalls) -> None:
    for session_id in ("\\ud800", "x" * 10_000, "\\u0000", "ä"):
        reply = rest.send(
            "POST", "port", files=[("json", (None, f'{{"sessionId":"{session_id}"}}')), ("file", ("f", b""))]
        )
        assert rest.refused(reply)[:2] == (403, "SESSION")
