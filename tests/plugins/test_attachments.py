"""Files of samples and of logbooks, and the gallery."""

from __future__ import annotations

from typing import Any

import icat_plus_client
import pytest
import requests

from drac_plugins.core import resources
from tests.plugins.conftest import Measured
from tests.support.facade import RunningFacade

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def upload(
    facade: RunningFacade, user: str, sample: int, content: bytes = b"ATOM", name: str = "apple.pdb", **facts: Any
) -> requests.Response:
    path = f"/catalogue/{facade.log_in(user)}/files/upload?sampleId={sample}"
    return facade.request("POST", path, files={"file": (name, content)}, data={"fileType": "PDB", **facts})


def attach(
    facade: RunningFacade, user: str, content: bytes = PNG, name: str = "a.png", **place: Any
) -> requests.Response:
    path = f"/resource/{facade.log_in(user)}/file/upload"
    facts = {"software": "BLISS", "creationDate": "2031-05-06T08:00:00.000+02:00"}
    return facade.request("POST", path, params=place, files={"file": (name, content)}, data=facts)


def test_the_published_client_adds_a_file_lists_it_and_gets_it_back(facade: RunningFacade, measured: Measured) -> None:
    api = icat_plus_client.CatalogueApi(facade.client())
    ada = facade.log_in("ada")
    made = api.catalogue_session_id_files_upload_post(
        ada, str(measured.sample), file=("model.pdb", b"ATOM 1"), file_type="PDB", group_name="models", multiplicity=2
    )
    listed = api.catalogue_session_id_files_get(ada, investigation_id=str(measured.investigation))
    assert made in listed
    resource = next(one for one in made.resources or () if one.filename == "model.pdb")
    assert (resource.file_type, resource.group_name, resource.multiplicity, resource.file) == (
        "PDB",
        "models",
        2,
        "model.pdb",
    )
    content = api.catalogue_session_id_files_download_get(facade.log_in("bo"), str(measured.sample), resource.id)
    assert bytes(content) == b"ATOM 1"
    of_group = api.catalogue_session_id_files_get(ada, sample_id=str(measured.sample), group_name="models")
    assert {one.group_name for found in of_group for one in found.resources or ()} == {"models"}


def test_strangers_neither_add_nor_list_nor_get_files_of_a_sample(facade: RunningFacade, measured: Measured) -> None:
    resource = upload(facade, "ada", measured.sample).json()["resources"][-1]["_id"]
    assert upload(facade, "dee", measured.sample).status_code == 404
    dee = facade.log_in("dee")
    assert facade.get(f"/catalogue/{dee}/files", investigationId=measured.investigation).json() == []
    query = {"sampleId": measured.sample, "resourceId": resource}
    assert facade.get(f"/catalogue/{dee}/files/download", **query).status_code == 404


@pytest.mark.parametrize(
    ("content", "facts", "named"),
    [(b"", {}, "file"), (b"x", {"multiplicity": "many"}, "multiplicity"), (b"x", {"fileType": ""}, "fileType")],
)
def test_a_file_without_content_or_type_is_refused(
    facade: RunningFacade, measured: Measured, content: bytes, facts: dict[str, str], named: str
) -> None:
    reply = upload(facade, "ada", measured.sample, content, **facts)
    assert (reply.status_code, named in reply.text) == (400, True), reply.text


def test_a_form_without_file_and_a_list_without_place_are_refused(facade: RunningFacade, measured: Measured) -> None:
    ada = facade.log_in("ada")
    path = f"/catalogue/{ada}/files/upload?sampleId={measured.sample}"
    assert facade.request("POST", path, data={"fileType": "PDB"}).status_code == 400
    assert facade.get(f"/catalogue/{ada}/files").status_code == 400


def test_names_of_files_lose_their_folders(facade: RunningFacade, measured: Measured) -> None:
    made = upload(facade, "ada", measured.sample, name="..\\..\\/etc/passwd").json()
    assert made["resources"][-1]["filename"] == "passwd"


@pytest.mark.parametrize("user", ["ada", "bo", "cy", "ed"])
def test_those_who_take_part_attach_files_to_the_logbook(facade: RunningFacade, measured: Measured, user: str) -> None:
    made = attach(facade, user, investigationId=measured.investigation)
    event = icat_plus_client.Event.from_dict(made.json())
    assert event is not None
    assert (event.type, event.category, event.filename, event.content_type) == (
        "attachment",
        "file",
        "a.png",
        "image/png",
    )
    assert made.json()["creationDate"] == "2031-05-06T08:00:00.000+02:00"
    found = facade.get(f"/resource/{facade.log_in('ada')}/file/download", resourceId=event.id)
    assert (found.content, found.headers["Content-Type"]) == (PNG, "image/png")


def test_strangers_do_not_and_do_not_see_them(facade: RunningFacade, measured: Measured) -> None:
    assert attach(facade, "dee", investigationId=measured.investigation).status_code == 403
    id_ = attach(facade, "ada", investigationId=measured.investigation).json()["_id"]
    assert facade.get(f"/resource/{facade.log_in('dee')}/file/download", resourceId=id_).status_code == 404


def test_the_instruments_logbook_is_for_those_who_work_there(facade: RunningFacade) -> None:
    made = attach(facade, "cy", instrumentName="id30a1")
    assert made.json()["instrumentName"] == "id30a1"
    assert attach(facade, "ada", instrumentName="id30a1").status_code == 403
    path = "/resource/{}/file/download"
    assert facade.get(path.format(facade.log_in("ed")), resourceId=made.json()["_id"]).content == PNG
    assert facade.get(path.format(facade.log_in("ada")), resourceId=made.json()["_id"]).status_code == 404


def test_an_attachment_needs_one_place(facade: RunningFacade, measured: Measured) -> None:
    assert attach(facade, "ada").status_code == 400
    both = {"investigationId": measured.investigation, "instrumentName": "ID30A-1"}
    assert attach(facade, "ada", **both).status_code == 400
    assert attach(facade, "ada", b"", investigationId=measured.investigation).status_code == 400


def test_a_page_among_the_attachments_is_only_offered_for_saving(facade: RunningFacade, measured: Measured) -> None:
    page = b"<html><script>alert(1)</script></html>"
    id_ = attach(facade, "ada", page, investigationId=measured.investigation).json()["_id"]
    found = facade.get(f"/resource/{facade.log_in('ada')}/file/download", resourceId=id_)
    assert found.headers["Content-Disposition"].startswith("attachment")
    assert found.headers["X-Content-Type-Options"] == "nosniff"


def test_the_gallery_is_for_those_who_may_read_the_dataset(facade: RunningFacade, measured: Measured) -> None:
    with facade.services.store.begin() as connection:
        id_ = resources.put(connection, measured.first, "gallery/one.png", PNG)
    path = "/resource/{}/file/download"
    assert facade.get(path.format(facade.log_in("bo")), resourceId=id_).content == PNG
    assert facade.get(path.format(facade.log_in("dee")), resourceId=id_).status_code == 404
    assert facade.get(path.format(facade.log_in("bo")), resourceId="f" * 24).status_code == 404
    assert facade.get(path.format(facade.log_in("bo")), resourceId="../x").status_code == 400
