"""For each operation a call of the published client that succeeds, and one that fails in the typical way: those of the
catalogue are in `catalogue_calls`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import icat_plus_client as client
from icat_plus_client.exceptions import (
    BadRequestException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)

from icat_schema.gateway.conditions import Eq
from tests.access.world import GUEST, World
from tests.contract.asking import Asking, Call
from tests.contract.catalogue_calls import CATALOGUE, NOBODY, UNKNOWN

Put = client.CatalogueSessionIdInstrumentscientistPutRequest
Delete = client.CatalogueSessionIdInstrumentscientistDeleteRequest
Restored = client.DataacquisitionApiKeyDatasetRestorePostRequest
Message = client.Message


def _dismiss(world: World) -> None:
    world.remove("InstrumentScientist", Eq("user.name", GUEST))


def _appoints(ask: Asking) -> bool:
    (made,) = ask(ask.session("ed"), Put(usernames=GUEST, instrumentnames=ask.place.instrument))
    return bool(made.user.name == GUEST and made.instrument.name == ask.place.instrument)


def _dismisses(ask: Asking) -> bool:
    put = Asking(ask.world, ask.api, "catalogue_session_id_instrumentscientist_put")
    (made,) = put(ask.session("ed"), Put(usernames=GUEST, instrumentnames=ask.place.instrument))
    ask(ask.session("ed"), Delete(instrumentscientistsid=str(made.id)))
    return not ask.world.ids("InstrumentScientist", Eq("user.name", GUEST))


def _logs_out(ask: Asking) -> bool:
    fresh = ask.fresh("ada")
    ask(fresh)
    return ask.world.facade.get(f"/session/{fresh}").status_code == 403


def _keeps(ask: Asking) -> bool:
    headers = ask.bearer("ada")["_headers"]
    key = next(key for key in ask.world.kept_of(headers) if key.startswith("investigations:"))
    return ask.place.mark.encode() in ask.content(key, _headers=headers)


def _attaches(ask: Asking) -> bool:
    """The form by hand, as the client sends none; the address is its own."""
    path = f"/resource/{ask.session('ada')}/file/upload"
    query = {"investigationId": ask.place.investigation}
    facts = {"software": "BLISS", "creationDate": "2031-05-06T08:00:00.000+02:00"}
    files = {"file": ("a.txt", b"a note")}
    reply = ask.world.facade.request("POST", path, params=query, files=files, data=facts)
    return client.Event.from_dict(reply.json()) is not None


def _downloads(ask: Asking) -> bool:
    """The address by hand, as the client writes objects into it in place of ids."""
    reply = ask.world.facade.get(f"/ids/{ask.session('ada')}/data/download", datafileIds=ask.place.datafile)
    return ask.place.mark.encode() in reply.content


def _answers_who_waits(ask: Asking) -> bool:
    restore = Asking(ask.world, "IDSApi", "ids_session_id_datasets_restore_post")
    restore(ask.session("ada"), str(ask.place.dataset))
    told = ask(ask.world.facade.api_key, ask.place.dataset, Restored(level="info", message="back"))
    return [(one.name, one.level) for one in told] == [("simple/ada", "info")]


def _waits(ask: Asking) -> bool:
    ask(ask.session("ada"), str(ask.place.dataset))
    told = Asking(ask.world, "DataAcquisitionApi", "dataacquisition_api_key_dataset_restore_post")
    return bool(told(ask.world.facade.api_key, ask.place.dataset, Restored(level="info", message="back")))


def _h5(ask: Asking, said: bytes) -> bool:
    return said in ask.content(ask.session("ada"), str(ask.place.datafile))


def _not_her_file(ask: Asking) -> Any:
    return ask(ask.session("ada"), str(ask.others.datafile))


SESSION = {
    "session_post": Call(
        lambda ask: ask(client.Credentials(plugin="simple", username="ada", password="ada")).name == "simple/ada",
        lambda ask: ask(client.Credentials(plugin="simple", username="ada", password="guessed")),
        ForbiddenException,
    ),
    "session_session_id_get": Call(
        lambda ask: ask(ask.session("ada")).user.name == "simple/ada", lambda ask: ask(UNKNOWN), ForbiddenException
    ),
    "session_session_id_put": Call(
        lambda ask: ask(ask.session("ada")) is None, lambda ask: ask(UNKNOWN), ForbiddenException
    ),
    "session_session_id_delete": Call(_logs_out, lambda ask: ask("no session"), ForbiddenException),
}

CACHE = {
    "cache_get": Call(
        lambda ask: ask(**ask.bearer("ada")).username == "simple/ada", lambda ask: ask(**NOBODY), ForbiddenException
    ),
    "cache_keys_get": Call(
        lambda ask: b"[" in ask.content(**ask.bearer("ada")), lambda ask: ask(**NOBODY), ForbiddenException
    ),
    "cache_keys_key_get": Call(_keeps, lambda ask: ask("nothing:0:0", **ask.bearer("ada")), NotFoundException),
    "cache_stats_get": Call(
        lambda ask: ask(**ask.bearer("ed")).misses >= 0, lambda ask: ask(**ask.bearer("ada")), ForbiddenException
    ),
    "cache_session_id_post": Call(
        lambda ask: ask(ask.session("ada")) is None, lambda ask: ask(UNKNOWN), ForbiddenException
    ),
}

ACQUISITION = {
    "dataacquisition_api_key_dataset_get": Call(
        lambda ask: (
            [one.id for one in ask(ask.world.facade.api_key, str(ask.others.investigation))] == [ask.others.dataset]
        ),
        lambda ask: ask("guessed", str(ask.place.investigation)),
        ForbiddenException,
    ),
    "dataacquisition_api_key_investigation_get": Call(
        lambda ask: (
            [one.id for one in ask(ask.world.facade.api_key, ids=str(ask.others.investigation))]
            == [ask.others.investigation]
        ),
        lambda ask: ask("guessed"),
        ForbiddenException,
    ),
    "dataacquisition_api_key_dataset_restore_post": Call(
        _answers_who_waits, lambda ask: ask(ask.world.facade.api_key, None, Restored(level="info")), BadRequestException
    ),
}

FILES = {
    "ids_data_download_get": Call(
        lambda ask: (
            ask.place.mark.encode()
            in ask.content(datafile_ids=str(ask.place.datafile), inline=True, **ask.bearer("ada"))
        ),
        lambda ask: ask(dataset_ids=str(ask.place.dataset), **NOBODY),
        UnauthorizedException,
    ),
    "ids_data_metalink_get": Call(
        lambda ask: ask.place.mark in ask.raw(dataset_ids=str(ask.place.dataset), **ask.bearer("ada")),
        lambda ask: ask.raw(**ask.bearer("ada")),
        BadRequestException,
    ),
    "ids_session_id_data_download_get": Call(_downloads, lambda ask: ask.raw(ask.session("ada")), BadRequestException),
    "ids_session_id_datasets_restore_post": Call(
        _waits, lambda ask: ask(UNKNOWN, str(ask.place.dataset)), UnauthorizedException
    ),
    "ids_session_id_datasets_status_get": Call(
        lambda ask: len(ask.raw(ask.session("ada"), str(ask.place.dataset))) == 1,
        lambda ask: ask.raw(ask.session("ada"), str(ask.others.dataset)),
        ForbiddenException,
    ),
    "ids_session_id_path_get": Call(
        lambda ask: ask(ask.session("ada"), datafile_ids=str(ask.place.datafile)) == [ask.place.location],
        lambda ask: ask(ask.session("ada"), dataset_ids=str(ask.others.dataset)),
        ForbiddenException,
    ),
    "h5grove_attr_get": Call(lambda ask: _h5(ask, ask.place.mark.encode()), _not_her_file, NotFoundException),
    "h5grove_data_get": Call(lambda ask: _h5(ask, b"[1,2]"), _not_her_file, NotFoundException),
    "h5grove_meta_get": Call(lambda ask: _h5(ask, ask.place.mark.encode()), _not_her_file, NotFoundException),
    "h5grove_stats_get": Call(lambda ask: _h5(ask, b'"max":2'), _not_her_file, NotFoundException),
    "resource_session_id_file_download_get": Call(
        lambda ask: ask.place.mark.encode() in ask.content(ask.session("ada"), ask.place.picture),
        lambda ask: ask(ask.session("dee"), ask.place.picture),
        NotFoundException,
    ),
    "resource_session_id_file_upload_post": Call(
        _attaches, lambda ask: ask.raw(ask.session("ada"), str(ask.place.investigation)), BadRequestException
    ),
}

OTHERS = {
    "facilities_get": Call(lambda ask: [one.name for one in ask()] == ["ESRF"], Asking.alone, ServiceException),
    "messages_get": Call(lambda ask: ask() == [] or ask()[0].type, lambda ask: ask("\x00"), BadRequestException),
    "messages_session_id_information_put": Call(
        lambda ask: ask(ask.session("ed"), Message(type="INFORMATION", message="Maintenance")).message == "Maintenance",
        lambda ask: ask(ask.session("ada"), Message(type="INFORMATION", message="Owned")),
        ForbiddenException,
    ),
    "users_session_id_preferences_get": Call(
        lambda ask: ask(ask.session("ada")).username == "simple/ada", lambda ask: ask(UNKNOWN), ForbiddenException
    ),
    "users_session_id_preferences_put": Call(
        lambda ask: (
            ask(
                ask.session("ada"), client.Userpreferences(username="simple/ada", isGroupedBySample=True)
            ).is_grouped_by_sample
        ),
        lambda ask: ask(UNKNOWN, client.Userpreferences(username="simple/ada")),
        ForbiddenException,
    ),
    "dmp_session_id_questionnaires_get": Call(
        lambda ask: (
            [one.uuid for one in ask(ask.session("ada"), str(ask.place.investigation), ask.place.stored_name)]
            == ["a questionnaire"]
        ),
        lambda ask: ask(ask.session("ada"), str(ask.others.investigation), ask.others.stored_name),
        NotFoundException,
    ),
    "cod_get": Call(
        lambda ask: b"a questionnaire" in ask.content(doi="10.99999/1", **ask.bearer("ada")),
        lambda ask: ask(doi="10.99999/1", **NOBODY),
        ForbiddenException,
    ),
    "catalogue_session_id_instrumentscientist_get": Call(
        lambda ask: "simple/cy" in [one.user.name for one in ask(ask.session("cy"), ask.place.instrument)],
        lambda ask: ask(ask.session("ada")),
        ForbiddenException,
    ),
    "catalogue_session_id_instrumentscientist_put": Call(
        _appoints,
        lambda ask: ask(ask.session("cy"), Put(usernames=GUEST, instrumentnames=ask.place.instrument)),
        ForbiddenException,
        _dismiss,
    ),
    "catalogue_session_id_instrumentscientist_delete": Call(
        _dismisses, lambda ask: ask(ask.session("cy"), Delete(usernames=GUEST)), ForbiddenException, _dismiss
    ),
    "catalogue_session_id_user_name_name_instrumentscientist_get": Call(
        lambda ask: (
            [one["instrument"]["name"] for one in ask.raw(ask.session("cy"), "1", "simple/cy")]
            == [ask.place.instrument]
        ),
        lambda ask: ask.raw(UNKNOWN, "1", "simple/cy"),
        UnauthorizedException,
    ),
}

CALLS: Mapping[str, Call] = {**SESSION, **CATALOGUE, **CACHE, **ACQUISITION, **FILES, **OTHERS}
