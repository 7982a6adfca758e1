"""Operations that change something: what a root user finds afterwards tells whether they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from sqlalchemy import ColumnElement, Table, select

from drac_plugins.catalogue.tables import sample_file
from drac_plugins.ids.tables import dataset_access
from drac_plugins.messages.tables import portal_message
from drac_plugins.resource.tables import attachment
from icat_schema.gateway import Change, New, Ref
from icat_schema.gateway.conditions import And, Condition, Eq
from icat_schema.gateway.errors import SessionInvalid
from tests.access.callers import Caller
from tests.access.places import COMMENT, Place
from tests.access.ways import Json, Way, answered, dataset, datasets, investigation
from tests.access.world import GUEST, World

FRESH = "fresh from a cell of the table"
WAITING = "somebody who waits"
Where = Callable[[Place], Condition]
Rows = Callable[[Place], ColumnElement[bool]]


def _member(place: Place) -> Condition:
    return And(Eq("investigation.id", place.investigation), Eq("user.name", GUEST))


def _works(place: Place) -> Condition:
    return And(Eq("instrument.id", place.instrument_id), Eq("user.name", GUEST))


def _comment(place: Place) -> Condition:
    return And(Eq("sample.id", place.sample), Eq("type.name", COMMENT))


def making(entity: str, where: Where, **request: Any) -> Way:
    """Makes an object that is not there before, nor afterwards."""
    return Way(
        shows=lambda world, _caller, place, _reply: bool(world.ids(entity, where(place))),
        after=lambda world, _caller, place: world.remove(entity, where(place)),
        changes=True,
        **request,
    )


def removing(entity: str, where: Where, make: Callable[[World, Place], Json], **request: Any) -> Way:
    """Removes an object that is made before."""

    def made(world: World, _caller: Caller, place: Place) -> None:
        world.root.write([New(entity, make(world, place))])

    return Way(
        before=made,
        shows=lambda world, _caller, place, _reply: not world.ids(entity, where(place)),
        after=lambda world, _caller, place: world.remove(entity, where(place)),
        changes=True,
        **request,
    )


def changing(
    entity: str, id_: Callable[[Place], int], column: str, before: Callable[[Place], Any], **request: Any
) -> Way:
    """Changes a value that is as it was before."""

    def put_back(world: World, _caller: Caller, place: Place) -> None:
        world.root.write([Change(entity, id_(place), {column: before(place)})])

    return Way(
        shows=lambda world, _caller, place, _reply: world.value(entity, column, Eq("id", id_(place))) != before(place),
        after=put_back,
        changes=True,
        **request,
    )


def keeping(table: Table, rows: Rows, **request: Any) -> Way:
    """Adds a row to the facade's own store, which is removed afterwards."""

    def found(world: World, _caller: Caller, place: Place, _reply: requests.Response) -> bool:
        with world.facade.services.store.read() as connection:
            return connection.execute(select(table.c.id).where(rows(place))).first() is not None

    def removed(world: World, _caller: Caller, place: Place) -> None:
        with world.facade.services.store.begin() as connection:
            connection.execute(table.delete().where(rows(place)))

    return Way(shows=found, after=removed, changes=True, **request)


def _guest(world: World) -> Ref:
    return Ref(world.ids("User", Eq("name", GUEST))[0])


def _new_member(world: World, place: Place) -> Json:
    return {"investigation": Ref(place.investigation), "user": _guest(world), "role": "Participant"}


def _new_scientist(world: World, place: Place) -> Json:
    return {"instrument": Ref(place.instrument_id), "user": _guest(world)}


# ------------------------------------------------------------------------------------------------ sessions, users


def _credentials(caller: Caller) -> Json:
    if caller.login is not None:
        return {"plugin": "simple", "username": caller.login, "password": caller.login}
    return {"plugin": "simple", "username": "dee", "password": caller.secret} if caller.secret else {}


def _named(_world: World, caller: Caller, _place: Place, reply: requests.Response) -> bool:
    found = reply.json()
    return caller.login is not None and f"simple/{caller.login}" in (found.get("name"), found.get("userName"))


def _of_its_own(world: World, caller: Caller, _place: Place) -> Caller:
    if caller.login is None:
        return caller
    credentials = {"username": caller.login, "password": caller.login}
    return replace(caller, secret=world.facade.services.catalogue.login("simple", credentials).id)


def _is_over(world: World, caller: Caller, _place: Place, _reply: requests.Response) -> bool:
    if caller.login is None or caller.secret is None:
        return False  # there was none
    try:
        world.facade.services.catalogue.session(caller.secret).user_name()
    except SessionInvalid:
        return True
    return False


def _chosen(world: World, caller: Caller, _place: Place) -> None:
    world.http.put(_preferences(world, caller), json={"pagination": [{"key": FRESH, "value": 7}]}, timeout=30)


