"""Sessions over the wire."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from icat_schema.gateway import Catalogue, GatewaySettings, Select, Session
from icat_schema.gateway.conditions import IsUser
from icat_schema.gateway.errors import LoginRefused, ObjectNotFound, SessionInvalid
from tests.gateway.world import World
from tests.support.catalogue import RunningCatalogue


def test_the_server_says_its_properties_once(gate: Catalogue) -> None:
    properties = gate.properties()
    assert properties.version.startswith("5.0")
    assert properties.max_entities > 0
    assert properties.lifetime_minutes > 0
    assert properties.authenticators["simple"] == ("username", "password")
    assert gate.properties() is properties


def test_a_session_knows_its_user_and_its_time(gate: Catalogue) -> None:
    session = gate.login("simple", {"username": "ada", "password": "ada"})
    assert session.user_name() == "simple/ada"
    before = session.remaining_minutes()
    assert 0 < before <= gate.properties().lifetime_minutes
    session.refresh()
    assert session.remaining_minutes() > before - 0.1


def test_the_same_session_is_opened_by_its_id(gate: Catalogue) -> None:
    session = gate.login("simple", {"username": "bo", "password": "bo"})
    assert gate.session(session.id).user_name() == "simple/bo"


@pytest.mark.parametrize(
    ("plugin", "credentials"),
    [
        ("simple", {"username": "ada", "password": "wrong-password"}),
        ("simple", {"username": "nobody", "password": "x"}),
        ("simple", {"username": "ada", "password": ""}),
        ("simple", {}),
        ("kerberos", {"username": "ada", "password": "ada"}),
        ("", {}),
    ],
)
def test_a_login_that_is_refused_says_so_without_the_password(
    gate: Catalogue, plugin: str, credentials: dict[str, str]
) -> None:
    with pytest.raises(LoginRefused) as caught:
        gate.login(plugin, credentials)
    assert "wrong-password" not in caught.value.message
    assert caught.value.message


def test_after_logout_the_session_is_invalid_and_logging_out_again_is_fine(gate: Catalogue) -> None:
    session = gate.login("simple", {"username": "ada", "password": "ada"})
    session.logout()
    session.logout()
    for call in (session.user_name, session.remaining_minutes, session.refresh):
        with pytest.raises(SessionInvalid):
            call()
    with pytest.raises(SessionInvalid):
        session.rows(Select("Facility", ["id"]))
    with pytest.raises(SessionInvalid):
        session.delete("Facility", [1])


def test_nothing_but_logout_ends_a_session(catalogue: RunningCatalogue, gate: Catalogue) -> None:
    other = Catalogue(GatewaySettings(catalogue.url, pool_size=1))
    ids = [other.login("simple", {"username": "ada", "password": "ada"}).id for _ in range(3)]
    other.close()
    del other
    gc.collect()
    assert [gate.session(i).user_name() for i in ids] == ["simple/ada"] * 3


def test_a_service_session_logs_in_on_first_use_and_again_when_it_was_ended(gate: Catalogue, world: World) -> None:
    service = gate.service_session("simple", "root", "root")
    with gate.counting() as count:
        assert repr(service) == "<ServiceSession of simple/root>"
    assert count.calls == 0
    query = Select("Facility", ["id"])
    rows = service.rows(query)
    first = service.id
    with gate.counting() as count:
        assert service.rows(query) == rows
    assert count.calls == 1
    gate.session(first).logout()
    with gate.counting() as count:
        assert service.rows(query) == rows
    assert count.calls == 3  # refused, logged in, repeated
    assert service.id != first
    service.logout()
    assert service.user_name() == "simple/root"


def test_threads_that_meet_an_ended_service_session_log_in_once(gate: Catalogue) -> None:
    service = gate.service_session("simple", "root", "root")
    gate.session(service.id).logout()
    together = threading.Barrier(8)

    def work() -> str:
        together.wait()
        service.rows(Select("Facility", ["id"]))
        return service.id

    with ThreadPoolExecutor(8) as pool:
        ids = {f.result() for f in [pool.submit(work) for _ in range(8)]}
    assert len(ids) == 1


def test_a_service_account_with_a_wrong_password_is_refused(gate: Catalogue) -> None:
    with pytest.raises(LoginRefused):
        gate.service_session("simple", "root", "wrong").rows(Select("Facility", ["id"]))


def test_eight_threads_share_one_gateway(gate: Catalogue) -> None:
    """Log in, ask, and log out at the same time under different names; nobody gets another's answer."""
    people = ["ada", "bo", "cy", "dee"] * 2
    together = threading.Barrier(len(people))

    def work(person: str) -> list[str]:
        together.wait()
        seen = []
        for _ in range(6):
            session = gate.login("simple", {"username": person, "password": person})
            session.refresh()
            seen.append(session.user_name())
            session.logout()
        return seen

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, people))
    assert results == [[f"simple/{person}"] * 6 for person in people]


def test_the_service_description_is_read_once_however_many_clients_there_are(catalogue: RunningCatalogue) -> None:
    """python-icat alone asks 57 questions for each client."""
    gate = Catalogue(GatewaySettings(catalogue.url))
    before = catalogue.log_file.read_text().count("getEntityInfo")
    together = threading.Barrier(4)

    def work(_: int) -> None:
        together.wait()
        with pytest.raises(ObjectNotFound):
            gate.login("simple", {"username": "root", "password": "root"}).delete("Facility", [2**40])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert catalogue.log_file.read_text().count("getEntityInfo") - before == 53
    gate.close()


def test_python_icat_is_loaded_only_when_something_needs_it(catalogue: RunningCatalogue) -> None:
    """It takes longer to load than everything else that a process does before its first answer."""
    program = (
        "import sys; from icat_schema.gateway import Catalogue, GatewaySettings, Select;"
        f"session = Catalogue(GatewaySettings({catalogue.url!r})).service_session('simple', 'root', 'root');"
        "session.rows(Select('Facility', ['id'])); print(sorted({'icat', 'suds'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_neither_ids_nor_passwords_get_into_logs_or_representations(
    gate: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        session = gate.login("simple", {"username": "ada", "password": "ada"})
        session.rows(Select("InvestigationUser", ["id"], IsUser("user.name")))
        session.refresh()
        session.user_name()
        session.logout()
        with pytest.raises(LoginRefused):
            gate.login("simple", {"username": "ada", "password": "pa55w0rd"})
    assert "entityManager" in caplog.text
    assert session.id not in caplog.text
    assert "pa55w0rd" not in caplog.text
    for shown in (repr(session), repr(gate), repr(gate.service_session("simple", "root", "pa55w0rd"))):
        assert session.id not in shown
        assert "pa55w0rd" not in shown


def test_a_login_takes_one_call(gate: Catalogue) -> None:
    gate.login("simple", {"username": "ada", "password": "ada"}).logout()
    with gate.counting() as count:
        session: Session = gate.login("simple", {"username": "ada", "password": "ada"})
        assert count.calls == 1
        session.user_name()
        session.user_name()
        assert count.calls == 2
        session.logout()
    assert count.calls == 3


def test_calls_of_other_threads_and_of_other_gateways_are_not_counted(
    catalogue: RunningCatalogue, gate: Catalogue, root: Session
) -> None:
    other = Catalogue(GatewaySettings(catalogue.url)).service_session("simple", "root", "root")
    with gate.counting() as outer:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(root.count, Select("Facility", ["id"])).result()
        other.count(Select("Facility", ["id"]))
        with gate.counting() as inner:
            root.count(Select("Facility", ["id"]))
    assert (outer.calls, inner.calls) == (1, 1)
