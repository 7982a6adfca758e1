"""Accounts and rules from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.operations.conftest import CommandLine

ACCESS = """
groups:
  staff: [simple/cy]
  empty: []
rules:
- {flags: CRUD, what: Facility, group: staff}
- {flags: R, what: Facility}
- {flags: R, what: "SELECT d FROM Dataset d JOIN d.investigation i WHERE i.name = 'x'"}
publicSteps: [Investigation.datasets]
"""


def test_a_password_comes_from_stdin_and_is_changed_only_for_who_exists(run: CommandLine, tmp_path: Path) -> None:
    run.works("user", "add", "simple/ada", "db/bo", "--password-stdin", text="first\n")
    before = (tmp_path / "users").read_text()
    run.works("user", "passwd", "simple/ada", "--password-stdin", text="second\n")
    assert (tmp_path / "users").read_text() != before
    run.works("user", "passwd", "db/bo", text="third\nthird\n")
    assert "There is no user 'db/cy'" in run.fails("user", "passwd", "db/bo", "db/cy", "--password", "x")
    assert "no password" in run.fails("user", "add", "db/cy", "--password-stdin", text="")
    assert run.works("user", "list").split() == ["simple/ada", "db/bo"]


def test_rules_are_removed_all_or_none(run: CommandLine) -> None:
    for entity in ("Facility", "Dataset", "Datafile"):
        run.works("rule", "add", "R", entity)
    assert "There is no rule 9" in run.fails("rule", "remove", "1", "9")
    assert len(run.works("rule", "list").splitlines()) == 3
    run.works("rule", "remove", "1", "3")
    assert run.works("rule", "list") == "   2  R    *  Dataset\n"


def test_access_is_loaded_from_a_file_as_often_as_one_likes(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text(ACCESS)
    run.works("rule", "add", "C", "Job")
    told = run.works("rule", "load", str(tmp_path / "access.yaml"))
    assert "3 of Rule created" in told
    assert "2 of Grouping created" in told
    assert run.works("rule", "load", str(tmp_path / "access.yaml")) == ""
    assert len(run.works("rule", "list").splitlines()) == 4
    assert run.works("rule", "load", "--replace", str(tmp_path / "access.yaml")) == "1 of Rule deleted\n"
    assert "Job" not in run.works("rule", "list")


def test_what_a_user_may_do_is_explained(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text(ACCESS)
    (tmp_path / "facility.yaml").write_text("facility: {f: {name: F}}")
    run.works("rule", "load", str(tmp_path / "access.yaml"))
    run.works("load", str(tmp_path / "facility.yaml"))
    assert run.works("rule", "explain", "simple/cy", "Facility", "--id", "1").splitlines() == [
        "simple/cy is in staff",
        "create: by any of",
        "   1  CRUD staff  Facility",
        "read: by any of",
        "   1  CRUD staff  Facility",
        "   2  R    *  Facility",
        "update: by any of",
        "   1  CRUD staff  Facility",
        "delete: by any of",
        "   1  CRUD staff  Facility",
        "Facility 1: read, update, delete",
    ]
    explained = run.works("rule", "explain", "simple/dee", "Dataset")
    assert "simple/dee is in no group" in explained
    assert "create: nothing" in explained
    assert "included by everybody through Investigation.datasets" in explained
    assert "There is no Dataset 1" in run.fails("rule", "explain", "simple/dee", "Dataset", "--id", "1")
    assert "root user" in run.works("rule", "explain", "simple/root", "Dataset")
    assert "'Lorry' is not an ICAT entity" in run.fails("rule", "explain", "simple/dee", "Lorry")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1", "cannot be read"),
        ("rules: [{flags: R}]", "rules.0.what: Field required"),
        ("lorries: 1", "lorries: Extra inputs are not permitted"),
        ("rules: [{flags: X, what: Dataset}]", "CRUD value X"),
        ("rules: [{flags: R, what: Lorry}]", "Lorry"),
        ("rules: [{flags: R, what: Dataset, group: none}]", "There is no Grouping 'none'"),
        ("publicSteps: [Dataset.wheels]", "wheels"),
    ],
)
def test_mistakes_in_a_file_are_explained_and_change_nothing(tmp_path: Path, text: str, words: str) -> None:
    run = CommandLine(f"sqlite:///{tmp_path / 'c.db'}", tmp_path / "users")
    run.works("init")
    (tmp_path / "access.yaml").write_text(f"groups: {{g: [simple/ada]}}\n{text}" if text[0] != "[" else text)
    assert words in run.fails("rule", "load", str(tmp_path / "access.yaml"))
    assert "no group" in run.works("rule", "explain", "simple/ada", "Dataset")
