"""Who may work with quarantine, and the service for it."""

from __future__ import annotations

from pydantic import Field

from drac_plugins.core.errors import Forbidden
from drac_plugins.core.inbox import Inbox
from drac_plugins.core.people import Person, person_of
from drac_plugins.core.quarantine.service import Quarantine
from drac_plugins.core.services import Services
from drac_plugins.core.settings import Section
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import And, In


class IngestionSettings(Section):
    instrument_scientists: bool = Field(True, description="whether instrument scientists may work with quarantine")
    groups: tuple[str, ...] = Field((), description="further ICAT groupings that may")


def require_operator(services: Services, session: Session) -> Person:
    """Administrators, instrument scientists and further groups, as the settings say. Raises Forbidden."""
    settings = services.plugin_settings["ingestion"]
    assert isinstance(settings, IngestionSettings)
    person = person_of(services, session)
    if person.is_administrator or (settings.instrument_scientists and person.is_instrument_scientist):
        return person
    if settings.groups:
        where = And(In("user.name", person.aliases), In("grouping.name", settings.groups))
        if session.count(Select("UserGroup", ["id"], where)):
            return person
    raise Forbidden("This is for the staff that looks after ingestion (settings plugin.ingestion)")


def inbox_of(services: Services) -> Inbox:
    return Inbox.from_settings(services.store, services.settings)


def quarantine_of(services: Services) -> Quarantine:
    return Quarantine(inbox_of(services))
