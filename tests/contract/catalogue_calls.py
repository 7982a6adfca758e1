"""Calls of the operations of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import icat_plus_client as client
from icat_plus_client.exceptions import (
    ApiException,
    BadRequestException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)

from icat_schema.gateway import Change
from icat_schema.gateway.conditions import And, Eq
from tests.access.places import COMMENT, DESCRIPTION, NOTE
from tests.access.world import GUEST, World
from tests.contract.asking import Asking, Call

UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOBODY: dict[str, Any] = {"_headers": {"Authorization": f"Bearer {UNKNOWN}"}}
Guest = client.CatalogueSessionIdInvestigationIdInvestigationIdInvestigationusersPostRequest
Release = client.CatalogueInvestigationsInvestigationIdReleaseDatePostRequest
Value = client.Parameter


def ids(found: Any) -> list[Any]:
    return [one.id for one in found]


def signed_in(
    ok: Callable[[Asking, str], object], *more: str, error: type[ApiException] = UnauthorizedException
) -> Call:
    """`ok` asks with ada's session; the typical failure is a session that is over. `more`: what else is required."""
    return Call(lambda ask: ok(ask, ask.session("ada")), lambda ask: ask(UNKNOWN, *more), error)


def _guest_out(world: World) -> None:
    investigation = world.places["embargoed"].investigation
    world.remove("InvestigationUser", And(Eq("investigation.id", investigation), Eq("user.name", GUEST)))


def _comment_out(world: World) -> None:
    sample = world.places["embargoed"].sample
    world.remove("SampleParameter", And(Eq("sample.id", sample), Eq("type.name", COMMENT)))


def _embargo_again(world: World) -> None:
    place = world.places["embargoed"]
    world.root.write([Change("Investigation", place.investigation, {"releaseDate": place.release})])


def _note_again(world: World) -> None:
    place = world.places["embargoed"]
    world.root.write([Change("DatasetParameter", place.parameter, {"stringValue": f"{place.mark} note"})])


def _description_again(world: World) -> None:
    place = world.places["embargoed"]
    world.root.write([Change("SampleParameter", place.sample_parameter, {"stringValue": f"{place.mark} described"})])


def _removes_guest(ask: Asking) -> bool:
    investigation, session = ask.place.investigation, ask.session("ada")
    add = "catalogue_session_id_investigation_id_investigation_id_investigationusers_post"
    Asking(ask.world, ask.api, add)(session, investigation, Guest(name=GUEST))
    return GUEST not in [one.name for one in ask(session, investigation, Guest(name=GUEST))]


def _releases(ask: Asking) -> bool:
    ask(str(ask.place.investigation), Release(releaseDate=date(2035, 1, 1), message="asked"), **ask.bearer("ed"))
    moment = ask.world.value("Investigation", "releaseDate", Eq("id", ask.place.investigation))
    return bool(moment.year in (2034, 2035))


def _changed(ask: Asking, entity: str, id_: int) -> bool:
    return bool(ask.world.value(entity, "stringValue", Eq("id", id_)) == "changed")


def _sends_file(ask: Asking) -> bool:
    made = ask(ask.session("ada"), str(ask.place.sample), file=("model.pdb", b"ATOM 1"), file_type="PDB")
    return "model.pdb" in [one.filename for one in made.resources]


_FOR_EVERYBODY = {
    "catalogue_instruments_get": Call(
        lambda ask: ask.place.instrument in [one.name for one in ask()], Asking.alone, ServiceException
    ),
    "catalogue_investigationtypes_get": Call(
        lambda ask: "MX" in [one.name for one in ask()], Asking.alone, ServiceException
    ),
    "catalogue_parameters_get": Call(
        lambda ask: [one.name for one in ask(name=NOTE)] == [NOTE], lambda ask: ask(name="\x00"), BadRequestException
    ),
    "catalogue_techniques_get": Call(lambda ask: isinstance(ask(), list), Asking.alone, ServiceException),
    "catalogue_investigation_name_investigation_name_normalize_get": Call(
        lambda ask: ask("ihls0701") == ask.open.stored_name, lambda ask: ask("a/b'--"), BadRequestException
    ),
}

