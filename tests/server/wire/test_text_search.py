"""Free-text search: `lucene/data` and the operators' commands, on both databases."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, text
from werkzeug.security import generate_password_hash
from werkzeug.test import Client, TestResponse

from icat_schema.server.service import Service
from icat_schema.server.settings import Settings
from icat_schema.server.text.index import INDEXED
from icat_schema.server.wsgi import application
from tests.server.wire.raw import RestCalls
from tests.support.catalogue import RunningCatalogue, start_catalogue

USERS = ("root", "ada", "dee")


class Calls:
    """REST calls of one user without a socket."""

    def __init__(self, http: Client, user: str) -> None:
        self.http = http
        document = {"plugin": "simple", "credentials": [{"username": user}, {"password": user}]}
        self.session_id = http.post("/icat/session", data={"json": json.dumps(document)}).get_json()["sessionId"]

    def write(self, entities: Any) -> list[int]:
        form = {"sessionId": self.session_id, "entities": json.dumps(entities)}
        reply = self.http.post("/icat/entityManager", data=form)
        assert reply.status_code == 200, reply.text
        ids: list[int] = reply.get_json()
        return ids

    def delete(self, entities: Any) -> None:
        query = {"sessionId": self.session_id, "entities": json.dumps(entities)}
        assert self.http.delete("/icat/entityManager", query_string=query).status_code == 204

    def ask(self, query: Any, **more: Any) -> TestResponse:
        words = query if isinstance(query, str) else json.dumps(query)
        return self.http.get("/icat/lucene/data", query_string={"sessionId": self.session_id, "query": words, **more})

    def ids(self, target: str, words: str | None = None, **more: Any) -> list[int]:
        wanted = {"target": target, **({"text": words} if words is not None else {}), **more}
        reply = self.ask(wanted)
        assert reply.status_code == 200, reply.text
        return [hit["id"] for hit in reply.get_json()]


@dataclass
class World:
    """A catalogue with two investigations and what hangs from them; ids by a short name."""

    http: Client
    root: Calls
    ids: dict[str, int]


@contextmanager
def _world(request: pytest.FixtureRequest, folder: Path) -> Iterator[World]:
    url = f"sqlite:///{folder / 'c.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    users = folder / "users"
    users.write_text("".join(f"{u}:{generate_password_hash(u, 'pbkdf2:sha256:1')}\n" for u in USERS))
    service = Service(Settings(database=url, users_file=users))
    http = Client(application(service))
    root = Calls(http, "root")
    yield World(http, root, _fill(root))
    service.close()


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """For tests that change nothing."""
    with _world(request, tmp_path_factory.mktemp("words")) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with _world(request, tmp_path) as made:
        yield made


def _fill(root: Calls) -> dict[str, int]:
    (facility,) = root.write({"Facility": {"name": "F"}})
    here = {"facility": {"id": facility}}
    itype, raw, processed, field, note = root.write(
        [
            {"InvestigationType": {"name": "Inhouse", **here}},
            {"DatasetType": {"name": "raw", **here}},
            {"DatasetType": {"name": "processed", **here}},
            {
                "ParameterType": {
                    "name": "field",
                    "units": "T",
                    "valueType": "NUMERIC",
                    "applicableToDataset": True,
                    **here,
                }
            },
            {
                "ParameterType": {
                    "name": "note",
                    "units": "-",
                    "valueType": "STRING",
                    "applicableToDataset": True,
                    **here,
                }
            },
        ]
    )
    first, second = root.write(
        [
            {"Investigation": {"name": n, "visitId": "1", "title": t, "type": {"id": itype}, **more, **here}}
            for n, t, more in (
                ("IH-LS-1", "Lysozyme crystals by Müller", {"startDate": "2020-01-01T00:00:00.000Z"}),
                ("IH-MA-2", "Nickel oxide single crystal", {"startDate": "2021-01-01T00:00:00.000Z"}),
            )
        ]
    )
    (sample,) = root.write({"Sample": {"name": "NiMnGa 991027", "investigation": {"id": second}}})
    (user,) = root.write({"User": {"name": "db/lm", "fullName": "Lena Müller-Meier"}})
    root.write({"InvestigationUser": {"role": "PI", "user": {"id": user}, "investigation": {"id": first}}})
    a, b = root.write(
        [
            {
                "Dataset": {
                    "name": "scan_0001",
                    "description": "first energy scan",
                    "investigation": {"id": first},
                    "type": {"id": raw},
                    "parameters": [
                        {"type": {"id": field}, "numericValue": 5.5},
                        {"type": {"id": note}, "stringValue": "x"},
                    ],
                    "datafiles": [{"name": "scan_0001.h5", "location": "/data/visitor/scan_0001.h5"}],
                }
            },
            {
                "Dataset": {
                    "name": "fluo-map",
                    "investigation": {"id": second},
                    "type": {"id": processed},
                    "sample": {"id": sample},
                }
            },
        ]
    )
    return {"first": first, "second": second, "a": a, "b": b, "sample": sample, "raw": raw}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("crystal", {"second"}),
        ("crystal*", {"first", "second"}),
        ("CRYSTALS", {"first"}),
        ("müller", {"first"}),
        ("lysozyme nickel", {"first", "second"}),
        ("lysozyme AND nickel", set()),
        ("+crystal* -nickel", {"first"}),
        ("crystal* AND NOT lysozyme", {"second"}),
        ('"nickel oxide"', {"second"}),
        ('"oxide nickel"', set()),
        ("(lysozyme OR oxide) AND crystal", {"second"}),
        ("IH-MA-2", {"second"}),
        ("inhouse", {"first", "second"}),
        ("oxi", set()),
        ("nothing", set()),
    ],
)
def test_words_phrases_beginnings_and_their_combinations_are_found(shared: World, words: str, found: set[str]) -> None:
    assert set(shared.root.ids("Investigation", words)) == {shared.ids[name] for name in found}


def test_datasets_and_datafiles_are_found_by_what_belongs_to_them(shared: World) -> None:
    assert shared.root.ids("Dataset", "raw") == [shared.ids["a"]]
    assert shared.root.ids("Dataset", "nimnga") == [shared.ids["b"]]
    assert shared.root.ids("Dataset", "scan_0001") == [shared.ids["a"]]
    assert shared.root.ids("Dataset", "0001") == [shared.ids["a"]]
    assert len(shared.root.ids("Datafile", "visitor")) == 1
    assert len(shared.root.ids("Datafile", "scan_0001.h5")) == 1


def test_the_best_comes_first_and_no_more_than_asked_for(shared: World) -> None:
    hits = shared.root.ask({"target": "Investigation", "text": "crystal nickel inhouse"}).get_json()
    assert hits == [{"id": shared.ids["second"], "score": 2.5}, {"id": shared.ids["first"], "score": 0.5}]
    assert len(shared.root.ask({"target": "Investigation", "text": "inhouse"}, maxCount=1).get_json()) == 1
    assert shared.root.ask({"target": "Investigation"}, maxCount=0).get_json() == []


def test_dates_parameters_samples_and_people_restrict_what_is_found(shared: World) -> None:
    assert shared.root.ids("Investigation", lower="202006010000") == [shared.ids["second"]]
    assert shared.root.ids("Investigation", lower="201906010000", upper="202001010000") == []
    assert shared.root.ids("Investigation", samples=["nimnga"]) == [shared.ids["second"]]
    assert shared.root.ids("Investigation", samples=["nimnga", "other"]) == []
    assert shared.root.ids("Investigation", userFullName="lena meier") == [shared.ids["first"]]
    assert shared.root.ids("Investigation", user="db/lm") == [shared.ids["first"]]
    assert shared.root.ids("Dataset", user="db/lm") == [shared.ids["a"]]
    assert len(shared.root.ids("Datafile", user="db/lm")) == 1
    field = {"name": "field", "units": "T"}
    assert shared.root.ids("Dataset", parameters=[{**field, "lowerNumericValue": 5, "upperNumericValue": 6}]) == [
        shared.ids["a"]
    ]
    assert shared.root.ids("Dataset", parameters=[{**field, "lowerNumericValue": 6, "upperNumericValue": 7}]) == []
    assert shared.root.ids("Dataset", "energy", parameters=[{"name": "note", "units": "-", "stringValue": "x"}]) == [
        shared.ids["a"]
    ]
    dates = {"lowerDateValue": "202001010000", "upperDateValue": "202101010000"}
    assert shared.root.ids("Dataset", parameters=[{**field, **dates}]) == []


def test_only_what_may_be_read_is_found(own: World) -> None:
    ada = Calls(own.http, "ada")
    assert ada.ids("Investigation", "crystal*") == []
    own.root.write({"Rule": {"crudFlags": "R", "what": "SELECT i FROM Investigation i WHERE i.name = 'IH-LS-1'"}})
    assert ada.ids("Investigation", "crystal*") == [own.ids["first"]]
    assert ada.ids("Dataset", "scan") == []


def test_the_index_follows_every_change_and_forgets_what_was_rolled_back(own: World) -> None:
    own.root.write({"Dataset": {"id": own.ids["b"], "name": "renamed"}})
    assert (own.root.ids("Dataset", "renamed"), own.root.ids("Dataset", "fluo")) == ([own.ids["b"]], [])
    own.root.write({"Sample": {"id": own.ids["sample"], "name": "durol"}})
    assert (own.root.ids("Dataset", "durol"), own.root.ids("Dataset", "nimnga")) == ([own.ids["b"]], [])
    wrong = [
        {"Facility": {"name": "G"}},
        {"Dataset": {"id": own.ids["b"], "name": "lost"}},
        {"Facility": {"name": "F"}},
    ]
    form = {"sessionId": own.root.session_id, "entities": json.dumps(wrong)}
    assert own.root.http.post("/icat/entityManager", data=form).status_code == 412
    assert own.root.ids("Dataset", "lost") == []
    own.root.delete({"Investigation": {"id": own.ids["first"]}})
    assert own.root.ids("Dataset", "scan") == own.root.ids("Datafile", "visitor") == []


def test_operators_clear_populate_and_commit_the_index(own: World) -> None:
    session = {"sessionId": own.root.session_id}
    assert own.http.delete("/icat/lucene/db", query_string=session).status_code == 204
    assert own.root.ids("Investigation", "crystal") == []
    assert own.http.post("/icat/lucene/db/Investigation/0", data=session).status_code == 204
    assert own.root.ids("Investigation", "crystal") == [own.ids["second"]]
    assert own.root.ids("Dataset", "scan") == []
    for entity in ("Dataset", "Keyword"):
        assert own.http.post(f"/icat/lucene/db/{entity}/0", data=session).status_code == 204
    assert own.root.ids("Dataset", "scan") == [own.ids["a"]]
    assert own.http.post("/icat/lucene/db", data=session).status_code == 204
    assert own.http.get("/icat/lucene/db", query_string=session).get_json() == []
    unknown = own.http.post("/icat/lucene/db/Bogus/0", data=session)
    assert (unknown.status_code, unknown.get_json()["message"]) == (400, "Bogus is not an EntityBaseBean")
    for reply in (
        own.http.get("/icat/lucene/db", query_string={"sessionId": Calls(own.http, "dee").session_id}),
        own.http.delete("/icat/lucene/db", query_string={"sessionId": Calls(own.http, "dee").session_id}),
        own.http.post("/icat/lucene/db", data={"sessionId": Calls(own.http, "dee").session_id}),
        own.http.post("/icat/lucene/db/Dataset/0", data={"sessionId": Calls(own.http, "dee").session_id}),
    ):
        assert (reply.status_code, reply.get_json()["message"]) == (403, "user must be in rootUserNames")


HOSTILE = [
    "'; DROP TABLE x --", '"', '"a', "a*b", "a?", "(" * 500, "NOT " * 500, "a " * 100, ")", "AND", "a AND", "!", "*",
    "-", "NOT a", "%_\\", "\x00", "a:b^2~", "name:*", "𝔘nicode ß İ", "NEAR(a b)", "a" * 100_000, "{a b}", "&& a",
    "\ud800",
]  # fmt: skip


def test_no_text_whatever_reaches_the_database_as_something_else(shared: World) -> None:
    for words in HOSTILE:
        for wanted in ({"text": words}, {"samples": [words]}, {"userFullName": words}, {"user": words}):
            reply = shared.root.ask({"target": "Investigation", **wanted})
            assert reply.status_code in (200, 400), (words[:50], reply.text)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("x", None),
        ("[]", "query must be a JSON object"),
        ({}, "target is not set"),
        ({"target": "Facility"}, "target must be one of Investigation, Dataset, Datafile"),
        ({"target": "Dataset", "bogus": 1}, "bogus is not an expected key in the json"),
        ({"target": "Dataset", "text": 5}, "text must be a string"),
        ({"target": "Dataset", "lower": "2020"}, "lower must be a date of the form yyyyMMddHHmm"),
        ({"target": "Dataset", "lower": "202013010000"}, "lower must be a date of the form yyyyMMddHHmm"),
        ({"target": "Dataset", "parameters": {}}, "parameters must be a list with at most 32 elements"),
        ({"target": "Dataset", "parameters": [5]}, "parameters must be objects"),
        ({"target": "Dataset", "parameters": [{"units": "T"}]}, "name is not set in one of the parameters"),
        ({"target": "Dataset", "parameters": [{"name": "T"}]}, "units is not set in one of the parameters"),
        ({"target": "Dataset", "parameters": [{"name": "n", "units": "T", "lowerNumericValue": 1}]}, None),
        (
            {"target": "Dataset", "parameters": [{"name": "n", "units": "T", "lowerNumericValue": True}]},
            "lowerNumericValue must be a finite number",
        ),
        ({"target": "Investigation", "samples": [5]}, "samples must be a string"),
    ],
)
def test_a_query_that_means_nothing_is_refused(shared: World, query: Any, message: str | None) -> None:
    reply = shared.root.ask(query)
    assert (reply.status_code, reply.get_json()["code"]) == (400, "BAD_PARAMETER")
    assert message in (None, reply.get_json()["message"])


def test_the_query_is_looked_at_first_and_then_the_session(shared: World) -> None:
    assert shared.http.get("/icat/lucene/data").get_json()["message"] == "query is not set"
    assert shared.http.get("/icat/lucene/data?query=x").get_json()["code"] == "SESSION"


def test_nothing_is_found_where_the_search_is_switched_off(tmp_path: Path) -> None:
    service = Service(Settings(database=f"sqlite:///{tmp_path / 'c.db'}", users_file=None, text_search=False))
    http = Client(application(service))
    reply = http.post("/icat/session", data={"json": '{"plugin":"anon"}'}).get_json()
    query = {"sessionId": reply["sessionId"], "query": '{"target":"Dataset"}'}
    assert http.get("/icat/lucene/data", query_string=query).get_json() == []
    service.close()


def test_a_catalogue_from_before_the_index_is_indexed_when_it_is_opened(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    users = tmp_path / "users"
    users.write_text(f"root:{generate_password_hash('root', 'pbkdf2:sha256:1')}\n")
    old = Service(Settings(database=url, users_file=users, text_search=False))
    Calls(Client(application(old)), "root").write({"Facility": {"name": "F", "investigationTypes": [{"name": "t"}]}})
    old.close()
    new = Service(Settings(database=url, users_file=users))
    root = Calls(Client(application(new)), "root")
    with new.engine.connect() as connection:
        assert (
            connection.execute(text('SELECT COUNT(*) FROM "text_Facility" WHERE "text_Facility" MATCH \'f\'')).scalar()
            == 1
        )
    assert root.ids("Dataset", "f") == []
    new.close()


def test_a_killed_server_leaves_an_index_that_agrees_with_the_objects(tmp_path: Path) -> None:
    server: RunningCatalogue = start_catalogue(tmp_path / "catalogue", "--no-ids")
    rest = RestCalls.login(server.rest_url, "root")
    ready = Thread(target=_write_until_it_ends, args=(rest,))
    ready.start()
    while len(rest.search("SELECT f.id FROM Facility f")) < 20:
        time.sleep(0.05)
    server.process.send_signal(signal.SIGKILL)
    ready.join()
    engine = create_engine(server.database)
    with engine.begin() as connection:
        stored = connection.execute(text('SELECT COUNT(*) FROM "Facility"')).scalar()
        query = 'SELECT COUNT(*) FROM "text_Facility" WHERE "text_Facility" MATCH \'word\''
        assert connection.execute(text(query)).scalar() == stored
        for entity in INDEXED:
            name = f"text_{entity}"
            connection.execute(text(f'INSERT INTO "{name}"("{name}", rank) VALUES (\'integrity-check\', 1)'))
    engine.dispose()


def _write_until_it_ends(rest: RestCalls) -> None:
    number = 0
    while True:
        number += 1
        try:
            rest.post([{"Facility": {"name": f"{number}", "fullName": "word"}}, {"Technique": {"name": f"t{number}"}}])
        except requests.RequestException:
            return
