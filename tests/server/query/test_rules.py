"""Who sees and may do what: rules, groups, public tables and public steps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Literal

import pytest
from sqlalchemy import Engine

from icat_schema.server.authz import check_public_step
from icat_schema.server.caller import Caller
from icat_schema.server.errors import IcatError
from icat_schema.server.search import Catalogue, Limits
from icat_schema.server.store.engine import open_engine, reading, writing
from icat_schema.server.store.tables import table
from tests.server.query.conftest import ZONE, Asking
from tests.server.query.content import MOMENT

PEOPLE = ("root", "ada", "bo", "cy", "dee")
PARTICIPANTS = (
    "SELECT ds FROM Dataset ds JOIN ds.investigation i JOIN i.investigationUsers iu JOIN iu.user u WHERE u.name = :user"
)
SCIENTISTS = (
    "SELECT ds FROM Dataset ds JOIN ds.investigation i JOIN i.investigationInstruments ii JOIN ii.instrument n "
    "JOIN n.instrumentScientists s JOIN s.user u WHERE u.name = :user"
)
RELEASED = "SELECT ds FROM Dataset ds WHERE ds.investigation.releaseDate < CURRENT_TIMESTAMP"
MX = {"mx_1", "mx_2", "mx_3"}
EM = {"em_1", "em_1_100%_motion\\corrected"}


def for_all(names: set[str]) -> dict[str, set[str]]:
    return dict.fromkeys(PEOPLE[1:], names)


def seen(ask: Asking, query: str = "SELECT ds.name FROM Dataset ds") -> dict[str, set[str]]:
    return {person: set(ask(query, person)) for person in PEOPLE}


def test_without_rules_only_root_sees_anything(ask: Asking) -> None:
    assert seen(ask) == {"root": MX | EM, "ada": set(), "bo": set(), "cy": set(), "dee": set()}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((PARTICIPANTS,), {"ada": MX, "bo": MX, "cy": set(), "dee": EM}),
        ((SCIENTISTS,), {"ada": set(), "bo": set(), "cy": MX, "dee": set()}),
        ((RELEASED,), {"ada": EM, "bo": EM, "cy": EM, "dee": EM}),
        ((PARTICIPANTS, SCIENTISTS, RELEASED), {"ada": MX | EM, "bo": MX | EM, "cy": MX | EM, "dee": EM}),
        (("Dataset <-> Investigation [name = 'EM-77']",), {"ada": EM, "bo": EM, "cy": EM, "dee": EM}),
        (("Dataset",), {"ada": MX | EM, "bo": MX | EM, "cy": MX | EM, "dee": MX | EM}),
        (
            ("SELECT ds FROM Dataset ds WHERE ds.complete = True",),
            for_all({"mx_1", "mx_2", *sorted(EM)[1:]}),
        ),
        (
            ("SELECT ds FROM Dataset ds LEFT JOIN ds.sample s WHERE s.id IS NULL",),
            {"ada": EM, "bo": EM, "cy": EM, "dee": EM},
        ),
        (
            ("SELECT ds FROM Investigation i JOIN i.datasets ds WHERE i.name LIKE 'MX%' AND ds.fileCount > 1",),
            for_all({"mx_2", "mx_3"}),
        ),
        (
            ("SELECT ds FROM Dataset ds WHERE EXISTS (SELECT p FROM ds.parameters p WHERE p.numericValue > 12.6)",),
            for_all({"mx_2"}),
        ),
    ],
)
def test_rules_add_up(ask: Asking, rules: tuple[str, ...], expected: dict[str, set[str]]) -> None:
    for what in rules:
        ask.rule("R", what)
    assert seen(ask) == {"root": MX | EM, **expected}
    ids = {ask.content.ids[f"Dataset {name}"]: name for name in MX | EM}
    for person, names in expected.items():
        allowed = ask.catalogue.rules.allowed(ask.content.connection, ask.caller(person), "Dataset", list(ids), "R")
        assert {ids[i] for i in allowed} == names
        assert ask("SELECT COUNT(ds) FROM Dataset ds", person) == [len(names)]


def test_rules_of_a_group_are_for_its_members(ask: Asking) -> None:
    ask.group("readers", "ada", "dee")
    ask.rule("R", "Dataset", group="readers")
    assert seen(ask) == {"root": MX | EM, "ada": MX | EM, "bo": set(), "cy": set(), "dee": MX | EM}


def test_a_change_counts_at_once(ask: Asking) -> None:
    connection, rules = ask.content.connection, table("Rule")
    id_ = ask.rule("R", "Dataset")
    assert seen(ask)["dee"] == MX | EM
    connection.execute(rules.update().where(rules.c.id == id_).values(what=PARTICIPANTS))
    assert seen(ask)["dee"] == EM
    connection.execute(rules.delete())
    assert seen(ask)["dee"] == set()
    grouping = ask.group("late")
    ask.rule("R", "Dataset", group="late")
    assert seen(ask)["dee"] == set()
    ask.content.add("UserGroup", grouping=grouping, user=ask.content.ids["User simple/dee"])
    assert seen(ask)["dee"] == MX | EM


@pytest.mark.usefixtures("stored")
def test_a_rule_made_by_another_process_counts_at_once(engine: Engine) -> None:
    catalogue, dee = Catalogue(engine, ZONE, Limits()), Caller("simple/dee", False, MOMENT)
    other, rules = open_engine(engine.url.render_as_string(hide_password=False)), table("Rule")
    row = {"createId": "x", "modId": "x", "createTime": MOMENT, "modTime": MOMENT, "crudFlags": "R", "what": "Dataset"}

    def count() -> list[int]:
        with reading(engine) as connection:
            return list(catalogue.search(connection, dee, "SELECT COUNT(ds) FROM Dataset ds").rows)

    assert count() == [0]
    with writing(other) as connection:
        connection.execute(rules.insert().values(row))
    assert count() == [5]
    with writing(other) as connection:
        connection.execute(rules.delete())
    assert count() == [0]
    other.dispose()


def test_a_user_without_row_has_the_rules_for_everybody(ask: Asking) -> None:
    ask.rule("R", RELEASED)
    assert set(ask("SELECT ds.name FROM Dataset ds", "nobody")) == EM


def test_a_rule_needs_the_flag(ask: Asking) -> None:
    ask.rule("CUD", "Dataset")
    assert seen(ask)["ada"] == set()
    id_ = ask.content.ids["Dataset mx_1"]
    access: Literal["C", "R", "U", "D"]
    for access in ("C", "R", "U", "D"):
        allowed = ask.catalogue.rules.allowed(ask.content.connection, ask.caller("ada"), "Dataset", [id_], access)
        assert allowed == (set() if access == "R" else {id_})


def test_a_rule_that_is_broken_gives_nothing(ask: Asking) -> None:
    ask.content.add("Rule", crudFlags="R", what="SELECT ds FROM Dataset ds WHERE")
    assert seen(ask)["ada"] == set()


# What of a query is looked at ------------------------------------------------------------------------


def test_only_what_is_selected_is_checked(ask: Asking) -> None:
    ask.rule("R", PARTICIPANTS)
    query = "SELECT ds.name FROM Investigation i JOIN i.datasets ds WHERE i.name = 'MX-2345'"
    assert set(ask(query, "ada")) == MX
    assert ask(
        "SELECT COUNT(DISTINCT ds) FROM InvestigationUser iu JOIN iu.investigation i JOIN i.datasets ds", "dee"
    ) == [2]


def test_of_a_path_the_last_object_is_checked(ask: Asking) -> None:
    ask.rule("R", "SELECT i FROM Investigation i WHERE i.name = 'EM-77'")
    assert ask("SELECT ds.investigation.name FROM Dataset ds", "ada") == ["EM-77"] * 2
    assert ask("SELECT ds.investigation.id FROM Dataset ds", "ada") == [ask.content.ids["Investigation EM-77"]] * 2
    assert len(ask("SELECT ds.investigation FROM Dataset ds", "ada")) == 2
    assert ask("SELECT COUNT(ds.investigation) FROM Dataset ds", "ada") == [2]
    assert ask("SELECT ds.investigation.facility.name FROM Dataset ds", "ada") == []


def test_every_item_is_checked(ask: Asking) -> None:
    ask.rule("R", PARTICIPANTS)
    assert ask("SELECT ds.name, i.name FROM Dataset ds JOIN ds.investigation i", "ada") == []
    ask.rule("R", "SELECT i FROM Investigation i WHERE i.name LIKE 'M%'")
    assert len(ask("SELECT ds.name, i.name FROM Dataset ds JOIN ds.investigation i", "ada")) == 3
    assert ask("SELECT ds.name, i.name FROM Dataset ds JOIN ds.investigation i", "dee") == []


def test_calculations_and_functions_do_not_go_round_the_rules(ask: Asking) -> None:
    for item in ("ds.fileSize + 1", "UPPER(ds.name)", "MAX(ds.name)", "CONCAT(ds.name, 'x')", "ABS(ds.id)"):
        assert ask(f"SELECT {item} FROM Dataset ds", "ada") == []


def test_to_many_items_are_checked(ask: Asking) -> None:
    ask.rule("R", "SELECT ds FROM Dataset ds WHERE ds.complete = False")
    assert {v.attributes["name"] for v in ask("SELECT i.datasets FROM Investigation i", "bo")} == {"mx_3", "em_1"}
    assert ask("SELECT COUNT(i.datasets) FROM Investigation i", "bo") == [2]


def test_nothing_allowed_is_an_empty_result_or_zero(ask: Asking) -> None:
    assert ask("SELECT ds FROM Dataset ds", "ada") == []
    assert ask("SELECT COUNT(ds) FROM Dataset ds", "ada") == [0]
    assert ask("COUNT(Dataset)", "ada") == [0]
    assert ask("SELECT COUNT(ds), MAX(ds.id) FROM Dataset ds", "ada") == []
    assert ask("SELECT MAX(ds.id) FROM Dataset ds", "ada") == []


def test_limit_order_and_groups_apply_to_what_is_left(ask: Asking) -> None:
    ask.rule("R", PARTICIPANTS)
    ask.rule("R", "DatasetType")
    assert ask("SELECT ds.name FROM Dataset ds ORDER BY ds.name LIMIT 1, 1", "ada") == ["mx_2"]
    grouped = "SELECT t.name, COUNT(ds) FROM Dataset ds JOIN ds.type t GROUP BY t.name"
    assert ask(grouped, "ada") == [("raw", 3)]
    assert ask(grouped, "dee") == [("processed", 1), ("raw", 1)]


def test_a_missing_object_is_not_readable_unless_all_are(ask: Asking) -> None:
    query = "SELECT ds.name, s.name FROM Dataset ds LEFT JOIN ds.sample s"
    ask.rule("R", "Dataset")
    ask.rule("R", "SELECT s FROM Sample s WHERE s.pid IS NULL")
    assert len(ask(query, "ada")) == 3
    ask.rule("R", "Sample")
    assert len(ask(query, "ada")) == 5


# INCLUDE ---------------------------------------------------------------------------------------------


def test_includes_leave_out_what_may_not_be_read(ask: Asking) -> None:
    ask.rule("R", "Investigation")
    ask.rule("R", "SELECT ds FROM Dataset ds WHERE ds.fileCount = 2")
    ask.rule("R", "Facility")
    query = (
        "SELECT i FROM Investigation i WHERE i.name = 'MX-2345' INCLUDE i.datasets ds, ds.datafiles, i.facility, i.type"
    )
    (session,) = ask(query, "ada")
    assert [ds.attributes["name"] for ds in session.many["datasets"]] == ["mx_2"]
    assert session.many["datasets"][0].many["datafiles"] == []
    assert session.one["facility"] is not None
    assert session.one["type"] is None


def test_public_steps_open_a_relation_in_includes_only(ask: Asking) -> None:
    ask.rule("R", "Investigation")
    ask.content.add("PublicStep", origin="Investigation", field="datasets")
    ask.content.add("PublicStep", origin="Investigation", field="type")
    query = "SELECT i FROM Investigation i WHERE i.name = 'MX-2345' INCLUDE i.datasets.datafiles, i.type"
    (session,) = ask(query, "dee")
    assert len(session.many["datasets"]) == 3
    assert session.one["type"] is not None
    assert all(ds.many["datafiles"] == [] for ds in session.many["datasets"])
    assert ask("SELECT ds FROM Dataset ds", "dee") == []


def test_get_needs_read_and_filters_includes(ask: Asking) -> None:
    id_ = ask.content.ids["Dataset mx_1"]
    with pytest.raises(IcatError, match=r"^READ access to this Dataset is not allowed\.$") as caught:
        ask.get("Dataset", id_, "ada")
    assert caught.value.type == "INSUFFICIENT_PRIVILEGES"
    ask.rule("R", PARTICIPANTS)
    found = ask.get("Dataset INCLUDE 1", id_, "ada")
    assert found.one == {"investigation": None, "sample": None, "type": None}
    with pytest.raises(IcatError, match="not found") as caught:
        ask.get("Dataset", 10**9, "ada")
    assert caught.value.type == "NO_SUCH_OBJECT_FOUND"


# Single objects --------------------------------------------------------------------------------------


def test_attribute_rules_allow_single_fields(ask: Asking) -> None:
    rules, connection = ask.catalogue.rules, ask.content.connection
    ask.rule("U", "SELECT i.doi FROM Investigation i")
    ask.rule(
        "U", "SELECT i.title FROM Investigation i JOIN i.investigationUsers iu JOIN iu.user u WHERE u.name = :user"
    )
    ask.rule("U", "SELECT ds.sample FROM Dataset ds")
    mx = ask.content.ids["Investigation MX-2345"]
    assert rules.allowed_fields(connection, ask.caller("ada"), "Investigation", mx) == {"doi", "title"}
    assert rules.allowed_fields(connection, ask.caller("dee"), "Investigation", mx) == {"doi"}
    assert rules.allowed_fields(connection, ask.caller("dee"), "Dataset", ask.content.ids["Dataset mx_1"]) == {"sample"}
    assert rules.allowed(connection, ask.caller("ada"), "Investigation", [mx], "U") == set()
    assert "name" in rules.allowed_fields(connection, ask.caller("root"), "Investigation", mx)


def test_own_objects_by_their_maker(ask: Asking) -> None:
    mine = ask.content.add("DataCollection", by="simple/bo")
    other = ask.content.add("DataCollection", by="simple/ada")
    ask.rule("CRUD", "SELECT dc FROM DataCollection dc WHERE dc.createId = :user")
    rules, connection = ask.catalogue.rules, ask.content.connection
    assert rules.allowed(connection, ask.caller("bo"), "DataCollection", [mine, other, 10**9], "D") == {mine}
    assert rules.allowed(connection, ask.caller("root"), "DataCollection", [mine, other], "D") == {mine, other}


def test_a_rule_without_where_opens_searches_but_its_joins_count_for_single_objects(ask: Asking) -> None:
    ask.group("readers", "ada")
    ask.rule("R", "SELECT ds FROM Dataset ds JOIN ds.sample s", group="readers")
    ask.rule("R", "Investigation")
    assert seen(ask)["ada"] == MX | EM
    ids = [ask.content.ids[f"Dataset {n}"] for n in ("mx_1", "em_1")]
    assert ask.catalogue.rules.allowed(ask.content.connection, ask.caller("ada"), "Dataset", ids, "R") == {ids[0]}
    mx, em = ask("SELECT i FROM Investigation i ORDER BY i.name DESC INCLUDE i.datasets", "ada")
    assert {ds.attributes["name"] for ds in mx.many["datasets"]} == MX
    assert em.many["datasets"] == []


def test_a_rule_without_where_for_everybody_makes_the_entity_public(ask: Asking) -> None:
    ask.rule("RU", "SELECT ds FROM Dataset ds JOIN ds.sample s")
    ask.rule("R", "Investigation")
    assert seen(ask)["dee"] == MX | EM
    ids = [ask.content.ids[f"Dataset {n}"] for n in ("mx_1", "em_1")]
    rules, connection = ask.catalogue.rules, ask.content.connection
    assert rules.allowed(connection, ask.caller("dee"), "Dataset", [*ids, 10**9], "R") == {*ids, 10**9}
    assert rules.allowed(connection, ask.caller("dee"), "Dataset", ids, "U") == {ids[0]}
    _, em = ask("SELECT i FROM Investigation i ORDER BY i.name DESC INCLUDE i.datasets", "dee")
    assert {ds.attributes["name"] for ds in em.many["datasets"]} == EM


def test_many_ids_are_checked_in_one_go(ask: Asking) -> None:
    ask.rule("D", PARTICIPANTS)
    ids = range(1, 12_000)
    allowed = ask.catalogue.rules.allowed(ask.content.connection, ask.caller("dee"), "Dataset", ids, "D")
    assert len(allowed) == 2


# Texts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "what", "entity", "attribute", "restricted"),
    [
        ("CRUD", "SELECT d FROM Dataset d WHERE d.name = :user", "Dataset", None, True),
        ("R", "Dataset <-> Investigation [name = 'x']", "Dataset", None, True),
        (" dr ", "SELECT d FROM Dataset d JOIN d.investigation i", "Dataset", None, False),
        ("U", "SELECT i.doi FROM Investigation i", "Investigation", "doi", False),
        ("", "Study", "Study", None, False),
        ("R", "SELECT g FROM UserGroup ug JOIN ug.grouping g WHERE ug.user.name = :user", "Grouping", None, True),
    ],
)
def test_rules_are_understood(
    ask: Asking, flags: str, what: str, entity: str, attribute: str | None, restricted: bool
) -> None:
    rule = ask.catalogue.rules.check_rule(flags, what)
    assert (rule.entity, rule.attribute, rule.restricted) == (entity, attribute, restricted)


@pytest.mark.parametrize(
    ("flags", "what", "text"),
    [
        ("X", "Study", "^CRUD value X contains false$"),
        ("CX", "Dataset", "^CRUD value CX contains true$"),
        ("R", "SELECT i.doi FROM Investigation i", "^Attribute selection in rules is only allowed for Update$"),
        ("UD", "SELECT i.doi FROM Investigation i", "^Attribute selection in rules is only allowed for Update$"),
        ("R", "SELECT d FROM Bogus d", "Bogus"),
        ("R", "Bogus", "Bogus is not an EntityBaseBean"),
        ("R", "SELECT d, d.name FROM Dataset d", "selects exactly one"),
        ("R", "SELECT DISTINCT d FROM Dataset d", "no DISTINCT"),
        ("R", "SELECT COUNT(d) FROM Dataset d", "no aggregate"),
        ("R", "SELECT d FROM Dataset d ORDER BY d.name", "No more input expected"),
        ("R", "SELECT d FROM Dataset d GROUP BY d", "No more input expected"),
        ("R", "SELECT d FROM Dataset d INCLUDE 1", "No more input expected"),
        ("R", "Dataset INCLUDE 1", "No more input expected"),
        ("R", "1,5 Dataset", "No more input expected"),
        ("R", "SELECT d FROM Dataset d WHERE d.bogus = 1", "Dataset has no field bogus"),
        ("R", "SELECT d FROM Dataset d WHERE d.name = :group", "only :user has one"),
        ("U", "SELECT d.sample.name FROM Dataset d", "an attribute of a variable"),
        ("U", "SELECT d.bogus FROM Dataset d", "Dataset has no field bogus"),
        ("R", "", "Attempt to read beyond end"),
    ],
)
def test_rules_without_meaning_are_refused(ask: Asking, flags: str, what: str, text: str) -> None:
    with pytest.raises(IcatError, match=text) as caught:
        ask.catalogue.rules.check_rule(flags, what)
    assert caught.value.type == "BAD_PARAMETER"


def test_public_steps_must_name_a_relation() -> None:
    check_public_step("Dataset", "datafiles")
    check_public_step("Dataset", "type")
    for origin, field in (("Study", "name"), ("Study", "bogus"), ("Bogus", "x"), ("Parameter", "type")):
        with pytest.raises(IcatError) as caught:
            check_public_step(origin, field)
        assert caught.value.type == "BAD_PARAMETER"


def test_search_include_and_single_check_agree_for_every_rule(ask: Asking) -> None:
    texts = (PARTICIPANTS, SCIENTISTS, RELEASED, "Dataset [complete = TRUE]", "Dataset <-> Sample [name = 'lyso1']")
    ask.content.add("PublicStep", origin="Dataset", field="investigation")
    ids = sorted(ask.content.ids[f"Dataset {name}"] for name in MX | EM)
    ask.rule("R", "Investigation")
    for chosen in itertools.combinations(texts, 2):
        stored = [ask.rule("R", what) for what in chosen]
        for person in PEOPLE:
            by_search = {v.id for v in ask("SELECT ds FROM Dataset ds", person)}
            included = ask("SELECT i FROM Investigation i INCLUDE i.datasets", person)
            by_include = {ds.id for i in included for ds in i.many["datasets"]}
            by_check = ask.catalogue.rules.allowed(ask.content.connection, ask.caller(person), "Dataset", ids, "R")
            assert by_search == by_include == by_check
        _delete(ask, stored)


def _delete(ask: Asking, ids: list[int]) -> None:
    ask.content.connection.execute(table("Rule").delete().where(table("Rule").c.id.in_(ids)))


OF_PARAMETERS = (
    "SELECT p FROM DatasetParameter p JOIN p.dataset ds JOIN ds.investigation i JOIN i.investigationUsers iu "
    "JOIN iu.user u WHERE u.name = :user",
    "SELECT p FROM DatasetParameter p JOIN p.dataset ds WHERE ds.investigation.releaseDate < CURRENT_TIMESTAMP",
    "DatasetParameter <-> Dataset <-> Investigation <-> InvestigationInstrument <-> Instrument <-> "
    "InstrumentScientist <-> User [name = :user]",
)
IN_ANY_SESSION = "p.dataset.investigation.id > 0"


@pytest.mark.parametrize("columns", ["p.id", "p.dataset.id, p.id", "p.dataset.name, p.id"])
def test_what_a_query_joins_decides_nothing_about_who_sees_its_rows(ask: Asking, columns: str) -> None:
    for rule in (*OF_PARAMETERS, PARTICIPANTS, RELEASED):
        ask.rule("R", rule)
    ask.rule("R", "ParameterType")
    plain = seen(ask, f"SELECT {columns} FROM DatasetParameter p")
    assert plain == seen(ask, f"SELECT {columns} FROM DatasetParameter p WHERE {IN_ANY_SESSION}")
    assert set() < plain["dee"] < plain["root"]


def test_whether_parameters_may_be_read_is_asked_of_the_datasets_that_the_query_joins(
    ask: Asking, statements: Callable[[], list[str]]
) -> None:
    for rule in (*OF_PARAMETERS, PARTICIPANTS, RELEASED, SCIENTISTS):
        ask.rule("R", rule)
    assert ask(f"SELECT p.dataset.id, p.id FROM DatasetParameter p WHERE {IN_ANY_SESSION}", "ada")
    assert statements()[-1].count('"Dataset" AS') == 1
    assert statements()[-1].count("EXISTS") >= 4


def test_rows_of_a_left_join_are_no_rows_that_a_rule_may_use(ask: Asking) -> None:
    ask.rule("R", "SELECT s FROM Sample s")
    ask.rule("R", PARTICIPANTS)
    outer = "SELECT ds.name FROM Dataset ds LEFT JOIN ds.sample s WHERE s.investigation.id > 0 OR s.id IS NULL"
    assert set(ask(outer, "ada")) <= set(ask("SELECT ds.name FROM Dataset ds", "ada"))
