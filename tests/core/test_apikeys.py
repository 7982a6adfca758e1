"""API keys: those of the settings, and those of the store."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from drac_plugins.cli import main
from drac_plugins.core.apikeys import SCOPES, ApiKeys
from drac_plugins.core.apikeys.issued import issue, issued, revoke
from drac_plugins.core.apikeys.tables import api_key
from drac_plugins.core.errors import Conflict, Invalid, NotFound
from drac_plugins.core.settings import SettingsError
from drac_plugins.core.storage import Store
from tests.core.test_cli import write_settings

KEY = "elogbook-00000000-0000-0000-0000-000000000000"


def owner(keys: ApiKeys, key: str) -> str | None:
    found = keys.application(key)
    return found.name if found else None


def test_a_key_names_its_application_and_those_of_the_settings_are_for_everything(store: Store) -> None:
    keys = ApiKeys({"bliss": KEY, "spec": "another"}, store)
    assert (owner(keys, KEY), owner(keys, "another")) == ("bliss", "spec")
    found = keys.application(KEY)
    assert found is not None
    assert found.scopes == set(SCOPES)


@pytest.mark.parametrize("key", ["", "wrong", KEY + " ", KEY.upper(), "\udcff", "é", "\0", "' OR 1=1"])
def test_a_wrong_key_names_nobody(store: Store, key: str) -> None:
    issue(store, "daq", ["ingest"])
    assert ApiKeys({"bliss": KEY}, store).application(key) is None


def test_a_key_of_the_settings_may_be_kept_as_its_digest(store: Store) -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    keys = ApiKeys({"bliss": f"sha256:{digest}"}, store)
    assert owner(keys, KEY) == "bliss"
    assert owner(keys, f"sha256:{digest}") is None


@pytest.mark.parametrize("key", ["", "sha256:abc", "sha256:" + "g" * 64])
def test_a_malformed_key_is_a_settings_error(store: Store, key: str) -> None:
    with pytest.raises(SettingsError, match=r"auth\.api_keys\.bliss"):
        ApiKeys({"bliss": key}, store)


def test_an_issued_key_is_for_its_scopes_and_kept_as_a_digest_alone(store: Store) -> None:
    key = issue(store, "daq", ["ingest"])
    found = ApiKeys({}, store).application(key)
    assert found is not None
    assert (found.name, found.scopes) == ("daq", {"ingest"})
    with store.read() as connection:
        row = connection.execute(select(api_key)).one()
    assert key not in repr(row)
    assert owner(ApiKeys({}, store), row.digest) is None, "who reads the table has no key"


def test_a_key_in_use_elsewhere_can_be_brought_along(store: Store) -> None:
    assert issue(store, "bliss", ["acquisition"], KEY) == KEY
    assert owner(ApiKeys({}, store), KEY) == "bliss"


def test_names_and_keys_are_given_once(store: Store) -> None:
    issue(store, "bliss", ["acquisition"], KEY)
    for name, key in (("bliss", None), ("other", KEY)):
        with pytest.raises(Conflict, match="already"):
            issue(store, name, ["acquisition"], key)


@pytest.mark.parametrize(
    ("name", "scopes", "key"),
    [
        ("", ["ingest"], None),
        ("x" * 256, ["ingest"], None),
        ("x", [], None),
        ("x", ["all"], None),
        ("x", ["ingest"], "short"),
    ],
)
def test_what_makes_no_key_is_refused(store: Store, name: str, scopes: list[str], key: str | None) -> None:
    with pytest.raises(Invalid):
        issue(store, name, scopes, key)
    assert issued(store) == []


def test_a_revoked_key_is_refused_at_once(store: Store) -> None:
    keys = ApiKeys({}, store)
    key = issue(store, "daq", ["ingest"])
    assert owner(keys, key) == "daq"
    revoke(store, "daq")
    assert keys.application(key) is None
    with pytest.raises(NotFound, match="daq"):
        revoke(store, "daq")


def test_the_last_use_is_noted_but_not_by_every_request(store: Store) -> None:
    seconds = [0.0]
    keys = ApiKeys({}, store, lambda: seconds[0])
    key = issue(store, "daq", ["ingest"])
    assert issued(store)[0].last_used is None
    keys.application(key)
    first = issued(store)[0].last_used
    assert first is not None
    seconds[0] = 59.0
    keys.application(key)
    assert issued(store)[0].last_used == first
    seconds[0] = 61.0
    keys.application(key)
    again = issued(store)[0].last_used
    assert again is not None
    assert again > first


def test_operators_issue_list_and_revoke_keys(tmp_path: Path) -> None:
    config = write_settings(tmp_path, "http://127.0.0.1:9")

    def drac(*arguments: str, **options: str) -> Result:
        return CliRunner().invoke(main, ["apikey", *arguments], env={"DRAC_CONFIG": str(config)}, **options)

    made = drac("add", "daq", "--scope", "ingest").stdout
    assert made.startswith("elogbook-")
    assert drac("add", "bliss", "--existing", input=f"{KEY}\n").stdout == ""
    shown = drac("list").stdout
    assert "daq: ingest; issued" in shown
    assert "bliss: acquisition, archive, ingest; issued" in shown
    assert "never used" in shown
    assert made.strip() not in shown
    assert KEY not in shown
    assert drac("revoke", "daq").stdout == "daq: revoked\n"
    assert "no API key called 'daq'" in drac("revoke", "daq").stderr
