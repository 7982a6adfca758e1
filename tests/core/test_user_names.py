"""Which part of an ICAT user name is the login, and who is the same person (no catalogue needed)."""

from __future__ import annotations

import pytest

from drac_plugins.core.user_names import user_names

MECHANISMS = ("simple", "db", "anon")


@pytest.mark.parametrize(
    ("name", "login", "prefix"),
    [
        ("simple/ada", "ada", "simple/ada"),
        ("simple/ada/17", "ada", "simple/ada"),
        ("simple/ada/17/x", "ada", "simple/ada"),
        ("ada/17", "ada", "ada"),
        ("ada", "ada", "ada"),
        ("simple", "simple", "simple"),
        ("oidc/ada", "oidc", "oidc"),
        ("", "", ""),
        ("/", "/", "/"),
    ],
)
def test_a_name_is_taken_apart(name: str, login: str, prefix: str) -> None:
    names = user_names(None, MECHANISMS)
    assert (names.login(name), names.prefix(name)) == (login, prefix)


def test_without_mnemonics_the_first_part_is_the_login() -> None:
    names = user_names(None, ())
    assert names.login("marie/20417") == "marie"
    assert names.same_person("marie/20417", "marie/20999")


@pytest.mark.parametrize(
    ("one", "other"), [("simple/dee", "simple/ada"), ("simple/ada", "db/ada"), ("simple/ada", "simple/adam")]
)
def test_different_people_stay_different(one: str, other: str) -> None:
    assert not user_names(None, MECHANISMS).same_person(one, other)


def test_a_mechanism_is_text_not_a_pattern() -> None:
    names = user_names(None, ("si.ple", "a+b"))
    assert names.login("simple/ada") == "simple"
    assert names.login("a+b/ada") == "ada"


def test_a_name_that_the_pattern_does_not_explain_is_its_own_login() -> None:
    names = user_names(r"x/(?P<login>\w+)|y/.*", MECHANISMS)
    assert [names.login(name) for name in ("x/ada", "y/ada", "z")] == ["ada", "y/ada", "z"]
    assert names.prefix("y/ada") == "y/ada"