def _kept(world: World, caller: Caller, _place: Place, _reply: requests.Response) -> bool:
    return FRESH in world.http.get(_preferences(world, caller), timeout=30).text


def _preferences(world: World, caller: Caller) -> str:
    return f"{world.facade.url}/users/{caller.in_path}/preferences"


# ------------------------------------------------------------------------------------------------ the archive's word


def _someone_waits(world: World, _caller: Caller, place: Place) -> None:
    row = {"id": f"c{place.dataset:023x}", "dataset_id": place.dataset, "name": WAITING, "created": datetime.now(UTC)}
    with world.facade.services.store.begin() as connection:
        connection.execute(dataset_access.insert().values(row))


def _asked(place: Place) -> ColumnElement[bool]:
    return dataset_access.c.dataset_id == place.dataset


def _answered(place: Place) -> ColumnElement[bool]:
    return _asked(place) & dataset_access.c.answered.is_not(None)


def _nobody_waits(world: World, _caller: Caller, place: Place) -> None:
    with world.facade.services.store.begin() as connection:
        connection.execute(dataset_access.delete().where(_asked(place)))


DEEDS: Mapping[str, Way] = {
    "POST /session": Way(sent=_credentials, shows=_named),
    "GET /session/{sessionId}": Way(shows=_named),
    "PUT /session/{sessionId}": Way(shows=answered),
    "DELETE /session/{sessionId}": Way(before=_of_its_own, shows=_is_over),
    "POST /cache/{sessionId}": Way(shows=answered),
    "GET /users/{sessionId}/preferences": Way(before=_chosen, shows=_kept),
    "PUT /users/{sessionId}/preferences": Way(body=lambda _: {"pagination": [{"key": FRESH, "value": 7}]}, shows=_kept),
    "PUT /catalogue/{sessionId}/datasetparameter": changing(
        "DatasetParameter",
        lambda place: place.parameter,
        "stringValue",
        lambda place: f"{place.mark} note",
        query=lambda place: {"parameterId": place.parameter},
        body=lambda _: {"value": FRESH},
    ),
    "PUT /catalogue/{sessionId}/sampleParameters/{id}": changing(
        "SampleParameter",
        lambda place: place.sample_parameter,
        "stringValue",
        lambda place: f"{place.mark} described",
        query=investigation,
        body=lambda _: {"value": FRESH},
    ),
    "POST /catalogue/{sessionId}/samples/{sampleId}/sampleParameters": making(
        "SampleParameter", _comment, query=investigation, body=lambda _: {"name": COMMENT, "value": FRESH}
    ),
    "POST /catalogue/investigations/{investigationId}/release-date": changing(
        "Investigation",
        lambda place: place.investigation,
        "releaseDate",
        lambda place: place.release,
        body=lambda place: {"releaseDate": (place.release + timedelta(days=7)).date().isoformat()},
    ),
    "POST /catalogue/{sessionId}/investigation/id/{investigationId}/investigationusers": making(
        "InvestigationUser", _member, body=lambda _: {"name": GUEST}
    ),
    "DELETE /catalogue/{sessionId}/investigation/id/{investigationId}/investigationusers": removing(
        "InvestigationUser", _member, _new_member, body=lambda _: {"name": GUEST}
    ),
    "PUT /catalogue/{sessionId}/instrumentscientist": making(
        "InstrumentScientist",
        _works,
        body=lambda place: {"usernames": GUEST, "instrumentnames": place.instrument},
    ),
    "DELETE /catalogue/{sessionId}/instrumentscientist": removing(
        "InstrumentScientist", _works, _new_scientist, body=lambda _: {"usernames": GUEST}
    ),
    "POST /catalogue/{sessionId}/files/upload": keeping(
        sample_file,
        lambda place: (sample_file.c.sample_id == place.sample) & (sample_file.c.id != place.sample_file),
        query=lambda place: {"sampleId": place.sample},
        form={"fileType": "TXT"},
    ),
    "POST /resource/{sessionId}/file/upload": keeping(
        attachment,
        lambda place: (attachment.c.investigation_id == place.investigation) & (attachment.c.id != place.attachment),
        query=investigation,
        form={"creationDate": "2031-05-06T08:00:00.000+02:00"},
    ),
    "POST /ids/{sessionId}/datasets/restore": keeping(
        dataset_access, _asked, query=datasets, body=lambda _: {"name": WAITING, "email": "waiting@example.org"}
    ),
    "POST /dataacquisition/{apiKey}/dataset/restore": replace(
        keeping(dataset_access, _answered, query=dataset, body=lambda _: {"level": "info", "message": "it is back"}),
        before=_someone_waits,
        after=_nobody_waits,
    ),
    "PUT /messages/{sessionId}/information": keeping(
        portal_message, lambda _: portal_message.c.message == FRESH, body=lambda _: {"message": FRESH}
    ),
}
"""What changes something, and what is about the caller alone."""
