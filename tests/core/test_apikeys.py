"""API keys."""

from __future__ import annotations

import hashlib

import pytest

from drac_plugins.core.apikeys import ApiKeys
from drac_plugins.core.settings import SettingsError

KEY = "elogbook-00000000-0000-0000-0000-000000000000"


def test_a_key_names_its_application() -> None:
    keys = ApiKeys({"bliss": KEY, "spec": "another"})
    assert keys.application(KEY) == "bliss"
    assert keys.application("another") == "spec"


@pytest.mark.parametrize("key", ["", "wrong", KEY + " ", KEY.upper(), "\udcff", "é"])
def test_a_wrong_key_names_nobody(key: str) -> None:
    assert ApiKeys({"bliss": KEY}).application(key) is None


def test_a_key_may_be_kept_as_its_digest() -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    keys = ApiKeys({"bliss": f"sha256:{digest}"})
    assert keys.application(KEY) == "bliss"
    assert keys.application(f"sha256:{digest}") is None


@pytest.mark.parametrize("key", ["", "sha256:abc", "sha256:" + "g" * 64])
def test_a_malformed_key_is_a_settings_error(key: str) -> None:
    with pytest.raises(SettingsError, match=r"auth\.api_keys\.bliss"):
        ApiKeys({"bliss": key})
