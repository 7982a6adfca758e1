"""Logging in: what authenticators say of themselves, and how guessing is made slow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.security import generate_password_hash
from werkzeug.test import Client

from icat_schema.server import authn
from icat_schema.server.authn_attempts import ACCOUNT, ADDRESS, FORGOTTEN_AFTER, Attempts
from icat_schema.server.errors import IcatError
from icat_schema.server.rest.resources import MAX_CREDENTIALS
from icat_schema.server.service import Service
from icat_schema.server.settings import Settings
from icat_schema.server.wsgi import application
from tests.server.wire.raw import NAMESPACE


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def _fail(attempts: Attempts, times: int, account: str = "db/ada", address: str = "1.1.1.1") -> None:
    for _ in range(times):
        attempts.failed(account, address)


def _refused(attempts: Attempts, account: str = "db/ada", address: str = "1.1.1.1") -> bool:
    try:
        attempts.check(account, address)
    except IcatError as error:
        return error.type == "SESSION"
    return False


def test_some_failures_are_free_and_then_each_makes_one_wait_longer(attempts: Attempts, clock: Clock) -> None:
    _fail(attempts, ACCOUNT.free)
    assert not _refused(attempts)
    for seconds in (1, 2, 4, 8, 16, 30, 30):
        _fail(attempts, 1)
        clock.now += seconds - 0.1
        assert _refused(attempts)
        clock.now += 0.1
        assert not _refused(attempts)


def test_only_the_account_that_was_guessed_at_has_to_wait(attempts: Attempts) -> None:
    _fail(attempts, ACCOUNT.free + 1)
    assert _refused(attempts)
    assert not _refused(attempts, account="db/bo")
    assert _refused(attempts, address="2.2.2.2")


def test_an_address_that_tries_many_accounts_has_to_wait(attempts: Attempts) -> None:
    for number in range(ADDRESS.free + 1):
        _fail(attempts, 1, account=f"db/{number}")
    assert _refused(attempts, account="db/new")
    assert not _refused(attempts, account="db/new", address="2.2.2.2")


def test_success_forgives_the_account_and_at_the_address_no_more_than_that(attempts: Attempts) -> None:
    for number in range(ADDRESS.free):
        _fail(attempts, 1, account=f"db/{number}")
    _fail(attempts, 2)
    attempts.succeeded("db/ada", "1.1.1.1")
    assert not _refused(attempts)
    _fail(attempts, 1, account="db/bo")
    assert _refused(attempts, account="db/cy")


def test_who_has_logged_in_before_is_not_locked_out_by_what_others_guess(attempts: Attempts) -> None:
    attempts.succeeded("db/ada", "1.1.1.1")
    _fail(attempts, ACCOUNT.free + 5, address="6.6.6.6")
    for number in range(ADDRESS.free + 5):
        _fail(attempts, 1, account=f"db/{number}")
    assert _refused(attempts, address="6.6.6.6"), "the guesser"
    assert _refused(attempts, address="2.2.2.2"), "ada, where nobody knows her"
    assert _refused(attempts, account="db/new"), "somebody new, from where guesses came from"
    assert not _refused(attempts), "ada as ever"


def test_who_has_logged_in_before_waits_for_guesses_at_the_account_from_there(attempts: Attempts, clock: Clock) -> None:
    attempts.succeeded("db/ada", "1.1.1.1")
    _fail(attempts, ACCOUNT.free)
    assert not _refused(attempts)
    _fail(attempts, 1)
    assert _refused(attempts)
    clock.now += 1
    attempts.succeeded("db/ada", "1.1.1.1")
    _fail(attempts, ACCOUNT.free)
    assert not _refused(attempts)


def test_a_network_of_the_size_that_one_client_has_is_one_address(attempts: Attempts) -> None:
    for number in range(ADDRESS.free + 1):
        _fail(attempts, 1, account=f"db/{number}", address=f"2001:db8::{number:x}")
    assert _refused(attempts, account="db/new", address="2001:db8::ffff:1")
    assert not _refused(attempts, account="db/new", address="2001:db8:0:1::1")


def test_failures_are_forgotten_after_a_while_and_the_oldest_when_there_are_too_many(clock: Clock) -> None:
    attempts = Attempts(clock, remembered=10)
    _fail(attempts, 50)
    assert _refused(attempts)
    for number in range(20):
        _fail(attempts, 1, account=f"db/{number}", address=f"3.3.3.{number}")
    assert not _refused(attempts)
    _fail(attempts, 50)
    clock.now += FORGOTTEN_AFTER + 1
    assert not _refused(attempts)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"ada:{generate_password_hash('right', 'pbkdf2:sha256:1')}\n")
    return path


@pytest.fixture
def service(tmp_path: Path, users: Path) -> Iterator[Service]:
    made = Service(Settings(database=f"sqlite:///{tmp_path / 'c.db'}", users_file=users, text_search=False))
    yield made
    made.close()


def _login(http: Client, password: str, user: str = "ada") -> Any:
    document = {"plugin": "simple", "credentials": {"username": user, "password": password}}
    return http.post("/icat/session", data={"json": json.dumps(document)}).get_json()


def test_a_guesser_is_told_to_wait_even_with_the_right_password(service: Service) -> None:
    http = Client(application(service))
    assert "sessionId" in _login(http, "right")
    for _ in range(ACCOUNT.free + 1):
        assert _login(http, "wrong")["message"] == "The username and password do not match"
    for password in ("wrong", "right"):
        message = "Too many failed attempts to log in: try again in 1 s"
        assert _login(http, password) == {"code": "SESSION", "message": message}


def test_the_slow_down_can_be_switched_off(tmp_path: Path, users: Path) -> None:
    settings = Settings(
        database=f"sqlite:///{tmp_path / 'c.db'}", users_file=users, text_search=False, slow_down_logins=False
    )
    service = Service(settings)
    http = Client(application(service))
    for _ in range(ACCOUNT.free + 5):
        assert _login(http, "wrong")["message"] == "The username and password do not match"
    assert "sessionId" in _login(http, "right")
    service.close()


def test_a_name_that_nobody_has_costs_the_same_work_as_a_wrong_password(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    check = authn.check_password_hash

    def counted(password_hash: str, password: str) -> bool:
        looked_at.append(password_hash)
        return check(password_hash, password)

    monkeypatch.setattr(authn, "check_password_hash", counted)
    http = Client(application(service))
    for user in ("ada", "nobody", "nobody/else"):
        assert _login(http, "wrong", user)["message"] == "The username and password do not match"
    assert len(looked_at) == 3
    assert {h.rpartition("$")[0].partition("$")[0] for h in looked_at} == {"pbkdf2:sha256:1"}


def test_a_login_that_is_no_login_by_its_size_is_not_read(service: Service) -> None:
    http = Client(application(service))
    reply = http.post("/icat/session", data={"json": "[" * (MAX_CREDENTIALS + 1)})
    assert (reply.status_code, reply.get_json()["code"]) == (400, "BAD_PARAMETER")


def test_names_and_passwords_of_any_length_are_refused_cheaply(service: Service) -> None:
    http = Client(application(service))
    for user, password in (("a" * 1_000_000, "x"), ("ada", "x" * 1_000_000)):
        assert _login(http, password, user)["message"] == "The username and password do not match"


def test_authenticators_say_what_forms_should_call_them_and_whom_they_are_for(tmp_path: Path) -> None:
    settings = Settings(
        database=f"sqlite:///{tmp_path / 'c.db'}",
        users_file=None,
        text_search=False,
        friendly_names=(("db", "Facility <account>"),),
        admin_mechanisms=frozenset({"simple"}),
    )
    service = Service(settings)
    http = Client(application(service))
    keys = [{"name": "username"}, {"name": "password", "hide": True}]
    assert http.get("/icat/properties").get_json()["authenticators"] == [
        {"mnemonic": "db", "keys": keys, "friendly": "Facility <account>"},
        {"mnemonic": "simple", "keys": keys, "admin": True},
        {"mnemonic": "anon", "keys": []},
    ]
    call = f'<v:getAuthenticatorInfo xmlns:v="{NAMESPACE}"/>'
    body = f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{call}</e:Body></e:Envelope>'
    reply = http.post("/ICATService/ICAT", data=body, content_type="text/xml").text
    assert "<admin>false</admin><friendly>Facility &lt;account&gt;</friendly><keys>" in reply
    assert "<admin>true</admin><keys>" in reply
    service.close()


def test_no_session_id_and_no_password_is_ever_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    http = Client(application(service))
    caplog.set_level(0)
    session_id = _login(http, "right")["sessionId"]
    _login(http, "guessed-wrong")
    http.get(f"/icat/session/{session_id}")
    http.get("/icat/entityManager", query_string={"sessionId": session_id, "query": "Bogus"})
    service.engine.dispose()
    with service.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE server_session")
    assert http.get(f"/icat/session/{session_id}").status_code == 500
    assert "no such table" in caplog.text
    for secret in (session_id, "guessed-wrong", "right"):
        assert secret not in caplog.text
