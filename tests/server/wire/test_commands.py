"""The command line: accounts, rules, start and stop."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.server.wire.raw import RestCalls
from tests.support.catalogue import RunningCatalogue

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Call the command line with a database and a users file of the test."""

    def call(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        where = ["--database", f"sqlite:///{tmp_path / 'new' / 'c.db'}", "--users", str(tmp_path / "users")]
        command = [sys.executable, "-m", "icat_schema.server", *arguments, *where]
        return subprocess.run(command, capture_output=True, text=True, input=text, timeout=60, check=False)

    return call


def test_init_creates_database_and_users_file_and_may_be_repeated(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        done = run("init")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("is ready\n")
    assert (tmp_path / "new" / "c.db").exists()
    assert (tmp_path / "users").stat().st_mode & 0o077 == 0


def test_accounts_are_added_listed_and_removed_without_their_passwords(run: Run, tmp_path: Path) -> None:
    assert run("user", "add", "simple/ada", "db/bo", "--password", "s3cret").returncode == 0
    assert run("user", "list").stdout.split() == ["simple/ada", "db/bo"]
    stored = (tmp_path / "users").read_text()
    assert stored.startswith("ada:scrypt:")
    assert "s3cret" not in stored
    assert run("user", "remove", "simple/ada").returncode == 0
    assert run("user", "list").stdout.split() == ["db/bo"]


def test_a_password_is_asked_for_twice(run: Run) -> None:
    done = run("user", "add", "simple/ada", text="one\none\n")
    assert done.returncode == 0, done.stderr
    assert "one" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("user", "add", "ada", "--password", "x"), "simple/NAME"),
        (("user", "add", "anon/ada", "--password", "x"), "simple/NAME"),
        (("user", "add", "simple/a:b", "--password", "x"), "cannot be kept in a users file"),
        (("user", "remove", "db/nobody"), "There is no user 'db/nobody'"),
        (("rule", "add", "X", "Dataset"), "CRUD value X contains"),
        (("rule", "add", "R", "SELECT d FROM Bogus d"), "Bogus"),
        (("rule", "add", "R", "Dataset", "--grouping", "none"), "There is no Grouping 'none'"),
        (("serve", "--port", "0", "--zone", "Mars/Olympus"), "not a time zone"),
        (("serve", "--port", "0", "--database", "oracle://x"), "oracle"),
    ],
)
def test_mistakes_are_explained(run: Run, arguments: tuple[str, ...], text: str) -> None:
    if "--database" in arguments:
        command = [sys.executable, "-m", "icat_schema.server", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    else:
        done = run(*arguments)
    assert done.returncode != 0
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_users_file_with_a_plain_password_is_refused_by_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "users").write_text("# people\nada:ada\n")
    done = run("user", "list")
    assert done.returncode != 0
    assert "users, line 2: expected name:hash" in done.stderr


def test_rules_are_added_and_listed(run: Run) -> None:
    assert run("rule", "add", "crud", "Dataset").stdout == "rule 1\n"
    run("rule", "add", "R", "SELECT i FROM Investigation i WHERE i.name = 'x'")
    assert run("rule", "list").stdout.splitlines() == [
        "   1  CRUD *  Dataset",
        "   2  R    *  SELECT i FROM Investigation i WHERE i.name = 'x'",
    ]
    first = json.loads(run("rule", "list", "--json").stdout.splitlines()[0])
    assert first == {"id": 1, "crudFlags": "CRUD", "grouping": None, "what": "Dataset"}


def test_an_account_added_while_the_server_runs_can_log_in_at_once(fresh_catalogue: RunningCatalogue) -> None:
    users = fresh_catalogue.log_file.parent / "users"
    add = [sys.executable, "-m", "icat_schema.server", "user", "add", "--password", "new"]
    where = ["--database", fresh_catalogue.database, "--users", str(users)]
    subprocess.run([*add, "simple/newcomer", "db/newcomer", *where], check=True, capture_output=True)
    for plugin in ("simple", "db"):
        calls = RestCalls.login(fresh_catalogue.rest_url, "newcomer", plugin, "new")
        assert calls.send("GET", f"session/{calls.session_id}").json()["userName"] == f"{plugin}/newcomer"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_gently(fresh_catalogue: RunningCatalogue, stop: signal.Signals) -> None:
    fresh_catalogue.process.send_signal(stop)
    assert fresh_catalogue.process.wait(timeout=15) == 0
    assert "Traceback" not in fresh_catalogue.log_file.read_text()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{fresh_catalogue.rest_url}/version", timeout=5)


def test_a_port_in_use_is_named(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port))
    assert done.returncode != 0
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr


def test_the_log_has_one_line_per_call_and_no_secrets(fresh_catalogue: RunningCatalogue) -> None:
    calls = RestCalls.login(fresh_catalogue.rest_url, "ada")
    calls.search("SELECT f FROM Facility f")
    calls.send("GET", f"session/{calls.session_id}")
    log = fresh_catalogue.log_file.read_text()
    lines = [line for line in log.splitlines() if " wire=" in line]
    assert len(lines) == 3
    assert 'op="read" user="simple/ada" status=200' in lines[1]
    assert calls.session_id not in log


def test_settings_come_from_the_environment(
    start: Callable[..., RunningCatalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAC_CATALOGUE_LIFETIME", "7")
    monkeypatch.setenv("DRAC_CATALOGUE_ROOT", "simple/ada simple/bo")
    monkeypatch.setenv("DRAC_CATALOGUE_MECHANISMS", "simple")
    server = start()
    properties = requests.get(f"{server.rest_url}/properties", timeout=30).json()
    assert properties["lifetimeMinutes"] == 7
    assert [a["mnemonic"] for a in properties["authenticators"]] == ["simple"]
    assert RestCalls.login(server.rest_url, "bo").write({"Technique": {"name": "t"}}) == [1]
    assert RestCalls.login(server.rest_url, "root").post({"Technique": {"name": "u"}}).status_code == 403
