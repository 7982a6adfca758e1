"""Put the demonstration's facility into an ICAT: users, groups, rules, instruments, sessions.

Works as a root user through the gateway, so against any ICAT 5. Running it again adds only what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import resources
from typing import Any

import yaml

from drac_plugins.demo import rules
from icat_schema.gateway import New, Ref, Select, Session

MECHANISM = "simple"


def document() -> dict[str, Any]:
    """The description of the facility that ships with the package."""
    text = resources.files("drac_plugins.demo").joinpath("facility.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def set_up(session: Session) -> None:
    """Create what is missing. `session` belongs to a root user."""
    content = document()
    facility = _facility(session, content["facility"])
    users = _users(session, content["users"])
    _groups(session, content["groups"], users)
    _rules(session, content["access"])
    instruments = _named(
        session, "Instrument", facility, [{k: i[k] for k in ("name", "fullName")} for i in content["instruments"]]
    )
    _scientists(session, content["instruments"], instruments, users)
    types = _named(session, "InvestigationType", facility, content["investigation_types"])
    _investigations(session, content["investigations"], facility, types, instruments, users)


def _facility(session: Session, fact: Mapping[str, Any]) -> int:
    known: dict[str, int] = dict(session.rows(Select("Facility", ["name", "id"])))
    return known[fact["name"]] if fact["name"] in known else session.write([New("Facility", dict(fact))])[0]


def _users(session: Session, facts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Login -> id."""
    known: dict[str, int] = dict(session.rows(Select("User", ["name", "id"])))
    names = {fact["name"]: f"{MECHANISM}/{fact['name']}" for fact in facts}
    missing = [fact for fact in facts if names[fact["name"]] not in known]
    ids = session.write([New("User", {**fact, "name": names[fact["name"]]}) for fact in missing]) if missing else []
    known |= {names[fact["name"]]: id_ for fact, id_ in zip(missing, ids, strict=True)}
    return {login: known[name] for login, name in names.items()}


def _groups(session: Session, groups: Mapping[str, Sequence[str]], users: Mapping[str, int]) -> None:
    known = {name for (name,) in session.rows(Select("Grouping", ["name"]))}
    missing = [
        New(
            "Grouping",
            {"name": name, "userGroups": [New("UserGroup", {"user": Ref(users[login])}) for login in logins]},
        )
        for name, logins in groups.items()
        if name not in known
    ]
    if missing:
        session.write(missing)


def _rules(session: Session, access: Mapping[str, Any]) -> None:
    groups: dict[str, int] = dict(session.rows(Select("Grouping", ["name", "id"])))
    known = set(session.rows(Select("Rule", ["grouping.name", "crudFlags", "what"])))
    missing = [rule for rule in rules.rules(access) if rule not in known]
    entities = [
        New("Rule", {"crudFlags": flags, "what": what, **({"grouping": Ref(groups[group])} if group else {})})
        for group, flags, what in missing
    ]
    if entities:
        session.write(entities)


def _named(session: Session, entity: str, facility: int, facts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Name -> id of the facility's objects of this entity, missing ones created."""
    known: dict[str, int] = dict(session.rows(Select(entity, ["name", "id"])))
    missing = [fact for fact in facts if fact["name"] not in known]
    ids = session.write([New(entity, {**fact, "facility": Ref(facility)}) for fact in missing]) if missing else []
    return known | {fact["name"]: id_ for fact, id_ in zip(missing, ids, strict=True)}


def _scientists(
    session: Session, facts: Sequence[Mapping[str, Any]], instruments: Mapping[str, int], users: Mapping[str, int]
) -> None:
    known = set(session.rows(Select("InstrumentScientist", ["instrument.id", "user.id"])))
    wanted = [(instruments[fact["name"]], users[login]) for fact in facts for login in fact.get("scientists", ())]
    missing = [pair for pair in wanted if pair not in known]
    if missing:
        session.write([New("InstrumentScientist", {"instrument": Ref(i), "user": Ref(u)}) for i, u in missing])


def _investigations(
    session: Session,
    facts: Sequence[Mapping[str, Any]],
    facility: int,
    types: Mapping[str, int],
    instruments: Mapping[str, int],
    users: Mapping[str, int],
) -> None:
    known = set(session.rows(Select("Investigation", ["name", "visitId"])))
    missing = [
        _investigation(fact, facility, types, instruments, users)
        for fact in facts
        if (fact["name"], fact["visitId"]) not in known
    ]
    if missing:
        session.write(missing)


def _investigation(
    fact: Mapping[str, Any],
    facility: int,
    types: Mapping[str, int],
    instruments: Mapping[str, int],
    users: Mapping[str, int],
) -> New:
    own = {key: fact[key] for key in ("name", "visitId", "title", "doi") if key in fact}
    dates = {key: _instant(fact[key]) for key in ("startDate", "endDate", "releaseDate")}
    team = [
        New("InvestigationUser", {"user": Ref(users[login]), "role": role}) for login, role in fact["users"].items()
    ]
    return New(
        "Investigation",
        {
            **own,
            **dates,
            "facility": Ref(facility),
            "type": Ref(types[fact["type"]]),
            "investigationInstruments": [
                New("InvestigationInstrument", {"instrument": Ref(instruments[fact["instrument"]])})
            ],
            "investigationUsers": team,
        },
    )


def _instant(value: datetime | str) -> datetime:
    """YAML reads a date with an offset as an aware datetime; text is accepted as well."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
