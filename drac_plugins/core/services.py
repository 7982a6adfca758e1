"""What the assembler hands to every plugin: one record of the things that exist once per process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from drac_plugins.core.apikeys import ApiKeys
from drac_plugins.core.caches import Caches
from drac_plugins.core.plugins import plugin_settings
from drac_plugins.core.settings import Account, Icat, OpenId, Section, Settings, SettingsError
from drac_plugins.core.signin.attempts import Attempts
from drac_plugins.core.storage import Store
from icat_schema.gateway import Catalogue, DataService, GatewaySettings, ServiceSession, Session

if TYPE_CHECKING:
    from drac_plugins.core.plugins import Plugin
    from drac_plugins.core.signin.provider import Provider

Model = TypeVar("Model", bound=Section)


@dataclass(frozen=True, slots=True)
class Services:
    """`reader` and `acquisition` are sessions of service accounts: anonymous callers, and callers with an API key."""

    settings: Settings
    catalogue: Catalogue
    store: Store
    data_service: DataService
    api_keys: ApiKeys
    reader: Session
    acquisition: Session
    plugins: tuple[Plugin, ...] = ()
    plugin_settings: Mapping[str, Section] = field(default_factory=dict)
    """By name of the plugin; only plugins that declare a model have an entry."""
    caches: Caches = field(default_factory=Caches)
    attempts: Attempts = field(default_factory=Attempts)
    provider: Provider | None = None

    def settings_of(self, plugin: str, model: type[Model]) -> Model:
        """The settings of a plugin, which declares `model`."""
        found = self.plugin_settings[plugin]
        if not isinstance(found, model):
            raise TypeError(f"{plugin}: its settings are {type(found).__name__}, not {model.__name__}")
        return found


def create_services(settings: Settings, plugins: tuple[Plugin, ...] = ()) -> Services:
    """What exists once per process; nothing is opened or asked yet."""
    catalogue = Catalogue(gateway_settings(settings.icat))
    store = Store(settings.store.url)
    return Services(
        settings=settings,
        catalogue=catalogue,
        store=store,
        data_service=DataService(
            f"{settings.icat.url.rstrip('/')}/ids" if settings.ids.url is None else settings.ids.url,
            settings.ids.public_url,
            settings.icat.timeout_seconds,
            settings.icat.verify,
        ),
        api_keys=ApiKeys(settings.auth.api_keys, store),
        reader=service_session(catalogue, settings.icat.reader),
        acquisition=service_session(catalogue, settings.icat.acquisition),
        plugins=plugins,
        plugin_settings=plugin_settings(settings, plugins),
        provider=_provider(settings.auth.openid),
    )


def _provider(openid: OpenId) -> Provider | None:
    """Imported only where there is one: cryptography takes its time."""
    if not openid.issuer:
        return None
    from drac_plugins.core.signin.provider import Provider

    return Provider(openid)


def gateway_settings(icat: Icat) -> GatewaySettings:
    """Raises SettingsError."""
    try:
        return GatewaySettings(
            url=icat.url,
            soap_path=icat.soap_path,
            rest_path=icat.rest_path,
            timeout_seconds=icat.timeout_seconds,
            verify=icat.verify,
            pool_size=icat.pool_size,
            zone=icat.zone,
        )
    except ValueError as error:
        raise SettingsError(f"icat: {error}") from error


def service_session(catalogue: Catalogue, account: Account) -> ServiceSession:
    return catalogue.service_session(account.plugin, account.username, account.password.get_secret_value())
