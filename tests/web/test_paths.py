"""Paths as clients write them: case, slashes, encoded slashes, identifiers."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from tests.support.facade import RunningFacade


def raw(facade: RunningFacade, path: str, method: str = "GET") -> tuple[int, str]:
    """A request whose path no library touches."""
    parts = urlsplit(facade.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    connection.request(method, path)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, text


@pytest.mark.parametrize("path", ["/workshop/thing/5", "/Workshop/Thing/5", "/WORKSHOP/THING/5/", "/workshop//thing/5"])
def test_fixed_segments_ignore_case_and_slashes(facade: RunningFacade, path: str) -> None:
    assert raw(facade, path) == (200, "5")


def test_variables_keep_their_case(facade: RunningFacade) -> None:
    session = facade.log_in("ada")
    status, text = raw(facade, f"/workshop/{session}/WHOAMI/name/AbC")
    assert (status, '"given":"AbC"' in text) == (200, True)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("jdoe%2F123", "jdoe/123"),
        ("a%2Fb%2Fc", "a/b/c"),
        ("100%25", "100%"),
        ("%C3%A9t%C3%A9", "été"),
        ("a%20b", "a b"),
    ],
)
def test_an_encoded_slash_stays_in_its_variable(facade: RunningFacade, sent: str, meant: str) -> None:
    session = facade.log_in("ada")
    status, text = raw(facade, f"/workshop/{session}/whoAmI/name/{sent}")
    assert (status, f'"given":"{meant}"' in text) == (200, True)


def test_a_path_in_absolute_form_works(facade: RunningFacade) -> None:
    assert raw(facade, f"{facade.url}/Workshop/thing/5?x=/y") == (200, "5")


@pytest.mark.parametrize(
    "path", ["/workshop/thing/0x5", "/workshop/thing/-1", "/workshop/thing/1.5", "/workshop/thing/a"]
)
def test_what_is_no_identifier_is_answered_400_with_a_sentence(facade: RunningFacade, path: str) -> None:
    status, text = raw(facade, path)
    assert status == 400
    assert "is not an identifier; expected a whole number" in text


def test_a_number_too_large_for_an_identifier_is_refused(facade: RunningFacade) -> None:
    assert raw(facade, f"/workshop/thing/{2**63 - 1}") == (200, str(2**63 - 1))
    assert raw(facade, f"/workshop/thing/{2**63}")[0] == 400
    assert raw(facade, f"/workshop/thing/{'9' * 4000}")[0] == 400


@pytest.mark.parametrize("sent", ["1,2,1", "1%2C2%2C1", "%201%20,%202"])
def test_identifiers_come_with_commas_each_once_in_order(facade: RunningFacade, sent: str) -> None:
    assert raw(facade, f"/workshop/things/{sent}") == (200, "[1,2]")


@pytest.mark.parametrize("path", ["/workshop/things/1,x", "/workshop/fail/a%00b", "/workshop/fail/%1b"])
def test_hostile_variables_are_answered_400(facade: RunningFacade, path: str) -> None:
    assert raw(facade, path)[0] == 400


@pytest.mark.parametrize(
    "path", ["/nowhere", "/workshop", "/workshop/thing/5/6", "/%2F", "/%FF", "/..%2f..%2fetc", "/*"]
)
def test_an_unknown_path_is_answered_404_without_repeating_secrets(facade: RunningFacade, path: str) -> None:
    status, text = raw(facade, path)
    assert status == 404
    assert "/api-docs/" in text


def test_a_secret_in_an_unknown_path_is_not_repeated(facade: RunningFacade) -> None:
    secret = "5b0c2a9e-6d1b-4f55-9a0e-1c2d3e4f5a6b"
    status, text = raw(facade, f"/catalogue/{secret}/nothing/like/this")
    assert (status, secret in text) == (404, False)


def test_a_wrong_method_names_the_right_ones(facade: RunningFacade) -> None:
    reply = facade.request("PATCH", "/workshop/Body/")
    assert reply.status_code == 405
    assert {"POST", "DELETE"} <= set(reply.headers["Allow"].split(", "))
    assert "POST" in reply.text
