"""Log-in, session information, extension, log-out, as both generations of clients see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icat_plus_client
import pytest
from icat_plus_client.exceptions import ForbiddenException

from drac_plugins.core.settings import SettingsError
from drac_plugins.core.signin.log_in import sent_credentials
from drac_plugins.session.plugin import plugin
from tests.support.catalogue import RunningCatalogue
from tests.support.facade import RunningFacade, running_facade

GONE = "5b0c2a9e-6d1b-4f55-9a0e-1c2d3e4f5a6b"


@pytest.fixture
def api(facade: RunningFacade) -> icat_plus_client.SessionApi:
    return icat_plus_client.SessionApi(facade.client())


def credentials(user: str, plugin_: str = "simple", **more: str) -> icat_plus_client.Credentials:
    return icat_plus_client.Credentials(plugin=plugin_, username=user, password=more.pop("password", user), **more)


def log_in(facade: RunningFacade, **body: Any) -> dict[str, Any]:
    reply = facade.request("POST", "/session", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def test_the_generated_client_logs_in_and_gets_every_fact(api: icat_plus_client.SessionApi) -> None:
    session = api.session_post(credentials("ada"))
    assert session.username == "ada"
    assert session.name == "simple/ada"
    assert session.full_name == "Ada ACKERMANN"
    assert 100 < session.life_time_minutes <= 120
    flags = session.is_administrator, session.is_instrument_scientist, session.is_minter, session.is_beta_tester
    assert flags == (False, False, True, False)


def test_the_session_id_is_the_one_of_the_catalogue(facade: RunningFacade, api: icat_plus_client.SessionApi) -> None:
    session = api.session_post(credentials("bo"))
    assert facade.services.catalogue.session(session.session_id).user_name() == "simple/bo"


@pytest.mark.parametrize(
    ("user", "roles"),
    [
        ("root", {"isAdministrator"}),
        ("cy", {"isInstrumentScientist"}),
        ("ada", {"isMinter"}),
        ("bo", {"isBetaTester"}),
        ("dee", set()),
    ],
)
def test_roles_come_from_groups_and_instruments(facade: RunningFacade, user: str, roles: set[str]) -> None:
    session = log_in(facade, plugin="simple", username=user, password=user)
    names = {"isAdministrator", "isInstrumentScientist", "isMinter", "isBetaTester"}
    assert {name for name in names if session[name]} == roles
    assert all(isinstance(session[name], bool) for name in names)


def test_all_users_of_a_person_are_listed_and_nobody_elses(facade: RunningFacade) -> None:
    session = log_in(facade, username="ada", password="ada")
    assert [user["name"] for user in session["usersByPrefix"]] == ["simple/ada", "simple/ada/17", "simple/ada/23"]
    old = session["usersByPrefix"][1]
    assert (old["affiliation"], old["fullName"]) == ("Old University", "SIMPLE/ADA/17")


@pytest.mark.parametrize("user", ["dee", "adam", "bo"])
def test_a_stranger_is_never_among_adas_users_nor_she_among_theirs(facade: RunningFacade, user: str) -> None:
    names = [found["name"] for found in log_in(facade, username=user, password=user)["usersByPrefix"]]
    assert names == [f"simple/{user}"]
    adas = [found["name"] for found in log_in(facade, username="ada", password="ada")["usersByPrefix"]]
    assert f"simple/{user}" not in adas


def test_the_same_login_of_another_authenticator_is_somebody_else(facade: RunningFacade) -> None:
    session = log_in(facade, plugin="db", username="ada", password="ada")
    assert [user["name"] for user in session["usersByPrefix"]] == ["db/ada"]
    assert (session["username"], session["isMinter"]) == ("ada", False)


def test_a_suffix_chooses_one_of_several_users(facade: RunningFacade) -> None:
    session = log_in(facade, username="ada", usernameSuffix="17", password="ada/17")
    assert (session["name"], session["username"]) == ("simple/ada/17", "ada")
    assert len(session["usersByPrefix"]) == 3


def test_every_key_of_a_user_is_there_with_the_right_type(facade: RunningFacade) -> None:
    user = log_in(facade, username="ada", password="ada")["usersByPrefix"][0]
    assert isinstance(user["id"], int)
    for key in ("createTime", "modTime"):
        assert datetime.fromisoformat(user[key]).utcoffset() is not None
        assert not user[key].endswith("Z")
    for key in ("dataPublicationUsers", "instrumentScientists", "investigationUsers", "studies", "userGroups"):
        assert user[key] == []


def test_the_expiration_is_the_remaining_time_from_now(facade: RunningFacade) -> None:
    session = log_in(facade, username="ada", password="ada")
    expiration = datetime.fromisoformat(session["expirationTime"])
    expected = datetime.now(UTC) + timedelta(minutes=session["lifeTimeMinutes"])
    assert abs(expiration - expected) < timedelta(seconds=30)


def test_a_default_plugin_is_taken_when_none_is_named(facade: RunningFacade) -> None:
    assert log_in(facade, username="bo", password="bo")["name"] == "simple/bo"
    assert log_in(facade, plugin=None, username="bo", password="bo")["name"] == "simple/bo"
    assert log_in(facade, plugin="", username="bo", password="bo")["name"] == "simple/bo"


def test_anonymous_log_in_needs_no_credentials(facade: RunningFacade) -> None:
    session = log_in(facade, plugin="anon")
    assert session["name"] == "anon/anon"
    assert session["usersByPrefix"] == []
    assert session["fullName"] == "anon/anon"


@pytest.mark.parametrize(
    "body",
    [
        {"plugin": "simple", "username": "ada", "password": "wrong"},
        {"plugin": "simple", "username": "nobody", "password": "x"},
        {"plugin": "simple", "username": "ada", "password": ""},
        {"plugin": "simple", "password": "only a token"},
        {"plugin": "esrf", "password": "only a token"},
        {"plugin": "db", "username": "bo", "password": "bo"},
        {"plugin": "simple' OR 1=1", "username": "ada", "password": "ada"},
        {"plugin": "simple", "username": "<x>&y;", "password": "]]>"},
        {},
    ],
)
def test_bad_credentials_are_answered_403_authentication_failed(facade: RunningFacade, body: dict[str, str]) -> None:
    reply = facade.request("POST", "/session", json=body)
    assert reply.status_code == 403, reply.text
    assert reply.text.startswith("Authentication failed")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("given", "wanted", "sent"),
    [
        ({"username": "ada", "password": "x"}, ("username", "password"), {"username": "ada", "password": "x"}),
        ({"username": "", "password": "token"}, ("username", "password"), {"password": "token"}),
        ({"username": None, "password": "token"}, ("token",), {"token": "token"}),
        ({"username": "ada", "password": "x"}, ("token",), {"username": "ada", "password": "x"}),
        ({"username": "", "password": "token"}, (), {"password": "token"}),
        ({"username": "ada", "username_suffix": "17", "password": "x"}, (), {"username": "ada/17", "password": "x"}),
        ({}, ("username", "password"), {}),
    ],
)
def test_the_authenticator_gets_what_was_given_and_single_sign_on_its_token(
    given: dict[str, str | None], wanted: tuple[str, ...], sent: dict[str, str]
) -> None:
    assert sent_credentials(given, wanted) == sent


def test_an_unknown_plugin_is_told_which_there_are(facade: RunningFacade) -> None:
    reply = facade.request("POST", "/session", json={"plugin": "esrf", "username": "ada", "password": "ada"})
    assert "possible are: anon, db, simple" in reply.text


def test_the_generated_client_raises_forbidden_with_the_text(api: icat_plus_client.SessionApi) -> None:
    with pytest.raises(ForbiddenException, match="Authentication failed"):
        api.session_post(credentials("ada", password="wrong"))
    with pytest.raises(ForbiddenException, match="log in again"):
        api.session_session_id_get(GONE)


@pytest.mark.parametrize("body", [{"username": ["ada"]}, {"password": {"x": 1}}, {"plugin": True}, []])
def test_credentials_of_the_wrong_type_are_answered_400(facade: RunningFacade, body: object) -> None:
    assert facade.request("POST", "/session", json=body).status_code == 400


def test_a_number_as_password_is_taken_as_text(facade: RunningFacade) -> None:
    assert facade.request("POST", "/session", json={"username": "ada", "password": 12}).status_code == 403


def test_session_information_satisfies_the_generated_client(api: icat_plus_client.SessionApi) -> None:
    session = api.session_post(credentials("cy"))
    found = api.session_session_id_get(session.session_id)
    assert (found.user_name, found.full_name, found.email) == ("simple/cy", "Cy CASTEL", "cy@example.org")
    assert found.affiliation == "Example Facility"
    assert 0 < found.remaining_minutes <= 120
    assert found.user is not None
    assert found.user.session_id == session.session_id
    assert (found.user.username, found.user.is_instrument_scientist) == ("cy", True)


def test_session_information_has_the_keys_that_older_clients_index(facade: RunningFacade) -> None:
    found = facade.get(f"/session/{facade.log_in('cy')}").json()
    assert found["userName"] == "simple/cy"
    assert found["user"]["fullName"] == "Cy CASTEL"
    assert found["user"]["lifeTimeMinutes"] > 0
    assert found["user"]["isAdministrator"] is False
    assert {"remainingMinutes", "fullName", "email", "affiliation"} <= set(found)


def test_refreshing_lets_the_time_begin_anew(facade: RunningFacade, api: icat_plus_client.SessionApi) -> None:
    session = log_in(facade, username="dee", password="dee")["sessionId"]
    reply = facade.request("PUT", f"/session/{session}")
    assert (reply.status_code, reply.content) == (204, b"")
    api.session_session_id_put(session)
    assert facade.get(f"/session/{session}").json()["remainingMinutes"] > 119


def test_logging_out_ends_the_session_and_may_be_repeated(
    facade: RunningFacade, api: icat_plus_client.SessionApi
) -> None:
    session = log_in(facade, username="dee", password="dee")["sessionId"]
    api.session_session_id_delete(session)
    assert facade.request("DELETE", f"/session/{session}").status_code == 200
    for method in ("GET", "PUT"):
        reply = facade.request(method, f"/session/{session}")
        assert (reply.status_code, "log in again" in reply.text) == (403, True)


@pytest.mark.parametrize("session", [GONE, "x", "a%2Fb", "%3Cscript%3E", "%00", "é" * 50])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_unknown_session_is_never_a_server_error(facade: RunningFacade, method: str, session: str) -> None:
    status = facade.request(method, f"/session/{session}").status_code
    assert status in (400, 403, 404, 405)


def test_the_path_is_found_in_any_spelling(facade: RunningFacade) -> None:
    body = {"plugin": "simple", "username": "bo", "password": "bo"}
    for path in ("/session/", "/Session", "//session"):
        assert facade.request("POST", path, json=body).status_code == 200
    form = {"plugin": "simple", "username": "bo", "password": "bo"}
    assert facade.request("POST", "/session", data=form).status_code == 200


def test_session_information_asks_the_catalogue_four_times(facade: RunningFacade) -> None:
    session = facade.log_in("ada")
    client = facade.app.test_client()
    client.get(f"/session/{session}")
    with facade.services.catalogue.counting() as count:
        assert client.get(f"/session/{session}").status_code == 200
    assert count.calls == 4


def test_names_are_read_by_the_pattern_of_the_facility(
    catalogue: RunningCatalogue, facade: RunningFacade, tmp_path: Path
) -> None:
    changes = {"auth": {"user_name_pattern": r"simple/(?P<login>[^/]+/[^/]+)|(?P<other>.+)"}}
    with running_facade(catalogue, tmp_path, (plugin,), changes) as own:
        session = log_in(own, username="ada/17", password="ada/17")
    assert session["username"] == "ada/17"
    assert [user["name"] for user in session["usersByPrefix"]] == ["simple/ada/17"]


def test_a_pattern_that_cannot_be_used_is_a_start_up_error(catalogue: RunningCatalogue, tmp_path: Path) -> None:
    for pattern in ("(", "no group"):
        changes = {"auth": {"user_name_pattern": pattern}}
        with (
            pytest.raises(SettingsError, match=r"auth\.user_name_pattern"),
            running_facade(catalogue, tmp_path, (plugin,), changes),
        ):
            pass
