"""The user office: who has beam time when. Each facility has its own, behind an entry point of the group
`drac.useroffice`: an object that is called with the settings and returns a `UserOffice`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

from drac_plugins.core.settings import Settings, SettingsError

GROUP = "drac.useroffice"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the team. `name`: ICAT user name, mechanism included; `role`: as ICAT's InvestigationUser has it."""

    name: str
    role: str = "Participant"
    full_name: str | None = None
    email: str | None = None
    affiliation: str | None = None
    orcid: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduledSession:
    """Beam time of a proposal. `id`: its number in the user office, which never changes. `actual_start`, `actual_end`:
    when it really takes place, where that is known to be different."""

    id: str
    proposal: str
    beamline: str
    start: datetime
    end: datetime
    title: str | None = None
    visit_id: str | None = None
    release: datetime | None = None
    team: tuple[Member, ...] = ()
    actual_start: datetime | None = None
    actual_end: datetime | None = None


@runtime_checkable
class UserOffice(Protocol):
    """Thread-safe. Both raise `drac_plugins.core.errors.Unavailable` when the user office does not answer."""

    def sessions(self, proposal: str) -> Sequence[ScheduledSession]:
        """Every session of a proposal, in whatever spelling."""
        ...

    def session(self, session_id: str) -> ScheduledSession | None:
        """The session of this number, None when there is none."""
        ...


def user_office(settings: Settings, found: Iterable[EntryPoint] | None = None) -> UserOffice | None:
    """The user office that the settings name; None when they name none. `found` replaces the installed entry points.
    Raises SettingsError."""
    name = settings.ingest.user_office.name
    if not name:
        return None
    points = {point.name: point for point in (entry_points(group=GROUP) if found is None else found)}
    if name not in points:
        known = ", ".join(sorted(points)) or "none"
        raise SettingsError(f"ingest.user_office.name: there is no {name!r} in the group {GROUP}; there are: {known}")
    point = points[name]
    try:
        make: Callable[[Settings], object] = point.load()
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"User office {name!r} ({point.value}) cannot be loaded: {error}") from error
    made = make(settings)
    if not isinstance(made, UserOffice):
        raise SettingsError(f"User office {name!r}: {point.value} makes no user office (sessions, session)")
    return made