_DATASETS = {
    "catalogue_datasets_get": Call(
        lambda ask: ids(ask(dataset_ids=str(ask.place.dataset), **ask.bearer("ada"))) == [ask.place.dataset],
        lambda ask: ask(**ask.bearer("ada")),
        BadRequestException,
    ),
    "catalogue_datasets_documents_get": Call(
        lambda ask: [one.id for one in ask(ask.place.day, ask.place.day, **ask.bearer("ada"))] == [ask.place.dataset],
        lambda ask: ask(ask.place.day, ask.place.day, **NOBODY),
        UnauthorizedException,
    ),
    "catalogue_session_id_dataset_get": signed_in(
        lambda ask, ada: ids(ask(ada, str(ask.place.investigation))) == [ask.place.dataset], "1"
    ),
    "catalogue_session_id_dataset_id_dataset_ids_dataset_get": signed_in(
        lambda ask, ada: ids(ask(ada, f"{ask.place.dataset},{ask.others.dataset}")) == [ask.place.dataset], "1"
    ),
    "catalogue_session_id_dataset_id_dataset_ids_dataset_document_get": signed_in(
        lambda ask, ada: ids(ask(ada, str(ask.place.dataset))) == [ask.place.dataset], "1"
    ),
    "catalogue_session_id_dataset_timeline_get": signed_in(
        lambda ask, ada: [one.dataset_id for one in ask(ada, str(ask.place.investigation))] == [ask.place.dataset],
        "1",
    ),
    "catalogue_session_id_datasetparameter_get": Call(
        lambda ask: (
            [one.value for one in ask(ask.session("ada"), str(ask.place.investigation), name=NOTE)]
            == [f"{ask.place.mark} note"]
        ),
        lambda ask: ask(UNKNOWN, "1", name=NOTE),
        UnauthorizedException,
    ),
    "catalogue_session_id_datasetparameter_values_get": Call(
        lambda ask: (
            [one.value for one in ask(ask.session("ada"), str(ask.place.investigation), name=NOTE)]
            == [f"{ask.place.mark} note"]
        ),
        lambda ask: ask(ask.session("ada"), str(ask.place.investigation)),
        BadRequestException,
    ),
    "catalogue_session_id_datasetparameter_put": Call(
        lambda ask: (
            ask(ask.session("ada"), str(ask.place.parameter), Value(name=NOTE, value="changed")) is not None
            and _changed(ask, "DatasetParameter", ask.place.parameter)
        ),
        lambda ask: ask(UNKNOWN, str(ask.place.parameter), Value(name=NOTE, value="x")),
        UnauthorizedException,
        _note_again,
    ),
    "catalogue_session_id_datacollection_get": Call(
        lambda ask: ask.place.mark in str(ask.raw(ask.session("ada"), dataset_id=str(ask.place.dataset))),
        lambda ask: ask.raw(UNKNOWN),
        ForbiddenException,
    ),
    "catalogue_session_id_dataset_id_dataset_id_datacollection_get": signed_in(
        lambda ask, ada: ask.place.mark in str(ask(ada, str(ask.place.dataset))), "1"
    ),
}

_FILES = {
    "catalogue_session_id_datafile_get": signed_in(
        lambda ask, ada: [one.datafile.id for one in ask(ada, location=ask.place.location)] == [ask.place.datafile], "1"
    ),
    "catalogue_session_id_dataset_id_dataset_id_datafile_get": signed_in(
        lambda ask, ada: [one.datafile.id for one in ask(ada, str(ask.place.dataset))] == [ask.place.datafile], "1"
    ),
    "catalogue_session_id_datafile_download_get": Call(
        lambda ask: (
            ask.place.mark.encode()
            in ask.content(ask.session("ada"), ask.place.location, str(ask.place.dataset), str(ask.place.investigation))
        ),
        lambda ask: ask(ask.session("ada"), "/etc/passwd", str(ask.place.dataset), str(ask.place.investigation)),
        NotFoundException,
    ),
    "catalogue_session_id_files_get": signed_in(
        lambda ask, ada: [one.sample_id for one in ask(ada, sample_id=str(ask.place.sample))] == [ask.place.sample],
        "1",
        error=ForbiddenException,
    ),
    "catalogue_session_id_files_download_get": Call(
        lambda ask: (
            ask.place.mark.encode() in bytes(ask(ask.session("ada"), str(ask.place.sample), ask.place.sample_file))
        ),
        lambda ask: ask(UNKNOWN, str(ask.place.sample), ask.place.sample_file),
        ForbiddenException,
    ),
    "catalogue_session_id_files_upload_post": Call(
        _sends_file,
        lambda ask: ask(ask.session("ada"), str(ask.place.sample), file=("empty.pdb", b""), file_type="PDB"),
        BadRequestException,
    ),
}

