"""Plugins: a manifest each, found through the entry-point group `drac.plugins`, switched on by `plugins.enabled`.

Ours use the same door as a facility's own. Every mistake here is a start-up error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from drac_plugins.core.settings import Section, Settings, SettingsError

if TYPE_CHECKING:
    from drac_plugins.core.services import Services

GROUP = "drac.plugins"


@dataclass(frozen=True, slots=True)
class Health:
    """State of one component. `ok`: works; `degraded`: works in part; `down`: does not. `text` says what to do."""

    state: Literal["ok", "degraded", "down"]
    text: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plugin:
    """The manifest.

    `blueprints` are house blueprints (`core.web.Blueprint`), or a function that returns them; it is called once, while
    the app is put together.
    `settings` is the model of the table `[plugin.<name>]`; its value is in `Services.plugin_settings`.
    `requires` names plugins that must be switched on too. `health` are checks for `/health`: short, no side effects.
    """

    name: str
    summary: str
    blueprints: Sequence[Any] | Callable[[Services], Sequence[Any]]
    settings: type[Section] | None = None
    requires: tuple[str, ...] = ()
    health: Mapping[str, Callable[[Services], Health]] = field(default_factory=dict)

    def blueprints_with(self, services: Services) -> Sequence[Any]:
        """The house blueprints of an app with these services."""
        return self.blueprints(services) if callable(self.blueprints) else self.blueprints


def discover(settings: Settings, found: Iterable[EntryPoint] | None = None) -> tuple[Plugin, ...]:
    """The plugins that are switched on, in the order of the settings.

    `found` replaces the installed entry points (tests). Raises SettingsError for names that are unknown, listed twice
    or claimed by two distributions, for objects that are no manifest, and for missing requirements.
    """
    available = _by_name(entry_points(group=GROUP) if found is None else found)
    enabled = settings.plugins.enabled
    for name in enabled:
        if name not in available:
            known = ", ".join(sorted(available)) or "none"
            raise SettingsError(f"plugins.enabled: there is no plugin {name!r}; installed are: {known}")
        if enabled.count(name) > 1:
            raise SettingsError(f"plugins.enabled: {name!r} is listed twice")
    for name in settings.plugin:
        if name not in available:
            raise SettingsError(f"plugin.{name}: there is no plugin of this name, so its settings have no use")
    plugins = tuple(_load(available[name]) for name in enabled)
    for plugin in plugins:
        missing = [name for name in plugin.requires if name not in enabled]
        if missing:
            raise SettingsError(f"plugins.enabled: {plugin.name!r} needs {', '.join(missing)} to be switched on too")
    return plugins


def plugin_settings(settings: Settings, plugins: Iterable[Plugin]) -> dict[str, Section]:
    """The tables `[plugin.<name>]`, each read by the model of its plugin. Raises SettingsError."""
    return {plugin.name: model for plugin in plugins if (model := _own_settings(settings, plugin)) is not None}


def _own_settings(settings: Settings, plugin: Plugin) -> Section | None:
    given = settings.plugin.get(plugin.name, {})
    if plugin.settings is None:
        if given:
            raise SettingsError(f"plugin.{plugin.name}: this plugin has no settings")
        return None
    try:
        return plugin.settings.model_validate(given)
    except ValidationError as error:
        lines = [
            f"plugin.{plugin.name}.{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error


def _by_name(found: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    available: dict[str, EntryPoint] = {}
    for point in found:
        other = available.setdefault(point.name, point)
        if other.value != point.value:
            raise SettingsError(
                f"Two plugins are named {point.name!r}: {other.value} and {point.value}; uninstall or rename one"
            )
    return available


def _load(point: EntryPoint) -> Plugin:
    try:
        plugin = point.load()
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"Plugin {point.name!r} ({point.value}) cannot be loaded: {error}") from error
    if not isinstance(plugin, Plugin):
        raise SettingsError(f"Plugin {point.name!r}: {point.value} is no drac_plugins.core.plugins.Plugin")
    if plugin.name != point.name:
        raise SettingsError(f"Plugin {point.name!r}: its manifest calls itself {plugin.name!r}; the two must agree")
    return plugin
