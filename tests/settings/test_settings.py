"""Settings: TOML, then environment, strict."""

from __future__ import annotations

from pathlib import Path

import pytest

from drac_plugins.core.settings import Settings, SettingsError, load
from drac_plugins.core.settings_reference import reference

ROOT = Path(__file__).parents[2]


def write(folder: Path, text: str) -> Path:
    path = folder / "drac.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_the_defaults_hold() -> None:
    assert load(environment={}) == Settings()


def test_a_file_changes_a_default(tmp_path: Path) -> None:
    assert load(write(tmp_path, "[web]\nport = 9000\n"), {}).web.port == 9000


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[web]\nport = 9000\n")
    assert load(path, {"DRAC_WEB__PORT": "9001"}).web.port == 9001


def test_the_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    path = write(tmp_path, "[web]\nport = 9000\n")
    assert load(environment={"DRAC_CONFIG": str(path)}).web.port == 9000


def test_a_list_in_the_environment_is_read_as_toml() -> None:
    assert load(environment={"DRAC_INGEST__BROKERS": '["a:1", "b:2"]'}).ingest.brokers == ("a:1", "b:2")


def test_a_nested_section_is_reached_from_the_environment() -> None:
    settings = load(environment={"DRAC_ICAT__INGESTER__USERNAME": "x", "DRAC_ICAT__INGESTER__PASSWORD": "y"})
    assert settings.icat.ingester.username == "x"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[web]\nprot = 1\n", "web.prot: unknown key"),
        ("[wep]\nport = 1\n", "wep: unknown key"),
        ("[web]\nport = 'many'\n", "web.port"),
        ("[facility]\nzone = 'Europe/Nowhere'\n", "facility.zone"),
        ("[web\n", "drac.toml"),
    ],
)
def test_a_fault_in_the_file_names_key_and_source(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, text), {})
    assert named in str(caught.value)
    assert "drac.toml" in str(caught.value)


@pytest.mark.parametrize("variable", ["DRAC_WEB__PROT", "DRAC_WEP__PORT", "DRAC_NONSENSE"])
def test_an_unknown_variable_is_an_error(variable: str) -> None:
    with pytest.raises(SettingsError, match="unknown key"):
        load(environment={variable: "1"})


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "nowhere.toml", {})


def test_passwords_are_not_shown() -> None:
    assert "password=SecretStr('**********')" in repr(Settings())


def test_the_reference_file_is_up_to_date() -> None:
    assert (ROOT / "conf" / "drac.toml").read_text(encoding="utf-8") == reference()


def test_the_reference_file_can_be_loaded_and_says_the_defaults() -> None:
    assert load(ROOT / "conf" / "drac.toml", {}) == Settings()


def test_every_default_of_the_reference_file_can_be_switched_on(tmp_path: Path) -> None:
    lines = reference().splitlines()
    active = [line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line for line in lines]
    kept = [line for line in active if "# not set" not in line]
    assert load(write(tmp_path, "\n".join(kept)), {}) == Settings()
