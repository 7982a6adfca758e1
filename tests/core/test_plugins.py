"""Discovery of plugins: every mistake is an error at the start that says what to change."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from drac_plugins.core.plugins import GROUP, Plugin, discover, plugin_settings
from drac_plugins.core.settings import Section, Settings, SettingsError


class Lamp(Section):
    watts: int = 40


lamp = Plugin(name="lamp", summary="gives light", blueprints=lambda _: (), settings=Lamp)
heater = Plugin(name="heater", summary="gives heat", blueprints=lambda _: (), requires=("lamp",))
misnamed = Plugin(name="other", summary="calls itself differently", blueprints=lambda _: ())
not_a_plugin = object()


def point(name: str, value: str | None = None) -> EntryPoint:
    return EntryPoint(name, value or f"{__name__}:{name}", GROUP)


def settings(*enabled: str, **plugin: dict[str, object]) -> Settings:
    return Settings.model_validate({"plugins": {"enabled": enabled}, "plugin": plugin})


def test_enabled_plugins_come_in_the_order_of_the_settings() -> None:
    found = discover(settings("heater", "lamp"), [point("lamp"), point("heater")])
    assert found == (heater, lamp)


def test_our_own_plugins_are_found_by_the_same_door() -> None:
    assert [plugin.name for plugin in discover(settings("session"))] == ["session"]


@pytest.mark.parametrize(
    ("enabled", "points", "complaint"),
    [
        (("lampp",), [point("lamp")], "no plugin 'lampp'; installed are: lamp"),
        (("lamp", "lamp"), [point("lamp")], "listed twice"),
        (("lamp",), [point("lamp"), point("lamp", f"{__name__}:heater")], "Two plugins are named 'lamp'"),
        (("misnamed",), [point("misnamed")], "calls itself 'other'"),
        (("not_a_plugin",), [point("not_a_plugin")], "is no drac_plugins"),
        (("lost",), [point("lost", "no_such_module_anywhere:x")], "cannot be loaded"),
        (("gone",), [point("gone", f"{__name__}:gone")], "cannot be loaded"),
        (("heater",), [point("heater"), point("lamp")], "'heater' needs lamp"),
    ],
)
def test_a_mistake_in_the_list_is_explained(enabled: tuple[str, ...], points: list[EntryPoint], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        discover(settings(*enabled), points)


def test_settings_of_a_plugin_are_read_by_its_own_model() -> None:
    given = settings("lamp", lamp={"watts": 60})
    assert plugin_settings(given, [lamp]) == {"lamp": Lamp(watts=60)}
    assert plugin_settings(settings("lamp"), [lamp]) == {"lamp": Lamp()}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"lamp": {"wats": 60}}, r"plugin\.lamp\.wats"),
        ({"lamp": {"watts": "bright"}}, r"plugin\.lamp\.watts"),
        ({"heater": {"x": 1}}, r"plugin\.heater: this plugin has no settings"),
    ],
)
def test_a_mistake_in_the_settings_of_a_plugin_names_the_key(given: dict[str, object], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        plugin_settings(Settings.model_validate({"plugin": given}), [lamp, heater])


def test_settings_of_a_plugin_that_does_not_exist_are_an_error() -> None:
    with pytest.raises(SettingsError, match=r"plugin\.lampp"):
        discover(settings("lamp", lampp={"watts": 1}), [point("lamp")])
