"""`drac ingest`: what an operator types and sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drac_plugins.cli import main
from drac_plugins.core.inbox import Filter, Inbox
from drac_plugins.core.settings import SettingsError
from ingest.service import address, alone
from tests.ingest.door.conftest import MESSAGES
from tests.support.ingester import IngesterProcess

RAW = MESSAGES / "10-raw-minimal.xml"


@pytest.fixture
def ingester(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IngesterProcess:
    """Not started: its settings are those of the commands."""
    process = IngesterProcess(tmp_path / "var")
    for name, value in process.environment.items():
        monkeypatch.setenv(name, value)
    return process


@pytest.fixture
def quarantined(ingester: IngesterProcess) -> Inbox:
    """Three messages that wait for a person: 1 and 2 refused, 3 not readable."""
    drac("db", "upgrade")
    inbox = ingester.inbox()
    for number, reason in enumerate(("session", "instrument", "xml"), start=1):
        stored = inbox.put("icatIngest", f"body {number}".encode(), {"destination": "/queue/icatIngest"}, source="test")
        inbox.quarantine(stored.id, reason, "apply", f"because of [red]{reason}[/red] \x1b[2J")
    return inbox


def drac(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["--log-level", "error", *arguments], catch_exceptions=False)


def test_an_empty_quarantine_says_so(ingester: IngesterProcess) -> None:
    assert drac("ingest", "quarantine", "list").output == "nothing in quarantine\n"


def test_the_list_shows_cause_and_words_as_text(quarantined: Inbox) -> None:
    result = drac("ingest", "quarantine", "list")
    assert result.exit_code == 0
    assert "because of [red]session[/red]" in result.output
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ((), [1, 2, 3]),
        (("--reason", "xml"), [3]),
        (("--contains", "INSTRUMENT"), [2]),
        (("--queue", "other"), []),
        (("--since", "2000-01-01"), [1, 2, 3]),
        (("--since", "2100-01-01"), []),
        (("--limit", "1"), [1]),
    ],
)
def test_the_list_can_be_narrowed_down_and_read_by_programs(
    quarantined: Inbox, options: tuple[str, ...], ids: list[int]
) -> None:
    result = drac("ingest", "quarantine", "list", "--json", *options)
    assert [json.loads(line)["id"] for line in result.output.splitlines()] == ids


def test_every_message_can_be_listed(quarantined: Inbox) -> None:
    quarantined.put("icatIngest", b"new", {})
    assert "received" in drac("ingest", "quarantine", "list", "--everything").output


def test_a_message_is_shown_with_its_body(quarantined: Inbox) -> None:
    shown = drac("ingest", "quarantine", "show", "2").output
    assert "because of [red]instrument" in shown
    assert "body 2" in shown
    assert "\x1b" not in shown
    assert drac("ingest", "quarantine", "show", "2", "--body").stdout_bytes == b"body 2"


def test_a_message_that_is_not_there_is_an_error_in_words(quarantined: Inbox) -> None:
    result = drac("ingest", "quarantine", "show", "99")
    assert (result.exit_code, "There is no message 99" in result.output) == (1, True)


def test_replaying_one_with_a_change(quarantined: Inbox) -> None:
    result = drac("ingest", "quarantine", "replay", "1", "--set", "beamline=ID15A", "--set", "proposal = x")
    assert result.exit_code == 2
    assert "FIELD=VALUE" in result.output
    result = drac("ingest", "quarantine", "replay", "1", "--set", "beamline=ID15A")
    assert result.output.startswith("1 message sent again")
    row = quarantined.show(1)
    assert (row.state, row.edits) == ("received", {"beamline": "ID15A"})


def test_replaying_what_options_select_or_everything(quarantined: Inbox) -> None:
    assert drac("ingest", "quarantine", "replay").exit_code == 2
    assert drac("ingest", "quarantine", "replay", "--reason", "xml").output.startswith("1 message ")
    assert drac("ingest", "quarantine", "replay", "--all").output.startswith("2 messages ")
    assert quarantined.count(Filter(state="received")) == 3


def test_replaying_what_cannot_be_replayed_is_an_error(quarantined: Inbox) -> None:
    assert drac("ingest", "quarantine", "replay", "99").exit_code == 1


def test_a_file_goes_through_the_same_door_and_its_fate_is_told(ingester: IngesterProcess) -> None:
    broken = MESSAGES / "invalid" / "91-raw-relative-path.xml"
    result = drac("ingest", "file", str(broken))
    assert (result.exit_code, "quarantine (schema): dataset/location" in result.output) == (1, True)
    result = drac("ingest", "file", str(RAW), "--timeout", "0")
    assert result.output == "message 2 is in the inbox\n"
    result = drac("ingest", "file", str(RAW), "--timeout", "0.5")
    assert "had been sent before" in result.output
    assert "it stays in the inbox" in result.output


def test_a_file_is_left_to_a_running_ingester(ingester: IngesterProcess) -> None:
    with ingester:
        result = drac("ingest", "file", str(MESSAGES / "invalid" / "91-raw-relative-path.xml"))
    assert "quarantine (schema)" in result.output


def test_the_lock_falls_with_its_holder(tmp_path: Path) -> None:
    with alone(tmp_path):
        pass
    with alone(tmp_path):
        assert (tmp_path / "ingester.lock").read_text().strip().isdecimal()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:61613", ("127.0.0.1", 61613)),
        ("tcp://broker.invalid:1/", ("broker.invalid", 1)),
        ("[::1]:2", ("::1", 2)),
        ("broker.invalid", ("broker.invalid", 61613)),
        ("[::1]", ("::1", 61613)),
    ],
)
def test_addresses(text: str, found: tuple[str, int]) -> None:
    assert address(text, 61613) == found


@pytest.mark.parametrize("text", ["", ":1", "host:port", "host:99999"])
def test_what_is_no_address_is_an_error_in_words(text: str) -> None:
    with pytest.raises(SettingsError, match="is no address"):
        address(text)
