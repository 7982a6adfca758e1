"""The command `drac`, as a person types it."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.catalogue import RunningCatalogue

DRAC = [sys.executable, "-m", "drac_plugins.cli"]


def write_settings(folder: Path, catalogue_url: str, more: str = "") -> Path:
    path = folder / "drac.toml"
    path.write_text(
        f"""
        var = "{folder}"
        [icat]
        url = "{catalogue_url}"
        [auth]
        default_plugin = "simple"
        [store]
        url = "sqlite:///{folder}/drac.sqlite"
        [plugins]
        enabled = ["session"]
        [ingest]
        listen = ""
        monitor = ""
        data_roots = ["{folder}"]
        {more}
        """
    )
    return path


def drac(*arguments: str, config: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    options = ["--config", str(config)] if config else []
    return subprocess.run(
        [*DRAC, *options, *arguments], capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )


@contextmanager
def serving(config: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A facade in its own process; its address as it prints it."""
    command = [*DRAC, "--config", str(config), "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.match(r"listening on (http://\S+)", line)
        if found is None:
            process.kill()
            pytest.fail(f"did not start: {line}{process.communicate()[1]}")
        yield process, found[1]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def test_help_lists_the_commands() -> None:
    done = drac("--help")
    assert done.returncode == 0
    for command in ("serve", "doctor", "db", "catalogue"):
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE)


def test_an_unknown_setting_is_an_error_that_names_it_without_a_traceback(tmp_path: Path) -> None:
    config = tmp_path / "drac.toml"
    config.write_text("[web]\nprot = 1\n")
    done = drac("doctor", config=config)
    assert done.returncode == 1
    assert "web.prot: unknown key" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("doctor",), ("serve",), ("db", "upgrade")])
def test_a_missing_settings_file_is_an_error_for_every_command(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = drac(*command, config=tmp_path / "none.toml")
    assert done.returncode == 1
    assert "none.toml" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ('[plugin.session]\ncolour = "red"', "plugin.session: this plugin has no settings"),
        ('[auth.api_keys]\nx = "sha256:1"', "auth"),
    ],
)
def test_serve_does_not_start_with_settings_that_make_no_sense(tmp_path: Path, more: str, complaint: str) -> None:
    config = write_settings(tmp_path, "http://127.0.0.1:1")
    config.write_text(re.sub(r"\[auth\]\s+default_plugin[^\n]+", "", config.read_text()) + more)
    done = drac("serve", "--port", "0", config=config)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_db_upgrade_makes_the_tables(tmp_path: Path) -> None:
    config = write_settings(tmp_path, "http://127.0.0.1:1")
    assert drac("db", "upgrade", config=config).returncode == 0
    with sqlite3.connect(tmp_path / "drac.sqlite") as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert {"alembic_version", "resource", "ingest_message"} <= tables


def test_catalogue_hands_everything_on_to_the_embedded_server() -> None:
    ours = drac("catalogue", "serve", "--help")
    theirs = subprocess.run(
        [sys.executable, "-m", "icat_schema.server", "serve", "--help"], capture_output=True, text=True, timeout=60
    )
    assert (ours.returncode, ours.stdout) == (0, theirs.stdout)
    assert drac("catalogue", "no-such-command").returncode == 2


def test_settings_of_the_embedded_server_in_the_environment_do_not_disturb(tmp_path: Path) -> None:
    config = write_settings(tmp_path, "http://127.0.0.1:1")
    assert drac("db", "upgrade", config=config, DRAC_CATALOGUE_PORT="8181").returncode == 0


def test_serve_answers_and_ends_gently(tmp_path: Path, catalogue: RunningCatalogue) -> None:
    config = write_settings(tmp_path, catalogue.url)
    with serving(config) as (process, url):
        assert requests.get(f"{url}/health", timeout=30).json()["state"] == "ok"
        login = {"plugin": "simple", "username": "ada", "password": "ada"}
        session = requests.post(f"{url}/session", json=login, timeout=30).json()["sessionId"]
        assert requests.get(f"{url}/Session/{session}/", timeout=30).json()["userName"] == "simple/ada"
        assert requests.get(f"{url}/session/a%2Fb", timeout=30).status_code == 403
        requests.get(f"{url}/nothing/{session}", timeout=30)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "GET /session/<sessionId> 200" in log
    assert session not in log
    assert not list(Path.home().glob(".gunicorn*/*.ctl"))


def test_serve_with_several_processes_shares_one_secret_key(tmp_path: Path, catalogue: RunningCatalogue) -> None:
    config = write_settings(tmp_path, catalogue.url, "[web]\nworkers = 2\nthreads = 2")
    with serving(config) as (_, url):
        for _ in range(8):
            assert requests.get(f"{url}/health", timeout=30).status_code == 200
    key = tmp_path / "secret-key"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_text()
    with serving(config):
        assert key.read_text() == before


def test_doctor_finds_nothing_to_repair(tmp_path: Path, catalogue: RunningCatalogue) -> None:
    config = write_settings(tmp_path, catalogue.url, "[web]\nport = 0")
    done = drac("doctor", config=config)
    assert done.returncode == 0, done.stdout
    assert "ICAT 5." in done.stdout
    assert "account reader (simple/reader): its password is its name" in done.stdout
    assert "nothing to repair" in done.stdout


def test_doctor_says_what_to_do(tmp_path: Path, catalogue: RunningCatalogue) -> None:
    more = """
        [icat.reader]
        username = "nobody"
        password = "hush"
        [facility]
        data_root = "/no/such/folder"
    """
    config = write_settings(tmp_path, catalogue.url, more + "\n[displays]\nfolders = []\n")
    text = config.read_text().replace('default_plugin = "simple"', 'default_plugin = "esrf"')
    config.write_text(text.replace('listen = ""', 'listen = ""\nbrokers = ["127.0.0.1:1"]'))
    done = drac("doctor", config=config)
    assert done.returncode == 1
    for finding in (
        r"failed +account reader \(simple/nobody\): cannot log in; .*icat\.reader",
        r"warning +log-in: auth\.default_plugin is 'esrf', but the catalogue offers anon, db, simple",
        r"warning +folder /no/such/folder: .*facility\.data_root",
        r"failed +broker 127\.0\.0\.1:1: does not answer; check ingest\.brokers",
        r"warning +API keys: none",
    ):
        assert re.search(finding, done.stdout), (finding, done.stdout)
    assert "hush" not in done.stdout + done.stderr


def test_doctor_says_how_to_start_a_catalogue(tmp_path: Path) -> None:
    done = drac("doctor", config=write_settings(tmp_path, "http://127.0.0.1:1"))
    assert done.returncode == 1
    assert "drac catalogue serve" in done.stdout