_INVESTIGATIONS = {
    "catalogue_session_id_investigation_get": signed_in(
        lambda ask, ada: ids(ask(ada, ids=str(ask.place.investigation))) == [ask.place.investigation],
        error=ForbiddenException,
    ),
    "catalogue_session_id_investigation_timeline_get": signed_in(
        lambda ask, ada: ask.place.investigation in [one.investigation_id for one in ask(ada, ask.place.instrument)],
        "ID30A-1",
    ),
    "catalogue_session_id_instruments_get": signed_in(
        lambda ask, ada: ask.place.instrument in [one.name for one in ask(ada)]
    ),
    "catalogue_investigations_investigation_id_release_date_post": Call(
        _releases,
        lambda ask: ask(str(ask.place.investigation), Release(releaseDate=date(2035, 1, 1)), **ask.bearer("ada")),
        ForbiddenException,
        _embargo_again,
    ),
    "catalogue_session_id_investigation_id_investigation_id_investigationusers_get": Call(
        lambda ask: "simple/bo" in [one.name for one in ask(ask.session("ada"), ask.place.investigation)],
        lambda ask: ask(UNKNOWN, ask.place.investigation),
        UnauthorizedException,
    ),
    "catalogue_session_id_investigation_id_investigation_id_investigationusers_post": Call(
        lambda ask: ask(ask.session("ada"), ask.place.investigation, Guest(name=GUEST)).name == GUEST,
        lambda ask: ask(ask.session("bo"), ask.place.investigation, Guest(name=GUEST)),
        ForbiddenException,
        _guest_out,
    ),
    "catalogue_session_id_investigation_id_investigation_id_investigationusers_delete": Call(
        _removes_guest,
        lambda ask: ask(ask.session("bo"), ask.place.investigation, Guest(name="simple/contact")),
        ForbiddenException,
        _guest_out,
    ),
    "catalogue_session_id_investigation_investigation_id_user_get": signed_in(
        lambda ask, ada: GUEST in [one.name for one in ask(ada, str(ask.place.investigation))], "1"
    ),
    "catalogue_session_id_user_get": Call(
        lambda ask: GUEST in [one.name for one in ask(ask.session("ed"))],
        lambda ask: ask(UNKNOWN),
        UnauthorizedException,
    ),
}

_SAMPLES = {
    "catalogue_session_id_samples_get": signed_in(
        lambda ask, ada: ids(ask(ada, sample_ids=str(ask.place.sample))) == [ask.place.sample], error=ForbiddenException
    ),
    "catalogue_session_id_samples_sample_id_page_get": signed_in(
        lambda ask, ada: ask(ada, str(ask.place.sample), investigation_id=str(ask.place.investigation)).page.total == 1,
        "1",
        error=ForbiddenException,
    ),
    "catalogue_session_id_investigation_id_investigation_id_sample_get": signed_in(
        lambda ask, ada: ids(ask(ada, str(ask.place.investigation))) == [ask.place.sample], "1"
    ),
    "catalogue_session_id_samples_sample_id_sample_parameters_post": Call(
        lambda ask: ask(
            ask.session("ada"), str(ask.place.sample), str(ask.place.investigation), Value(name=COMMENT, value="new")
        ).isdigit(),
        lambda ask: ask(UNKNOWN, str(ask.place.sample), str(ask.place.investigation), Value(name=COMMENT, value="x")),
        UnauthorizedException,
        _comment_out,
    ),
    "catalogue_session_id_sample_parameters_id_put": Call(
        lambda ask: (
            ask(
                ask.session("ada"),
                ask.place.sample_parameter,
                str(ask.place.investigation),
                Value(name=DESCRIPTION, value="changed"),
            )
            is not None
            and _changed(ask, "SampleParameter", ask.place.sample_parameter)
        ),
        lambda ask: ask(
            UNKNOWN, ask.place.sample_parameter, str(ask.place.investigation), Value(name=DESCRIPTION, value="x")
        ),
        UnauthorizedException,
        _description_again,
    ),
}

CATALOGUE = {**_FOR_EVERYBODY, **_DATASETS, **_FILES, **_INVESTIGATIONS, **_SAMPLES}
