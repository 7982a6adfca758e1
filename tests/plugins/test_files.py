"""Files of datasets through a real data service."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import icat_plus_client
import pytest
import requests
from lxml import etree
from sqlalchemy import select

from drac_plugins.ids.metalink import NAMESPACE
from drac_plugins.ids.tables import dataset_access
from icat_schema.gateway import Selection
from tests.plugins.conftest import CONTENT, VISITOR, Measured
from tests.support.facade import RunningFacade

GONE = "5b0c2a9e-6d1b-4f55-9a0e-1c2d3e4f5a6b"


@pytest.fixture
def api(facade: RunningFacade) -> icat_plus_client.IDSApi:
    return icat_plus_client.IDSApi(facade.client())


def wait(for_: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not for_():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_download_leads_to_the_data_service_and_ends_with_the_files(
    facade: RunningFacade, measured: Measured
) -> None:
    found = facade.get("/ids/data/download", "ada", datasetIds=measured.first)
    assert found.history[0].status_code == 302
    with zipfile.ZipFile(io.BytesIO(found.content)) as archive:
        assert sorted(archive.read(name) for name in archive.namelist()) == sorted(CONTENT.values())
    one = facade.get("/ids/data/download", "ada", datafileIds=measured.files["apple.h5"])
    assert one.content == CONTENT["apple.h5"]


@pytest.mark.parametrize("path", ["/ids/{s}/data/download", "/catalogue/{s}/data/download"])
def test_the_older_ways_take_repeated_ids_too(facade: RunningFacade, measured: Measured, path: str) -> None:
    query = {"datafileIds": list(measured.files.values())}
    found = requests.get(facade.url + path.replace("{s}", facade.log_in("ada")), params=query, timeout=30)
    assert len(zipfile.ZipFile(io.BytesIO(found.content)).namelist()) == 2


def test_an_anonymous_download_brings_a_session_of_its_own(facade: RunningFacade, measured: Measured) -> None:
    sessions = set()
    for _ in range(2):
        reply = facade.request("GET", f"/ids/data/download?datasetIds={measured.first}", allow_redirects=False)
        sessions |= set(parse_qs(urlsplit(reply.headers["Location"]).query)["sessionId"])
    assert len(sessions) == 2
    assert facade.services.reader.id not in sessions
    assert facade.services.catalogue.session(sessions.pop()).user_name() == "simple/reader"


def test_what_the_caller_may_not_see_is_not_downloaded(facade: RunningFacade, measured: Measured) -> None:
    for user in ("dee", None):
        reply = facade.get("/ids/data/download", user, datasetIds=measured.first)
        assert reply.status_code in (403, 404)
        assert CONTENT["sub/frame.cbf"] not in reply.content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ids/data/download", 400),
        ("/ids/data/download?datasetIds=x", 400),
        ("/ids/data/download?datasetIds=" + ",".join(map(str, range(1, 1500))), 400),
        ("/ids/data/metalink", 400),
        (f"/ids/{GONE}/data/download?datasetIds=1", 401),
        (f"/ids/{GONE}/datasets/status?datasetIds=1", 401),
        (f"/ids/{GONE}/path?datasetIds=1", 403),
    ],
)
def test_questions_that_make_no_sense_are_refused(facade: RunningFacade, path: str, status: int) -> None:
    assert facade.get(path, "ada").status_code == status


def test_the_metalink_lists_every_file_with_an_address_that_works(facade: RunningFacade, measured: Measured) -> None:
    reply = facade.get("/ids/data/metalink", "ada", datasetIds=f"{measured.first},{measured.second}")
    assert reply.headers["Content-Type"] == "application/metalink4+xml"
    files = etree.fromstring(reply.content).findall(f"{{{NAMESPACE}}}file")
    assert sorted(file.get("name") or "" for file in files) == [
        "first/apple.h5",
        "first/sub/frame.cbf",
        "second/one.txt",
    ]
    for file in files:
        url, size = file.findtext(f"{{{NAMESPACE}}}url"), file.findtext(f"{{{NAMESPACE}}}size")
        assert url is not None
        assert len(requests.get(url, timeout=30).content) == int(size or "")


def test_the_published_client_can_have_the_metalink_as_text(facade: RunningFacade, measured: Measured) -> None:
    reply = facade.request(
        "GET", f"/ids/data/metalink?datasetIds={measured.second}", "ada", headers={"Accept": "text/plain"}
    )
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert b"second/one.txt" in reply.content


def test_states_come_as_texts_in_the_order_asked(facade: RunningFacade, measured: Measured) -> None:
    ids = [measured.second, measured.first]
    path = f"/ids/{facade.log_in('ada')}/datasets/status"
    assert facade.get(path, datasetIds=",".join(map(str, ids))).json() == ["ONLINE", "ONLINE"]
    root = facade.root
    service = facade.services.data_service
    with service._ask("POST", "archive", data={"sessionId": root.id, "datasetIds": str(measured.second)}):
        wait(lambda: service.statuses(root.id, [measured.second]) == ["ARCHIVED"])
    try:
        assert facade.get(path, datasetIds=",".join(map(str, ids))).json() == ["ARCHIVED", "ONLINE"]
        found = facade.get(f"/ids/{facade.log_in('ada')}/path", datasetIds=ids, isonline="true").json()
        assert found == [measured.location]
    finally:
        service.restore(root.id, Selection((measured.second,)))
        wait(lambda: service.statuses(root.id, [measured.second]) == ["ONLINE"])


def test_paths_are_told_to_who_may_read_all_of_them(facade: RunningFacade, measured: Measured) -> None:
    def paths(user: str, **query: object) -> requests.Response:
        return facade.get(f"/ids/{facade.log_in(user)}/path", **query)

    file = measured.files["sub/frame.cbf"]
    found = paths("ada", datasetIds=measured.first, datafileIds=file).json()
    assert found == [measured.location, f"{measured.location}/sub/frame.cbf"]
    assert paths("ada", datasetIds=measured.first, isonline="true").json() == [measured.location]
    assert paths("dee", datasetIds=measured.first).status_code == 403
    assert paths("ada", datasetIds=f"{measured.first},999999999").status_code == 403


def test_who_asks_for_restoring_is_remembered_and_answered(
    facade: RunningFacade, api: icat_plus_client.IDSApi, measured: Measured
) -> None:
    api.ids_session_id_datasets_restore_post(facade.log_in("ada"), str(measured.first))
    api.ids_session_id_datasets_restore_post(facade.log_in("bo"), str(measured.first))
    acquisition = icat_plus_client.DataAcquisitionApi(facade.client())
    result = icat_plus_client.DataacquisitionApiKeyDatasetRestorePostRequest(level="info", message="back")
    told = acquisition.dataacquisition_api_key_dataset_restore_post(facade.api_key, measured.first, result)
    assert [(one.name, one.dataset_id, one.level, one.type) for one in told] == [
        ("simple/ada", measured.first, "info", "RESTORE"),
        ("simple/bo", measured.first, "info", "RESTORE"),
    ]
    assert acquisition.dataacquisition_api_key_dataset_restore_post(facade.api_key, measured.first, result) == []


def test_anonymous_callers_leave_an_address(facade: RunningFacade, measured: Measured) -> None:
    session = facade.log_in("reader")
    path = f"/ids/{session}/datasets/restore?datasetIds={measured.first}"
    assert facade.request("POST", path, json={}).status_code == 400
    assert facade.request("POST", path, json={"name": "x", "email": "no address"}).status_code == 400


@pytest.mark.parametrize(("user", "status"), [("dee", 404), ("ada", 200)])
def test_nobody_restores_what_is_hidden(facade: RunningFacade, measured: Measured, user: str, status: int) -> None:
    reply = facade.request("POST", f"/ids/{facade.log_in(user)}/datasets/restore?datasetIds={measured.second}")
    assert reply.status_code == status
    with facade.services.store.read() as connection:
        names = connection.execute(select(dataset_access.c.name)).scalars().all()
    assert "simple/dee" not in names


def test_an_answer_about_restoring_needs_a_known_key(facade: RunningFacade, measured: Measured) -> None:
    reply = facade.request("POST", f"/dataacquisition/wrong/dataset/restore?datasetId={measured.first}")
    assert reply.status_code == 403


def test_a_file_is_sent_by_its_path_whole_or_in_part(facade: RunningFacade, measured: Measured) -> None:
    path = f"/catalogue/{facade.log_in('ada')}/datafile/download"
    home = {"datasetId": measured.first, "investigationId": measured.investigation}
    query = {"filepath": f"{measured.location}/apple.h5", **home}
    whole = facade.get(path, **query)
    assert whole.content == CONTENT["apple.h5"]
    assert "apple.h5" in whole.headers["Content-Disposition"]
    part = facade.request("GET", path, params=query, headers={"Range": "bytes=8-11"})
    assert (part.status_code, part.content) == (206, CONTENT["apple.h5"][8:12])
    outside = facade.request("GET", path, params=query, headers={"Range": "bytes=999999-"})
    assert outside.status_code in (400, 416)


@pytest.mark.parametrize("name", ["nothing.h5", "../second/one.txt", "../../../../etc/passwd"])
def test_only_registered_files_of_this_dataset_are_sent(facade: RunningFacade, measured: Measured, name: str) -> None:
    home = {"datasetId": measured.first, "investigationId": measured.investigation}
    path = f"/catalogue/{facade.log_in('ada')}/datafile/download"
    assert facade.get(path, filepath=f"{measured.location}/{name}", **home).status_code == 404
    assert facade.get(path, filepath=f"{VISITOR}/mx/second/one.txt", **home).status_code == 404
    stranger = f"/catalogue/{facade.log_in('dee')}/datafile/download"
    assert facade.get(stranger, filepath=f"{measured.location}/apple.h5", **home).status_code == 404
    assert facade.get(path, filepath="x").status_code == 400


def test_files_are_sent_to_many_at_the_same_time(facade: RunningFacade, measured: Measured) -> None:
    query = {"filepath": f"{measured.location}/apple.h5", "datasetId": measured.first}
    path = f"/catalogue/{facade.log_in('ada')}/datafile/download"
    with ThreadPoolExecutor(8) as pool:
        replies = pool.map(
            lambda _: facade.get(path, **query, investigationId=measured.investigation).content, range(24)
        )
        assert set(replies) == {CONTENT["apple.h5"]}
